"""The call log from the line's side: JSON Lines, one frame or note per line. PURE.

`{"t": seconds since setup, "dir": "in" | "out" | "note", "frame": {...}}`, where "in" is what the
relay sent to the app and "out" what the app sent, both verbatim. Notes hold what does not cross the
wire: what the caller said and heard, what was cut, what the app decided.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

from emulator.line_events import Cut, Said, Spoken, Transcribed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulator.frames import Frame
    from emulator.line_events import LineEvent

Direction: TypeAlias = Literal["in", "out", "note"]
_DIRECTIONS: dict[str, Direction] = {"in": "in", "out": "out", "note": "note"}


class CallLogError(ValueError):
    """The text is not a call log. The message says where, and what was expected."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a call log, at `t` seconds since setup.

    What the app sent that is not a JSON object is kept as `{"raw": text}`.
    """

    t: float
    dir: Direction
    frame: Frame


def entry_line(entry: Entry) -> str:
    """The line for an entry, without a line end."""
    return json.dumps({"t": round(entry.t, 3), "dir": entry.dir, "frame": entry.frame})


def parse_call_log(text: str) -> list[Entry]:
    """The entries of a call log.

    Raises:
        CallLogError: a line is not an entry.
    """
    return [
        _entry(line, number)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]


def _entry(line: str, number: int) -> Entry:
    try:
        fields = json.loads(line)
        t, direction, frame = fields["t"], _DIRECTIONS[fields["dir"]], fields["frame"]
        if not isinstance(frame, dict) or isinstance(t, bool):
            raise TypeError
        return Entry(float(t), direction, frame)
    except (ValueError, KeyError, TypeError, RecursionError):
        shape = '{"t": seconds, "dir": "in" | "out" | "note", "frame": {...}}'
        raise CallLogError(f"line {number} is not {shape}") from None


def app_frame(raw: str | bytes) -> Frame:
    """The frame of an entry for what the app sent."""
    text = raw if isinstance(raw, str) else raw.decode(errors="replace")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        frame = None
    return frame if isinstance(frame, dict) else {"raw": text}


def notes(happenings: Iterable[LineEvent]) -> list[Entry]:
    """The notes for what happened on the line."""
    return [Entry(happening.at, "note", _note(happening)) for happening in happenings]


def _note(happening: LineEvent) -> Frame:
    match happening:
        case Said():
            return {"type": "said", "text": happening.text}
        case Transcribed():
            return {
                "type": "transcribed",
                "text": happening.text,
                "reported": happening.reported,
            }
        case Spoken():
            return {"type": "heard", "cycle": happening.cycle, "text": happening.text}
        case Cut():
            return {
                "type": "cut",
                "reason": happening.reason,
                "cycle": happening.cycle,
                "spoken": happening.spoken,
                "lost": happening.lost,
                "sounding": happening.sounding,
            }
        case _:
            assert_never(happening)
