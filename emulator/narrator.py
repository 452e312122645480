"""Narrates a call: one line of text per event.

PURE. It works from call log entries, so a call reads the same live, resent, or from a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulator.call_log import Entry
    from emulator.frames import Frame

_COLOURS = {"caller": "36", "agent": "32", "cut": "31", "decided": "33"}


class Narrator:
    """Turns entries into lines of text; `colour` adds terminal colours."""

    def __init__(self, *, colour: bool = False) -> None:
        self._colour = colour

    def line(self, entry: Entry) -> str | None:
        """The line for an entry; None if it says nothing about the conversation."""
        if entry.dir == "note":
            describe = _NOTES.get(str(entry.frame.get("type")))
        else:
            describe = _FRAMES.get((entry.dir, str(entry.frame.get("type"))))
        described = describe(entry.frame) if describe else None
        return self._format(entry.t, *described) if described else None

    def raw_line(self, entry: Entry) -> str | None:
        """The line for a frame of a resend, as sent over the wire; None for a note."""
        if entry.dir == "note":
            return None
        arrow = {"in": "→ app", "out": "← app"}[entry.dir]
        return self._format(entry.t, arrow, _wire(entry.frame))

    def _format(self, t: float, who: str, text: str) -> str:
        if self._colour and who in _COLOURS:
            text = f"\033[{_COLOURS[who]}m{text}\033[0m"
        sign = "✂" if who == "cut" else " "
        return f"{t:7.2f} {sign} {who:<8} {text}"


_Labelled = tuple[str, str]


def _setup(frame: Frame) -> _Labelled:
    return "call", f"{frame['from']} calls {frame['to']}"


def _cut(note: Frame) -> _Labelled | None:
    if not note["sounding"]:
        return None
    why = {
        "interrupt": "caller spoke",
        "preempted": "replaced by the next reply",
        "end": "app ended the session",
        "hang up": "caller hung up",
        "dropped": "session failed",
    }[str(note["reason"])]
    heard = str(note["spoken"]).strip()
    after = f'after "{heard}"' if heard else "before the first word"
    return "cut", f'{after} ({why}); not heard: "{str(note["lost"]).strip()}"'


def _transcribed(note: Frame) -> _Labelled | None:
    if note["reported"]:
        return None
    return "relay", f'not sent to the app: "{note["text"]}"'


def _decision(note: Frame) -> _Labelled:
    outcome, act, rule = (str(note.get(key) or "") for key in ("outcome", "act", "rule"))
    why = f"{act} (rule {rule})" if act else rule
    return "decided", f"{outcome}: {why}" if why else outcome


def _end(frame: Frame) -> _Labelled:
    data = frame.get("handoffData")
    return "app", f"ends the session{f', hand-off data: {data}' if data else ''}"


_NOTES: Mapping[str, Callable[[Frame], _Labelled | None]] = {
    "said": lambda note: ("caller", str(note["text"])),
    "heard": lambda note: ("agent", str(note["text"]).strip()),
    "script": lambda note: ("script", str(note["text"])),
    "cut": _cut,
    "transcribed": _transcribed,
    "decision": _decision,
}
_FRAMES: Mapping[tuple[str, str], Callable[[Frame], _Labelled | None]] = {
    ("in", "setup"): _setup,
    ("in", "error"): lambda frame: ("refused", str(frame["description"])),
    ("out", "end"): _end,
}


def _wire(frame: Frame) -> str:
    kind = str(frame.get("type", "?"))
    rest = " ".join(f"{key}={value!r}" for key, value in frame.items() if key != "type")
    return f"{kind} {rest}".strip()
