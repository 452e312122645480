"""Makes the decisions in a call log again, and compares them. PURE.

The app's own call log holds every event that the machine received, with its time, so a replay is
exact. A call log from the line's side (the emulator, the browser phone) lacks the options and what
the guide wrote: both are derived from what was sent, and the replay is approximate.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

import relay_protocol as relay
from barge_in import BargeIn
from call_log.format import (
    CallLogError,
    Entry,
    Frame,
    decision_fields,
    noted_event,
    options_of,
)
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

_COMPARED_ON_THE_LINE: Final = ("said", "act", "rule", "outcome")
"""The fields compared in an approximate replay: times and states depend on the app's clock."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The decisions of a call, as logged and as made again."""

    logged: list[Frame]
    made: list[Frame]
    options: Options
    is_exact: bool
    """Whether the call log holds every event that the machine received."""
    breaks_off: bool
    """Whether the call log ends before the call does."""

    @property
    def differs(self) -> int:
        """How many decisions came out differently."""
        return sum(not self.is_same(*pair) for pair in self.pairs)

    @property
    def pairs(self) -> Iterator[tuple[Frame | None, Frame | None]]:
        """Each decision as logged and as made again, None where one is missing.

        Where a call log breaks off, decisions made after its last one do not count.
        """
        made = self.made[: len(self.logged)] if self.breaks_off else self.made
        return zip_longest(self.logged, made)

    def is_same(self, logged: Frame | None, made: Frame | None) -> bool:
        """Whether a decision came out as logged."""
        if logged is None or made is None:
            return False
        if self.is_exact:
            return logged == made
        return all(logged.get(key) == made[key] for key in _COMPARED_ON_THE_LINE)


def replay(entries: Sequence[Entry]) -> Replay:
    """Make the decisions in a call log again.

    Raises `CallLogError` if there is no setup, or if the options cannot be used.
    """
    if not any(entry.dir == "in" and entry.frame.get("type") == "setup" for entry in entries):
        raise CallLogError("it has no setup")
    call = next((entry.frame for entry in entries if entry.is_note("call")), None)
    if call is None:
        machine: _Machine = _LineSideMachine(_likely_options(entries))
    else:
        machine = _Machine(options_of(call))
    for entry in entries:
        machine.take(entry)
    return Replay(
        logged=[_without_type(entry.frame) for entry in entries if entry.is_note("decision")],
        made=machine.made,
        options=machine.options,
        is_exact=call is not None,
        breaks_off=call is not None and not any(entry.is_note("ended") for entry in entries),
    )


def _without_type(note: Frame) -> Frame:
    return {key: value for key, value in note.items() if key != "type"}


def _likely_options(entries: Sequence[Entry]) -> Options:
    """The defaults, with what was heard of the greeting, which is the line's talk cycle 0.

    The guide never times out here: if it did, the apology is among the words that were sent.
    """
    heard = (entry.frame for entry in entries if entry.is_note("heard"))
    greeting = " ".join(str(note.get("text", "")) for note in heard if note.get("cycle") == 0)
    return Options(greeting=greeting, first_token_timeout_s=math.inf, stall_timeout_s=math.inf)


class _Machine:
    """The machine, on the call log's clock."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.made: list[Frame] = []
        self._machine = BargeIn(options)
        self._at = 0.0

    def take(self, entry: Entry) -> None:
        """Advance to the time of an entry, and give the machine the entry's event, if any."""
        at = max(self._at, entry.t)
        while (deadline := self._machine.deadline) is not None and deadline <= at:
            self._receive(DeadlinePassed(), deadline)
        self._at = at
        event = self._event(entry)
        if event is not None:
            self._receive(event, at)

    def _event(self, entry: Entry) -> Event | None:
        if entry.dir == "note":
            return noted_event(entry.frame)
        return _relay_event(entry.frame) if entry.dir == "in" else None

    def _receive(self, event: Event, at: float) -> None:
        self._at = max(self._at, at)
        for action in self._machine.receive(event, at):
            self._perform(action)

    def _perform(self, action: Action) -> None:
        if isinstance(action, Decided):
            after = self._machine.state
            self.made.append(decision_fields(self._at, action, after))


class _LineSideMachine(_Machine):
    """The machine, for a call log from the line's side: what was sent shows what the guide wrote.

    Words that the machine sends by itself (a resume, say) are not taken for the guide's.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._reply = 0
        self._sent = ""  # by this machine, and not met in the call log yet
        self._closed = 0

    def take(self, entry: Entry) -> None:
        """Advance, and match the words that the app sent with those sent here."""
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
