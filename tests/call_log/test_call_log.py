"""Call logs: what the app writes, where, and that it never harms the call."""

import asyncio
import json
import os
import re
import stat
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

import emulator.call_log
from call_log import writer
from call_log.format import (
    CallLogError,
    Entry,
    call_note,
    entry_line,
    note_of,
    noted_event,
    options_of,
    parse_call_log,
)
from call_log.writer import MAX_WAITING_LINES, CallLogWriter, file_name, open_call_log
from config import SettingsError
from tests.guide_server import GuideServer, Step
from tests.relay_client import relay_session
from tests.serving import serve_frontdesk, settings_for_test
from turn.events import CallEnded, GuideFailed, GuideFinished, GuideToken
from turn.options import Options

BEGAN_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
async def guide() -> AsyncIterator[GuideServer]:
    async with GuideServer() as server:
        server.reply("We open at nine, and we close at five.")
        yield server


def files_in(directory: Path) -> list[Path]:
    """All files in a directory and below it."""
    return sorted(path for path in directory.rglob("*") if not path.is_dir())


def only_file(directory: Path) -> Path:
    """The one file there."""
    (path,) = files_in(directory)
    return path


def entries_in(directory: Path) -> list[Entry]:
    """What the one call log in a directory holds."""
    return parse_call_log(only_file(directory).read_text(encoding="ascii"))


# --- what is written of a call ------------------------------------------------------------------


async def test_call_is_logged_both_ways_with_notes(guide: GuideServer, tmp_path: Path) -> None:
    """Frames verbatim, in the order they were handled, and notes of what the wire lacks."""
    settings = {"guide_base_url": guide.base_url, "call_log_dir": tmp_path}
    async with serve_frontdesk(**settings) as url, relay_session(url, direction="in") as session:
        await session.send(type="dtmf", digit="5")
        await session.socket.send("my secret rubbish")
        await session.ask("When do you open, Zoë \U0001f600\u2028?")
    entries = entries_in(tmp_path)
    setup, call = entries[:2]
    assert (setup.t, setup.dir, setup.frame["callSid"]) == (0.0, "in", "CA1")
    assert setup.frame["direction"] == "in"
    assert options_of(call.frame).resume_timeout_s == 2.0
    sent = [entry.frame for entry in entries if entry.dir == "out"]
    assert sent == session.frames
    heard = [entry.frame for entry in entries if entry.dir == "in"]
    assert [frame["type"] for frame in heard][:3] == ["setup", "dtmf", "prompt"]
    assert heard[2]["voicePrompt"] == "When do you open, Zoë \U0001f600\u2028?"
    written = [entry.frame for entry in entries if entry.is_note("guide")]
    assert "".join(note.get("text", "") for note in written).split() == (
        ["We", "open", "at", "nine,", "and", "we", "close", "at", "five."]
    )
    assert written[-1] == {"type": "guide", "reply": 1, "end": "finished"}
    (made,) = [entry.frame for entry in entries if entry.is_note("decision")]
    assert (made["outcome"], made["state_after"]) == ("asked", "thinking")
    assert [e.frame for e in entries if e.is_note("dropped")] == [
        {"type": "dropped", "problem": "not JSON"}
    ]
    assert entries[-1].is_note("ended")
    times = [entry.t for entry in entries]
    assert times == sorted(times)


async def test_guide_that_fails_is_noted(guide: GuideServer, tmp_path: Path) -> None:
    """The end of its reply says that it failed."""
    guide.script(lambda _: ["We open ", Step.CUT])
    settings = {"guide_base_url": guide.base_url, "call_log_dir": tmp_path}
    async with serve_frontdesk(**settings) as url, relay_session(url) as session:
        await session.ask("When do you open?")
    notes = [entry.frame for entry in entries_in(tmp_path) if entry.is_note("guide")]
    assert notes[-1] == {"type": "guide", "reply": 1, "end": "failed"}


async def test_nothing_is_logged_unless_asked_for(
    guide: GuideServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CALL_LOG_DIR is not set by default."""
    monkeypatch.chdir(tmp_path)
    async with serve_frontdesk(guide_base_url=guide.base_url) as url, relay_session(url) as session:
        await session.ask("When do you open?")
    assert files_in(tmp_path) == []


async def test_call_log_is_for_its_owner_alone(guide: GuideServer, tmp_path: Path) -> None:
    """The file, and the directory if the app created it."""
    directory = tmp_path / "new" / "calls"
    settings = {"guide_base_url": guide.base_url, "call_log_dir": directory}
    async with serve_frontdesk(**settings) as url, relay_session(url) as session:
        await session.ask("When do you open?")
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(only_file(directory).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "call_sid", ["../../escaped", "/etc/passwd", "..", "a\\b", "CA1\u2028.jsonl", "C" * 5000]
)
async def test_call_cannot_name_a_path(guide: GuideServer, tmp_path: Path, call_sid: str) -> None:
    """Whatever its CallSid, its file is in the directory, under a plain name."""
    directory = tmp_path / "inner" / "calls"
    settings = {"guide_base_url": guide.base_url, "call_log_dir": directory}
    async with serve_frontdesk(**settings) as url, relay_session(url, call_sid) as session:
        await session.ask("When do you open?")
    path = only_file(tmp_path)
    assert path.parent == directory
    assert re.fullmatch(r"\d{8}T\d{6}Z-\w{1,64}\.jsonl", path.name, re.ASCII)
    assert parse_call_log(path.read_text())[0].frame["callSid"] == call_sid


def test_call_logs_of_the_same_name_are_both_kept(tmp_path: Path) -> None:
    """Neither a file nor a link that is already there is touched."""
    path = tmp_path / (file_name("CA1", BEGAN_AT) + ".jsonl")
    path.write_text("mine\n")
    (tmp_path / f"{path.stem}-2.jsonl").symlink_to(tmp_path / "elsewhere")
    with writer._create(tmp_path, path.stem) as file:
        file.write(b"new")
    assert path.read_text() == "mine\n"
    assert [path.name for path in files_in(tmp_path)] == [
        "20260102T030405Z-CA1-2.jsonl",
        "20260102T030405Z-CA1-3.jsonl",
        "20260102T030405Z-CA1.jsonl",
    ]


# --- disks that fail ----------------------------------------------------------------------------


def full_disk(_directory: Path, _name: str) -> BinaryIO:
    """A file on a full disk."""
    return open("/dev/full", "wb")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
async def test_full_disk_stops_the_log_and_not_the_call(
    guide: GuideServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error is logged."""
    monkeypatch.setattr(writer, "_create", full_disk)
    settings = {"guide_base_url": guide.base_url, "call_log_dir": tmp_path}
    with capture_logs() as logs:
        async with serve_frontdesk(**settings) as url, relay_session(url) as session:
            for _ in range(3):
                assert await session.ask("When do you open?")
    (told,) = [log for log in logs if log["log_level"] == "error"]
    assert (told["event"], told["call"]) == ("call log stopped", "CA1")
    assert told["problem"] == os.strerror(28)


async def test_directory_that_is_gone_stops_the_log_and_not_the_call(
    guide: GuideServer, tmp_path: Path
) -> None:
    """It was deleted after the start."""
    directory = tmp_path / "calls"
    settings = {"guide_base_url": guide.base_url, "call_log_dir": directory}
    with capture_logs() as logs:
        async with serve_frontdesk(**settings) as url:
            directory.rmdir()
            async with relay_session(url) as session:
                assert await session.ask("When do you open?")
                assert await session.ask("When do you close?")
    assert len([log for log in logs if log["event"] == "call log stopped"]) == 1


async def test_disk_that_hangs_delays_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines are queued until too many wait; then the log stops, and the queue is dropped."""
    unread, full = os.pipe()
    monkeypatch.setattr(writer, "_create", lambda *_: os.fdopen(full, "wb"))
    with capture_logs() as logs:
        async with open_call_log(tmp_path, "CA1", structlog.get_logger()) as add:
            assert add is not None
            add(0.0, "note", {"type": "x" * 2_000_000})  # more than a pipe holds
            await asyncio.to_thread(os.read, unread, 1)  # it is being written
            for _ in range(MAX_WAITING_LINES + 1):
                add(1.0, "note", {})
            add(2.0, "note", {})
            os.close(unread)  # else the thread would hang on for ever
    (told,) = logs
    assert told["problem"] == "the disk is too slow"


async def test_call_log_is_whole_once_it_is_closed(tmp_path: Path) -> None:
    """However fast lines are added."""
    one = CallLogWriter(tmp_path, "CA1", structlog.get_logger())
    for number in range(1000):
        one.add(float(number), "note", {"type": "n"})
        if number % 100 == 0:
            await asyncio.sleep(0)
    await one.aclose()
    assert [entry.t for entry in entries_in(tmp_path)] == list(range(1000))


async def test_call_log_without_lines_creates_no_file(tmp_path: Path) -> None:
    """A call that ends before its setup leaves nothing behind."""
    async with open_call_log(tmp_path, "CA1", structlog.get_logger()):
        pass
    assert files_in(tmp_path) == []


# --- the setting --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["a file", "below a file", "of the system"])
def test_directory_that_cannot_be_written_stops_the_start(tmp_path: Path, kind: str) -> None:
    """It is reported with the other settings, not found out during a call."""
    file = tmp_path / "file"
    file.write_text("")
    directory = {"a file": file, "below a file": file / "calls", "of the system": "/proc"}[kind]
    with pytest.raises(SettingsError, match="CALL_LOG_DIR: expected a writable directory"):
        settings_for_test(call_log_dir=directory)


def test_relative_directory_is_below_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And ~ is the user's home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert settings_for_test(call_log_dir="calls").call_log_dir == tmp_path / "calls"
    assert settings_for_test(call_log_dir="~/x").call_log_dir == tmp_path / "home" / "x"
    assert list((tmp_path / "calls").iterdir()) == []


# --- the format ---------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FRAMES = st.dictionaries(st.text(), JSON, max_size=4)


@given(
    st.lists(st.tuples(st.floats(0, 1e5), FRAMES), min_size=1),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_what_is_written_can_be_read(
    frames: list[tuple[float, Any]], indent: int | None, ascii_: bool
) -> None:
    """Any frame in any spelling of JSON, at exactly its time, by the app and by the emulator."""
    raw = [json.dumps(frame, indent=indent, ensure_ascii=ascii_) for _, frame in frames]
    text = "".join(entry_line(t, "in", wire) for (t, _), wire in zip(frames, raw, strict=True))
    assert [(entry.t, entry.frame) for entry in parse_call_log(text)] == frames
    assert [(entry.t, entry.frame) for entry in emulator.call_log.parse_call_log(text)] == frames


@pytest.mark.parametrize(
    "event", [GuideToken(3, "We "), GuideFinished(3), GuideFailed(3), CallEnded()]
)
def test_note_gives_back_its_event(
    event: GuideToken | GuideFinished | GuideFailed | CallEnded,
) -> None:
    """For every event that does not cross the wire."""
    assert noted_event(note_of(event)) == event


@pytest.mark.parametrize(
    "note", [{}, {"type": "guide"}, {"type": "guide", "reply": "3", "text": "x"}, {"type": "cut"}]
)
def test_other_notes_hold_no_event(note: dict[str, Any]) -> None:
    """They are for people to read, or malformed."""
    assert noted_event(note) is None


def test_options_are_read_as_they_were_noted() -> None:
    """Also those that differ from the defaults."""
    options = Options(language="de-DE", history_turns=3, resume_timeout_s=1, talkover=True)
    assert options_of(json.loads(json.dumps(call_note(options)))) == options


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"resume_timeout_s": "2"}, "resume_timeout_s cannot be '2'"),
        ({"resume_timeout_s": True}, "resume_timeout_s cannot be True"),
        ({"resume_timeout_s": 1e999}, "resume_timeout_s cannot be inf"),
        ({"history_turns": 1.5}, "history_turns cannot be"),
        ({"talkover": None}, "talkover cannot be None"),
        ({"greeting": 5}, "greeting cannot be 5"),
        ({"volume": 5}, "made by a newer version: unknown option 'volume'"),
        ({"\x1b[2J": 5}, r"unknown option '\\x1b\[2J'"),
    ],
)
def test_options_that_cannot_be_used_are_refused(change: dict[str, Any], problem: str) -> None:
    """The message names the option."""
    note = call_note(Options())
    with pytest.raises(CallLogError, match=problem):
        options_of({"type": "call", "options": note["options"] | change})


VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(),
    float: st.floats(0, 1e6),
    bool: st.booleans(),
}


@given(st.data())
def test_options_added_since_take_their_defaults(data: st.DataObject) -> None:
    """Whichever a call log lacks; those that it has are read as they were noted."""
    values = {field.name: VALUES.get(field.type, st.integers(1)) for field in fields(Options)}
    noted: dict[str, Any] = data.draw(st.fixed_dictionaries({}, optional=values))
    note = json.loads(json.dumps({"type": "call", "options": noted}))
    assert options_of(note) == replace(Options(), **noted)


@pytest.mark.parametrize("note", [{}, {"options": None}, {"options": []}])
def test_note_without_options_is_refused(note: dict[str, Any]) -> None:
    """No version writes it."""
    with pytest.raises(CallLogError, match="has no options"):
        options_of(note)


GOOD = '{"t": 0, "dir": "in", "frame": {}}\n'


@pytest.mark.parametrize(
    "bad",
    [
        "hello",
        "[]",
        '{"t": 0, "dir": "in"}',
        '{"t": 0, "dir": "up", "frame": {}}',
        '{"t": 0, "dir": ["in"], "frame": {}}',
        '{"t": 0, "dir": "in", "frame": []}',
        '{"t": true, "dir": "in", "frame": {}}',
        '{"t": "0", "dir": "in", "frame": {}}',
        '{"t": NaN, "dir": "in", "frame": {}}',
        '{"t": 1e999, "dir": "in", "frame": {}}',
        '{"t": 1' + "0" * 400 + ', "dir": "in", "frame": {}}',
        "[" * 100_000,
    ],
)
def test_line_that_is_not_an_entry_is_named(bad: str) -> None:
    """By its number."""
    with pytest.raises(CallLogError, match="line 3 is not"):
        parse_call_log(GOOD + "\n" + bad + "\n" + GOOD)


@pytest.mark.parametrize("text", ["", "\n\n", '{"t": 0, "dir"'])
def test_text_without_entries_is_refused(text: str) -> None:
    """Empty, blank, or broken off in the first line."""
    with pytest.raises(CallLogError, match="no line"):
        parse_call_log(text)


def test_call_log_that_breaks_off_is_read_up_to_there() -> None:
    """Its last line is incomplete."""
    assert len(parse_call_log(GOOD + GOOD + GOOD[:20])) == 2
    assert len(parse_call_log(GOOD + GOOD.strip())) == 2
