"""Warnings about names that are not settings, and schemas in plain words."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from config import (
    NO_PUBLIC_URL,
    Settings,
    SettingsError,
    load_settings,
    unknown_names,
    warnings_at_start,
)
from settings.names import ENVIRONMENT_ONLY, RENAMED, unknown_in_env_file, unknown_in_environment
from settings.values import expected
from tests.places import ROOT

KNOWN: Final = [name.upper() for name in Settings.model_fields]


def of_file(text: str) -> list[str]:
    """The warnings about a `.env` with this text."""
    return list(unknown_in_env_file(text, KNOWN))


def of_environment(*names: str) -> list[str]:
    """The warnings about an environment with these names."""
    return list(unknown_in_environment(names, KNOWN))


def no_setting(line: int) -> str:
    """The warning about a line that sets nothing."""
    return f".env line {line} is not a setting: expected NAME=value, with every quote closed"


# --- in .env ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GUIDE_BASEURL", "GUIDE_BASE_URL"),
        ("guide_baseurl", "GUIDE_BASE_URL"),
        ("Guide_BaseUrl", "GUIDE_BASE_URL"),
        ("GUIDE-BASE-URL", "GUIDE_BASE_URL"),
        ("GUIDE_URL", "GUIDE_BASE_URL"),
        ("GUIDE_KEY", "GUIDE_API_KEY"),
        ("TWILIO_TOKEN", "TWILIO_AUTH_TOKEN"),
        ("BARGEIN_MODE", "BARGE_IN_MODE"),
        ("PUBLICURL", "PUBLIC_URL"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("WORKER", "WORKERS"),
        ("CALL_LOGS_DIR", "CALL_LOG_DIR"),
    ],
)
def test_misspelt_name_is_warned_of_with_what_was_meant(name: str, meant: str) -> None:
    """The nearest setting, however the name is written."""
    assert of_file(f"{name}=x\n") == [f"{name} is not a setting; did you mean {meant}?"]


@pytest.mark.parametrize("name", ["TWILIO_ACCOUNT_SID", "DATABASE_URL", "HOSTNAME", "FOO", "tz"])
def test_name_unlike_any_setting_gets_no_guess(name: str) -> None:
    """A wrong guess would be worse than none."""
    assert of_file(f"{name}=x\n") == [f"{name} is not a setting"]


def test_misspelt_name_is_warned_of_without_a_value_too() -> None:
    """It may be filled in later."""
    meant = "GUIDE_BASEURL is not a setting; did you mean GUIDE_BASE_URL?"
    assert of_file("GUIDE_BASEURL=\n") == [meant]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n  \n",
        "# GUIDE_BASEURL=x\n   # FOO\n",
        "port=1\nPort=2\nPORT=3\n",
        "export PORT=1\nexport  GUIDE_MODEL='m'\n",
        "PORT = 1 # FOO=x\n'PORT'=1\n",
        'WELCOME_GREETING="Hello.\nFOO=bar\nno setting"\nPORT=1\n',
        "WELCOME_GREETING='a\nFOO=b'\r\nPORT=1\r\n",
        "WELCOME_GREETING=Hello, what is FOO=1?\n",
        "\ufeffPORT=1\n",
        "DOMAIN=desk.example.com\nPUBLIC_URL=https://${DOMAIN}\n",
        (ROOT / ".env.example").read_text(encoding="utf-8"),
    ],
)
def test_valid_line_is_no_false_alarm(text: str) -> None:
    """Comments, quotes, exports, multi-line values, and names used in other values."""
    assert of_file(text) == []


@pytest.mark.parametrize("name", [*sorted(ENVIRONMENT_ONLY), "https_proxy"])
def test_name_that_only_the_environment_sets_is_warned_of(name: str) -> None:
    """It is real, but has no effect in `.env`."""
    told = f"{name} is not read from .env; set it in the environment"
    assert of_file(f"{name}=x\n") == [told]


@pytest.mark.parametrize(
    "line",
    [
        "hush",
        "hush hush",
        "PORT",
        "export PORT",
        "=hush",
        'TWILIO_AUTH_TOKEN="hush',
        "TWILIO_AUTH_TOKEN='hush' hush",
        "sk-hush=hush",
        "HuSh0123=hush",
        "hush==",
        "HUSH=",
        "PORT\x1b[2J=hush",
        "GUIDE_BASE_URL\x1b=hush",
        "hüsh=hush",
    ],
)
def test_line_that_sets_nothing_is_named_by_its_number(line: str) -> None:
    """Nothing of it is quoted: it may be a secret, or part of one."""
    assert of_file(f"# a comment\n\nGUIDE_MODEL=m\n\n{line}\n\nGUIDE_MODEL=n\n") == [no_setting(5)]


def test_warnings_follow_the_file() -> None:
    """In the order of its lines, also after multi-line values."""
    text = 'FOO=1\nWELCOME_GREETING="a\nb"\n\n\nhush hush\nGUIDE_BASEURL=x'
    assert of_file(text) == [
        "FOO is not a setting",
        no_setting(6),
        "GUIDE_BASEURL is not a setting; did you mean GUIDE_BASE_URL?",
    ]


# --- in the environment -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("GUIDE_BASEURL", "; did you mean GUIDE_BASE_URL?"),
        ("guide_baseurl", "; did you mean GUIDE_BASE_URL?"),
        ("RELAY_STT_PROVIDER", "; did you mean RELAY_TTS_PROVIDER?"),
        ("BARGE_MODE", "; did you mean BARGE_IN_MODE?"),
        ("TALKOVER_ACKS", "; did you mean TALKOVER_ACK?"),
        ("WELCOME_GREETINGS", "; did you mean WELCOME_GREETING?"),
        ("PHONE_PASWORD", "; did you mean PHONE_PASSWORD?"),
        ("GUIDE_COLOUR", ""),
    ],
)
def test_misspelt_name_in_the_environment_is_warned_of(name: str, guess: str) -> None:
    """If it begins as our settings do."""
    assert of_environment(name) == [f"{name} is not a setting{guess}"]


@pytest.mark.parametrize(
    "name",
    [
        *KNOWN,
        "port",
        "PATH",
        "GUIDE",
        "LOG_FORMAT",
        "HOST_IP",
        "HOSTNAME",
        "PORT_HTTP",
        "PUBLIC_KEY",
        "TWILIO_ACCOUNT_SID",
        "OPENAI_API_KEY",
        "HTTPS_PROXY",
        "GUIDE_SERVICE_HOST",
        "GUIDE_SERVICE_PORT_HTTP",
        "RELAY_PORT",
        "RELAY_PORT_8080_TCP_ADDR",
    ],
)
def test_name_of_another_program_is_left_alone(name: str) -> None:
    """Its environment is shared, and Kubernetes puts the names of services into it."""
    assert of_environment(name) == []


# --- names that have changed --------------------------------------------------------------------

RECORDINGS_DIR_RENAMED: Final = "RECORDINGS_DIR is now called CALL_LOG_DIR; set only CALL_LOG_DIR"


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to start in, without settings there or in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("CALL_LOG_DIR", "RECORDINGS_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("former", RENAMED)
def test_former_name_is_no_setting_of_its_own(former: str) -> None:
    """It sets what its new name sets."""
    assert former not in KNOWN
    assert RENAMED[former] in KNOWN


@pytest.mark.parametrize("name", ["RECORDINGS_DIR", "recordings_dir"])
@pytest.mark.parametrize("place", ["environment", ".env"])
def test_former_name_is_read_with_a_hint(
    clean: Path, monkeypatch: pytest.MonkeyPatch, name: str, place: str
) -> None:
    """An upgrade loses no call log, and the owner learns the new name."""
    if place == ".env":
        (clean / ".env").write_text(f"{name}=logs\n", encoding="utf-8")
    else:
        monkeypatch.setenv(name, "logs")
    settings = load_settings()
    assert settings.call_log_dir == clean / "logs"
    hint = RECORDINGS_DIR_RENAMED.replace("RECORDINGS_DIR", name)
    assert warnings_at_start(settings) == [hint]


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_new_name_wins_over_the_former_one(
    clean: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """With the hint to set only the new one."""
    given = {"RECORDINGS_DIR": "former", "CALL_LOG_DIR": "new"}
    if place == ".env":
        text = "".join(f"{name}={value}\n" for name, value in given.items())
        (clean / ".env").write_text(text, encoding="utf-8")
    else:
        for name, value in given.items():
            monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.call_log_dir == clean / "new"
    assert warnings_at_start(settings) == [RECORDINGS_DIR_RENAMED]


@pytest.mark.parametrize(
    ("in_environment", "in_file"),
    [("CALL_LOG_DIR", "RECORDINGS_DIR"), ("RECORDINGS_DIR", "CALL_LOG_DIR")],
)
def test_environment_wins_over_the_file_by_either_name(
    clean: Path, monkeypatch: pytest.MonkeyPatch, in_environment: str, in_file: str
) -> None:
    """As for every setting."""
    monkeypatch.setenv(in_environment, "environment")
    (clean / ".env").write_text(f"{in_file}=file\n", encoding="utf-8")
    assert load_settings().call_log_dir == clean / "environment"


def test_empty_new_name_leaves_the_former_one(clean: Path) -> None:
    """Empty is not set, as for every setting."""
    (clean / ".env").write_text("CALL_LOG_DIR=\nRECORDINGS_DIR=logs\n", encoding="utf-8")
    assert load_settings().call_log_dir == clean / "logs"


def test_bad_value_of_the_former_name_is_told_with_the_hint(clean: Path) -> None:
    """The problem is that of the new name; the hint connects the two."""
    (clean / ".env").write_text("RECORDINGS_DIR=/dev/null/logs\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    _, problem, hint = str(refused.value).splitlines()
    assert problem.startswith("  CALL_LOG_DIR: expected a writable directory")
    assert hint == f"  {RECORDINGS_DIR_RENAMED}"


# --- where the warnings appear ------------------------------------------------------------------


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to start in, where one name in `.env` and one outside are wrong."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("GUIDE_URL=http://hush\nFOO=hush\n", encoding="utf-8")
    monkeypatch.setenv("GUIDE_URL", "hush")
    monkeypatch.setenv("RELAY_VOICES", "hush")
    return tmp_path


@pytest.mark.usefixtures("directory")
def test_unknown_names_are_those_of_both_places() -> None:
    """Each once, and the settings are valid."""
    assert load_settings().port == 8080
    assert unknown_names() == [
        "GUIDE_URL is not a setting; did you mean GUIDE_BASE_URL?",
        "RELAY_VOICES is not a setting; did you mean RELAY_VOICE?",
        "FOO is not a setting",
    ]


@pytest.mark.usefixtures("directory")
def test_no_value_is_shown_when_settings_are_refused() -> None:
    """The message contains names only."""
    with pytest.raises(SettingsError, match="GUIDE_URL is not a setting") as refused:
        load_settings(port=0)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, []),
        ({"twilio_auth_token": "t"}, [NO_PUBLIC_URL]),
        ({"twilio_auth_token": "t", "public_url": "https://desk.example.com"}, []),
        ({"public_url": "https://desk.example.com"}, []),
    ],
)
def test_token_without_public_url_is_warned_of(given: dict[str, Any], told: list[str]) -> None:
    """It is not refused: the forwarding headers may be enough."""
    assert warnings_at_start(load_settings(**given)) == told


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that root cannot read")
def test_unreadable_env_file_is_reported(directory: Path) -> None:
    """In a message, without a traceback."""
    (directory / ".env").unlink()
    (directory / ".env").symlink_to("/proc/self/mem")  # can be opened, but not read
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value) == "The file .env cannot be read: Input/output error."


def test_parser_of_env_file_does_not_warn_by_itself(tmp_path: Path) -> None:
    """It would repeat ours, in other words and with another line number."""
    (tmp_path / ".env").write_text("\nhush hush\n", encoding="utf-8")
    reads = "import config; config.load_settings(); print(*config.unknown_names())"
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", reads],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (f"{no_setting(2)}\n", "")


# --- schemas in plain words ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "boolean"}, "true or false"),
        ({"type": "integer"}, "a whole number"),
        ({"type": "integer", "minimum": 1}, "a whole number, 1 or more"),
        ({"type": "number", "minimum": 0.5, "maximum": 0.9}, "a number from 0.5 to 0.9"),
        (
            {"type": "number", "exclusiveMinimum": 0, "maximum": 3600, "unit": "seconds"},
            "a number of seconds above 0 and up to 3600",
        ),
        ({"type": "string", "enum": ["a", "b c", "d"]}, 'a, "b c" or d'),
        ({"type": "string"}, "text"),
        ({"type": "string", "maxLength": 9}, "text of at most 9 characters"),
        (
            {
                "anyOf": [
                    {"type": "integer", "minimum": 1, "maximum": 2},
                    {"type": "string", "const": "auto"},
                    {"type": "null"},
                ]
            },
            "a whole number from 1 to 2, or auto",
        ),
    ],
)
def test_schema_is_described_in_plain_words(schema: dict[str, Any], words: str) -> None:
    """As a person would say it."""
    assert expected(schema) == words
