"""One reply on its way: written by the guide, said on the line, heard by the caller."""

from dataclasses import dataclass, field

from turn.options import Options
from turn.playback import Playback
from turn.timing import Timing


@dataclass(slots=True)
class Reply:
    """One reply, and how far it has come. Times are seconds on the machine's clock."""

    number: int
    playback: Playback
    options: Options
    guide_writes: bool
    written_at: float = 0.0
    """When the guide was asked, or wrote last."""
    cycle_open: bool = False
    """Whether the talk cycle it is said in waits for more."""
    gave_up: bool = False
    """Whether the rest of it was given up for a clear stop."""
    timing: Timing = field(init=False)

    def __post_init__(self) -> None:
        """Nothing of it can be heard yet."""
        self.timing = Timing(self.options)

    # --- what happens to it ---------------------------------------------------------------

    def write(self, text: str, now: float) -> None:
        """The guide has written more."""
        self.playback.text += text
        self.written_at = now

    def break_off(self) -> None:
        """The guide will write no more and the reply is not whole, which it says at its end."""
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
            self.timing.sent(words, now)
        return words

    def close_cycle(self, now: float) -> bool:
        """End the talk cycle; whether there was one."""
        if not self.cycle_open:
            return False
        self.timing.cycle_closed(now)
        self.cycle_open = False
        return True

    def rewind(self, now: float) -> None:
        """Go back to what the caller has yet to hear, to say it from now on."""
        self.playback.rewind()
        self.timing.rewound(now)

    def follow(self, now: float) -> None:
        """The line has reported that some of it was played, up to this moment."""
        self.timing.reported(self.playback.left, now)

    def suppose_heard(self, now: float) -> None:
        """Take as heard what can have been, on a line that does not report it."""
        self.playback.spoken(self.timing.words_played(self.playback.left, now))

    # --- how far it has come --------------------------------------------------------------

    @property
    def is_pending(self) -> bool:
        """Whether there is more of it to come than the caller has heard."""
        return self.guide_writes or not self.playback.all_heard

    def in_mind(self, now: float, *, uninterrupted: bool) -> str:
        """What the caller has in mind of it as they speak.

        A line that was not interrupted reports a clause only when it has ended, so there the clock
        tells how far into it they are.
        """
        if self.number == 0:
            return self.playback.text  # the greeting, which no line reports in time
        return self.playback.context(
            ahead=self.timing.words_unreported(now) if uninterrupted else 0
        )

    def may_be_over(self, now: float) -> bool:
        """Whether all of it has had the time to be played."""
        return not self.guide_writes and self.timing.has_played(now)

    @property
    def deadline(self) -> float:
        """When the guide is too slow or, once it is done, when playback must be over."""
        if not self.guide_writes:
            return self.timing.over_at
        begun = bool(self.playback.text)
        patience = self.options.stall_timeout_s if begun else self.options.first_token_timeout_s
        return self.written_at + patience
