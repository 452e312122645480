"""One reply on its way: written by the guide, sent to the line, heard by the caller."""

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
    """When the guide was asked, or last wrote."""
    cycle_open: bool = False
    """Whether its talk cycle takes more words."""
    given_up: bool = False
    """Whether the rest was given up for a clear stop."""
    timing: Timing = field(init=False)

    def __post_init__(self) -> None:
        """Start the reply's clock."""
        self.timing = Timing(self.options)

    # --- what happens to it ---------------------------------------------------------------

    def write(self, text: str, now: float) -> None:
        """The guide has written more."""
        self.playback.text += text
        self.written_at = now

    def break_off(self) -> None:
        """The guide will write no more, though the reply is incomplete: end it with an apology."""
        self.guide_writes = False
        written, apology = self.playback.text, self.options.apology
        between = " " if written and not written[-1].isspace() else ""
        self.playback.text += between + apology if apology else ""

    def say(self, now: float) -> str:
        """Take what to send: everything written and not yet sent, if it can be spoken."""
        words = self.playback.send()
        # A blank alone would open a talk cycle in which nothing is spoken or reported.
        if not self.cycle_open and not words.strip():
            return ""
        if words:
            self.cycle_open = True
            self.timing.sent(words, now)
        return words

    def close_cycle(self, now: float) -> bool:
        """End the talk cycle. Returns whether one was open."""
        if not self.cycle_open:
            return False
        self.timing.cycle_closed(now)
        self.cycle_open = False
        return True

    def rewind(self, now: float) -> None:
        """Go back to what the caller has yet to hear, to say it from now on."""
        self.playback.rewind()
        self.timing.rewound(now)

    def note_progress(self, now: float) -> None:
        """The line has just reported how far playback has come."""
        self.timing.reported(self.playback.unplayed, now)

    def estimate_heard(self, now: float) -> None:
        """Count as heard what there was time to play, on a line that does not report it."""
        self.playback.advance(self.timing.words_played(self.playback.unplayed, now))

    # --- how far it has come --------------------------------------------------------------

    @property
    def is_pending(self) -> bool:
        """Whether more of it is to come than the caller has heard."""
        return self.guide_writes or not self.playback.all_heard

    def context(self, now: float, *, uninterrupted: bool) -> str:
        """What the caller has heard, and can respond to, as they speak."""
        if self.number == 0:
            return self.playback.text  # no line reports the greeting in time
        # A line reports a clause once it has ended, or on an interrupt. Without an interrupt the
        # clock says how far into the clause the caller is.
        return self.playback.context(
            ahead=self.timing.words_unreported(now) if uninterrupted else 0
        )

    def may_be_over(self, now: float) -> bool:
        """Whether all of it has had time to be played."""
        return not self.guide_writes and self.timing.could_have_played_all(now)

    @property
    def deadline(self) -> float:
        """When the guide is too slow or, once it has finished, when playback must be over."""
        if not self.guide_writes:
            return self.timing.must_end_by
        begun = bool(self.playback.text)
        patience = self.options.stall_timeout_s if begun else self.options.first_token_timeout_s
        return self.written_at + patience
