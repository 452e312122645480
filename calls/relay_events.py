"""What the relay's frames mean for turn-taking.

The wire (`relay_protocol`) and the machine (`turn.events`) know nothing of each other; only this
module translates between them.
"""

from typing import assert_never

import relay_protocol as relay
from turn.events import (
    AgentSpeaking,
    CallerSaid,
    CallerSpeaking,
    Event,
    Interrupted,
    TokensPlayed,
)


def event_of(frame: relay.Incoming) -> Event | None:
    """The event that a frame reports, or None if it has no bearing on turn-taking."""
    match frame:
        case relay.TokensPlayed(text):
            return TokensPlayed(text)
        case relay.Prompt(text, final, lang):
            return CallerSaid(text, final, lang)
        case relay.Interrupt(heard, duration_ms):
            return Interrupted(heard, duration_ms)
        case relay.AgentSpeaking(on):
            return AgentSpeaking(on)
        case relay.ClientSpeaking(on):
            return CallerSpeaking(on)
        case relay.Setup() | relay.Dtmf() | relay.RelayError() | relay.Unknown():
            return None
        case _ as never:
            assert_never(never)
