"""The playback queue: what the agent says, segment by segment, and how much of it was heard.

PURE. Time is an argument, in seconds. `deadline` says when to call `step`. Methods return frames
about the playback (`agentSpeaking`, `tokensPlayed`) whether or not the app subscribed to them; the
line filters.

What is known of the wire:

- Tokens add up in the open talk cycle. A clause is played once it ends (at `, . ; : ? !` with a
  space after it, or where `last: true` closes the cycle); an unclosed tail waits for more.
- A segment is reported when it is over, with its leading space. The agent falls silent in the same
  instant as the last one is reported (seen on live calls).
- A new talk cycle replaces preemptible audio of the cycles before it: what waits is dropped at
  once, what is being played about 100 ms later, with a report of the part that was heard and no
  silence reported in between (seen on live calls). A frame of the same cycle replaces nothing.
- Our assumptions: `play` and `sendDigits` close the open talk cycle and form one of their own; a
  frame without words opens none; the greeting is not preemptible; if audio runs out in mid-cycle,
  the agent falls silent and starts again with the usual latency.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

from emulator import frames
from emulator.line_events import Cut, Heard, LineEvent, Spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulator.frames import Frame
    from emulator.line_events import CutReason
    from emulator.twiml import InputKind

GREETING = 0
"""The number of the greeting's talk cycle; those of the app count from 1."""

START_LATENCY_S = 0.3
"""From the first playable segment to its sound (live calls: 0.26 to 0.47 s)."""
GREETING_LATENCY_S = 0.5
"""From `setup` to the greeting's first sound (live calls: 0.25 to 0.75 s)."""
DIGITS_LATENCY_S = 2.0
"""From `sendDigits` to its first tone on an idle line (seen on live calls)."""
PREEMPTION_S = 0.1
"""From the frame that replaces preemptible audio to that audio falling silent (live calls)."""
TONE_S = 0.1
WAIT_DIGIT_S = 0.5
AUDIO_S = 3.0
"""How long one loop of a played file lasts here; the file is not fetched."""
MOST_LOOPS = 1000

_CLAUSE = re.compile(r".*?[,.;:?!](?=\s)", re.DOTALL)

InterruptReport: TypeAlias = Literal["fragment", "whole", "empty"]
"""What an interrupt reports as heard: a part of the segment (live calls) or reply, or nothing."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What may cut a segment off, and its language."""

    interruptible: InputKind
    preemptible: bool
    lang: str


@dataclass(frozen=True, slots=True)
class Interruption:
    """What an `interrupt` reports about the segment it cut."""

    fragment: str
    utterance: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class _Clip:
    """One item of the queue: a segment of speech, a file, or tones."""

    cycle: int
    label: str
    text: str
    words: tuple[str, ...]
    seconds: float
    terms: Terms
    ready_at: float

    @property
    def speech(self) -> str:
        """Its words as sent; "" for a file or tones."""
        return self.text if self.words else ""


def split_clauses(text: str) -> tuple[list[str], str]:
    """The complete clauses of `text`, which can be played, and the incomplete tail."""
    clauses = _CLAUSE.findall(text)
    return clauses, text[sum(map(len, clauses)) :]


def first_words(text: str, count: int) -> str:
    """The first `count` words of `text`, with their spaces."""
    ends = [word.end() for word in islice(re.finditer(r"\S+", text), count)]
    return text[: ends[-1]] if ends else ""


class Player:
    """Plays talk cycles in order, at a speaking pace."""

    def __init__(self, *, words_per_second: float, interrupt_report: InterruptReport) -> None:
        self.heard: list[Heard] = []
        self.events: list[LineEvent] = []
        self.cycles: dict[int, str] = {}
        """The text received for each talk cycle, verbatim."""
        self.speaking = False
        """Whether `agentSpeaking` was last reported as on."""
        self._pace = words_per_second
        self._interrupt_report = interrupt_report
        self._last_cycle = GREETING
        self._open: int | None = None
        self._tail = ""
        self._tail_terms = Terms("any", preemptible=False, lang="")
        self._queue: deque[_Clip] = deque()
        self._starts_at: float | None = None
        self._playing: _Clip | None = None
        self._started = 0.0
        self._words_heard = 0
        self._cut_at: float | None = None
        self._replacing = False
        self._reply = (GREETING, 0.0, "")

    # -- commands ------------------------------------------------------------------------------

    def greet(self, text: str, terms: Terms, now: float) -> None:
        """Queue the greeting, before anything from the app."""
        self.cycles[GREETING] = text
        clauses, tail = split_clauses(text)
        for clause in (*clauses, tail):
            if clause.strip():
                self._enqueue_speech(GREETING, clause, terms, now + GREETING_LATENCY_S)

    def say(self, token: str, terms: Terms, now: float, *, last: bool) -> None:
        """Add a token to the open talk cycle, or open one."""
        if self._open is None:
            if not token.strip():
                return
            self._open = self._begin_cycle(now)
        if not self._tail.strip():
            self._tail_terms = terms
        self.cycles[self._open] += token
        clauses, self._tail = split_clauses(self._tail + token)
        for clause in clauses:
            self._enqueue_speech(self._open, clause, self._tail_terms, now + START_LATENCY_S)
            self._tail_terms = terms
        if last:
            self._close_cycle(now)

    def play(self, source: str, loop: int, terms: Terms, now: float) -> None:
        """Queue a file, as a talk cycle of its own."""
        self._close_cycle(now)
        seconds = AUDIO_S * (loop or MOST_LOOPS)
        cycle = self._begin_cycle(now)
        ready_at = now + START_LATENCY_S
        self._enqueue(_Clip(cycle, f"[plays {source}]", "", (), seconds, terms, ready_at))

    def send_digits(self, digits: str, terms: Terms, now: float, *, at_once: bool) -> None:
        """Queue tones, as a talk cycle of their own; without the usual latency if `at_once`."""
        self._close_cycle(now)
        seconds = sum(WAIT_DIGIT_S if digit == "w" else TONE_S for digit in digits)
        cycle = self._begin_cycle(now)
        ready_at = now + (0.0 if at_once else DIGITS_LATENCY_S)
        self._enqueue(_Clip(cycle, f"[keys {digits}]", digits, (), seconds, terms, ready_at))

    def interrupt(self, now: float) -> Interruption:
        """Stop the current segment and purge the queue."""
        clip = self._playing
        if clip is None:
            raise RuntimeError("nothing is playing")
        fragment = first_words(clip.text, self._words_heard)
        reply_started, reply = self._reply[1:]
        segment_ms = round((now - self._started) * 1000)
        self.hush("interrupt", now)
        match self._interrupt_report:
            case "fragment":
                return Interruption(fragment, fragment.strip(), segment_ms)
            case "whole":
                whole_ms = round((now - reply_started) * 1000)
                return Interruption(fragment, (reply + fragment).strip(), whole_ms)
            case "empty":
                return Interruption(fragment, "", segment_ms)
            case _:
                assert_never(self._interrupt_report)

    def hush(self, reason: CutReason, now: float) -> None:
        """Drop everything, playing or queued, without reporting it to the app."""
        self._silence_sounding(reason, now)
        self._drop([*self._queue], reason, now, tail=self._tail)
        self._queue.clear()
        self._open, self._tail = None, ""
        self._starts_at, self._replacing, self.speaking = None, False, False

    # -- playback ------------------------------------------------------------------------------

    @property
    def playing(self) -> Terms | None:
        """The terms of the current segment; None in silence."""
        return self._playing.terms if self._playing else None

    @property
    def idle(self) -> bool:
        """Whether nothing is playing or queued, and no talk cycle is open."""
        return self._playing is None and not self._queue and self._open is None

    @property
    def deadline(self) -> float | None:
        """When to call `step`; None if there is nothing to play."""
        if self._playing is None:
            return self._starts_at
        next_word = self._started + (self._words_heard + 1) / self._pace
        times = [self._started + self._playing.seconds]
        if self._words_heard < len(self._playing.words):
            times.append(next_word)
        if self._cut_at is not None:
            times.append(self._cut_at)
        return min(times)

    def step(self, at: float) -> list[Frame]:
        """Do the one thing due at `at`, the current deadline."""
        clip = self._playing
        if clip is None:
            return self._start(at)
        if self._words_heard < len(clip.words):
            if at >= self._started + (self._words_heard + 1) / self._pace:
                word = clip.words[self._words_heard]
                self._words_heard += 1
                self.heard.append(Heard(at, word, clip.cycle, clip.terms.lang))
                return []
        elif at >= self._started + clip.seconds:
            return self._finish(clip, at)
        return self._replace(clip, at)

    def _start(self, at: float) -> list[Frame]:
        clip = self._queue.popleft()
        self._playing, self._started, self._words_heard = clip, at, 0
        self._starts_at, self._cut_at, self._replacing = None, None, False
        if clip.cycle != self._reply[0]:
            self._reply = (clip.cycle, at, "")
        if self.speaking:
            return []
        self.speaking = True
        return [frames.agent_speaking(True)]

    def _finish(self, clip: _Clip, at: float) -> list[Frame]:
        """Report a finished segment and start the next without a gap."""
        self.events.append(Spoken(at, clip.cycle, clip.label))
        cycle, started, text = self._reply
        self._reply = (cycle, started, text + clip.text)
        self._playing, self._cut_at = None, None
        reports = [frames.tokens_played(clip.text)] if clip.text else []
        if self._replacing:
            self._await_successor(at)
        elif self._queue:
            reports += self._start(at)
        else:
            self.speaking = False
            reports.append(frames.agent_speaking(False))
        return reports

    def _replace(self, clip: _Clip, at: float) -> list[Frame]:
        """Stop a preemptible segment in favour of a later talk cycle."""
        fragment = first_words(clip.text, self._words_heard)
        self._silence_sounding("preempted", at)
        self._await_successor(at)
        return [frames.tokens_played(fragment)] if fragment else []

    def _await_successor(self, at: float) -> None:
        self._starts_at = max(at, self._queue[0].ready_at) if self._queue else None

    # -- the queue -----------------------------------------------------------------------------

    def _begin_cycle(self, now: float) -> int:
        self._preempt(now)
        self._last_cycle += 1
        self.cycles[self._last_cycle] = ""
        return self._last_cycle

    def _close_cycle(self, now: float) -> None:
        if self._open is not None and self._tail.strip():
            ready_at = now + START_LATENCY_S
            self._enqueue_speech(self._open, self._tail, self._tail_terms, ready_at)
        self._open, self._tail = None, ""

    def _preempt(self, now: float) -> None:
        """Drop the preemptible audio of all talk cycles so far."""
        self._drop([clip for clip in self._queue if clip.terms.preemptible], "preempted", now)
        self._queue = deque(clip for clip in self._queue if not clip.terms.preemptible)
        if self._playing is None:
            self._starts_at = self._queue[0].ready_at if self._queue else None
        elif self._playing.terms.preemptible and not self._replacing:
            self._cut_at, self._replacing = now + PREEMPTION_S, True

    def _enqueue_speech(self, cycle: int, text: str, terms: Terms, ready_at: float) -> None:
        words = tuple(text.split())
        seconds = len(words) / self._pace
        self._enqueue(_Clip(cycle, text, text, words, seconds, terms, ready_at))

    def _enqueue(self, clip: _Clip) -> None:
        self._queue.append(clip)
        if self._playing is None and self._starts_at is None:
            self._starts_at = clip.ready_at

    def _drop(
        self, clips: Sequence[_Clip], reason: CutReason, now: float, *, tail: str = ""
    ) -> None:
        """Note as cut the clips that will not be played, and the tail of the open cycle."""
        lost = {
            cycle: "".join(clip.speech for clip in group)
            for cycle, group in groupby(clips, attrgetter("cycle"))
        }
        if self._open is not None and tail.strip():
            lost[self._open] = lost.get(self._open, "") + tail
        self.events += [
            Cut(now, reason, cycle, spoken="", lost=text, sounding=False)
            for cycle, text in lost.items()
        ]

    def _silence_sounding(self, reason: CutReason, now: float) -> None:
        clip = self._playing
        if clip is None:
            return
        spoken = first_words(clip.speech, self._words_heard)
        lost = clip.speech[len(spoken) :]
        self.events.append(Cut(now, reason, clip.cycle, spoken, lost, sounding=True))
        self._playing, self._cut_at = None, None
