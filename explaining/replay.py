"""A recorded call through the machine again: the decisions it makes now, beside those it made.

A recording of the app's holds all that the machine was told, and when, so that its decisions come
out as they were. A recording of the line's side (the emulator's) does not hold what the guide wrote
nor the options; there both are derived from what was sent, and the replay is approximate.

Pure: entries go in, decisions come out.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

import relay_protocol as relay
from barge_in import BargeIn
from call_log import format as recording
from call_log.format import Entry, Frame, RecordingError
from calls.relay_events import event_of
from turn.events import (
    Action,
    AskGuide,
    CloseTalkCycle,
    DeadlinePassed,
    Decided,
    Event,
    GuideFinished,
    GuideToken,
    Say,
)
from turn.options import Options

_TOLD_BY_THE_LINE: Final = ("said", "act", "rule", "outcome")
"""What is compared where times and states are those of another clock."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The decisions of a call, as recorded and as made again."""

    recorded: list[Frame]
    made: list[Frame]
    options: Options
    is_exact: bool
    """Whether the recording holds all that the machine was told."""
    breaks_off: bool
    """Whether the recording ends before the call does."""

    @property
    def differs(self) -> int:
        """How many decisions did not come out as they were."""
        return sum(not self.is_same(*pair) for pair in self.pairs)

    @property
    def pairs(self) -> Iterator[tuple[Frame | None, Frame | None]]:
        """Each decision as recorded and as made again, None where there is none.

        What was decided after a recording broke off is not in it, and not missed.
        """
        made = self.made[: len(self.recorded)] if self.breaks_off else self.made
        return zip_longest(self.recorded, made)

    def is_same(self, recorded: Frame | None, made: Frame | None) -> bool:
        """Whether a decision came out as it was."""
        if recorded is None or made is None:
            return False
        if self.is_exact:
            return recorded == made
        return all(recorded.get(key) == made[key] for key in _TOLD_BY_THE_LINE)


def replay(entries: Sequence[Entry]) -> Replay:
    """Make the decisions of a recorded call again.

    Raises `RecordingError` where it is no recording of a call, or its options are not known.
    """
    if not any(entry.dir == "in" and entry.frame.get("type") == "setup" for entry in entries):
        raise RecordingError("there is no setup of a call in it")
    call = next((entry.frame for entry in entries if entry.is_note("call")), None)
    if call is None:
        machine: _Machine = _SeenFromTheLine(_likely_options(entries))
    else:
        machine = _Machine(recording.options_of(call))
    for entry in entries:
        machine.take(entry)
    return Replay(
        recorded=[_without_type(entry.frame) for entry in entries if entry.is_note("decision")],
        made=machine.made,
        options=machine.options,
        is_exact=call is not None,
        breaks_off=call is not None and not any(entry.is_note("ended") for entry in entries),
    )


def _without_type(note: Frame) -> Frame:
    return {key: value for key, value in note.items() if key != "type"}


def _likely_options(entries: Sequence[Entry]) -> Options:
    """The defaults, with what was heard of the greeting, which is the line's talk cycle 0.

    The guide is not given up on here: an apology of that time is among the words that were sent.
    """
    heard = (entry.frame for entry in entries if entry.is_note("heard"))
    greeting = " ".join(str(note.get("text", "")) for note in heard if note.get("cycle") == 0)
    return Options(greeting=greeting, first_token_timeout_s=math.inf, stall_timeout_s=math.inf)


class _Machine:
    """The machine on the clock of a recording."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.made: list[Frame] = []
        self._machine = BargeIn(options)
        self._at = 0.0

    def take(self, entry: Entry) -> None:
        """Go on to the time of an entry, and tell the machine what happened then, if anything."""
        at = max(self._at, entry.t)
        while (deadline := self._machine.deadline) is not None and deadline <= at:
            self._receive(DeadlinePassed(), deadline)
        self._at = at
        event = self._event(entry)
        if event is not None:
            self._receive(event, at)

    def _event(self, entry: Entry) -> Event | None:
        if entry.dir == "note":
            return recording.noted_event(entry.frame)
        return _relay_event(entry.frame) if entry.dir == "in" else None

    def _receive(self, event: Event, at: float) -> None:
        self._at = max(self._at, at)
        for action in self._machine.receive(event, at):
            self._perform(action)

    def _perform(self, action: Action) -> None:
        if isinstance(action, Decided):
            after = self._machine.state
            self.made.append(recording.decision(self._at, action, after))


class _SeenFromTheLine(_Machine):
    """The machine where only the line's side was recorded: what was sent tells what was written.

    What the machine sends here it will have sent then, and is not taken for the guide's again.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._reply = 0
        self._sent = ""  # and not met in the recording yet
        self._closed = 0

    def take(self, entry: Entry) -> None:
        """Go on, and see what the app was about to send."""
        super().take(entry)
        if entry.dir == "out" and entry.frame.get("type") == "text":
            self._meet(str(entry.frame.get("token", "")))
            if entry.frame.get("last") is True:
                self._meet_end()

    def _event(self, entry: Entry) -> Event | None:
        return _relay_event(entry.frame) if entry.dir == "in" else None

    def _meet(self, token: str) -> None:
        if self._sent.startswith(token):
            self._sent = self._sent[len(token) :]
            return
        written = token.removeprefix(self._sent)
        self._receive(GuideToken(self._reply, written), self._at)
        self._sent = ""

    def _meet_end(self) -> None:
        if self._closed:
            self._closed -= 1
        else:
            self._receive(GuideFinished(self._reply), self._at)
            self._closed = 0

    def _perform(self, action: Action) -> None:
        super()._perform(action)
        match action:
            case AskGuide(reply):
                self._reply, self._sent = reply, ""
            case Say(text):
                self._sent += text
            case CloseTalkCycle():
                self._closed += 1


def _relay_event(frame: Frame) -> Event | None:
    try:
        return event_of(relay.parse_frame(json.dumps(frame)))
    except relay.FrameError:
        return None
