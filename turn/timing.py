"""What the clock says about a reply: when it can have become audible, and how long it may play.

What was heard is `playback`'s matter, as far as the line reports it. Much is reported late or
never, so the clock is asked as well. The model of a voice: it begins a clause once it knows where
the clause ends, takes a moment to start, and then speaks at a steady rate.
"""

import math
from typing import Final

from turn.options import Options
from turn.words import CLAUSE_ENDS, length_of, spoken_length

SLOW_VOICE: Final = 1.5
"""A voice may take this many times as long as `words_per_second` says before a reply is over."""


class Timing:
    """One reply on the clock. Times are seconds on the machine's clock."""

    __slots__ = (
        "_first_clause_at",
        "_first_sent_at",
        "_options",
        "_plays_until",
        "_progress_at",
        "_reported_at",
        "_sent_at",
        "_unfinished_clause",
        "is_known_audible",
    )

    def __init__(self, options: Options) -> None:
        self._options = options
        self._plays_until = 0.0
        self._progress_at = 0.0  # of sending or playback, whichever was last
        self._sent_at = 0.0
        self._start_anew()

    def _start_anew(self) -> None:
        # A resumed reply has to become audible again; reports and silences from before say nothing
        # about it.
        self.is_known_audible = False
        """Whether the line has reported that the agent can be heard."""
        self._first_sent_at: float | None = None
        self._first_clause_at: float | None = None
        self._reported_at: float | None = None
        self._unfinished_clause = ""

    # --- what happens to it ---------------------------------------------------------------

    def sent(self, words: str, now: float) -> None:
        """Words of the reply went out to the line."""
        if self._first_sent_at is None:
            self._first_sent_at = now
        self._sent_at = self._progress_at = now
        self._unfinished_clause += words
        if not CLAUSE_ENDS.isdisjoint(words):
            self._expect_clause(now)

    def became_audible(self) -> None:
        """The line has reported that the agent can be heard."""
        # Before a clause is out there is nothing to speak: the sound is of the reply before.
        self.is_known_audible = self.is_known_audible or self._first_clause_at is not None

    def cycle_closed(self, now: float) -> None:
        """The line was told that no more words follow, which ends the last clause."""
        if self._unfinished_clause:
            self._expect_clause(now)

    def rewound(self, now: float) -> None:
        """The rest of the reply will be said again, from now on."""
        self._start_anew()
        self._plays_until = now  # the line forgot what it had queued

    def reported(self, unplayed: str, now: float) -> None:
        """The line has reported playback as far as the text `unplayed`."""
        self._progress_at = self._reported_at = now
        self._plays_until = now + self._seconds(unplayed)

    def _expect_clause(self, now: float) -> None:
        # The voice starts it after the clause before, or after the moment that it takes to start.
        begins_at = max(self._plays_until, now + self._options.heard_grace_s)
        self._plays_until = begins_at + self._seconds(self._unfinished_clause)
        self._unfinished_clause = ""
        if self._first_clause_at is None:
            self._first_clause_at = now

    def _seconds(self, text: str) -> float:
        return spoken_length(text) / self._options.words_per_second

    # --- what follows from it -------------------------------------------------------------

    @property
    def first_sent_at(self) -> float | None:
        """When the first words went out, since the reply was begun or resumed; None if none did."""
        return self._first_sent_at

    @property
    def audible_at(self) -> float | None:
        """When the reply must be audible; None while no clause is out."""
        if self._first_clause_at is None:
            return None
        return self._first_clause_at + self._options.heard_grace_s

    def latest_is_audible(self, now: float) -> bool:
        """Whether the words sent last have had time to become audible."""
        return now > self._sent_at + self._options.heard_grace_s

    def could_have_played_all(self, now: float) -> bool:
        """Whether everything sent has had time to be played."""
        return now >= self._plays_until

    def ended_at(self, now: float) -> float:
        """When playback probably ended, given that it is over now."""
        # Without reports the end shows only later, by a deadline or by the caller's next words.
        return min(now, self._plays_until)

    @property
    def must_end_by(self) -> float:
        """When playback must be over, however slow the voice."""
        # From the last progress, so that what is already played needs no allowance.
        wait = max(0.0, self._plays_until - self._progress_at)
        return self._progress_at + wait * SLOW_VOICE + self._options.playback_margin_s

    def words_unreported(self, now: float) -> int:
        """How many words there was time for since the last report, or since the voice began."""
        since = self.audible_at if self._reported_at is None else self._reported_at
        if since is None:
            return 0
        # Rounded down: a word half spoken has not been heard.
        return max(0, int((now - since) * self._options.words_per_second))

    def words_played(self, unplayed: str, now: float) -> float:
        """How many words of `unplayed`, on a line without reports, there was time to play.

        Only whole clauses count, because a voice does not begin one before it is whole.
        """
        clauses = unplayed.removesuffix(self._unfinished_clause)
        # Rounded up: saying a word twice is better than losing one.
        waiting = math.ceil(max(0.0, self._plays_until - now) * self._options.words_per_second)
        return max(0.0, length_of(clauses) - waiting)
