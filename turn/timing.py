"""What time tells of a reply: when it can have become audible, and how long it may play.

What of a reply was heard is `playback`'s matter, as far as the line reports it. Much is never
reported, or late. So the clock is asked as well: a voice begins a clause once it knows where it
ends, needs a moment to begin, and then speaks at some rate.
"""

import math
from typing import Final

from turn.options import Options
from turn.playback import CLAUSE_ENDS, spoken_length

SLACK: Final = 1.5
"""How much slower than `words_per_second` a voice may be before a reply is taken to be over."""


class Timing:
    """One reply on the clock. Times are seconds on the machine's clock."""

    __slots__ = (
        "_clause_out_at",
        "_options",
        "_out_at",
        "_plays_until",
        "_progress_at",
        "_reported_at",
        "_sent_at",
        "_unfinished_clause",
        "is_confirmed",
    )

    def __init__(self, options: Options) -> None:
        self._options = options
        self._plays_until = 0.0
        self._progress_at = 0.0
        self._sent_at = 0.0
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.is_confirmed = False
        """Whether the line has told that the agent can be heard."""
        self._out_at: float | None = None  # its first words, since it was asked for or resumed
        self._clause_out_at: float | None = None  # and its first clause
        self._reported_at: float | None = None
        self._unfinished_clause = ""

    # --- what happens to it ---------------------------------------------------------------

    def sent(self, words: str, now: float) -> None:
        """Words of it went out to the line."""
        if self._out_at is None:
            self._out_at = now
        self._sent_at = self._progress_at = now
        self._unfinished_clause += words
        if not CLAUSE_ENDS.isdisjoint(words):
            self._expect_clause(now)

    def confirm(self) -> None:
        """The line has told that the agent can be heard, which counts once a clause was out."""
        self.is_confirmed = self.is_confirmed or self._clause_out_at is not None

    def cycle_closed(self, now: float) -> None:
        """The line has been told that no more words follow."""
        if self._unfinished_clause:
            self._expect_clause(now)

    def rewound(self, now: float) -> None:
        """The rest of it is said again, from now on."""
        self._begin_anew()
        self._plays_until = now

    def reported(self, left: str, now: float) -> None:
        """The line has told how far playback has come; `left` is the text that has yet to play."""
        self._progress_at = self._reported_at = now
        self._plays_until = now + self._seconds(left)

    def _expect_clause(self, now: float) -> None:
        """A voice begins a clause when it knows its end, and not before it is done with the last.

        Then it needs a moment, about as long as until the first words are heard.
        """
        begins_at = max(self._plays_until, now + self._options.heard_grace_s)
        self._plays_until = begins_at + self._seconds(self._unfinished_clause)
        self._unfinished_clause = ""
        if self._clause_out_at is None:
            self._clause_out_at = now

    def _seconds(self, text: str) -> float:
        return spoken_length(text) / self._options.words_per_second

    # --- what follows from it -------------------------------------------------------------

    @property
    def out_at(self) -> float | None:
        """When its first words went out, since it was asked for or resumed; None if none did."""
        return self._out_at

    @property
    def audible_at(self) -> float | None:
        """When it is audible at the latest, if the line does not tell; None if that is open."""
        if self._clause_out_at is None:
            return None
        return self._clause_out_at + self._options.heard_grace_s

    def has_settled(self, now: float) -> bool:
        """Whether what went out last has had the time to become audible."""
        return now > self._sent_at + self._options.heard_grace_s

    def has_played(self, now: float) -> bool:
        """Whether all that went out has had the time to be played."""
        return now >= self._plays_until

    def ended_at(self, now: float) -> float:
        """When playback can have ended, now that it is over."""
        return min(now, self._plays_until)

    @property
    def over_at(self) -> float:
        """When playback must be over, however slow the voice."""
        wait = max(0.0, self._plays_until - self._progress_at)
        return self._progress_at + wait * SLACK + self._options.playback_margin_s

    def words_unreported(self, now: float) -> int:
        """How many words there was time for since the line reported any, or began to speak."""
        since = self.audible_at if self._reported_at is None else self._reported_at
        if since is None:
            return 0
        return max(0, int((now - since) * self._options.words_per_second))

    def words_played(self, left: str, now: float) -> int:
        """How many words of `left` can have been played, on a line that reports nothing.

        Those of every whole clause that went out, but the ones there was no time for yet.
        """
        clauses = left.removesuffix(self._unfinished_clause)
        waiting = math.ceil(max(0.0, self._plays_until - now) * self._options.words_per_second)
        return max(0, len(clauses.split()) - waiting)
