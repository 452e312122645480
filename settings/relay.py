"""ConversationRelay's settings: their conflicts, and the attributes they become. PURE."""

from collections.abc import Iterator
from typing import Final, Literal

from pydantic import BaseModel, Field

from settings.types import Hints, Input, Language, Name, SpeechTimeout
from turn.options import Mode, Options

_NEEDS_FLUX: Final = "needs RELAY_SPEECH_MODEL=flux, which supports only English"


class RelaySettings(BaseModel):
    """ConversationRelay's attributes, prefixed with `relay_`. None leaves one to Twilio."""

    # ConversationRelay
    relay_language: Language = Options().language
    relay_tts_language: Language | None = None
    relay_transcription_language: Language | None = None
    relay_tts_provider: Literal["Google", "Amazon", "ElevenLabs"] | None = None
    relay_voice: Name | None = None
    relay_transcription_provider: Literal["Google", "Deepgram"] = "Deepgram"
    relay_speech_model: Name | None = None
    relay_partial_prompts: bool | None = None
    relay_eot_threshold: float | None = Field(default=None, ge=0.5, le=0.9)
    relay_speech_timeout: SpeechTimeout | Literal["auto"] | None = None
    relay_hints: Hints | None = None
    relay_profanity_filter: bool | None = None
    relay_smart_format: bool | None = None
    relay_interruptible: Input | None = None
    relay_interrupt_sensitivity: Literal["high", "medium", "low"] = "high"
    relay_welcome_greeting_interruptible: Input = "speech"
    relay_report_input_during_agent_speech: Input = "speech"
    relay_ignore_backchannel: bool = False
    relay_echo_prompt_filtering: bool | None = None
    relay_background_noise_reduction: bool | None = None
    relay_dtmf_detection: bool = True
    relay_events: Literal[
        "speaker-events tokens-played", "speaker-events", "tokens-played", "none"
    ] = "speaker-events tokens-played"
    relay_elevenlabs_text_normalization: Literal["on", "auto", "off"] | None = None
    relay_intelligence_service: Name | None = None

    @property
    def caller_language(self) -> str:
        """The language the caller is transcribed in."""
        return self.relay_transcription_language or self.relay_language

    @property
    def agent_language(self) -> str:
        """The language the agent speaks."""
        return self.relay_tts_language or self.relay_language

    @property
    def speech_model(self) -> str | None:
        """The transcription model; None leaves it to Twilio.

        The default is flux where available: it tells from the words whether a turn has ended.
        """
        if self.relay_speech_model or self.relay_transcription_provider != "Deepgram":
            return self.relay_speech_model
        return "flux" if self.caller_language.lower().startswith("en") else None


def interruptible(relay: RelaySettings, mode: Mode) -> Input:
    """What stops the agent on the line itself."""
    return relay.relay_interruptible or ("none" if mode == "talkover" else "speech")


def attributes(
    relay: RelaySettings, mode: Mode, greeting: str
) -> dict[str, str | bool | int | float]:
    """The ConversationRelay attributes for a call's TwiML, by Twilio's names."""
    has_partials = relay.speech_model == "flux" and relay.relay_partial_prompts is not False
    values = {
        "welcomeGreeting": greeting or None,
        "welcomeGreetingInterruptible": relay.relay_welcome_greeting_interruptible,
        "language": relay.relay_language,
        "ttsLanguage": relay.relay_tts_language,
        "transcriptionLanguage": relay.relay_transcription_language,
        "ttsProvider": relay.relay_tts_provider,
        "voice": relay.relay_voice,
        "transcriptionProvider": relay.relay_transcription_provider,
        "speechModel": relay.speech_model,
        "partialPrompts": has_partials,
        "eotThreshold": relay.relay_eot_threshold,
        "speechTimeout": relay.relay_speech_timeout,
        "hints": relay.relay_hints,
        "profanityFilter": relay.relay_profanity_filter,
        "deepgramSmartFormat": relay.relay_smart_format,
        "interruptible": interruptible(relay, mode),
        "interruptSensitivity": relay.relay_interrupt_sensitivity,
        "reportInputDuringAgentSpeech": relay.relay_report_input_during_agent_speech,
        "ignoreBackchannel": relay.relay_ignore_backchannel,
        "echoPromptFiltering": relay.relay_echo_prompt_filtering,
        "backgroundNoiseReduction": relay.relay_background_noise_reduction,
        "dtmfDetection": relay.relay_dtmf_detection,
        "events": None if relay.relay_events == "none" else relay.relay_events,
        "elevenlabsTextNormalization": relay.relay_elevenlabs_text_normalization,
        "intelligenceService": relay.relay_intelligence_service,
    }
    return {name: value for name, value in values.items() if value is not None}


# --- settings that conflict ---------------------------------------------------------------------


def conflicts(relay: RelaySettings, mode: Mode) -> Iterator[tuple[str, str]]:
    """Each variable that conflicts with another or with the mode, and what it needs.

    Twilio would end every call with such settings.
    """
    yield from _conflicts_with_mode(relay, mode)
    yield from _conflicts_with_provider(relay)


def _conflicts_with_mode(relay: RelaySettings, mode: Mode) -> Iterator[tuple[str, str]]:
    talkover, with_speech = mode == "talkover", {"speech", "any"}
    if (interruptible(relay, mode) in with_speech) is talkover:
        allowed = "none or dtmf" if talkover else "speech or any"
        yield "RELAY_INTERRUPTIBLE", f"must be {allowed}, or unset, with BARGE_IN_MODE={mode}"
    if talkover and relay.relay_report_input_during_agent_speech not in with_speech:
        why = "must be speech or any with BARGE_IN_MODE=talkover"
        yield "RELAY_REPORT_INPUT_DURING_AGENT_SPEECH", why
    if talkover and "tokens-played" not in relay.relay_events:
        yield "RELAY_EVENTS", "must include tokens-played with BARGE_IN_MODE=talkover"


def _conflicts_with_provider(relay: RelaySettings) -> Iterator[tuple[str, str]]:
    is_deepgram = relay.relay_transcription_provider == "Deepgram"
    is_flux = relay.speech_model == "flux"
    if is_flux and not is_deepgram:
        yield "RELAY_SPEECH_MODEL", "flux needs RELAY_TRANSCRIPTION_PROVIDER=Deepgram"
    if relay.relay_partial_prompts and not is_flux:
        yield "RELAY_PARTIAL_PROMPTS", _NEEDS_FLUX
    if relay.relay_eot_threshold and not is_flux:
        yield "RELAY_EOT_THRESHOLD", _NEEDS_FLUX
    if relay.caller_language == "multi" and not is_deepgram:
        why = "multi needs RELAY_TRANSCRIPTION_PROVIDER=Deepgram"
        yield "RELAY_TRANSCRIPTION_LANGUAGE", why
    if relay.agent_language == "multi" and relay.relay_tts_provider in {"Google", "Amazon"}:
        yield "RELAY_TTS_LANGUAGE", "multi needs RELAY_TTS_PROVIDER=ElevenLabs"
