"""Every setting: typed, validated, read once from the environment and `.env`.

    Settings        the settings, and the frozen options that other modules take
    load_settings   reads them; the error lists everything wrong with them

Pure modules take options, never `Settings`. `settings/` has the types of settings and all that
concerns ConversationRelay. A new option of turn-taking is a field of `turn.options.Options` with
its default, a field here (`_option`), and its text in `.env.example`.
"""

import logging
import os
import socket
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from guide.options import GuideOptions
from settings import relay
from settings.names import unknown_in_env_file, unknown_in_environment
from settings.relay import RelaySettings
from settings.types import (
    GuideUrl,
    Password,
    PublicUrl,
    Seconds,
    Secret,
    Sentence,
    Speakable,
    Stripped,
    Turns,
    WordsPerSecond,
)
from settings.values import expected
from trust.addresses import is_loopback
from turn.options import Mode, Options

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

NO_PUBLIC_URL: Final = (
    "PUBLIC_URL is not set: signatures are checked against each request's forwarding headers, "
    "which fails behind some proxies"
)
"""The warning to an owner who has an auth token."""

_ENV_FILE: Final = ".env"

# It warns of lines it cannot parse, and so do we, in our own words (`unknown_names`).
logging.getLogger("dotenv").setLevel(logging.ERROR)


def _option(name: str) -> Any:
    """A setting that sets the turn-taking option `name`, with the option's default."""
    return Field(default=getattr(Options(), name), json_schema_extra={"option": name})


class SettingsError(Exception):
    """The settings are invalid. The message lists every problem, for the owner to read."""


class Settings(RelaySettings, BaseSettings):
    """What the owner can set. The variable `NAME` sets the field `name`. Times are in seconds."""

    model_config = SettingsConfigDict(
        env_file=_ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    # Server
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    public_url: PublicUrl | None = None
    twilio_auth_token: Secret | None = None

    # Greeting and apology
    welcome_greeting: Stripped = "Hello, thanks for calling. How can I help you?"
    guide_apology: Speakable = _option("apology")

    # The guide
    guide_base_url: GuideUrl | None = None  # the embedded demo guide
    guide_api_key: Secret = SecretStr("anonymous")
    guide_model: str = "guide"
    guide_instructions: str = ""
    guide_history_turns: Turns | None = _option("history_turns")
    guide_first_token_timeout_s: Seconds = _option("first_token_timeout_s")
    guide_stall_timeout_s: Seconds = _option("stall_timeout_s")

    # Turn-taking
    barge_in_mode: Mode = "pause"
    talkover_ack: Sentence = _option("talkover_ack")
    talkover_ack_after_s: Seconds = _option("talkover_ack_after_s")
    barge_in_resume_timeout_s: Seconds = _option("resume_timeout_s")
    caller_speech_ceiling_s: Seconds = _option("caller_speech_ceiling_s")
    late_backchannel_s: Seconds = _option("late_backchannel_s")
    heard_grace_s: Seconds = _option("heard_grace_s")
    playback_margin_s: Seconds = _option("playback_margin_s")
    speaking_rate_wps: WordsPerSecond = _option("words_per_second")

    # Access
    phone_password: Password | None = None
    setup_timeout_s: Seconds = 10.0
    call_token_ttl_s: Seconds = 120.0

    # Logs
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_transcripts: bool = False

    # Call logs
    call_log_dir: Path | None = Field(
        default=None, validation_alias=AliasChoices("call_log_dir", "recordings_dir")
    )

    @field_validator("guide_instructions")
    @classmethod
    def _read_instructions(cls, given: str) -> str:
        if given == "default":
            return DEFAULT_INSTRUCTIONS
        if not given.startswith("@"):
            return given
        try:
            text = Path(given[1:]).read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a null byte
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
            raise ValueError(f"expected a writable directory{_reason(error)}") from error

    @model_validator(mode="after")
    def _settings_agree(self) -> Self:
        if conflicts := dict(self._conflicts()):
            raise _ConflictError(conflicts)
        return self

    def _conflicts(self) -> Iterator[tuple[str, str]]:
        is_everywhere = self.host in {"0.0.0.0", "::"}  # noqa: S104
        if self.guide_base_url is None and not is_everywhere and not is_loopback(self.host):
            why = (
                "the demo guide serves this machine only: use 127.0.0.1 or 0.0.0.0, or set "
                "GUIDE_BASE_URL to your own guide"
            )
            yield "HOST", why
        if self.workers > 1 and not hasattr(socket, "SO_REUSEPORT"):
            yield "WORKERS", "must be 1: processes cannot share a port on this system"
        yield from relay.conflicts(self, self.barge_in_mode)

    # --- for the rest of the app ----------------------------------------------------------

    def in_mode(self, mode: Mode | None) -> "Settings":
        """These settings for a call in another mode; None keeps the mode.

        Raises `SettingsError` if they conflict with it.
        """
        if mode in {None, self.barge_in_mode}:
            return self
        settings = self.model_copy(update={"barge_in_mode": mode})
        if conflicts := list(settings._conflicts()):
            raise SettingsError(". ".join(f"{name}: {why}" for name, why in conflicts))
        return settings

    def turn_options(self, mode: Mode | None = None) -> Options:
        """The options of turn-taking for a call in this mode; None keeps the owner's.

        Raises `SettingsError` if the settings conflict with the mode.
        """
        settings = self.in_mode(mode)
        return Options(
            language=settings.caller_language,
            greeting=settings.welcome_greeting,
            talkover=settings.barge_in_mode == "talkover",
            **{option: getattr(settings, name) for option, name in SETTING_OF_OPTION.items()},
        )

    def guide_options(self, demo_url: str) -> GuideOptions:
        """How to ask the guide. `demo_url` is the demo guide's base URL."""
        return GuideOptions(
            base_url=self.guide_base_url or demo_url,
            api_key=self.guide_api_key.get_secret_value(),
            model=self.guide_model,
            instructions=self.guide_instructions,
        )

    @property
    def relay_attributes(self) -> dict[str, str | bool | int | float]:
        """The ConversationRelay attributes for the TwiML, by Twilio's names."""
        return relay.attributes(self, self.barge_in_mode, self.welcome_greeting)

    @property
    def auth_token(self) -> str:
        """The Twilio auth token, or "" if only this machine is served."""
        return self.twilio_auth_token.get_secret_value() if self.twilio_auth_token else ""

    @property
    def password(self) -> str:
        """The password of the browser phone, or ""."""
        return self.phone_password.get_secret_value() if self.phone_password else ""


SETTING_OF_OPTION: Final[Mapping[str, str]] = {
    str(field.json_schema_extra["option"]): name
    for name, field in Settings.model_fields.items()
    if isinstance(field.json_schema_extra, dict) and "option" in field.json_schema_extra
}
"""The setting of each turn-taking option, but for those that `turn_options` derives."""


class _ConflictError(ValueError):
    """Settings are valid one by one, but conflict. By variable: what it needs."""

    def __init__(self, conflicts: dict[str, str]) -> None:
        super().__init__(conflicts)
        self.conflicts = conflicts


def _reason(error: Exception) -> str:
    """The operating system's reason; the text of other errors is about Python."""
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
            f"Invalid settings (.env.example documents each of them):\n{lines}"
        ) from None
    except UnicodeDecodeError:
        raise SettingsError("The file .env is not UTF-8 text. Save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"The file .env cannot be read{_reason(error)}.") from None


def _describe(problem: Any) -> list[str]:
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, _ConflictError):
        return [f"{name}: {why}" for name, why in cause.conflicts.items()]
    field = str(problem["loc"][0])
    if isinstance(cause, ValueError):
        return [f"{field.upper()}: {cause}"]
    schema = Settings.model_json_schema()["properties"][field]
    default = schema["default"] if schema.get("type") in {"integer", "number"} else None
    example = f" (for example {field.upper()}={default})" if default is not None else ""
    return [f"{field.upper()}: expected {expected(schema)}{example}"]


def unknown_names(env_file: str | None = _ENV_FILE) -> list[str]:
    """A warning for each name in the environment and in `env_file` that is not a setting.

    The environment also holds other programs' variables: only names that look like ours count.
    """
    known = [field.upper() for field in Settings.model_fields]
    found = [*unknown_in_environment(os.environ, known)]
    if env_file is not None and (path := Path(env_file)).is_file():
        found += unknown_in_env_file(path.read_text(encoding="utf-8"), known)
    return [*dict.fromkeys(found)]


def warnings_at_start(settings: Settings) -> list[str]:
    """Warnings to print when the app starts."""
    unsure = [NO_PUBLIC_URL] if settings.auth_token and not settings.public_url else []
    return [*unknown_names(), *unsure]
