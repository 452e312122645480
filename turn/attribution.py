"""Which reply a report of the line is about.

The line is given one reply after another and reports what it plays of them, late and without
names. What it reports may be about the present reply, or about one before it: one that it plays on
until the next one's first word, or one of which some words reached it just after it had been cut.
The words tell.
"""

from collections import deque
from typing import Final

from turn.playback import Playback, same_words

EARLIER_REPLIES: Final = 3
"""How many replies back a report that comes late may reach."""


REMEMBERED_REPORTS: Final = 16
"""How many reports back one that comes twice is known."""


class Attribution:
    """The replies that the line was given, and what it reports of them."""

    def __init__(self, greeting: Playback) -> None:
        self.reports = False
        """Whether the line tells what it has played."""
        self._greeting = self._present = greeting
        self._earlier: tuple[Playback, ...] = (greeting,)
        self._plays_earlier = False
        self._told: deque[tuple[str, Playback]] = deque(maxlen=REMEMBERED_REPORTS)
        self._interjection: Playback | None = None

    # --- what it is given -----------------------------------------------------------------

    def begin(self, reply: Playback, *, after_cut: bool) -> None:
        """The next reply. Unless the line was cut, it plays on until this one's first word."""
        old = self._present
        if after_cut:
            self._plays_earlier = False
        elif old.sent:
            # The greeting is never replaced: what comes after it waits for its end.
            self._plays_earlier = old is not self._greeting and old.heard < old.sent
        if old.sent:
            self._remember(old)
        self._present = reply

    def interject(self, words: Playback) -> None:
        """Words that are said before the present reply."""
        self._remember(words)
        self._interjection = words

    @property
    def plays_earlier(self) -> bool:
        """Whether an earlier reply can be heard, and nothing has been said to replace it."""
        last = self._earlier[-1]
        return self._plays_earlier and last is not self._interjection and last.heard < last.sent

    def _remember(self, words: Playback) -> None:
        if len(self._earlier) == EARLIER_REPLIES:
            self._earlier[0].settle()
        self._earlier = (*self._earlier, words)[-EARLIER_REPLIES:]

    # --- what it reports ------------------------------------------------------------------

    def played(self, report: str, *, after_cut: bool) -> None:
        """A stretch was played. After a cut, it is the part that was cut."""
        self.reports = True
        playback = self._about(report)
        self._told.append((report, playback))
        if playback.is_settled:
            return
        if after_cut:
            playback.cut_at(report)
        else:
            playback.played(report)

    def cut(self, report: str, spoken_words: int) -> bool:
        """The line was cut; whether that is of any consequence.

        It is not if what was cut is over, or had been cut before, or is the greeting.
        """
        playback = self._which_was_cut(report)
        if playback is not self._present and not self._plays_earlier:
            return False
        if self.reports:
            playback.cut_at(report)
        else:
            playback.interrupted(report, spoken_words)
        self._plays_earlier = False
        return True

    def _about(self, report: str) -> Playback:
        present, earlier = self._present, self._earlier
        if not present.sent:
            return next((reply for reply in earlier if reply.expects(report)), earlier[-1])
        waits = self._plays_earlier and not present.begun
        in_turn = (*earlier, present) if waits else (present, *reversed(earlier))
        for told_by in (Playback.expects, Playback.recognises):
            told = next((reply for reply in in_turn if told_by(reply, report)), None)
            if told is not None:
                return told
        if waits or (not present.begun and earlier[-1].contains(report)):
            # The last of what was replaced, or what reached the line just after it was cut.
            self._plays_earlier = False
            return earlier[-1]
        if present.contains(report):
            return present
        # Told again, or spelled otherwise.
        return next((told for was, told in self._told if same_words(was, report)), present)

    def _which_was_cut(self, report: str) -> Playback:
        present = self._present
        if not present.sent:
            return self._earlier[-1]
        if present.contains(report):
            return present
        last_report, last_reply = self._told[-1] if self._told else ("", present)
        if report and same_words(report, last_report):
            return last_reply
        return next((reply for reply in self._earlier if reply.contains(report)), present)
