"""What can be set about turn-taking."""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["pause", "talkover"]
"""Whether the line stops the agent whenever the caller speaks, or never by itself."""


@dataclass(frozen=True, slots=True)
class Options:
    """What an owner can set about turn-taking, and what differs from call to call.

    Times are in seconds. With `talkover` the line never stops the agent by itself; a reply that is
    cancelled is heard until the next one's first words, or until `talkover_ack` if those take
    longer than `talkover_ack_after_s`.
    """

    language: str = "en-US"
    greeting: str = ""
    apology: str = "I'm sorry, I'm having trouble answering. Could you say that again?"
    history_turns: int | None = None
    resume_timeout_s: float = 2.0
    caller_speech_ceiling_s: float = 10.0
    first_token_timeout_s: float = 8.0
    stall_timeout_s: float = 6.0
    late_backchannel_s: float = 2.0
    heard_grace_s: float = 0.5
    playback_margin_s: float = 2.0
    words_per_second: float = 2.5
    talkover: bool = False
    talkover_ack: str = "Sure."
    talkover_ack_after_s: float = 0.5
