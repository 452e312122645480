"""One reply on its way: written by the guide, said on the line, heard by the caller, and when.

What was heard is `playback`'s matter, as far as the line reports it. Here is what time tells: when
a reply can have become audible, how long it may play, and how long its guide may take.
"""

import math
from dataclasses import dataclass
from typing import Final

from playback import CLAUSE_ENDS, Playback, spoken_length
from turn_options import Options

SLACK: Final = 1.5
"""How much slower than `words_per_second` a voice may be before a reply is taken to be over."""


@dataclass(slots=True)
class Reply:
    """One reply, and how far it has come. Times are seconds on the machine's clock."""

    number: int
    playback: Playback
    options: Options
    guide_writes: bool
    written_at: float = 0.0
    """When the guide was asked, or wrote last."""
    said_at: float | None = None
    """When its first clause went out, since it was asked for or resumed."""
    out_at: float | None = None
    """When its first words went out, since it was asked for or resumed."""
    cycle_open: bool = False
    """Whether the talk cycle it is said in waits for more."""
    was_audible: bool = False
    """Whether the line has told that the agent can be heard."""
    gave_up: bool = False
    """Whether the rest of it was given up for a clear stop."""
    _sent_at: float = 0.0
    _reported_at: float | None = None
    _progress_at: float = 0.0
    _plays_until: float = 0.0
    _begun_clause: str = ""

    @property
    def pending(self) -> bool:
        """Whether there is more of it to come than the caller has heard."""
        return self.guide_writes or not self.playback.all_heard

    # --- what happens to it ---------------------------------------------------------------

    def write(self, text: str, now: float) -> None:
        """The guide has written more."""
        self.playback.text += text
        self.written_at = now

    def break_off(self) -> None:
        """The guide will write no more, and the reply is not whole: it says so."""
        self.guide_writes = False
        written, apology = self.playback.text, self.options.apology
        between = " " if written and not written[-1].isspace() else ""
        self.playback.text += between + apology if apology else ""

    def say(self, now: float) -> str:
        """What to send: all that is written and not yet sent."""
        words = self.playback.send()
        if not self.cycle_open and not words.strip():
            return ""  # a blank opens no talk cycle
        if words:
            self.cycle_open = True
            self.out_at = now if self.out_at is None else self.out_at
            self._sent_at = self._progress_at = now
            self._begun_clause += words
            if not CLAUSE_ENDS.isdisjoint(words):
                self._expect_clause(now)
        return words

    def close_cycle(self, now: float) -> bool:
        """End the talk cycle; whether there was one."""
        if not self.cycle_open:
            return False
        if self._begun_clause:
            self._expect_clause(now)
        self.cycle_open = False
        return True

    def rewind(self, now: float) -> None:
        """Go back to what the caller has yet to hear, to say it from now on."""
        self.playback.rewind()
        self.out_at = self.said_at = self._reported_at = None
        self.was_audible = False
        self._begun_clause = ""
        self._plays_until = now

    def follow(self, now: float) -> None:
        """The line has reported that some of it was played, up to this moment."""
        self._progress_at = self._reported_at = now
        self._plays_until = now + self._seconds(self.playback.left)

    def ended_at(self, now: float) -> float:
        """When it can have ended, now that it is over."""
        return min(now, self._plays_until)

    def _expect_clause(self, now: float) -> None:
        """A voice begins a clause when it knows its end, and not before it is done with the last.

        Then it needs a moment, about as long as until the first words are heard.
        """
        begins_at = max(self._plays_until, now + self.options.heard_grace_s)
        self._plays_until = begins_at + self._seconds(self._begun_clause)
        self._begun_clause = ""
        if self.said_at is None:
            self.said_at = now

    def _seconds(self, text: str) -> float:
        return spoken_length(text) / self.options.words_per_second

    # --- what time tells of it ------------------------------------------------------------

    def may_be_over(self, now: float) -> bool:
        """Whether all of it has had the time to be played."""
        return not self.guide_writes and now >= self._plays_until

    def has_settled(self, now: float) -> bool:
        """Whether what went out last has had the time to become audible."""
        return now > self._sent_at + self.options.heard_grace_s

    def suppose_heard(self, now: float) -> None:
        """Take as heard what can have been, on a line that does not report it.

        That is every whole clause that went out, but for the words that there was no time for yet.
        """
        clauses = self.playback.left.removesuffix(self._begun_clause)
        waiting = math.ceil(max(0.0, self._plays_until - now) * self.options.words_per_second)
        self.playback.spoken(max(0, len(clauses.split()) - waiting))

    def spoken_unreported(self, now: float) -> int:
        """How many words there was time for since the line reported any, or began to speak."""
        since = self._reported_at
        if since is None and self.said_at is not None:
            since = self.said_at + self.options.heard_grace_s
        return 0 if since is None else max(0, int((now - since) * self.options.words_per_second))

    @property
    def deadline(self) -> float:
        """When the guide is too slow or, once it is done, when playback must be over."""
        options = self.options
        if not self.guide_writes:
            wait = max(0.0, self._plays_until - self._progress_at)
            return self._progress_at + wait * SLACK + options.playback_margin_s
        if self.playback.text:
            return self.written_at + options.stall_timeout_s
        return self.written_at + options.first_token_timeout_s
