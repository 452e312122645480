"""The call log: a call as JSON Lines, from which every decision can be made again. PURE.

    {"t": seconds since setup, "dir": "in" | "out" | "note", "frame": {...}}

"in" is what the relay sent and "out" what it was sent, both verbatim; a note holds what does not
cross the relay's wire. Lines are in the order in which the machine received events, with the times
it was given. A call log begins with the setup and the note of the call's options. After these:

    {"type": "guide", "reply": 1, "text": "We are "}          the guide wrote this
    {"type": "guide", "reply": 1, "end": "finished"}          the guide is done, or "failed"
    {"type": "decision", "said": ..., "outcome": ..., ...}    what was decided, and why
    {"type": "dropped", "problem": "not JSON"}                a frame that could not be read
    {"type": "ended"}                                         the call ended
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, assert_never

from turn.events import (
    CallEnded,
    Decided,
    Event,
    GuideFailed,
    GuideFinished,
    GuideToken,
    State,
)
from turn.options import Options

Direction = Literal["in", "out", "note"]
Frame = dict[str, Any]

_DIRECTIONS: Final[dict[str, Direction]] = {"in": "in", "out": "out", "note": "note"}
_SHAPE: Final = '{"t": seconds, "dir": "in" | "out" | "note", "frame": {...}}'
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_LINE_ENDS: Final = str.maketrans("\r\n\t", "   ")


class CallLogError(ValueError):
    """The text is not a call log. The message says where, and what was expected."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a call log, at `t` seconds since setup."""

    t: float
    dir: Direction
    frame: Frame

    def is_note(self, kind: str) -> bool:
        """Whether this is a note of this type."""
        return self.dir == "note" and self.frame.get("type") == kind


# --- lines ----------------------------------------------------------------------------------------


def entry_line(t: float, direction: Direction, frame: str | Mapping[str, object]) -> str:
    """The line for a note, or for a frame given as the JSON text that crossed the wire.

    The line is ASCII, so that no reader splits it at a Unicode line separator. `t` is not rounded:
    a replay at rounded times could decide differently.
    """
    text = _on_one_line(frame) if isinstance(frame, str) else json.dumps(frame)
    return f'{{"t": {t!r}, "dir": "{direction}", "frame": {text}}}\n'


def _on_one_line(raw: str) -> str:
    """JSON text in ASCII, without line ends: JSON allows these only between tokens."""
    return _NOT_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], raw.translate(_LINE_ENDS))


def parse_call_log(text: str) -> list[Entry]:
    """The entries of a call log, which may end in the middle of a line.

    Raises `CallLogError` if any other line is not an entry, or if there are no entries.
    """
    lines = text.splitlines()
    if lines and not text.endswith("\n") and not _is_json(lines[-1]):
        lines.pop()  # the disk was full, or the program was killed
    entries = [_entry(line, number) for number, line in enumerate(lines, 1) if line.strip()]
    if not entries:
        raise CallLogError(f"no line is {_SHAPE}")
    return entries


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _entry(line: str, number: int) -> Entry:
    try:
        given = json.loads(line)
        t, direction, frame = given["t"], _DIRECTIONS[given["dir"]], given["frame"]
        if isinstance(t, bool) or not math.isfinite(t) or not isinstance(frame, dict):
            raise TypeError
        return Entry(float(t), direction, frame)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise CallLogError(f"line {number} is not {_SHAPE}") from None


# --- notes ----------------------------------------------------------------------------------------


def call_note(options: Options) -> Frame:
    """The note of the call's turn-taking options."""
    return {"type": "call", "options": asdict(options)}


def options_of(note: Frame) -> Options:
    """The options in such a note. Options that it lacks were added since: they have their defaults.

    Raises `CallLogError` for an unknown option and for a value of the wrong type.
    """
    given = note.get("options")
    if not isinstance(given, dict):
        raise CallLogError("the note of the call has no options")
    kinds = {field.name: field.type for field in fields(Options)}
    for name, value in given.items():
        if name not in kinds:
            raise CallLogError(f"made by a newer version: unknown option {name!r}")
        if not _fits(value, kinds[name]):
            raise CallLogError(f"the option {name} cannot be {value!r}")
    return Options(**given)


def _fits(value: object, kind: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) if kind is float else isinstance(value, kind)  # type: ignore[arg-type]


Noted = GuideToken | GuideFinished | GuideFailed | CallEnded
"""Events that do not cross the relay's wire."""


def note_of(event: Noted) -> Frame:
    """The note of an event that does not cross the relay's wire."""
    match event:
        case GuideToken(reply, text):
            return {"type": "guide", "reply": reply, "text": text}
        case GuideFinished(reply):
            return {"type": "guide", "reply": reply, "end": "finished"}
        case GuideFailed(reply):
            return {"type": "guide", "reply": reply, "end": "failed"}
        case CallEnded():
            return {"type": "ended"}
        case _ as never:
            assert_never(never)


def noted_event(note: Frame) -> Event | None:
    """The event that a note holds, or None for a note that holds none."""
    match note:
        case {"type": "guide", "reply": int(reply), "text": str(text)}:
            return GuideToken(reply, text)
        case {"type": "guide", "reply": int(reply), "end": "finished"}:
            return GuideFinished(reply)
        case {"type": "guide", "reply": int(reply), "end": "failed"}:
            return GuideFailed(reply)
        case {"type": "ended"}:
            return CallEnded()
    return None


def decision_fields(t: float, decided: Decided, after: State) -> Frame:
    """A decision at `t`, after which the machine was in the state `after`, as plain values.

    Its note in the call log is these with a type. Times are in seconds, to the millisecond.
    """
    paused_for_s = decided.paused_for_s
    return {
        "t": round(t, 3),
        "said": decided.said,
        "heard": decided.heard,
        "act": str(decided.act),
        "rule": decided.rule,
        "outcome": decided.outcome.value,
        "state_before": decided.before.value,
        "state_after": after.value,
        "paused_for_s": None if paused_for_s is None else round(paused_for_s, 3),
    }
