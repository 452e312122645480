"""What the owner can set, what is refused, and that `.env.example` documents all of it."""

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_core import PydanticUndefined

from config import (
    DEFAULT_INSTRUCTIONS,
    SETTING_OF_OPTION,
    VERSION,
    Settings,
    SettingsError,
    load_settings,
)
from guide.options import GuideOptions
from tests.places import ROOT
from turn.options import Mode, Options


@pytest.fixture(autouse=True)
def _directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory without an owner's `.env`."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets environment variables and reads the settings."""

    def load(**variables: str) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return load


def problems(env: Any, **variables: str) -> list[str]:
    """The problems listed in the message that refuses these settings."""
    with pytest.raises(SettingsError) as refused:
        env(**variables)
    head, *lines = str(refused.value).splitlines()
    assert head == "Invalid settings (.env.example documents each of them):"
    return [line.removeprefix("  ") for line in lines]


# --- defaults -----------------------------------------------------------------------------------


def test_settings_serve_this_machine_by_default() -> None:
    """Out of the box: this machine alone, the demo guide, no instructions, no transcripts."""
    settings = load_settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.public_url is None
    assert settings.auth_token == ""
    assert settings.guide_base_url is None
    assert settings.guide_api_key.get_secret_value() == "anonymous"
    assert settings.guide_model == "guide"
    assert settings.guide_instructions == ""
    assert settings.guide_history_turns is None
    assert settings.log_transcripts is False


def test_default_times_are_those_of_the_design() -> None:
    """The timeouts that field experience supports, in seconds."""
    settings = load_settings()
    assert settings.barge_in_resume_timeout_s == 2.0
    assert settings.caller_speech_ceiling_s == 10.0
    assert settings.late_backchannel_s == 2.0
    assert settings.heard_grace_s == 0.5
    assert settings.call_token_ttl_s == 120.0


def test_settings_cannot_be_changed_once_read() -> None:
    """They are read once, and are the same for every call."""
    settings = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1


def test_version_is_the_latest_of_the_changelog() -> None:
    """`pyproject.toml` has the version released last, and its entry is dated."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    latest = re.search(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert latest is not None
    assert latest[1] == VERSION


# --- where they come from -----------------------------------------------------------------------


def test_settings_are_read_from_environment(env: Any) -> None:
    """A variable with a setting's name, in upper or lower case."""
    settings = env(PORT="9090", guide_model="receptionist", LOG_TRANSCRIPTS="true")
    assert (settings.port, settings.guide_model) == (9090, "receptionist")
    assert settings.log_transcripts is True


def test_empty_variable_counts_as_unset(env: Any) -> None:
    """Compose files and panels leave empty variables behind."""
    every = {name.upper(): "" for name in Settings.model_fields}
    assert env(**every) == Settings.model_construct()


def test_settings_are_read_from_env_file(env: Any) -> None:
    """The environment overrides the file, and foreign lines in it do no harm."""
    Path(".env").write_text(
        "# ours\r\nPORT=9090\r\nGUIDE_MODEL='receptionist'\r\nRELAY_VOICE=\r\nOTHER_APP=1\r\n",
        encoding="utf-8",
    )
    settings = env(GUIDE_MODEL="other")
    assert (settings.port, settings.guide_model) == (9090, "other")
    assert settings.relay_voice is None


def test_env_file_may_hold_any_script() -> None:
    """A greeting in any language."""
    Path(".env").write_text('WELCOME_GREETING="Grüß Gott, こんにちは!"\n', encoding="utf-8")
    assert load_settings().welcome_greeting == "Grüß Gott, こんにちは!"


def test_env_file_may_begin_with_byte_order_mark() -> None:
    """Windows editors write one; the first setting would be lost silently."""
    Path(".env").write_text("PORT=9090\n", encoding="utf-8-sig")
    assert load_settings().port == 9090


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_env_file_that_is_not_utf8_is_refused(encoding: str) -> None:
    """With a message that says what to do."""
    Path(".env").write_text("WELCOME_GREETING=Grüß Gott\n", encoding=encoding)
    with pytest.raises(SettingsError, match=r"\.env is not UTF-8 text\. Save it as UTF-8"):
        load_settings()


# --- what is refused ----------------------------------------------------------------------------

FLUX: Final = "needs RELAY_SPEECH_MODEL=flux, which supports only English"
GUIDE_URL: Final = "expected a URL such as https://api.example.com/v1"
PUBLIC: Final = "expected an https URL without a query, such as https://desk.example.com"
SECRET: Final = "expected only the secret itself: ASCII characters without spaces"
TAG: Final = "expected a language tag such as en-US, or multi"
NAME: Final = "expected at most 200 letters, digits and . _ : / - without spaces"
PLAIN: Final = "expected text without control characters"
PORTS: Final = "expected a whole number from 1 to 65535 (for example PORT=8080)"
RATE: Final = "expected a number above 0 and up to 1000 (for example SPEAKING_RATE_WPS=2.5)"
CERTAINTY: Final = "expected a number from 0.5 to 0.9"
TIMEOUT: Final = "expected a whole number of milliseconds from 600 to 5000, or auto"
TIME: Final = "expected a number of seconds above 0 and up to 3600"
EVENTS: Final = 'expected "speaker-events tokens-played", speaker-events, tokens-played or none'

KNOWN: Final = [name.upper() for name in Settings.model_fields]
DEFAULTS: Final = {name: field.default for name, field in Settings.model_fields.items()}
SECONDS: Final = [name for name in Settings.model_fields if name.endswith("_s")]
INPUTS: Final = [
    "relay_interruptible",
    "relay_welcome_greeting_interruptible",
    "relay_report_input_during_agent_speech",
]
SWITCHES: Final = [
    "log_transcripts",
    "relay_partial_prompts",
    "relay_profanity_filter",
    "relay_smart_format",
    "relay_ignore_backchannel",
    "relay_echo_prompt_filtering",
    "relay_background_noise_reduction",
    "relay_dtmf_detection",
]

WRONG: Final[list[tuple[str, str, str]]] = [
    ("PORT", "0", PORTS),
    ("PORT", "65536", PORTS),
    ("PORT", "http", PORTS),
    ("PORT", "80.5", PORTS),
    ("PORT", "9" * 5000, PORTS),
    ("WORKERS", "65", "expected a whole number from 1 to 64 (for example WORKERS=1)"),
    ("PUBLIC_URL", "desk.example.com", PUBLIC),
    ("PUBLIC_URL", "wss://desk.example.com", PUBLIC),
    ("PUBLIC_URL", "https://", PUBLIC),
    ("PUBLIC_URL", "https://[desk", PUBLIC),
    ("PUBLIC_URL", "https://me:pw@desk.example.com", PUBLIC),
    ("PUBLIC_URL", "https://desk.example.com/a b", PUBLIC),
    ("PUBLIC_URL", "https://desk.example.com/a ", PUBLIC),
    ("PUBLIC_URL", "https://desk.\nexample.com", PUBLIC),
    ("PUBLIC_URL", "http://desk.example.com", PUBLIC),
    ("PUBLIC_URL", "https://desk.example.com?a=b", PUBLIC),
    ("PUBLIC_URL", "https://desk.example.com/?", PUBLIC),
    ("PUBLIC_URL", "https://desk.example.com/#top", PUBLIC),
    ("PUBLIC_URL", "https://desk.example.com/twiml?a=b", PUBLIC),
    ("PUBLIC_URL", "https://d.example/twiml", "must not end in /twiml; use https://d.example"),
    ("PUBLIC_URL", "https://d.example/twiml/", "must not end in /twiml; use https://d.example"),
    ("PUBLIC_URL", "https://d.example//twiml//", "must not end in /twiml; use https://d.example"),
    ("PUBLIC_URL", "https://d.example/a/ws", "must not end in /ws; use https://d.example/a"),
    (
        "PUBLIC_URL",
        "https://d.example:8443/action",
        "must not end in /action; use https://d.example:8443",
    ),
    ("GUIDE_BASE_URL", "localhost:5107/v1", GUIDE_URL),
    ("GUIDE_BASE_URL", "ftp://localhost/v1", GUIDE_URL),
    ("GUIDE_BASE_URL", "http:///v1", GUIDE_URL),
    ("TWILIO_AUTH_TOKEN", "two words", SECRET),
    ("TWILIO_AUTH_TOKEN", "newline\n", SECRET),
    ("GUIDE_API_KEY", "schlüssel", SECRET),
    (
        "PHONE_PASSWORD",
        "eleven char",
        "expected at least 12 characters; to generate one: "
        'python3 -c "import secrets; print(secrets.token_urlsafe())"',
    ),
    ("WELCOME_GREETING", "Hello\x1b[2J", PLAIN),
    ("WELCOME_GREETING", "Hello\ufffe", PLAIN),
    ("GUIDE_APOLOGY", "Sorry\x7f", PLAIN),
    ("GUIDE_HISTORY_TURNS", "0", "expected a whole number, 1 or more"),
    ("SPEAKING_RATE_WPS", "0", RATE),
    ("SPEAKING_RATE_WPS", "1001", RATE),
    ("SPEAKING_RATE_WPS", "nan", RATE),
    ("BARGE_IN_MODE", "stop", "expected pause or talkover"),
    ("LOG_LEVEL", "loud", "expected debug, info, warning or error"),
    ("RELAY_LANGUAGE", "English", TAG),
    ("RELAY_LANGUAGE", "en_US", TAG),
    ("RELAY_TTS_LANGUAGE", "e", TAG),
    ("RELAY_TRANSCRIPTION_LANGUAGE", "en-", TAG),
    ("RELAY_TTS_PROVIDER", "Deepgram", "expected Google, Amazon or ElevenLabs"),
    ("RELAY_TRANSCRIPTION_PROVIDER", "Amazon", "expected Google or Deepgram"),
    ("RELAY_VOICE", "a voice", NAME),
    ("RELAY_VOICE", "v" * 201, NAME),
    ("RELAY_SPEECH_MODEL", "a model", NAME),
    ("RELAY_EOT_THRESHOLD", "0.4", CERTAINTY),
    ("RELAY_EOT_THRESHOLD", "0.95", CERTAINTY),
    ("RELAY_SPEECH_TIMEOUT", "soon", TIMEOUT),
    ("RELAY_SPEECH_TIMEOUT", "1.5", TIMEOUT),
    ("RELAY_SPEECH_TIMEOUT", "599", TIMEOUT),
    ("RELAY_SPEECH_TIMEOUT", "5001", TIMEOUT),
    ("RELAY_HINTS", "Anna\x01", PLAIN),
    ("RELAY_HINTS", "a" * 10_001, "expected text of at most 10000 characters"),
    ("RELAY_INTERRUPT_SENSITIVITY", "top", "expected high, medium or low"),
    (
        "TALKOVER_ACK",
        "Okay",
        "expected a sentence that ends in . ! or ?, because the voice waits for it",
    ),
    ("RELAY_EVENTS", "debugging", EVENTS),
    ("RELAY_ELEVENLABS_TEXT_NORMALIZATION", "yes", "expected on, auto or off"),
    ("RELAY_INTELLIGENCE_SERVICE", "my service", NAME),
    *[
        (name.upper(), wrong, f"{TIME} (for example {name.upper()}={DEFAULTS[name]})")
        for name in SECONDS
        for wrong in ("0", "-1", "3601", "nan", "2s")
    ],
    *[(name.upper(), "voice", "expected none, dtmf, speech or any") for name in INPUTS],
    *[(name.upper(), "maybe", "expected true or false") for name in SWITCHES],
]


@pytest.mark.parametrize(
    ("name", "value", "right"), WRONG, ids=[f"{name}={value[:20]!r}" for name, value, _ in WRONG]
)
def test_wrong_setting_is_named_with_what_would_be_right(
    name: str, value: str, right: str, env: Any
) -> None:
    """The owner reads the variable's name and what it expects."""
    assert problems(env, **{name: value}) == [f"{name}: {right}"]


JARGON: Final = re.compile(
    r"Input should|[Vv]alue error|value is not|unable to parse|String should|Errno|codec|null byte"
    r"|finite|boolean|integer|instance of|[Tt]raceback|pydantic"
)
NONSENSE: Final = [
    *(
        "x",
        "-1",
        "nan",
        "inf",
        "-inf",
        "1e999",
        "9" * 5000,
        "0x10",
        "1,5",
        "TRUE!",
        "None",
        "@",
        "~x",
    ),
    *("a b", "a\tb", "a\nb", "\x01", "\x7f", "\udcff", "ü", "a" * 20_000, "@missing", "~nobody/x"),
    *("[]", "{}", '{"a": 1}', "/dev/null/x", "http://", "https://[", "https://desk.example.com/ws"),
]


@pytest.mark.parametrize("name", KNOWN)
def test_no_message_speaks_of_the_code(name: str, env: Any) -> None:
    """Whatever is wrong with a setting, one line says in plain words what to set."""
    refused = []
    for value in NONSENSE:
        try:
            env(**{name: value})
        except SettingsError as error:
            _, line = str(error).splitlines()
            assert re.match(
                f"  {name}: (expected |must be |must not |needs |the demo guide )", line
            )
            assert not JARGON.search(line)
            refused.append(value)
    assert refused or name == "GUIDE_MODEL"  # takes anything


@pytest.mark.parametrize("directory", ["/dev/null/calls", "a" * 300])
def test_refused_directory_is_explained_as_the_system_does(env: Any, directory: str) -> None:
    """Without the path or the error number."""
    (line,) = problems(env, CALL_LOG_DIR=directory)
    assert re.fullmatch(r"CALL_LOG_DIR: expected a writable directory: [A-Z][a-z ]+", line)


def test_file_name_that_no_system_accepts_is_refused() -> None:
    """A null byte, which only `.env` can hold."""
    Path(".env").write_text("CALL_LOG_DIR=a\0b\nGUIDE_INSTRUCTIONS=@a\0b\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value).splitlines()[1:] == [
        "  CALL_LOG_DIR: expected a writable directory",
        "  GUIDE_INSTRUCTIONS: expected a readable UTF-8 text file after the @",
    ]


def test_every_seconds_setting_is_covered() -> None:
    """The lists above hold every setting of their kind."""
    assert len(SECONDS) == 10
    declared = {name: str(field.annotation) for name, field in Settings.model_fields.items()}
    assert {name for name, kind in declared.items() if "bool" in kind} == set(SWITCHES)
    assert {name for name, kind in declared.items() if "dtmf" in kind} == set(INPUTS)


CONFLICTING: Final[list[tuple[dict[str, str], list[str]]]] = [
    (
        {"HOST": "192.0.2.7"},
        [
            "HOST: the demo guide serves this machine only: use 127.0.0.1 or 0.0.0.0, or set "
            "GUIDE_BASE_URL to your own guide"
        ],
    ),
    (
        {"BARGE_IN_MODE": "talkover", "RELAY_INTERRUPTIBLE": "any"},
        [
            "RELAY_INTERRUPTIBLE: must be none or dtmf, or unset, with BARGE_IN_MODE=talkover",
        ],
    ),
    (
        {"RELAY_INTERRUPTIBLE": "none"},
        ["RELAY_INTERRUPTIBLE: must be speech or any, or unset, with BARGE_IN_MODE=pause"],
    ),
    (
        {"BARGE_IN_MODE": "pause", "RELAY_INTERRUPTIBLE": "dtmf"},
        ["RELAY_INTERRUPTIBLE: must be speech or any, or unset, with BARGE_IN_MODE=pause"],
    ),
    (
        {
            "BARGE_IN_MODE": "talkover",
            "RELAY_EVENTS": "speaker-events",
            "RELAY_REPORT_INPUT_DURING_AGENT_SPEECH": "none",
        },
        [
            "RELAY_EVENTS: must include tokens-played with BARGE_IN_MODE=talkover",
            "RELAY_REPORT_INPUT_DURING_AGENT_SPEECH: must be speech or any with "
            "BARGE_IN_MODE=talkover",
        ],
    ),
    (
        {"RELAY_SPEECH_MODEL": "flux", "RELAY_TRANSCRIPTION_PROVIDER": "Google"},
        ["RELAY_SPEECH_MODEL: flux needs RELAY_TRANSCRIPTION_PROVIDER=Deepgram"],
    ),
    (
        {"RELAY_PARTIAL_PROMPTS": "true", "RELAY_TRANSCRIPTION_PROVIDER": "Google"},
        [f"RELAY_PARTIAL_PROMPTS: {FLUX}"],
    ),
    (
        {"RELAY_PARTIAL_PROMPTS": "true", "RELAY_SPEECH_MODEL": "nova-3-general"},
        [f"RELAY_PARTIAL_PROMPTS: {FLUX}"],
    ),
    (
        {"RELAY_EOT_THRESHOLD": "0.7", "RELAY_LANGUAGE": "de-DE"},
        [f"RELAY_EOT_THRESHOLD: {FLUX}"],
    ),
    (
        {"RELAY_TRANSCRIPTION_LANGUAGE": "multi", "RELAY_TRANSCRIPTION_PROVIDER": "Google"},
        ["RELAY_TRANSCRIPTION_LANGUAGE: multi needs RELAY_TRANSCRIPTION_PROVIDER=Deepgram"],
    ),
    (
        {"RELAY_TTS_LANGUAGE": "multi", "RELAY_TTS_PROVIDER": "Amazon"},
        ["RELAY_TTS_LANGUAGE: multi needs RELAY_TTS_PROVIDER=ElevenLabs"],
    ),
    (
        {
            "RELAY_LANGUAGE": "multi",
            "RELAY_TTS_PROVIDER": "Google",
            "RELAY_TRANSCRIPTION_PROVIDER": "Google",
            "RELAY_PARTIAL_PROMPTS": "true",
        },
        [
            f"RELAY_PARTIAL_PROMPTS: {FLUX}",
            "RELAY_TRANSCRIPTION_LANGUAGE: multi needs RELAY_TRANSCRIPTION_PROVIDER=Deepgram",
            "RELAY_TTS_LANGUAGE: multi needs RELAY_TTS_PROVIDER=ElevenLabs",
        ],
    ),
]


def test_workers_need_a_shared_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """If processes cannot share a port, as on Windows, more than one is refused."""
    monkeypatch.delattr("socket.SO_REUSEPORT")
    monkeypatch.setenv("WORKERS", "2")
    with pytest.raises(SettingsError, match="WORKERS: must be 1: processes cannot share"):
        load_settings()


@pytest.mark.parametrize(("variables", "lines"), CONFLICTING)
def test_settings_that_conflict_are_refused(
    env: Any, variables: dict[str, str], lines: list[str]
) -> None:
    """Twilio would end every call with such settings."""
    assert problems(env, **variables) == lines


MODES: Final[list[tuple[dict[str, str], str, str]]] = [
    ({"RELAY_INTERRUPTIBLE": "speech"}, "talkover", "must be none or dtmf, or unset"),
    ({"RELAY_EVENTS": "none"}, "talkover", "must include tokens-played"),
    ({"RELAY_REPORT_INPUT_DURING_AGENT_SPEECH": "none"}, "talkover", "must be speech or any"),
    (
        {"BARGE_IN_MODE": "talkover", "RELAY_INTERRUPTIBLE": "dtmf"},
        "pause",
        "RELAY_INTERRUPTIBLE: must be speech or any, or unset, with BARGE_IN_MODE=pause",
    ),
]


@pytest.mark.parametrize(("variables", "mode", "why"), MODES)
def test_mode_of_one_call_may_be_ruled_out(
    env: Any, variables: dict[str, str], mode: Mode, why: str
) -> None:
    """The owner's settings may conflict with it, but never with their own mode."""
    settings = env(**variables)
    with pytest.raises(SettingsError, match=why):
        settings.in_mode(mode)
    assert settings.in_mode(None) == settings.in_mode(settings.barge_in_mode) == settings


@pytest.mark.parametrize(("default", "other"), [("pause", "talkover"), ("talkover", "pause")])
def test_mode_of_one_call_changes_nothing_else(env: Any, default: Mode, other: Mode) -> None:
    """Only what stops the agent differs, and the owner's settings stay as they are."""
    settings = env(BARGE_IN_MODE=default, RELAY_HINTS="Anna")
    changed = settings.in_mode(other)
    assert (settings.barge_in_mode, changed.barge_in_mode) == (default, other)
    ours, others = settings.relay_attributes, changed.relay_attributes
    assert ours.pop("interruptible") != others.pop("interruptible")
    assert ours == others
    assert changed.in_mode(default) == settings


@pytest.mark.parametrize(
    "variables",
    [
        {"RELAY_PARTIAL_PROMPTS": "false", "RELAY_TRANSCRIPTION_PROVIDER": "Google"},
        {"RELAY_LANGUAGE": "multi"},
        {"RELAY_LANGUAGE": "multi", "RELAY_TTS_PROVIDER": "ElevenLabs"},
        {"RELAY_SPEECH_MODEL": "flux", "RELAY_PARTIAL_PROMPTS": "true"},
        {"RELAY_SPEECH_MODEL": "telephony", "RELAY_TRANSCRIPTION_PROVIDER": "Google"},
        {"RELAY_INTERRUPTIBLE": "any"},
        {"BARGE_IN_MODE": "talkover", "RELAY_INTERRUPTIBLE": "dtmf"},
        {"RELAY_SPEECH_TIMEOUT": "600"},
        {"PUBLIC_URL": "https://ws"},
        {"PUBLIC_URL": "https://desk.example.com/twiml/a"},
        {"PUBLIC_URL": "https://desk.example.com/my-twiml"},
    ],
)
def test_settings_without_conflict_are_accepted(env: Any, variables: dict[str, str]) -> None:
    """What is compatible is not refused."""
    env(**variables)


def test_every_problem_is_in_one_message(env: Any) -> None:
    """So the owner can fix them all at once, unknown names included."""
    Path(".env").write_text("FAVOURITE_COLOUR=blue\n", encoding="utf-8")
    assert problems(
        env, PORT="0", PUBLIC_URL="desk", HEARD_GRACE_S="x", LOG_LEVEL="loud", GUIDE_BASEURL="x"
    ) == [
        f"HEARD_GRACE_S: {TIME} (for example HEARD_GRACE_S=0.5)",
        "LOG_LEVEL: expected debug, info, warning or error",
        f"PORT: {PORTS}",
        f"PUBLIC_URL: {PUBLIC}",
        "GUIDE_BASEURL is not a setting; did you mean GUIDE_BASE_URL?",
        "FAVOURITE_COLOUR is not a setting",
    ]


# --- secrets ------------------------------------------------------------------------------------


def test_secrets_are_not_shown(env: Any) -> None:
    """Not in a log line, nor in a debugger."""
    settings = env(
        TWILIO_AUTH_TOKEN="hush-token", GUIDE_API_KEY="hush-key", PHONE_PASSWORD="hush, my dear"
    )
    assert settings.auth_token == "hush-token"
    assert settings.password == "hush, my dear"
    assert settings.guide_api_key.get_secret_value() == "hush-key"
    for shown in (repr(settings), str(settings), str(settings.model_dump()), f"{settings}"):
        assert "hush" not in shown


@pytest.mark.parametrize(
    "others",
    [
        {},
        {"TWILIO_AUTH_TOKEN": "hush token", "GUIDE_API_KEY": "hush key", "PHONE_PASSWORD": "hush"},
        {"PORT": "0"},
        {"RELAY_SPEECH_MODEL": "flux", "RELAY_TRANSCRIPTION_PROVIDER": "Google"},
    ],
)
def test_secrets_are_not_in_messages(env: Any, others: dict[str, str]) -> None:
    """Whatever is wrong, with the secret or elsewhere; nor in the underlying error."""
    secrets = {"TWILIO_AUTH_TOKEN": "hush-token", "GUIDE_API_KEY": "hush-key"}
    message = "\n".join(problems(env, GUIDE_HISTORY_TURNS="x", **{**secrets, **others}))
    assert "hush" not in message
    with pytest.raises(ValidationError) as error:
        Settings()
    assert "hush" not in str(error.value)


def test_secret_is_not_in_message_about_conflict(env: Any) -> None:
    """The check sees all settings, but names only those that conflict."""
    lines = problems(
        env,
        TWILIO_AUTH_TOKEN="hush-token",
        RELAY_SPEECH_MODEL="flux",
        RELAY_TRANSCRIPTION_PROVIDER="Google",
    )
    assert "hush" not in "\n".join(lines)
    with pytest.raises(ValidationError) as error:
        Settings()
    assert "hush" not in str(error.value)


# --- instructions -------------------------------------------------------------------------------


def test_instructions_may_be_text_itself(env: Any) -> None:
    """Anything but @file and the word default is sent to the guide as it is."""
    assert env(GUIDE_INSTRUCTIONS="Be brief.").guide_instructions == "Be brief."


def test_instructions_may_be_those_for_the_telephone(env: Any) -> None:
    """The word default stands for a built-in prompt."""
    assert env(GUIDE_INSTRUCTIONS="default").guide_instructions == DEFAULT_INSTRUCTIONS
    assert "telephone" in DEFAULT_INSTRUCTIONS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_instructions_may_be_in_a_file(env: Any, encoding: str) -> None:
    """Surrounding blanks and a byte order mark are dropped."""
    Path("guide.txt").write_text("\nBe brief.\nGrüß Gott.\n", encoding=encoding)
    assert env(GUIDE_INSTRUCTIONS="@guide.txt").guide_instructions == "Be brief.\nGrüß Gott."


def test_longest_instructions_are_accepted(env: Any) -> None:
    """100,000 characters."""
    Path("guide.txt").write_text("é" * 100_000, encoding="utf-8")
    assert len(env(GUIDE_INSTRUCTIONS="@guide.txt").guide_instructions) == 100_000


def test_instructions_that_cannot_be_read_are_refused(env: Any) -> None:
    """A file that is missing, a directory, not UTF-8, or far too long."""
    Path("latin.txt").write_bytes("Grüß Gott".encode("latin-1"))
    Path("long.txt").write_text("x" * 100_001, encoding="utf-8")
    expected = "expected a readable UTF-8 text file after the @"
    for given, right in {
        "@missing.txt": expected,
        "@latin.txt": expected,
        "@.": expected,
        "@": expected,
        "@long.txt": "expected at most 100000 characters in the file after the @",
    }.items():
        (line,) = problems(env, GUIDE_INSTRUCTIONS=given)
        assert line.startswith(f"GUIDE_INSTRUCTIONS: {right}")


# --- how values are read ------------------------------------------------------------------------


def test_base_urls_lose_trailing_slashes(env: Any) -> None:
    """Paths are appended to them."""
    settings = env(
        PUBLIC_URL="https://desk.example.com/a/", GUIDE_BASE_URL="http://localhost:5107/v1//"
    )
    assert settings.public_url == "https://desk.example.com/a"
    assert settings.guide_base_url == "http://localhost:5107/v1"


# --- options for other modules ------------------------------------------------------------------

DERIVED: Final = {"language", "greeting", "talkover"}
"""Options of turn-taking that are derived from settings."""

OTHER_VALUES: Final[dict[str, Any]] = {
    "apology": "Pardon?",
    "history_turns": 3,
    "talkover_ack": "One moment.",
}
"""Values that are no defaults. The other options are numbers, and 7.25 is no default."""


def test_every_turn_option_has_one_setting() -> None:
    """No option is forgotten, and none is set twice."""
    marked = [
        str(extra["option"])
        for field in Settings.model_fields.values()
        if isinstance(extra := field.json_schema_extra, dict) and "option" in extra
    ]
    assert sorted([*marked, *DERIVED]) == sorted(field.name for field in fields(Options))
    assert SETTING_OF_OPTION.keys() == set(marked)


def test_default_turn_options_are_those_of_turn_taking() -> None:
    """Settings have no defaults of their own, except the greeting."""
    settings = load_settings()
    assert settings.turn_options() == Options(greeting=settings.welcome_greeting)
    assert settings.welcome_greeting


@pytest.mark.parametrize(("option", "name"), SETTING_OF_OPTION.items())
def test_setting_changes_its_turn_option_alone(option: str, name: str) -> None:
    """Each to the value it was set to."""
    value = OTHER_VALUES.get(option, 7.25)
    settings = load_settings(**{name: value})
    assert settings.turn_options() == replace(load_settings().turn_options(), **{option: value})


def test_names_of_settings_follow_those_of_turn_options() -> None:
    """The tests above would miss two that are swapped."""
    for option, name in SETTING_OF_OPTION.items():
        assert name.endswith(option) or (option, name) == ("words_per_second", "speaking_rate_wps")


@pytest.mark.parametrize(
    ("given", "option", "value"),
    [
        ({"relay_language": "de-DE"}, "language", "de-DE"),
        (
            {"relay_language": "de-DE", "relay_transcription_language": "fr-FR"},
            "language",
            "fr-FR",
        ),
        ({"relay_tts_language": "de-DE"}, "language", "en-US"),
        ({"welcome_greeting": " Hi. "}, "greeting", "Hi."),
        ({"welcome_greeting": "  "}, "greeting", ""),
        ({"talkover_ack": " Okay. "}, "talkover_ack", "Okay."),
        ({"talkover_ack": "  "}, "talkover_ack", ""),
        ({"barge_in_mode": "talkover"}, "talkover", True),
    ],
)
def test_turn_option_follows_from_settings(
    given: dict[str, Any], option: str, value: object
) -> None:
    """The language is the caller's, and text is stripped."""
    assert getattr(load_settings(**given).turn_options(), option) == value


def test_turn_options_of_one_call_may_have_another_mode() -> None:
    """Only the mode differs. One that conflicts with the settings is refused."""
    settings = load_settings()
    assert settings.turn_options("talkover") == replace(settings.turn_options(), talkover=True)
    assert settings.turn_options("pause") == settings.turn_options(None) == settings.turn_options()
    with pytest.raises(SettingsError, match="RELAY_INTERRUPTIBLE"):
        load_settings(relay_interruptible="any").turn_options("talkover")


def test_guide_options_are_those_the_owner_set() -> None:
    """The demo guide is used only if no other is set. The key is not shown."""
    settings = load_settings(guide_api_key="hush", guide_model="m", guide_instructions="Be brief.")
    demo = "http://127.0.0.1:8080/demo/v1"
    options = GuideOptions(demo, "hush", "m", "Be brief.")
    assert settings.guide_options(demo) == options
    assert "hush" not in repr(options)
    own = load_settings(guide_base_url="http://localhost:5107/v1")
    assert own.guide_options(demo).base_url == "http://localhost:5107/v1"


# --- .env.example -------------------------------------------------------------------------------

EXAMPLE: Final = (ROOT / ".env.example").read_text(encoding="utf-8")
SETTING: Final = re.compile(r"#([A-Z][A-Z0-9_]*)=(.*)")
EXAMPLES: Final = [match for line in EXAMPLE.splitlines() if (match := SETTING.fullmatch(line))]


def test_example_documents_every_setting_once() -> None:
    """All of them, and nothing else."""
    assert sorted(example[1] for example in EXAMPLES) == sorted(KNOWN)


def test_example_changes_nothing_when_copied() -> None:
    """Every line of it is a comment."""
    assert all(not line or line.startswith("#") for line in EXAMPLE.splitlines())
    Path(".env").write_text(EXAMPLE, encoding="utf-8")
    assert load_settings() == Settings.model_construct()


def test_example_changes_nothing_when_uncommented() -> None:
    """The values it shows are the defaults."""
    Path(".env").write_text(SETTING.sub(r"\1=\2", EXAMPLE), encoding="utf-8")
    assert load_settings() == Settings.model_construct()


@pytest.mark.parametrize("example", EXAMPLES, ids=[example[1] for example in EXAMPLES])
def test_example_shows_default_and_explains_it(example: re.Match[str]) -> None:
    """The line has the default, if there is one, and a comment above it."""
    default = Settings.model_fields[example[1].lower()].default
    assert default is not PydanticUndefined
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    shown = str(default).lower() if isinstance(default, bool) else str(default or "")
    assert example[2] == shown
    lines = EXAMPLE.splitlines()
    above = lines[lines.index(example[0]) - 1]
    assert above.startswith("# ")
    assert above.endswith(".")


def settings_by_heading(text: str, line_of: str) -> list[tuple[str, str]]:
    """Each setting in lower case, with the heading above it. `line_of` matches either."""
    found, heading = [], ""
    for match in re.finditer(line_of, text, re.MULTILINE):
        heading = match["heading"] or heading
        if match["setting"]:
            found.append((heading, match["setting"].lower()))
    return found


def test_example_is_grouped_as_the_settings_are() -> None:
    """Under the same headings, in the same order."""
    source = ""
    for module in ("config.py", "settings/relay.py"):
        text = (ROOT / module).read_text(encoding="utf-8")
        source += re.split(r"class \w*Settings\(.*\):", text)[1].partition("    @")[0]
    assert settings_by_heading(
        EXAMPLE, r"^(# --- (?P<heading>.*?) -+$|#(?P<setting>[A-Z_]+)=)"
    ) == settings_by_heading(source, r"^    (# (?P<heading>.*)|(?P<setting>[a-z_]+): )")
