"""What a call placed by hand, from the browser phone or the emulator, may change for itself.

PURE. Overrides are fields of the voice webhook that Twilio does not send, so a telephone call has
none. The TwiML passes them on as parameters of the same names, which come back in the call's setup.
The call's token is bound to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self, get_args

from turn.options import Mode

_MODE: Final = "BargeInMode"
_DECISIONS: Final = "Decisions"
_MODES: Final[Mapping[object, Mode | None]] = {None: None, **{m: m for m in get_args(Mode)}}


class OverrideError(ValueError):
    """An override has an invalid value. The message says what is valid."""


@dataclass(frozen=True, slots=True)
class CallOverrides:
    """A call's own barge-in mode, if any, and whether its decisions can be followed."""

    mode: Mode | None = None
    decisions: bool = False

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> Self:
        """The overrides among a webhook's fields or a setup's parameters.

        Raises `OverrideError`.
        """
        mode, decisions = fields.get(_MODE), fields.get(_DECISIONS)
        if mode not in _MODES:
            raise OverrideError(f"expected {_MODE} to be {' or '.join(get_args(Mode))}")
        if decisions not in {None, "1"}:
            raise OverrideError(f"expected {_DECISIONS} to be 1")
        return cls(_MODES[mode], decisions is not None)

    @property
    def parameters(self) -> dict[str, str]:
        """The overrides as parameters of the call."""
        given = {_MODE: self.mode, _DECISIONS: "1" if self.decisions else None}
        return {name: value for name, value in given.items() if value}

    def __str__(self) -> str:
        """The overrides on one line, in one spelling, for the call's token."""
        return "&".join(f"{name}={value}" for name, value in self.parameters.items())
