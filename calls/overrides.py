"""What may be asked for a call that is placed by hand: by the browser phone, or by the emulator.

PURE. It is asked with fields of the voice webhook that Twilio does not send, so a call from a
telephone asks for nothing. The TwiML holds it as parameters of the same names, which come back in
the call's setup; the call's token is bound to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self, get_args

from turn.options import Mode

_MODE: Final = "BargeInMode"
_DECISIONS: Final = "Decisions"
_MODES: Final[Mapping[object, Mode | None]] = {None: None, **{m: m for m in get_args(Mode)}}


class WishError(ValueError):
    """Something is asked for that there is not. The message says what would be right."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Another mode than the owner's for this call, and to be told of its decisions."""

    mode: Mode | None = None
    decisions: bool = False

    @classmethod
    def of(cls, fields: Mapping[str, object]) -> Self:
        """What is asked for among the fields of a webhook, or the parameters of a setup.

        Raises `WishError`.
        """
        mode, decisions = fields.get(_MODE), fields.get(_DECISIONS)
        if mode not in _MODES:
            raise WishError(f"expected {_MODE} to be {' or '.join(get_args(Mode))}")
        if decisions not in {None, "1"}:
            raise WishError(f"expected {_DECISIONS} to be 1")
        return cls(_MODES[mode], decisions is not None)

    @property
    def parameters(self) -> dict[str, str]:
        """The same as parameters of the call."""
        given = {_MODE: self.mode, _DECISIONS: "1" if self.decisions else None}
        return {name: value for name, value in given.items() if value}

    def __str__(self) -> str:
        """The same on one line, each wish spelled one way, for the call's token."""
        return "&".join(f"{name}={value}" for name, value in self.parameters.items())
