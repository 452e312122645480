"""The settings of turn-taking."""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["pause", "talkover"]
"""Whether the line stops the agent whenever the caller speaks, or never on its own."""


@dataclass(frozen=True, slots=True)
class Options:
    """What an owner can set about turn-taking, and what differs from call to call.

    Times are in seconds. With `talkover` the line never stops the agent on its own: a cancelled
    reply is heard until the first words of the next one, or until `talkover_ack` if those take
    longer than `talkover_ack_after_s`.
    """

    language: str = "en-US"
    greeting: str = ""
    apology: str = "I'm sorry, I'm having trouble answering. Could you say that again?"
    history_turns: int | None = None
    resume_timeout_s: float = 2.0  # of quiet, after which a paused reply goes on
    caller_speech_ceiling_s: float = 10.0  # for which speech is believed without a new sign of it
    first_token_timeout_s: float = 8.0  # for the guide to begin a reply
    stall_timeout_s: float = 6.0  # for the guide to go on with it
    late_backchannel_s: float = 2.0  # after a reply, in which an "okay" is still about it
    heard_grace_s: float = 0.5  # that a voice takes to begin a clause
    playback_margin_s: float = 2.0  # beyond which a reply that is not reported over is over
    words_per_second: float = 2.5
    talkover: bool = False
    talkover_ack: str = "Sure."
    talkover_ack_after_s: float = 0.5
