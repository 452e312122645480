"""What a frame of the relay means for turn-taking.

The wire (`relay_protocol`) and the machine (`turn_events`) do not know each other; this is the one
place where the words of the first become the words of the second.
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
    """What happened on the call, or None where the frame says nothing of whose turn it is."""
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
