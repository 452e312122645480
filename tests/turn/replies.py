"""A reply that was sent, what the caller has heard of it, and what is left to say."""

from turn.playback import Playback

HOURS = "We are open from nine to six. On Saturdays we close at noon, and on Sundays all day."


def sent(text: str = HOURS) -> Playback:
    """A reply of which everything has been sent."""
    playback = Playback()
    playback.text += text
    playback.send()
    return playback


def heard(playback: Playback) -> str:
    """What the caller has heard of it."""
    return playback.text[: playback.heard]


def left(playback: Playback) -> str:
    """What a resume would say."""
    playback.rewind()
    return playback.send()
