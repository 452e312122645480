"""What the relay's frames mean for turn-taking."""

from typing import get_args

import pytest

import relay_protocol as relay
from calls.relay_events import event_of
from turn.events import (
    AgentSpeaking,
    CallerSaid,
    CallerSpeaking,
    Event,
    Interrupted,
    TokensPlayed,
)

MEANINGS: list[tuple[relay.Incoming, Event | None]] = [
    (relay.Prompt("what", False, "en-US"), CallerSaid("what", False, "en-US")),
    (relay.Prompt("what about Sunday"), CallerSaid("what about Sunday")),
    (relay.Interrupt("We open", 900), Interrupted("We open", 900)),
    (relay.Interrupt(), Interrupted()),
    (relay.AgentSpeaking(True), AgentSpeaking(True)),
    (relay.AgentSpeaking(False), AgentSpeaking(False)),
    (relay.ClientSpeaking(True), CallerSpeaking(True)),
    (relay.ClientSpeaking(False), CallerSpeaking(False)),
    (relay.TokensPlayed("We open"), TokensPlayed("We open")),
    (relay.Setup("CA1"), None),
    (relay.Dtmf("5"), None),
    (relay.RelayError("Invalid message received"), None),
    (relay.Unknown("configUpdated"), None),
]


@pytest.mark.parametrize(("frame", "event"), MEANINGS, ids=[str(frame) for frame, _ in MEANINGS])
def test_frame_becomes_its_event(frame: relay.Incoming, event: Event | None) -> None:
    """With all its data; a frame with no bearing on turn-taking becomes None."""
    assert event_of(frame) == event


def test_every_kind_of_frame_is_covered() -> None:
    """A new one needs a row here."""
    assert {type(frame) for frame, _ in MEANINGS} == set(get_args(relay.Incoming))
