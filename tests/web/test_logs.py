"""Logs: numbers masked, one line per event, one format for all."""

import io
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from typing import Final

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from tests.places import ROOT
from web import logs

LIBRARIES: Final = ("httpx2", "httpcore2", "openai", "websockets", "uvicorn.access")


# --- phone numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    [
        "+15550101234",
        "15550101234",
        "5550101234",
        "555-010-1234",
        "555.010.1234",
        "555 010 1234",
        "+1 (555) 010-1234",
        "+1-555-010-1234",
        "1 (555) 010 - 1234",
        "+1\u00a0555\u00a0010\u00a01234",
        "555\u2011010\u20111234",
        "555–010–1234",
        "+44 20 7946 0934",
        "+44 (0) 20 7946 0934",
        "+49 (0)30 901820-34",
        "+33 1 99 00 12 34",
        "+861012345634",
        "0049 30 90182034",
        "555 0134",
        "5 5 5 0 1 0 1 2 34",
        "+123456789012345634",
    ],
)
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "from {} to",
        "client:{}",
        "sip:{}@example.com",
        "'{}'",
        "[{}]",
        "{}, bye",
        "{}.",
        "<{}>",
    ],
)
def test_phone_number_is_masked(number: str, around: str) -> None:
    """In every spelling and anywhere in a text, only the last two digits show."""
    assert logs.mask_numbers(around.format(number)) == around.format("******34")


def test_phone_number_in_url_is_masked() -> None:
    """Also with the + escaped."""
    assert logs.mask_numbers("/twiml?From=%2B15550101234&To=15550105678") == (
        "/twiml?From=%2B******34&To=******78"
    )


def test_number_in_parentheses_is_masked() -> None:
    """The opening one stays."""
    assert logs.mask_numbers("(555) 010-1234") == "(******34"


def test_every_number_in_a_text_is_masked() -> None:
    """Not just the first."""
    assert logs.mask_numbers("+15550101234 called +15550105678") == "******34 called ******78"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CA0123456789abcdef0123456789abcdef",
        "CA01234567890123456789012345678901",
        "VX00000000000000000000000000000001",
        "2026-11-20T09:16:00.123456Z",
        "2026-11-20",
        "2026-11-20 09:16:00",
        "2026-11-20 09:16:00,123",
        "09:16:00",
        "12.345678901",
        "0.00012345678",
        "1764.0000000001",
        "684 ms",
        "127.0.0.1:8080",
        "http://127.0.0.1:8080/health",
        "64107",
        "123456",
        "3 of 5",
        "9 to 5, Monday 1 to 3",
        "b1946ac92492d2347c6235b4d2611184",
        "0x7f3a12345678",
    ],
)
def test_other_text_is_left_alone(text: str) -> None:
    """Call SIDs, times, durations, addresses and counts stay readable."""
    assert logs.mask_numbers(text) == text


@given(st.text(), st.from_regex(r"\+[1-9][0-9]{9,14}", fullmatch=True), st.text())
def test_number_in_twilios_format_is_masked_anywhere(before: str, number: str, after: str) -> None:
    """Whatever is around it."""
    assert number not in logs.mask_numbers(f"{before} {number} {after}")


@given(st.text("0123456789+ ().-", max_size=60))
@example("1 " * 30)
@example("00000000000000-00000")
def test_masking_twice_is_masking_once(text: str) -> None:
    """A masked number is no longer a number."""
    once = logs.mask_numbers(text)
    assert logs.mask_numbers(once) == once


# --- the form of a line -------------------------------------------------------------------------


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log output, configured for this test only."""
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in LIBRARIES}
    config = structlog.get_config()
    with redirect_stderr(stream):
        logs.configure("debug")
    yield stream
    structlog.configure(**config)
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def only_line(stream: io.StringIO) -> str:
    """The one line that was written, without its timestamp."""
    text = stream.getvalue()
    assert text.endswith("\n")
    assert len(text.splitlines()) == 1
    time, line = text.rstrip("\n").split(" ", 1)
    assert re.fullmatch(r"timestamp=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", time)
    return line


def test_event_is_one_line_of_keys_and_values(lines: io.StringIO) -> None:
    """Time, level, event and call come first, so that lines align."""
    logger = structlog.get_logger().bind(call="CA0123456789abcdef0123456789abcdef")
    logger.info("call began", direction="inbound", seconds=1.5, calls=3, demo=True, why=None)
    assert only_line(lines) == (
        'level=info event="call began" call=CA0123456789abcdef0123456789abcdef '
        "direction=inbound seconds=1.5 calls=3 demo why="
    )


def test_number_in_event_is_masked(lines: io.StringIO) -> None:
    """In the event's name, in its values, and inside them."""
    structlog.get_logger().info(
        "+15550101234 calls",
        caller="+15550101234",
        form={"From": "+15550101234"},
        both=["+15550101234", "+15550105678"],
    )
    line = only_line(lines)
    assert "555" not in line
    assert line.count("******34") == 4
    assert line.count("******78") == 1


def test_counts_in_event_are_left_alone(lines: io.StringIO) -> None:
    """A numeric value is not a phone number."""
    structlog.get_logger().info("frame dropped", bytes=1234567890, seconds=1234567.25)
    assert only_line(lines) == (
        'level=info event="frame dropped" bytes=1234567890 seconds=1234567.25'
    )


HOSTILE: Final = [
    "two\nlines",
    "two\r\nlines",
    "two\rlines",
    "two\x0blines",
    "two\x0clines",
    "two\x85lines",
    "two\u2028lines",
    "two\u2029lines",
    "\x1b[2Jcleared",
    "\x9b2Jcleared",
    "null\x00",
    "half \ud83d",
    'x" level=critical event="forged',
    "x\ntimestamp=2026-11-20T00:00:00.000000Z level=critical event=forged",
]


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_value_cannot_forge_a_line(lines: io.StringIO, value: str) -> None:
    """Line breaks and terminal codes in a value are escaped."""
    structlog.get_logger().info("heard", words=value)
    line = only_line(lines)
    assert line.startswith("level=info event=heard words=")
    assert line.isprintable()


# pytest's own log capture cannot handle a lone surrogate.
@pytest.mark.parametrize("value", [v for v in HOSTILE if "\ud83d" not in v], ids=ascii)
def test_event_of_library_cannot_forge_a_line(lines: io.StringIO, value: str) -> None:
    """The same for what libraries log."""
    logging.getLogger("library").warning("heard %s", value)
    line = only_line(lines)
    assert line.startswith("level=warning event=")
    assert line.isprintable()


def test_exception_is_one_line(lines: io.StringIO) -> None:
    """With its traceback, in which numbers are masked."""
    try:
        raise ValueError("cannot call +1 555 010 1234\nat all")
    except ValueError:
        structlog.get_logger().exception("relay cannot be read")
    line = only_line(lines)
    assert line.startswith('level=error event="relay cannot be read" exception="Traceback')
    assert "ValueError: cannot call ******34" in line
    assert "010 1234" not in line


def test_exception_of_library_is_one_line(lines: io.StringIO) -> None:
    """In the same format as ours."""
    try:
        raise ValueError("no")
    except ValueError:
        logging.getLogger("library").exception("failed for %s", "+15550101234")
    line = only_line(lines)
    assert line.startswith('level=error event="failed for ******34" exception="Traceback')
    assert "ValueError: no" in line


def test_context_is_in_every_line(lines: io.StringIO) -> None:
    """Keys bound to the context appear in our lines and in those of libraries."""
    structlog.contextvars.bind_contextvars(call="CA1")
    structlog.get_logger().info("ours")
    logging.getLogger("library").info("theirs")
    ours, theirs = lines.getvalue().splitlines()
    assert ours.endswith("level=info event=ours call=CA1")
    assert theirs.endswith("level=info event=theirs call=CA1")


@pytest.mark.parametrize("name", LIBRARIES)
def test_chatty_library_logs_only_warnings(
    lines: io.StringIO, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At debug, these log whole requests."""
    for logger in (name, name.partition(".")[0]):  # uvicorn may have turned this off
        monkeypatch.setattr(logging.getLogger(logger), "propagate", True)
    logging.getLogger(name).debug("the whole request")
    logging.getLogger(name).info("GET /twiml?From=5550101234")
    assert not lines.getvalue()
    logging.getLogger(name).warning("trouble")
    assert only_line(lines) == "level=warning event=trouble"


def test_events_below_the_level_are_dropped(lines: io.StringIO) -> None:
    """The owner sets the level."""
    with redirect_stderr(lines):
        logs.configure("warning")
    structlog.get_logger().info("quiet")
    assert not lines.getvalue()
    structlog.get_logger().warning("loud")
    assert only_line(lines) == "level=warning event=loud"


def test_configuring_twice_writes_once(lines: io.StringIO) -> None:
    """The handler is replaced, not added."""
    with redirect_stderr(lines):
        logs.configure("info")
    structlog.get_logger().info("once")
    assert only_line(lines) == "level=info event=once"


def test_process_logs_to_standard_error() -> None:
    """Standard output is for messages to people."""
    program = (
        "import structlog; from web import logs; logs.configure(); "
        "structlog.get_logger().info('x', y='a\\nb')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    assert done.stderr.splitlines()[0].endswith(r" level=info event=x y=a\nb")
    assert len(done.stderr.splitlines()) == 1
