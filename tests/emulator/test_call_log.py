"""The call log from the line's side, and a call as a person reads it."""

from __future__ import annotations

import re

import pytest

from emulator.call_log import CallLogError, Entry, app_frame, entry_line, notes, parse_call_log
from emulator.line_events import Cut, LineEvent, Said, Spoken, Transcribed
from emulator.narrator import Narrator

STORY: list[LineEvent] = [
    Said(1.0, "hi"),
    Spoken(2.0, 1, " We are open,"),
    Cut(3.0, "interrupt", 1, " from", " nine.", sounding=True),
    Cut(3.0, "interrupt", 1, "", " Rest.", sounding=False),
    Transcribed(4.0, "uh-huh", reported=False),
    Transcribed(5.0, "hi", reported=True),
]


def note(t: float, **frame: object) -> Entry:
    """A note."""
    return Entry(t, "note", frame)


def test_call_log_is_read_as_it_was_written() -> None:
    """To the millisecond."""
    entries = [
        Entry(0.0, "in", {"type": "setup", "from": "+12025550123"}),
        Entry(1.234, "out", {"type": "text", "token": "Grüß\n", "last": False}),
        *notes(STORY),
    ]
    text = "\n".join(entry_line(entry) for entry in entries)
    assert parse_call_log(text + "\n\n") == entries
    assert entry_line(Entry(1.23456, "in", {})) == '{"t": 1.235, "dir": "in", "frame": {}}'


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "[]",
        "5",
        "{}",
        '{"t": "x", "dir": "in", "frame": {}}',
        '{"t": true, "dir": "in", "frame": {}}',
        '{"t": null, "dir": "in", "frame": {}}',
        '{"t": 1, "dir": "up", "frame": {}}',
        '{"t": 1, "dir": ["in"], "frame": {}}',
        '{"t": 1, "dir": "in", "frame": "x"}',
        '{"t": 1, "dir": "in"}',
    ],
)
def test_wrong_line_is_named(line: str) -> None:
    """The error gives the number of the line and the shape of an entry."""
    with pytest.raises(CallLogError, match="line 2 is not"):
        parse_call_log('{"t": 1, "dir": "in", "frame": {}}\n' + line)


@pytest.mark.parametrize(
    ("raw", "frame"),
    [
        ('{"type": "end"}', {"type": "end"}),
        ("rubbish", {"raw": "rubbish"}),
        ("[1]", {"raw": "[1]"}),
        (b"\xff", {"raw": "\ufffd"}),
    ],
)
def test_app_frame_is_kept_as_it_came(raw: str | bytes, frame: dict[str, object]) -> None:
    """Objects verbatim, anything else as text."""
    assert app_frame(raw) == frame


def test_notes_tell_what_happened() -> None:
    """Each happening is a note at its time."""
    cut = {"type": "cut", "reason": "interrupt", "cycle": 1}
    assert notes(STORY) == [
        note(1.0, type="said", text="hi"),
        note(2.0, type="heard", cycle=1, text=" We are open,"),
        note(3.0, **cut, spoken=" from", lost=" nine.", sounding=True),
        note(3.0, **cut, spoken="", lost=" Rest.", sounding=False),
        note(4.0, type="transcribed", text="uh-huh", reported=False),
        note(5.0, type="transcribed", text="hi", reported=True),
    ]


def test_narrator_shows_who_said_what_and_what_was_cut() -> None:
    """One line for what a reader wants to see, none for the rest."""
    lines = [Narrator().line(entry) for entry in notes(STORY)]
    assert lines == [
        "   1.00   caller   hi",
        "   2.00   agent    We are open,",
        '   3.00 ✂ cut      after "from" (caller spoke); not heard: "nine."',
        None,
        '   4.00   relay    not sent to the app: "uh-huh"',
        None,
    ]


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (Entry(0, "in", {"type": "setup", "from": "a", "to": "b"}), "call     a calls b"),
        (Entry(0, "in", {"type": "error", "description": "no"}), "refused  no"),
        (Entry(0, "in", {"type": "dtmf", "digit": "5"}), None),
        (Entry(0, "out", {"type": "text", "token": "x"}), None),
        (Entry(0, "out", {"type": "end"}), "app      ends the session"),
        (
            Entry(0, "out", {"type": "end", "handoffData": "{}"}),
            "app      ends the session, hand-off data: {}",
        ),
        (Entry(0, "out", {"raw": "x"}), None),
        (note(0, type="script", text="went on"), "script   went on"),
        (note(0, type="other"), None),
        (
            note(0, type="decision", outcome="cancelled", act="question", rule="asks"),
            "decided  cancelled: question (rule asks)",
        ),
        (
            note(0, type="decision", outcome="resumed", act="", rule="silence"),
            "decided  resumed: silence",
        ),
        (note(0, type="decision", outcome="kept"), "decided  kept"),
    ],
)
def test_narrator_line_for_each_kind_of_entry(entry: Entry, line: str | None) -> None:
    """Frames and notes that a reader wants, and those not."""
    told = Narrator().line(entry)
    assert (told[10:] if told else None) == line


@pytest.mark.parametrize("reason", ["interrupt", "preempted", "end", "hang up", "dropped"])
def test_narrator_says_why_the_agent_was_cut(reason: str) -> None:
    """Each reason reads as words; a cut before any word says so."""
    cut = note(0, type="cut", reason=reason, cycle=1, spoken="", lost="x", sounding=True)
    line = Narrator().line(cut)
    assert line is not None
    assert re.search(r'before the first word \([a-z ]+\); not heard: "x"', line)


def test_narrator_of_a_resend_shows_the_wire() -> None:
    """Frames both ways as they are, no notes."""
    show = Narrator().raw_line
    assert show(Entry(1, "in", {"type": "dtmf", "digit": "5"})) == (
        "   1.00   → app    dtmf digit='5'"
    )
    assert show(Entry(1, "out", {"raw": "x"})) == "   1.00   ← app    ? raw='x'"
    assert show(note(1, type="said", text="x")) is None


def test_colour_is_only_where_it_is_wanted() -> None:
    """Escapes around the text of caller, agent, cut and decision, nowhere else."""
    said, script = note(1, type="said", text="hi"), note(1, type="script", text="x")
    assert "\033[36mhi\033[0m" in (Narrator(colour=True).line(said) or "")
    assert "\033" not in (Narrator(colour=True).line(script) or "")
    assert "\033" not in (Narrator().line(said) or "")
