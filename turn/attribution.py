"""Which reply a report from the line is about.

The line plays one reply after another and reports what it has played: late, and without saying of
which reply. That may be the present one or one before it: a cancelled reply plays on until the next
one's first word, and words can reach the line just after it was cut. The reported words tell.
"""

from collections import deque
from typing import Final

from turn.playback import Playback, same_words

EARLIER_REPLIES: Final = 3
"""How many replies back a late report may reach."""

REMEMBERED_REPORTS: Final = 16
"""How many reports back a repeated one is recognised."""


class Attribution:
    """The replies that the line was given, and what it reports of them."""

    def __init__(self, greeting: Playback) -> None:
        self.line_reports = False
        """Whether the line reports what it has played (not every line does)."""
        self._greeting = self._present = greeting
        self._earlier: tuple[Playback, ...] = (greeting,)
        self._earlier_is_playing = False
        self._past_reports: deque[tuple[str, Playback]] = deque(maxlen=REMEMBERED_REPORTS)
        self._acknowledgement: Playback | None = None

    # --- what the line is given -----------------------------------------------------------

    def begin(self, reply: Playback, *, after_cut: bool) -> None:
        """The next reply begins. Unless the line was cut, the old one plays on until its words."""
        old = self._present
        if after_cut:
            self._earlier_is_playing = False
        elif old.sent:
            # Words sent after the greeting wait for its end instead of replacing it.
            self._earlier_is_playing = old is not self._greeting and old.heard < old.sent
        # Else the old reply was withdrawn before its first word and replaced nothing: whatever
        # was playing still is.
        if old.sent:
            self._remember(old)
        self._present = reply

    def acknowledge(self, words: Playback) -> None:
        """Words are said ahead of the present reply."""
        self._remember(words)
        self._acknowledgement = words

    @property
    def earlier_is_playing(self) -> bool:
        """Whether an earlier reply is still being heard, and nothing was sent to replace it."""
        last = self._earlier[-1]
        replaced = last is self._acknowledgement
        return self._earlier_is_playing and not replaced and last.heard < last.sent

    def _remember(self, words: Playback) -> None:
        # What no report can change any more is settled, so that the history need not look at it
        # again.
        if len(self._earlier) == EARLIER_REPLIES:
            self._earlier[0].settle()
        self._earlier = (*self._earlier, words)[-EARLIER_REPLIES:]

    # --- what the line reports ------------------------------------------------------------

    def played(self, report: str, *, after_cut: bool) -> None:
        """A stretch was played. After a cut, it is the part before the cut."""
        self.line_reports = True
        playback = self._owner_of(report)
        self._past_reports.append((report, playback))
        if playback.is_settled:
            return
        if after_cut:
            playback.cut_after(report)
        else:
            playback.played(report)

    def cut(self, report: str, estimated_words: int) -> bool:
        """The line was cut. Returns whether that cut anything off.

        `estimated_words` is how many words the voice had time for, in case the report is of no use.
        """
        playback = self._owner_of_cut(report)
        if playback is not self._present and not self._earlier_is_playing:
            return False  # it was over, was cut before, or is the greeting
        if self.line_reports:
            playback.cut_after(report)
        else:
            playback.find_cut(report, estimated_words)
        self._earlier_is_playing = False  # a cut empties the line's whole queue
        return True

    def _owner_of(self, report: str) -> Playback:
        present, earlier = self._present, self._earlier
        if not present.sent:
            return next((reply for reply in earlier if reply.matches_next(report)), earlier[-1])
        # Replies share phrases ("Let me check."), so whichever is likelier to play is asked first.
        waits = self._earlier_is_playing and not present.any_heard
        likeliest_first = (*earlier, present) if waits else (present, *reversed(earlier))
        # An exact match anywhere counts for more than a resemblance in a likelier reply.
        for fits in (Playback.matches_next, Playback.resembles_next):
            owner = next((reply for reply in likeliest_first if fits(reply, report)), None)
            if owner is not None:
                return owner
        if waits or (not present.any_heard and earlier[-1].contains(report)):
            # The end of the reply that is being replaced, or strays that came just after its cut.
            self._earlier_is_playing = False
            return earlier[-1]
        if present.contains(report):
            return present
        # A repeated report belongs where it did the first time. Anything else is the present reply
        # in the voice's own spelling.
        past = (reply for was, reply in self._past_reports if same_words(was, report))
        return next(past, present)

    def _owner_of_cut(self, report: str) -> Playback:
        present = self._present
        if not present.sent:
            return self._earlier[-1]
        if present.contains(report):
            return present
        # The line reports the cut part as played first, and then in the interrupt: same owner.
        last_report, last_reply = self._past_reports[-1] if self._past_reports else ("", present)
        if report and same_words(report, last_report):
            return last_reply
        return next((reply for reply in self._earlier if reply.contains(report)), present)
