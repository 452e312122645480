"""Stored call logs, made by version 0.2.0: every later version must decide them the same.

`pause` and `talkover` are the app's own, `line` is the emulator's. Do not make them again: that
they are old is the point. If a rule changes a decision on purpose, change that decision in the log.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from call_log.format import Entry, parse_call_log
from explaining.replay import replay
from turn.options import Options

LOGS = Path(__file__).with_name("logs")


def stored(name: str) -> list[Entry]:
    """The entries of a stored call log."""
    return parse_call_log((LOGS / f"{name}.jsonl").read_text(encoding="ascii"))


@pytest.mark.parametrize(("name", "decisions"), [("pause", 11), ("talkover", 10)])
def test_stored_call_log_of_the_app_replays_exactly(name: str, decisions: int) -> None:
    """Every decision, with its time and states."""
    again = replay(stored(name))
    assert again.is_exact
    assert not again.breaks_off
    assert len(again.logged) == decisions
    assert again.made == again.logged
    assert again.options.talkover is (name == "talkover")


def test_stored_call_log_of_the_line_replays_the_same() -> None:
    """Every decision, without times and states, which the line does not know exactly."""
    again = replay(stored("line"))
    assert not again.is_exact
    assert len(again.logged) == 11
    assert again.differs == 0, list(again.pairs)


@pytest.mark.parametrize("name", ["pause", "talkover"])
def test_call_log_replays_on_a_version_with_more_options(name: str) -> None:
    """To it, this call log lacks every option that was left at its default."""
    entries = stored(name)
    (call,) = [entry.frame for entry in entries if entry.is_note("call")]
    options: dict[str, Any] = call["options"]
    defaults = {key for key, value in options.items() if value == getattr(Options(), key)}
    assert len(defaults) >= 10
    for key in defaults:
        del options[key]
    again = replay(entries)
    assert again.made == again.logged


def test_stored_call_logs_hold_no_real_number_and_no_token() -> None:
    """They are from the emulator, with numbers reserved for fiction."""
    for path in LOGS.iterdir():
        setup = json.loads(path.read_text(encoding="ascii").splitlines()[0])["frame"]
        assert {setup["from"], setup["to"]} == {"+12025550123", "+12025550199"}
        assert setup["customParameters"]["token"] == "removed"
