"""A caller's script: how it is parsed, and when its steps are taken."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.dial import SilentCaller
from emulator.script import (
    AfterSeconds,
    AfterWords,
    AtOnce,
    Condition,
    Cough,
    Cue,
    HangUp,
    Press,
    ScriptedCaller,
    ScriptError,
    Speak,
    Step,
    WhenQuiet,
    parse_script,
    parse_typed,
)
from tests.emulated import Bench

# -- reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "condition", "action"),
    [
        ("when quiet: What are your hours?", WhenQuiet(), Speak("What are your hours?")),
        ('after "until Six,": uh-huh', AfterWords(("until", "six")), Speak("uh-huh")),
        ("after “at 9:30 now”: ok", AfterWords(("at", "930", "now")), Speak("ok")),
        ('after "the hours: ": ok', AfterWords(("the", "hours")), Speak("ok")),
        ("after 2.5s: one: two", AfterSeconds(2.5), Speak("one: two")),
        ("after 3 s : cough", AfterSeconds(3), Cough()),
        ("cough", AtOnce(), Cough()),
        ("press #", AtOnce(), Press("#")),
        ("  hang up  ", AtOnce(), HangUp()),
        ('when quiet: "cough"', WhenQuiet(), Speak("cough")),
    ],
)
def test_step_is_read(line: str, condition: Condition, action: object) -> None:
    """Each condition and action, in all spellings."""
    assert parse_script(f"# comment\n\n{line}\n") == [
        Step(condition, action, line.strip())  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("wen quiet: hi", "a step is `when quiet"),
        ("hello", "a step is `when quiet"),
        ("when loud: hi", "a step is `when quiet"),
        ("after a while: hi", "a step is `when quiet"),
        ('after "": hi', "a step is `when quiet"),
        ('when "words": hi', "a step is `when quiet"),
        ("when quiet:", "action is missing"),
        ("press 12", "a key is one of"),
        ("press A", "a key is one of"),
    ],
)
def test_invalid_step_is_named_with_the_valid_forms(line: str, message: str) -> None:
    """The error has the line's number, the line, and the valid forms."""
    with pytest.raises(ScriptError, match=message) as error:
        parse_script(f"cough\n{line}")
    assert str(error.value).startswith(f"line 2: {line!r}: ")


@pytest.mark.parametrize(
    ("typed", "action"),
    [("hello", Speak("hello")), ("/cough", Cough()), ("/5", Press("5")), ("/bye", HangUp())],
)
def test_typed_line_is_an_action(typed: str, action: object) -> None:
    """Words are said; a slash begins a command."""
    assert parse_typed(typed) == action


@pytest.mark.parametrize("typed", ["/hello", "/", "/55"])
def test_unknown_command_lists_the_commands(typed: str) -> None:
    """The error for an unknown command lists the valid ones."""
    with pytest.raises(ScriptError, match="/cough"):
        parse_typed(typed)


def about(time: float) -> Any:
    """A time, within the clock's step of 50 ms."""
    return pytest.approx(time, abs=0.06)


# -- following -------------------------------------------------------------------------------------


def run(bench: Bench, script: str, replies: list[str]) -> list[tuple[float, Cue]]:
    """Let a scripted caller and an app that answers each prompt talk until the caller hangs up."""
    caller, taken = ScriptedCaller.from_text(script), []
    while bench.line.closing is None:
        cue = caller.next_action(bench.line, bench.now)
        if cue is not None:
            taken.append((round(bench.now, 2), cue))
            perform(bench, cue)
            continue
        wanted = [at for at in (bench.line.deadline, caller.deadline) if at is not None]
        prompts = len(bench.of_type("prompt"))
        bench.until(min(wanted))
        if len(bench.of_type("prompt")) > prompts and replies:
            bench.text(replies.pop(0), last=True)
    assert caller.next_action(bench.line, bench.now) is None
    assert caller.deadline is None
    return taken


def perform(bench: Bench, cue: Cue) -> None:
    """What the caller does."""
    match cue.action:
        case Speak(text):
            bench.say(text)
        case Cough():
            bench.line.coughs(bench.now)
        case Press(digit):
            bench.press(digit)
        case HangUp():
            bench.hang_up()


def test_caller_waits_for_quiet_after_the_answer() -> None:
    """After the greeting and after the answer, but not in the silence before it."""
    bench = Bench.open(welcomeGreeting="Hello.")
    taken = run(bench, "when quiet: hi\nwhen quiet: hang up", ["Good day."])
    assert taken == [(1.7, Cue(Speak("hi"))), (4.43, Cue(HangUp()))]


def test_caller_without_a_greeting_speaks_first() -> None:
    """The caller only waits for a moment of silence."""
    taken = run(Bench.open(), "when quiet: hi", ["Good day."])
    assert taken[0] == (0.8, Cue(Speak("hi")))


def test_caller_acts_on_words_heard_since_the_previous_step() -> None:
    """The words count once the last was heard; words before the step do not."""
    bench = Bench.open(welcomeGreeting="We open at six.", reportInputDuringAgentSpeech="any")
    script = 'after "open at": hi\nafter "AT SIX": uh-huh\nhang up'
    taken = run(bench, script, ["Yes, open. At six we close."])
    assert [cue.action for _, cue in taken] == [Speak("hi"), Speak("uh-huh"), HangUp()]
    at_six = [heard.at for heard in bench.line.heard if heard.word == "six"]
    assert taken[1][0] == pytest.approx(at_six[0], abs=0.01)


def test_seconds_count_from_the_end_of_the_previous_step() -> None:
    """Two seconds after the last word; a step without a condition once the utterance is over."""
    taken = run(Bench.open(), "after 1s: one two three\nafter 2s: cough\npress 1\nhang up", [])
    assert [at for at, _ in taken] == [1.0, 4.0, 5.0, 5.0]


def test_caller_does_not_take_a_thinking_agent_for_a_quiet_one() -> None:
    """Without an answer the caller waits, up to a limit."""
    taken = run(Bench.open(welcomeGreeting="Hello."), "when quiet: hi\nwhen quiet: hang up", [])
    assert [at for at, _ in taken] == [1.7, 22.03]


def test_caller_waits_for_an_interrupted_agent_to_resume() -> None:
    """The silence before the agent resumes does not count as quiet."""
    bench = Bench.open(
        welcomeGreeting="One two three four five. Six seven.", interruptSensitivity="low"
    )
    caller = ScriptedCaller.from_text('after "two": just a moment\nwhen quiet: hang up')
    while not bench.is_over:
        cue = caller.next_action(bench.line, bench.now)
        if cue is not None:
            perform(bench, cue)
        if bench.now == 8.0:
            bench.text("Six seven.", last=True)
        bench.until(round(bench.now + 0.05, 2))
    assert [cut.spoken for cut in bench.line.cuts if cut.sounding] == ["One two three four"]
    assert bench.line.said[-1].at == about(9.95)


def test_script_stops_waiting_after_silence_and_says_so() -> None:
    """Twenty seconds without a sound end a wait."""
    taken = run(Bench.open(), 'after "never": hi\nwhen quiet: bye\nhang up', [])
    assert [at for at, _ in taken] == [20.0, 40.33, 41.17]
    assert "after 20 s" in taken[0][1].note
    assert 'after "never": hi' in taken[0][1].note
    assert taken[2][1].note == ""


def test_script_stops_waiting_for_an_endless_agent() -> None:
    """Two minutes is the longest wait."""
    bench = Bench.open()
    bench.app(type="play", source="https://a.example/b", loop=0)
    taken = run(bench, 'after "never": hang up', [])
    assert [at for at, _ in taken] == [120.0]


def test_script_without_end_hangs_up_when_quiet() -> None:
    """So does an empty script."""
    taken = run(Bench.open(welcomeGreeting="Hello."), "# nothing", [])
    assert taken == [(1.7, Cue(HangUp()))]


def test_silent_caller_does_nothing() -> None:
    """It never acts."""
    assert SilentCaller().next_action(Bench.open().line, 1.0) is None
    assert SilentCaller().deadline is None
