"""The emulator reads the relay's attributes from TwiML."""

from __future__ import annotations

import pytest

from emulator.twiml import Language, RelayAttributes, TwimlError
from tests.emulated import twiml


def read(**attributes: str) -> RelayAttributes:
    """The relay attributes, read from TwiML that has these."""
    return RelayAttributes.from_twiml(twiml(**attributes))


def test_bare_relay_has_twilio_defaults() -> None:
    """With only a URL, every attribute has Twilio's documented default."""
    assert read(action="") == RelayAttributes(url="wss://relay.example.com/ws")
    relay = read()
    assert (relay.interruptible, relay.welcome_greeting_interruptible) == ("any", "any")
    assert (relay.report_input_during_agent_speech, relay.interrupt_sensitivity) == ("none", "high")
    assert not any((relay.preemptible, relay.partial_prompts, relay.dtmf_detection))
    assert not any((relay.speaker_events, relay.tokens_played, relay.ignore_backchannel))
    assert (relay.tts_language, relay.transcription_language) == ("en-US", "en-US")
    assert relay.speech_timeout_s is None


def test_every_attribute_with_an_effect_is_read() -> None:
    """Each attribute ends up in its field."""
    relay = read(
        action="/done",
        connect='method="get"',
        children='<Parameter name="token" value="a &amp; b"/><Parameter name="n" value="1"/>'
        '<Language code="es-US" voice="v"/>',
        welcomeGreeting="Hello & <welcome>",
        welcomeGreetingInterruptible="dtmf",
        language="de-DE",
        ttsLanguage="fr-FR",
        speechModel="flux",
        partialPrompts="true",
        partialPromptOnHangup="true",
        speechTimeout="700",
        interruptible="speech",
        interruptSensitivity="low",
        reportInputDuringAgentSpeech="speech",
        ignoreBackchannel="true",
        preemptible="true",
        dtmfDetection="true",
        events="speaker-events tokens-played",
    )
    assert relay == RelayAttributes(
        url="wss://relay.example.com/ws",
        action="/done",
        action_method="GET",
        welcome_greeting="Hello & <welcome>",
        welcome_greeting_interruptible="dtmf",
        tts_language="fr-FR",
        transcription_language="de-DE",
        speech_model="flux",
        partial_prompts=True,
        partial_prompt_on_hangup=True,
        speech_timeout_s=0.7,
        interruptible="speech",
        interrupt_sensitivity="low",
        report_input_during_agent_speech="speech",
        ignore_backchannel=True,
        preemptible=True,
        dtmf_detection=True,
        speaker_events=True,
        tokens_played=True,
        languages=(Language("es-US", {"voice": "v"}),),
        parameters={"token": "a & b", "n": "1"},
    )


def test_events_may_come_in_debug() -> None:
    """Older TwiML subscribes to events through `debug`."""
    relay = read(debug="debugging speaker-events", events="tokens-played")
    assert relay.speaker_events
    assert relay.tokens_played


@pytest.mark.parametrize(("written", "kind"), [("true", "any"), ("false", "none")])
def test_interruptible_takes_booleans(written: str, kind: str) -> None:
    """`true` means any and `false` none."""
    relay = read(interruptible=written, welcomeGreetingInterruptible=written)
    assert relay.interruptible == relay.welcome_greeting_interruptible == kind


def test_unknown_attributes_and_values_are_inert_and_reported() -> None:
    """A typo only causes a warning; Twilio's attributes without effect here cause none."""
    relay = read(interruptable="none", interruptible="some", speechTimeout="50", voice="v")
    assert (relay.interruptible, relay.speech_timeout_s) == ("any", None)
    said = "; ".join(relay.warnings)
    assert len(relay.warnings) == 3
    assert "interruptable is not an attribute" in said
    assert "interruptible is 'some'" in said
    assert "speechTimeout is '50'" in said


@pytest.mark.parametrize("value", ["auto", "600", "5000"])
def test_speech_timeout_in_range_is_no_warning(value: str) -> None:
    """`auto` and 600 to 5000 ms are accepted."""
    assert read(speechTimeout=value).warnings == ()


@pytest.mark.parametrize(
    ("model", "language", "prompts"),
    [
        ("", "de-DE", "de-DE"),
        ("flux", "en-US", "en"),
        ("flux-general-en", "en-US", "en"),
        ("nova-3-general", "multi", "en"),
    ],
)
def test_prompt_language_follows_the_model(model: str, language: str, prompts: str) -> None:
    """flux and multi report only the primary tag."""
    relay = read(speechModel=model)
    assert relay.language_of_prompts(language) == prompts


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("hello", "not XML"),
        ("<Response><Say>hi</Say></Response>", "no <Response>"),
        ("<Response><Connect><Stream/></Connect></Response>", "no <Response>"),
        ("<Answer><Connect><ConversationRelay/></Connect></Answer>", "no <Response>"),
        (twiml("ws://relay.example.com/ws"), "wss://"),
        ("<Response><Connect><ConversationRelay/></Connect></Response>", "wss://"),
    ],
)
def test_twiml_without_a_relay_is_an_error(xml: str, message: str) -> None:
    """The message says what is missing."""
    with pytest.raises(TwimlError, match=message):
        RelayAttributes.from_twiml(xml)
