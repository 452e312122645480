"""What is known of the caller's voice: whether they speak, and since when.

A line may tell when the caller begins and ceases to make sound (`CallerSpeaking`). Words tell as
well, but late: a transcript trails the end of speech by up to a second. And an event that says they
stopped can be lost, so nobody is believed to speak for longer than a ceiling without new proof.
"""

from turn.options import Options


class CallerActivity:
    """The caller's voice. Times are seconds on the machine's clock."""

    __slots__ = ("_active_at", "_options", "_speaks", "_utterance_began_at")

    def __init__(self, options: Options) -> None:
        self._options = options
        self._speaks = False
        self._active_at = 0.0  # the last sign of them
        self._utterance_began_at: float | None = None  # of the one that is not yet final

    # --- what happens ---------------------------------------------------------------------

    def made_sound(self, *, on: bool, now: float) -> None:
        """They began or ceased to make sound."""
        self._speaks = on
        self._active_at = now
        if on:
            self._utterance_began_at = now

    def said_something(self, now: float) -> None:
        """Words of theirs have come, final or not."""
        self._active_at = now
        if self._utterance_began_at is None:
            self._utterance_began_at = now

    def finished_utterance(self) -> None:
        """What they said is final."""
        self._utterance_began_at = None

    def cut_in(self, now: float) -> None:
        """The line stopped the agent because of them."""
        self._active_at = now

    def fell_silent(self) -> None:
        """They ended long ago, and the event that says so was lost."""
        self._speaks = False

    # --- what follows from it -------------------------------------------------------------

    @property
    def quiet_at(self) -> float:
        """When they count as silent, if nothing more is heard of them."""
        options = self._options
        return self._active_at + (
            options.caller_speech_ceiling_s if self._speaks else options.resume_timeout_s
        )

    def is_speaking_since_before(self, at: float, now: float) -> bool:
        """Whether they began to speak before `at`, and are not known to have ended."""
        began_at = self._utterance_began_at
        if began_at is None or began_at >= at:
            return False
        return self._speaks or now - self._active_at < self._options.resume_timeout_s
