"""The attributes that ConversationRelay's settings become."""

from typing import Any

import pytest

from tests.serving import settings_for_test


def test_default_attributes_are_what_selective_barge_in_needs() -> None:
    """Speech stops the agent, its words arrive, and speakers and playback are reported."""
    assert settings_for_test().relay_attributes == {
        "welcomeGreeting": "Hello, thanks for calling. How can I help you?",
        "welcomeGreetingInterruptible": "speech",
        "language": "en-US",
        "transcriptionProvider": "Deepgram",
        "speechModel": "flux",
        "partialPrompts": True,
        "interruptible": "speech",
        "interruptSensitivity": "high",
        "reportInputDuringAgentSpeech": "speech",
        "ignoreBackchannel": False,
        "dtmfDetection": True,
        "events": "speaker-events tokens-played",
    }


@pytest.mark.parametrize(
    ("given", "model", "partials"),
    [
        ({}, "flux", True),
        ({"relay_language": "en-GB"}, "flux", True),
        ({"relay_language": "EN-au"}, "flux", True),
        ({"relay_language": "de-DE"}, None, False),
        ({"relay_language": "multi"}, None, False),
        ({"relay_language": "de-DE", "relay_transcription_language": "en-US"}, "flux", True),
        ({"relay_language": "en-US", "relay_transcription_language": "de-DE"}, None, False),
        ({"relay_transcription_provider": "Google"}, None, False),
        ({"relay_speech_model": "nova-3-general"}, "nova-3-general", False),
        ({"relay_partial_prompts": "false"}, "flux", False),
    ],
)
def test_partial_prompts_are_requested_where_available(
    given: dict[str, Any], model: str | None, partials: bool
) -> None:
    """They need Deepgram's flux, which needs English."""
    settings = settings_for_test(**given)
    assert settings.speech_model == model
    assert settings.relay_attributes.get("speechModel") == model
    assert settings.relay_attributes["partialPrompts"] is partials


def test_relay_attributes_are_those_the_owner_set() -> None:
    """Each setting becomes the attribute of its name."""
    settings = settings_for_test(
        welcome_greeting="Hi <there> & welcome",
        relay_language="es-ES",
        relay_tts_language="es-US",
        relay_transcription_language="en-US",
        relay_tts_provider="Google",
        relay_voice="es-US-Journey-O",
        relay_transcription_provider="Deepgram",
        relay_speech_model="flux",
        relay_partial_prompts="yes",
        relay_eot_threshold="0.7",
        relay_speech_timeout="900",
        relay_hints="Anna, Zürich",
        relay_profanity_filter="off",
        relay_smart_format="0",
        relay_interruptible="any",
        relay_interrupt_sensitivity="low",
        relay_welcome_greeting_interruptible="none",
        relay_report_input_during_agent_speech="any",
        relay_ignore_backchannel="true",
        relay_echo_prompt_filtering="true",
        relay_background_noise_reduction="true",
        relay_dtmf_detection="false",
        relay_events="tokens-played",
        relay_elevenlabs_text_normalization="on",
        relay_intelligence_service="GA0123",
    )
    assert settings.relay_attributes == {
        "welcomeGreeting": "Hi <there> & welcome",
        "welcomeGreetingInterruptible": "none",
        "language": "es-ES",
        "ttsLanguage": "es-US",
        "transcriptionLanguage": "en-US",
        "ttsProvider": "Google",
        "voice": "es-US-Journey-O",
        "transcriptionProvider": "Deepgram",
        "speechModel": "flux",
        "partialPrompts": True,
        "eotThreshold": 0.7,
        "speechTimeout": 900,
        "hints": "Anna, Zürich",
        "profanityFilter": False,
        "deepgramSmartFormat": False,
        "interruptible": "any",
        "interruptSensitivity": "low",
        "reportInputDuringAgentSpeech": "any",
        "ignoreBackchannel": True,
        "echoPromptFiltering": True,
        "backgroundNoiseReduction": True,
        "dtmfDetection": False,
        "events": "tokens-played",
        "elevenlabsTextNormalization": "on",
        "intelligenceService": "GA0123",
    }


def test_attribute_that_means_nothing_is_left_out() -> None:
    """A blank greeting or no events give no attribute."""
    settings = settings_for_test(
        welcome_greeting="  ", relay_events="none", relay_speech_timeout="auto"
    )
    assert "welcomeGreeting" not in settings.relay_attributes
    assert "events" not in settings.relay_attributes
    assert settings.relay_attributes["speechTimeout"] == "auto"
