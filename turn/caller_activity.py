"""What we know of the caller's voice: whether they are speaking, and since when.

A line may report when the caller starts and stops making sound (`CallerSpeaking`). Transcripts show
it too, but trail the speech by up to a second. And the report of a stop can get lost, so nobody
counts as speaking for longer than `caller_speech_ceiling_s` without a new sign of it.
"""

from turn.options import Options


class CallerActivity:
    """The caller's voice. Times are seconds on the machine's clock."""

    __slots__ = ("_active_at", "_is_speaking", "_options", "_utterance_began_at")

    def __init__(self, options: Options) -> None:
        self._options = options
        self._is_speaking = False  # as reported
        self._active_at = 0.0  # the last sign of speech
        self._utterance_began_at: float | None = None  # None between two utterances

    # --- what happens ---------------------------------------------------------------------

    def speaking_changed(self, *, on: bool, now: float) -> None:
        """The caller started or stopped making sound."""
        self._is_speaking = on
        self._active_at = now  # a stop counts as well: the quiet is measured from it
        if on:
            # Even amid an utterance: a cough begins one too, and no transcript ever ends it.
            self._utterance_began_at = now

    def said_something(self, now: float) -> None:
        """A transcript came, final or not."""
        self._active_at = now
        # Words trail speech, so a reported start is nearer to the truth.
        if self._utterance_began_at is None:
            self._utterance_began_at = now

    def finished_utterance(self) -> None:
        """The transcript of what the caller said is final."""
        self._utterance_began_at = None

    def barged_in(self, now: float) -> None:
        """The line stopped the agent because the caller spoke."""
        self._active_at = now

    def presume_silent(self) -> None:
        """Stop waiting for the report that the caller stopped: it was lost."""
        self._is_speaking = False

    # --- what follows from it -------------------------------------------------------------

    @property
    def quiet_at(self) -> float:
        """When the caller counts as silent, unless there is another sign of speech."""
        options = self._options
        return self._active_at + (
            options.caller_speech_ceiling_s if self._is_speaking else options.resume_timeout_s
        )

    def has_spoken_since_before(self, at: float, now: float) -> bool:
        """Whether the caller began to speak before `at` and, as far as we know, still does."""
        began_at = self._utterance_began_at
        if began_at is None or began_at >= at:
            return False
        # On a line that does not report sound, recent words are the only sign.
        return self._is_speaking or now - self._active_at < self._options.resume_timeout_s
