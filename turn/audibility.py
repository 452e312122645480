"""Whether the agent can be heard right now, or has finished, as far as we can tell.

A line may report what it has played, when the agent starts and stops sounding, and interrupts; or
none of these. What it does not report is inferred from what it did not do, and from the clock.
"""

from turn.attribution import Attribution
from turn.caller_activity import CallerActivity
from turn.options import Options
from turn.reply import Reply


class Audibility:
    """How the present reply sounds to the caller. `now` is in seconds on the machine's clock."""

    def __init__(
        self, reply: Reply, attribution: Attribution, caller: CallerActivity, options: Options
    ) -> None:
        self.reply = reply
        self._attribution = attribution
        self._caller = caller
        self._options = options

    def audible_at(self, now: float) -> float | None:
        """When the reply counts as audible without a report of it; None if only a report will do.

        A line that reports playback is waited for, except in talkover: it reports a clause when
        the clause has ended, and there no interrupt comes before that.
        """
        at = self.reply.timing.audible_at
        if at is None or (self._attribution.line_reports and not self._options.talkover):
            return None
        # A reply that starts over the caller's voice is not heard: they are still in their turn.
        return None if self._caller.has_spoken_since_before(at, now) else at

    def is_audible(self, now: float) -> bool:
        """Whether the reply counts as audible by the clock."""
        at = self.audible_at(now)
        return at is not None and now >= at

    def caller_heard_none(self, now: float) -> bool:
        """Whether the caller, who just barged in, can have heard nothing of the present reply."""
        playback, first_sent_at = self.reply.playback, self.reply.timing.first_sent_at
        if not playback.sent or first_sent_at is None:
            return True  # it was an earlier reply that they spoke over
        return not playback.any_heard and self._caller.has_spoken_since_before(first_sent_at, now)

    def was_over(self, now: float) -> bool:
        """Whether the reply had ended before the caller's words, which did not interrupt it."""
        if self._attribution.line_reports:
            return False  # the report of its last words says so
        if self._options.talkover:
            return self.reply.may_be_over(now)
        # The line stops the agent for any speech. It did not, so there was nothing to stop.
        return self.is_audible(now) and not self.reply.guide_writes

    def fell_silent_at_end(self, now: float) -> bool:
        """Whether the agent's silence is the end of the reply, not a gap in it."""
        reply, timing = self.reply, self.reply.timing
        # Silence may also be the end of the reply before this one, a wait for a slow guide, or the
        # moment that the voice takes to begin.
        if not timing.is_known_audible or reply.guide_writes or not timing.latest_is_audible(now):
            return False
        last_report_was_lost = reply.may_be_over(now)
        nothing_contradicts = reply.playback.has_unconfirmed or not self._attribution.line_reports
        if nothing_contradicts or last_report_was_lost:
            reply.playback.all_played()
        return reply.playback.all_heard

    def estimate_heard(self, now: float) -> None:
        """Count as heard what there was time to play, on a line that does not report it."""
        if self.is_audible(now) and not self._attribution.line_reports:
            self.reply.estimate_heard(now)

    def end(self, now: float) -> float:
        """The reply is over. Returns when playback probably ended."""
        playback = self.reply.playback
        playback.confirm()
        # Without reports, the lack of an interrupt means that it was played to its end.
        if not self._attribution.line_reports:
            playback.all_played()
        return self.reply.timing.ended_at(now)

    @property
    def may_still_play(self) -> bool:
        """Whether the last reply, which counts as over, has words that were not heard."""
        # Nobody waits for the end of the greeting, so it is never taken up again.
        return self.reply.number > 0 and self.reply.is_pending
