"""Whether the agent can be heard at this moment, or is done, as far as anyone can know.

A line may report what it plays, whether it is audible, and that it was cut; or nothing at all. What
it does not report follows from what it did not do, and from the clock.
"""

from turn.attribution import Attribution
from turn.caller_activity import CallerActivity
from turn.options import Options
from turn.reply import Reply


class Audibility:
    """The reply of the moment on the line. `now` is in seconds on the machine's clock."""

    def __init__(
        self, reply: Reply, attribution: Attribution, caller: CallerActivity, options: Options
    ) -> None:
        self.reply = reply
        self._attribution = attribution
        self._caller = caller
        self._options = options

    def audible_at(self, now: float) -> float | None:
        """When words count as audible before they are reported: on a line that reports nothing, and
        on one that is never interrupted, for it reports a clause only when it has ended.

        Not while the caller is in an utterance that began before: they are being talked into.
        """
        at = self.reply.timing.audible_at
        if at is None or (self._attribution.reports and not self._options.talkover):
            return None
        return None if self._caller.is_speaking_since_before(at, now) else at

    def is_audible(self, now: float) -> bool:
        """Whether words count as audible, by the clock."""
        at = self.audible_at(now)
        return at is not None and now >= at

    def is_talked_into(self, now: float) -> bool:
        """Whether the caller began to speak before the reply did, and heard nothing of it."""
        playback, out_at = self.reply.playback, self.reply.timing.out_at
        if not playback.sent or out_at is None:
            return True
        return not playback.begun and self._caller.is_speaking_since_before(out_at, now)

    def was_over(self, now: float) -> bool:
        """Whether a reply that the caller's words did not interrupt had nothing more to play.

        A line that stops for the caller, did not, and reports nothing, had nothing to stop. One
        that reports will tell.
        """
        if self._attribution.reports:
            return False
        if self._options.talkover:
            return self.reply.may_be_over(now)
        return self.is_audible(now) and not self.reply.guide_writes

    def fell_silent_at_the_end(self, now: float) -> bool:
        """Whether the agent's silence is the end of the reply: all was said, and not just now."""
        reply, timing = self.reply, self.reply.timing
        if not timing.is_confirmed or reply.guide_writes or not timing.has_settled(now):
            return False
        overdue = reply.may_be_over(now)  # a report was lost
        if reply.playback.supposes or overdue or not self._attribution.reports:
            reply.playback.all_played()
        return reply.playback.all_heard

    def suppose_heard(self, now: float) -> None:
        """Take as heard what can have been, where the line would not have told."""
        if self.is_audible(now) and not self._attribution.reports:
            self.reply.suppose_heard(now)

    def end(self, now: float) -> float:
        """The reply is over; returns when it can have ended.

        A line that reports nothing would still have told of an interruption.
        """
        playback = self.reply.playback
        playback.confirm()
        if not self._attribution.reports:
            playback.all_played()
        return self.reply.timing.ended_at(now)

    @property
    def was_taken_to_be_over(self) -> bool:
        """Whether the last reply still has words to be heard, though it was given up on."""
        return self.reply.number > 0 and self.reply.is_pending
