"""Every setting: typed, validated, read once from the environment and `.env`.

`.env.example` documents each of them for the owner; a test keeps the two in step.
"""

import logging
import os
import re
import socket
import tempfile
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from settings.names import unknown_in_env_file, unknown_in_environment
from settings.values import expected
from trust.addresses import host_of, is_loopback
from turn.options import Mode

_PROJECT: Final = Path(__file__).with_name("pyproject.toml")

VERSION: Final[str] = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"]

DEFAULT_INSTRUCTIONS: Final = (
    "You are the receptionist of a business, on the telephone. Answer in one to three short "
    "sentences, as people speak: no lists, no markdown, no emoji, no web addresses. Say numbers, "
    "times and prices the way one says them. Ask one question at a time. If you did not "
    "understand, say so and ask. Where you were cut short, do not start over: what is in the "
    "conversation is what the caller has heard. Never claim to have done what you cannot do."
)

_MAX_INSTRUCTIONS: Final = 100_000
_MIN_PASSWORD: Final = 12
_NEEDS_FLUX: Final = "needs RELAY_SPEECH_MODEL=flux, which understands English only"

NO_PUBLIC_URL: Final = (
    "PUBLIC_URL is not set: signatures are checked against each request's forwarding headers, "
    "which fails behind some proxies"
)
"""What an owner with an auth token should know."""

_ENV_FILE: Final = ".env"

# It warns of lines that it cannot parse; we do that ourselves, with the other warnings.
logging.getLogger("dotenv").setLevel(logging.ERROR)


def _speakable(text: str) -> str:
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", text):
        raise ValueError("expected text without control characters")
    return text


def _language_tag(tag: str) -> str:
    if not re.fullmatch(r"multi|[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag):
        raise ValueError("expected a language tag such as en-US, or multi")
    return tag


def _name(name: str) -> str:
    if not re.fullmatch(r"[\w.:/-]{1,200}", name):
        raise ValueError("expected at most 200 letters, digits and . _ : / - without spaces")
    return name


def _guide_url(url: str) -> str:
    if not _is_http_url(url):
        raise ValueError("expected a URL such as https://api.example.com/v1")
    return url.rstrip("/")


def _public_url(url: str) -> str:
    if not _is_http_url(url) or not re.fullmatch(r"https://[^?#]*", url):
        raise ValueError("expected an https URL without a query, such as https://desk.example.com")
    if route := re.fullmatch(r"(https://[^/]+\S*?)/+(twiml|action|ws)/*", url):
        raise ValueError(f"leave out /{route[2]}: {route[1]}")
    return url.rstrip("/")


def _is_http_url(url: str) -> bool:
    parts = re.fullmatch(r"https?://([^/?#]+)\S*", url)
    return bool(parts and host_of(parts[1]))


Speakable = Annotated[str, AfterValidator(_speakable)]
Language = Annotated[str, AfterValidator(_language_tag)]
Name = Annotated[str, AfterValidator(_name)]
GuideUrl = Annotated[str, AfterValidator(_guide_url)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Seconds = Annotated[
    float, Field(gt=0, le=3600, allow_inf_nan=False, json_schema_extra={"unit": "seconds"})
]
SpeechTimeout = Annotated[int, Field(ge=600, le=5000, json_schema_extra={"unit": "milliseconds"})]
Input = Literal["none", "dtmf", "speech", "any"]


class SettingsError(Exception):
    """The settings cannot be used. The message lists every problem, for people to read."""


class Settings(BaseSettings):
    """What the owner can set. Field `name` is read from the variable `NAME`; times are seconds."""

    model_config = SettingsConfigDict(
        env_file=_ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    # Where we are
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    public_url: PublicUrl | None = None
    twilio_auth_token: SecretStr | None = None

    # What is said
    welcome_greeting: Speakable = "Hello, thanks for calling. How can I help you?"
    guide_apology: Speakable = (
        "I'm sorry, I'm having trouble answering. Could you say that again, please?"
    )

    # The guide
    guide_base_url: GuideUrl | None = None  # the demo guide in this very app
    guide_api_key: SecretStr = SecretStr("anonymous")
    guide_model: str = "guide"
    guide_instructions: str = ""
    guide_history_turns: int | None = Field(default=None, ge=1)
    guide_first_token_timeout_s: Seconds = 8.0
    guide_stall_timeout_s: Seconds = 6.0

    # Turn-taking
    barge_in_mode: Mode = "pause"
    talkover_ack: Speakable = "Sure."
    talkover_ack_after_s: Seconds = 0.5
    barge_in_resume_timeout_s: Seconds = 2.0
    caller_speech_ceiling_s: Seconds = 10.0
    late_backchannel_s: Seconds = 2.0
    heard_grace_s: Seconds = 0.5
    playback_margin_s: Seconds = 2.0
    speaking_rate_wps: float = Field(default=2.5, gt=0, le=1000, allow_inf_nan=False)

    # Trust
    phone_password: SecretStr | None = None
    setup_timeout_s: Seconds = 10.0
    call_token_ttl_s: Seconds = 120.0

    # Logs
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_transcripts: bool = False

    # Call logs
    call_log_dir: Path | None = Field(
        default=None, validation_alias=AliasChoices("call_log_dir", "recordings_dir")
    )

    # The relay: ConversationRelay's own attributes, each as RELAY_ and its name
    relay_language: Language = "en-US"
    relay_tts_language: Language | None = None
    relay_transcription_language: Language | None = None
    relay_tts_provider: Literal["Google", "Amazon", "ElevenLabs"] | None = None
    relay_voice: Name | None = None
    relay_transcription_provider: Literal["Google", "Deepgram"] = "Deepgram"
    relay_speech_model: Name | None = None
    relay_partial_prompts: bool | None = None
    relay_eot_threshold: float | None = Field(default=None, ge=0.5, le=0.9)
    relay_speech_timeout: SpeechTimeout | Literal["auto"] | None = None
    relay_hints: Annotated[str, Field(max_length=10_000), AfterValidator(_speakable)] | None = None
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

    @field_validator("twilio_auth_token", "guide_api_key")
    @classmethod
    def _secret_is_one_word(cls, secret: SecretStr | None) -> SecretStr | None:
        value = secret.get_secret_value() if secret else ""
        if not value.isascii() or any(character.isspace() for character in value):
            raise ValueError("expected only the secret itself: ASCII characters without spaces")
        return secret

    @field_validator("phone_password")
    @classmethod
    def _password_is_long(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and len(secret.get_secret_value()) < _MIN_PASSWORD:
            raise ValueError(
                f"expected at least {_MIN_PASSWORD} characters; this prints a suitable one: "
                'python3 -c "import secrets; print(secrets.token_urlsafe())"'
            )
        return secret

    @field_validator("talkover_ack")
    @classmethod
    def _acknowledgement_is_a_sentence(cls, words: str) -> str:
        if words.strip() and not words.strip().endswith((".", "!", "?")):
            raise ValueError(
                "expected a sentence that ends in . ! or ?, because the voice waits for it"
            )
        return words

    @field_validator("guide_instructions")
    @classmethod
    def _read_instructions(cls, given: str) -> str:
        if given == "default":
            return DEFAULT_INSTRUCTIONS
        if not given.startswith("@"):
            return given
        try:
            text = Path(given[1:]).read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:  # the latter for what is not UTF-8
            raise ValueError(
                f"expected a readable UTF-8 text file after the @{_reason(error)}"
            ) from error
        if len(text) > _MAX_INSTRUCTIONS:
            raise ValueError(
                f"expected at most {_MAX_INSTRUCTIONS} characters in the file after the @"
            )
        return text.strip()

    @field_validator("call_log_dir")
    @classmethod
    def _call_logs_can_be_written(cls, directory: Path | None) -> Path | None:
        """Create it now if it is missing: during a call is too late to find out."""
        if directory is None:
            return None
        try:
            directory = directory.expanduser().absolute()
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=directory):
                return directory
        except (OSError, RuntimeError, ValueError) as error:  # a bad ~user or a bad name
            raise ValueError(
                f"expected a directory that can be written to{_reason(error)}"
            ) from error

    @model_validator(mode="after")
    def _settings_agree(self) -> Self:
        if problems := self._disagreements():
            raise _DisagreementError(problems)
        return self

    def _disagreements(self) -> dict[str, str]:
        provider, flux = self.relay_transcription_provider, self.speech_model == "flux"
        heard_as = self.relay_transcription_language or self.relay_language
        spoken_as = self.relay_tts_language or self.relay_language
        deepgram = provider == "Deepgram"
        elevenlabs = self.relay_tts_provider in {None, "ElevenLabs"}
        talkover = self.barge_in_mode == "talkover"
        reaches_itself = self.host in {"0.0.0.0", "::"} or is_loopback(self.host)  # noqa: S104
        reported = self.relay_report_input_during_agent_speech in {"speech", "any"}
        problems = {
            "HOST": self.guide_base_url is None
            and not reaches_itself
            and "the demo guide answers this machine only: set 127.0.0.1 or 0.0.0.0, or set "
            "GUIDE_BASE_URL to a guide of your own",
            "WORKERS": self.workers > 1
            and not hasattr(socket, "SO_REUSEPORT")
            and "must be 1 here: this system cannot share a port between processes",
            "RELAY_INTERRUPTIBLE": (self.interruptible in {"speech", "any"}) is talkover
            and f"must be {'none or dtmf' if talkover else 'speech or any'}, or not set, "
            f"with BARGE_IN_MODE={self.barge_in_mode}",
            "RELAY_REPORT_INPUT_DURING_AGENT_SPEECH": talkover
            and not reported
            and "must be speech or any with BARGE_IN_MODE=talkover",
            "RELAY_EVENTS": talkover
            and "tokens-played" not in self.relay_events
            and "must include tokens-played with BARGE_IN_MODE=talkover",
            "RELAY_SPEECH_MODEL": flux
            and not deepgram
            and "flux needs RELAY_TRANSCRIPTION_PROVIDER=Deepgram",
            "RELAY_PARTIAL_PROMPTS": self.relay_partial_prompts and not flux and _NEEDS_FLUX,
            "RELAY_EOT_THRESHOLD": self.relay_eot_threshold and not flux and _NEEDS_FLUX,
            "RELAY_TRANSCRIPTION_LANGUAGE": heard_as == "multi"
            and not deepgram
            and "multi needs RELAY_TRANSCRIPTION_PROVIDER=Deepgram",
            "RELAY_TTS_LANGUAGE": spoken_as == "multi"
            and not elevenlabs
            and "multi needs RELAY_TTS_PROVIDER=ElevenLabs",
        }
        return {name: str(why) for name, why in problems.items() if why}

    # --- what follows from them -----------------------------------------------------------

    def in_mode(self, mode: Mode | None) -> "Settings":
        """These settings, for a call in this mode; as they are where it is None.

        Raises `SettingsError` where the owner's other settings rule it out.
        """
        if mode in {None, self.barge_in_mode}:
            return self
        settings = self.model_copy(update={"barge_in_mode": mode})
        if problems := settings._disagreements():
            raise SettingsError(". ".join(f"{name}: {why}" for name, why in problems.items()))
        return settings

    @property
    def auth_token(self) -> str:
        """The Twilio auth token, or "" for a server that serves this machine alone."""
        return self.twilio_auth_token.get_secret_value() if self.twilio_auth_token else ""

    @property
    def password(self) -> str:
        """What opens the browser phone where an auth token is set, or ""."""
        return self.phone_password.get_secret_value() if self.phone_password else ""

    @property
    def speech_model(self) -> str | None:
        """Flux decides by model when a turn has ended, and is for English."""
        if self.relay_speech_model or self.relay_transcription_provider != "Deepgram":
            return self.relay_speech_model
        heard_as = self.relay_transcription_language or self.relay_language
        return "flux" if heard_as.lower().startswith("en") else None

    @property
    def interruptible(self) -> Input:
        """What stops the agent on the line itself."""
        by_mode: Input = "none" if self.barge_in_mode == "talkover" else "speech"
        return self.relay_interruptible or by_mode

    @property
    def relay_attributes(self) -> dict[str, str | bool | int | float]:
        """The ConversationRelay attributes to put into the TwiML, by their own names."""
        attributes = {
            "welcomeGreeting": self.welcome_greeting.strip() or None,
            "welcomeGreetingInterruptible": self.relay_welcome_greeting_interruptible,
            "language": self.relay_language,
            "ttsLanguage": self.relay_tts_language,
            "transcriptionLanguage": self.relay_transcription_language,
            "ttsProvider": self.relay_tts_provider,
            "voice": self.relay_voice,
            "transcriptionProvider": self.relay_transcription_provider,
            "speechModel": self.speech_model,
            "partialPrompts": self._partial_prompts,
            "eotThreshold": self.relay_eot_threshold,
            "speechTimeout": self.relay_speech_timeout,
            "hints": self.relay_hints,
            "profanityFilter": self.relay_profanity_filter,
            "deepgramSmartFormat": self.relay_smart_format,
            "interruptible": self.interruptible,
            "interruptSensitivity": self.relay_interrupt_sensitivity,
            "reportInputDuringAgentSpeech": self.relay_report_input_during_agent_speech,
            "ignoreBackchannel": self.relay_ignore_backchannel,
            "echoPromptFiltering": self.relay_echo_prompt_filtering,
            "backgroundNoiseReduction": self.relay_background_noise_reduction,
            "dtmfDetection": self.relay_dtmf_detection,
            "events": None if self.relay_events == "none" else self.relay_events,
            "elevenlabsTextNormalization": self.relay_elevenlabs_text_normalization,
            "intelligenceService": self.relay_intelligence_service,
        }
        return {name: value for name, value in attributes.items() if value is not None}

    @property
    def _partial_prompts(self) -> bool:
        return self.speech_model == "flux" and self.relay_partial_prompts is not False


class _DisagreementError(ValueError):
    """What is wrong with settings that are right by themselves, by the variable's name."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(problems)
        self.problems = problems


def _reason(error: Exception) -> str:
    """What the system says of it; other errors would speak of Python."""
    return f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""


def load_settings(**overrides: Any) -> Settings:
    """Read the settings. Raises `SettingsError` with every problem in one message."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        problems = {line for problem in error.errors() for line in _describe(problem)}
        unknown = unknown_names(overrides.get("_env_file", _ENV_FILE))
        lines = "\n".join(f"  {problem}" for problem in [*sorted(problems), *unknown])
        raise SettingsError(
            f"These settings cannot be used (see .env.example for all of them):\n{lines}"
        ) from None
    except UnicodeDecodeError:
        raise SettingsError("The file .env is not UTF-8 text. Save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"The file .env cannot be read{_reason(error)}.") from None


def _describe(problem: Any) -> list[str]:
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, _DisagreementError):
        return [f"{name}: {why}" for name, why in cause.problems.items()]
    field = str(problem["loc"][0])
    if isinstance(cause, ValueError):
        return [f"{field.upper()}: {cause}"]
    schema = Settings.model_json_schema()["properties"][field]
    default = schema["default"] if schema.get("type") in {"integer", "number"} else None
    example = f" (for example {field.upper()}={default})" if default is not None else ""
    return [f"{field.upper()}: expected {expected(schema)}{example}"]


def unknown_names(env_file: str | None = _ENV_FILE) -> list[str]:
    """A warning for each name in the environment and in `env_file` that is not a setting.

    The environment may hold anything, so only names that begin as ours do are looked at there.
    """
    known = [field.upper() for field in Settings.model_fields]
    found = [*unknown_in_environment(os.environ, known)]
    if env_file is not None and (path := Path(env_file)).is_file():
        found += unknown_in_env_file(path.read_text(encoding="utf-8"), known)
    return [*dict.fromkeys(found)]


def warnings_at_start(settings: Settings) -> list[str]:
    """What whoever starts the app should know, although it can be started."""
    unsure = [NO_PUBLIC_URL] if settings.auth_token and not settings.public_url else []
    return [*unknown_names(), *unsure]
