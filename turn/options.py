"""The options of turn-taking, with their defaults. PURE."""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["pause", "talkover"]
"""Whether the line stops the agent whenever the caller speaks, or never by itself."""


@dataclass(frozen=True, slots=True)
class Options:
    """How one call takes turns. Times are in seconds.

    Each default is written here and nowhere else: settings take theirs from it.
    """

    language: str = "en-US"
    """The caller's language, where a transcript does not name one."""

    greeting: str = ""
    """What the line says first, by itself. Empty: nothing."""

    apology: str = "I'm sorry, I'm having trouble answering. Could you say that again, please?"
    """What the caller hears when the guide fails or is too slow."""

    history_turns: int | None = None
    """How many of the latest turns the guide is sent. None: all."""

    resume_timeout_s: float = 2.0
    """How long the caller must be quiet, with no words transcribed, before a reply resumes."""

    caller_speech_ceiling_s: float = 10.0
    """How long a caller counts as speaking without new evidence: the event that they stopped may
    be lost."""

    first_token_timeout_s: float = 8.0
    """How long to wait for the first word of a reply."""

    stall_timeout_s: float = 6.0
    """How long a reply may stall before it counts as failed."""

    late_backchannel_s: float = 2.0
    """How long after a reply a backchannel still belongs to it and is no turn."""

    heard_grace_s: float = 0.5
    """How long after they are sent words count as heard, on a line that reports no playback."""

    playback_margin_s: float = 2.0
    """How far playback may overrun its estimate before the reply counts as over."""

    words_per_second: float = 2.5
    """The speaking rate of the voice, for estimates."""

    talkover: bool = False
    """Whether the line never stops the agent by itself. A cancelled reply is then heard until the
    next one's first words, or `talkover_ack`."""

    talkover_ack: str = "Sure."
    """What is said with `talkover` to a caller who takes the floor before the guide begins."""

    talkover_ack_after_s: float = 0.5
    """How long the guide may take to begin before `talkover_ack` is said."""
