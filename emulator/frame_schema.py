"""The schema of the frames that Twilio accepts from the app.

PURE. Validation is strict (ConversationRelay docs, and seen on live calls): an unknown key, a null
or a wrong type rejects the whole frame.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeAlias
from urllib.parse import urlsplit


class MalformedFrameError(ValueError):
    """A frame that Twilio rejects with error 64107; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words to speak. None means the session's setting."""

    token: str
    last: bool = False
    lang: str | None = None
    interruptible: bool | None = None
    preemptible: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Recorded audio to play. A loop of 0 means 1000 times, the maximum."""

    source: str
    loop: int = 1
    preemptible: bool = False
    interruptible: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDigits:
    """Tones to send on the caller's line; `w` waits half a second."""

    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchLanguage:
    """A change of language from here on."""

    tts_language: str | None = None
    transcription_language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The end of the relay session."""

    handoff_data: str | None = None


AppFrame: TypeAlias = Text | Play | SendDigits | SwitchLanguage | End

_Fields: TypeAlias = Mapping[str, object]
_Check: TypeAlias = Callable[[object], bool]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_tag(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_loop(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000


def _is_digits(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9w#*]+", value) is not None


def _is_url(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in value


@dataclass(frozen=True, slots=True)
class _Shape:
    """The schema of one type of frame: its class, and each key's attribute and check."""

    build: Callable[..., AppFrame]
    keys: Mapping[str, tuple[str, _Check]]
    required: frozenset[str] = frozenset()
    at_least_one: bool = False


_FLAGS: Mapping[str, tuple[str, _Check]] = {
    "interruptible": ("interruptible", _is_bool),
    "preemptible": ("preemptible", _is_bool),
}

_SHAPES: Mapping[str, _Shape] = {
    "text": _Shape(
        Text,
        {"token": ("token", _is_text), "last": ("last", _is_bool), "lang": ("lang", _is_tag)}
        | dict(_FLAGS),
        required=frozenset({"token"}),
    ),
    "play": _Shape(
        Play,
        {"source": ("source", _is_url), "loop": ("loop", _is_loop)} | dict(_FLAGS),
        required=frozenset({"source"}),
    ),
    "sendDigits": _Shape(
        SendDigits, {"digits": ("digits", _is_digits)}, required=frozenset({"digits"})
    ),
    "language": _Shape(
        SwitchLanguage,
        {
            "ttsLanguage": ("tts_language", _is_tag),
            "transcriptionLanguage": ("transcription_language", _is_tag),
        },
        at_least_one=True,
    ),
    "end": _Shape(End, {"handoffData": ("handoff_data", _is_text)}),
}


def parse(raw: str | bytes) -> AppFrame:
    """Read one frame from the app.

    Raises:
        MalformedFrameError: Twilio would reject it.
    """
    fields = _json_object(raw)
    kind = fields.pop("type", None)
    shape = _SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None:
        raise MalformedFrameError(f"unknown type: {kind!r}")
    _check_keys(shape, fields)
    return shape.build(**{shape.keys[key][0]: value for key, value in fields.items()})


def _check_keys(shape: _Shape, fields: _Fields) -> None:
    missing = shape.required - fields.keys()
    if missing:
        raise MalformedFrameError(f"missing required field: {', '.join(sorted(missing))}")
    if shape.at_least_one and not fields:
        raise MalformedFrameError(f"at least one field required: {', '.join(shape.keys)}")
    for key, value in fields.items():
        if key not in shape.keys:
            raise MalformedFrameError(f"unknown field: {key}")
        if not shape.keys[key][1](value):
            raise MalformedFrameError(f"wrong value for {key}: {value!r}")


def _json_object(raw: str | bytes) -> dict[str, object]:
    if isinstance(raw, bytes):
        raise MalformedFrameError("a binary frame")
    try:
        value = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise MalformedFrameError("not JSON") from None
    if not isinstance(value, dict):
        raise MalformedFrameError("not a JSON object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    """Reject NaN and infinities, which Python parses but JSON does not have."""
    raise ValueError(name)
