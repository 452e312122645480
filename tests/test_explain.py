"""Decisions explained: those about words, and those in call logs, made again offline.

Calls are placed over real sockets and logged by the app; the call log alone must give every
decision again.
"""

import asyncio
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import explain
from barge_in import BargeIn
from call_log.format import call_note, parse_call_log
from emulator.call_log import entry_line
from emulator.dial import CallResult
from explaining.replay import Replay, replay
from explaining.report import words_report
from explaining.rules import OUTCOMES
from explaining.rules import RULES as SENTENCES
from tests.calling import HOURS, call, frontdesk
from tests.guide_server import Answer, GuideServer, Step
from tests.serving import AUTH_TOKEN
from turn.events import CallerSaid, GuideToken, Interrupted, Outcome, State, TokensPlayed
from turn.options import Options
from utterance import RULES

ROOT = Path(explain.__file__).parent

SAID = [
    "uh-huh", "okay", "yeah", "cough", "cough", "hello?", "stop", "wait, what about [0.9s] Sunday",
    "what about Friday", "no, Tuesday", "my wife loves that place", "I want to come [0.9s] at noon",
    "um", "press 5", "okay bye",
]  # fmt: skip


def random_script(rng: random.Random) -> str:
    """What a caller does, at random times."""
    lines = [
        f"after {rng.choice([0.4, 1.5, 3.0, 6.0]):.1f}s: {rng.choice(SAID)}"
        for _ in range(rng.randint(4, 8))
    ]
    first, *last = "when quiet: what are your hours", "after 20s: what then", "when quiet: hang up"
    return "\n".join([first, *lines, *last])


def random_reply(rng: random.Random) -> list[Any]:
    """Steps of a guide that is fast, slow, asks back, breaks off or fails."""
    fate = rng.choice(["", "", "", "", "asks", "breaks", "fails", "stalls"])
    if fate == "fails":
        return [Answer(status=500)]
    steps: list[Any] = []
    pause_s = rng.choice([0.0, 0.0, 0.01, 0.05])
    for word in HOURS.split()[: rng.randint(4, 18)]:
        steps += [f"{word} ", pause_s] if pause_s else [f"{word} "]
    ends = {"asks": "Would you like to come at nine?", "breaks": Step.CUT, "stalls": Step.HANG}
    return [*steps, ends.get(fate, "That is all.")]


async def logged_calls(
    directory: Path, scripts: list[str], rng: random.Random, **settings: Any
) -> tuple[list[CallResult], list[Path]]:
    """Place calls at once; gives each result and the app's call log."""
    async with (
        GuideServer() as guide,
        frontdesk(guide, call_log_dir=directory, **settings) as url,
    ):
        guide.script(lambda _: random_reply(rng))
        results = await asyncio.gather(*(call(url, script) for script in scripts))
    by_name = {path.stem.partition("-")[2]: path for path in _files(directory)}
    return results, [by_name[result.leg.identity.call_sid] for result in results]


def _files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.jsonl"))


def replayed(path: Path) -> Replay:
    """The decisions in a call log, made again."""
    return replay(parse_call_log(path.read_text(encoding="ascii")))


def explained(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What the command line says."""
    command = [sys.executable, str(ROOT / "explain.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


# --- call logs of the app -----------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["pause", "talkover"])
async def test_every_decision_in_a_call_log_comes_out_the_same(tmp_path: Path, mode: str) -> None:
    """On random calls with every kind of utterance, and guides that fail in every way."""
    rng = random.Random(mode)
    scripts = [random_script(rng) for _ in range(12)]
    results, paths = await logged_calls(tmp_path, scripts, rng, barge_in_mode=mode)
    outcomes = set()
    for result, path in zip(results, paths, strict=True):
        again = replayed(path)
        assert again.logged, "nothing was decided"
        assert again.made == again.logged
        assert (again.differs, again.is_exact, again.breaks_off) == (0, True, False)
        assert again.options.talkover == (mode == "talkover")
        told = [{k: v for k, v in made.items() if k != "type"} for made in result.decisions]
        assert again.made == told, "the side channel told something else"
        outcomes |= {made["outcome"] for made in again.made}
    assert outcomes >= {
        "asked",
        "extended",
        "cancelled",
        "kept" if mode == "talkover" else "resumed",
    }


async def test_call_log_shows_how_long_a_reply_was_paused(tmp_path: Path) -> None:
    """In the decision that ended the pause, and in no other."""
    script = 'when quiet: what are your hours\nafter "open from": cough\nwhen quiet: hang up'
    async with GuideServer() as guide, frontdesk(guide, call_log_dir=tmp_path) as url:
        guide.reply(HOURS)
        await call(url, script)
    asked, resumed = replayed(_files(tmp_path)[0]).made
    assert asked["paused_for_s"] is None
    assert resumed["rule"] == "silence"
    assert resumed["paused_for_s"] >= replayed(_files(tmp_path)[0]).options.resume_timeout_s


async def _place_logged_call(directory: Path) -> None:
    script = (
        'when quiet: what are your hours\nafter "open from": uh-huh\n'
        'after "Saturdays": what about Friday\nwhen quiet: hang up'
    )
    async with GuideServer() as guide:
        guide.reply(HOURS)
        settings = {"call_log_dir": directory, "twilio_auth_token": AUTH_TOKEN}
        async with frontdesk(guide, **settings) as url:
            await call(url, script, auth_token=AUTH_TOKEN)


@pytest.fixture(scope="module")
def logged_call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of a call with a backchannel and a question over the agent."""
    directory = tmp_path_factory.mktemp("call-logs")
    asyncio.run(_place_logged_call(directory))
    return _files(directory)[0]


def edited(path: Path, old: str, new: str) -> Path:
    """A copy of a call log with the first occurrence of a text replaced."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    copy = path.with_name(f"edited-{path.name}")
    copy.write_text(text.replace(old, new, 1), encoding="ascii")
    return copy


def test_call_log_is_explained_in_the_terminal(logged_call: Path) -> None:
    """With words, what was heard, act, rule, outcome, states, and a conclusion."""
    result = explained(str(logged_call))
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "A call with BARGE_IN_MODE=pause."
    assert lines[-1] == "Same: all 3 decisions came out as logged."
    text = result.stdout
    assert text.count("\n  outcome  ") == 3
    for shown in (
        's  "uh-huh"',
        '  heard    "We are open from',
        "  act      backchannel",
        f"  rule     nothing-but-listening: {SENTENCES['nothing-but-listening']}",
        "  outcome  resumed: the reply resumes, after a pause of 0.",
        "  state    paused -> speaking",
        "  outcome  cancelled: the reply is cancelled, and the guide is asked, after a pause of",
    ):
        assert shown in text, shown


UH_HUH = '"voicePrompt": "uh-huh", "lang": "en", "last": true'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"outcome": "resumed"', '"outcome": "ignored"'),  # another decision
        (UH_HUH, UH_HUH.replace("uh-huh", "stop it please")),  # other words
        ('"dir": "in", "frame": {"type": "interrupt"', '"dir": "in", "frame": {"type": "x"'),
        (UH_HUH, UH_HUH.replace("true", "5")),  # a frame that cannot be read
        ('"type": "decision"', '"type": "lost"'),  # a decision that was not logged
        ('"type": "guide", "reply": 1', '"type": "guide", "reply": 7'),  # words of another reply
    ],
)
def test_call_that_is_decided_differently_is_reported(
    logged_call: Path, old: str, new: str
) -> None:
    """By the exit status and on the last line."""
    copy = edited(logged_call, old, new)
    assert explain.main([str(copy)]) == 1
    result = explained(str(copy))
    assert result.returncode == 1
    assert "DIFFERS  call log has: " in result.stdout
    assert result.stdout.splitlines()[-1].startswith("DIFFERENT: ")


def test_call_log_that_breaks_off_is_explained_up_to_there(logged_call: Path) -> None:
    """Wherever it does: all decisions in it come out the same."""
    text = logged_call.read_text(encoding="ascii")
    start = text.index("\n", text.index('"options"')) + 1
    for end in range(start, len(text) - 20, 97):
        again = replay(parse_call_log(text[:end]))
        assert again.breaks_off
        assert again.differs == 0
    copy = logged_call.with_name(f"cut-{logged_call.name}")
    copy.write_text(text[: len(text) * 2 // 3], encoding="ascii")
    result = explained(str(copy))
    assert result.returncode == 0
    assert "The call log breaks off before the end of the call." in result.stdout


# --- call logs of the emulator ------------------------------------------------------------------


async def test_call_log_of_the_line_is_replayed_approximately(tmp_path: Path) -> None:
    """The guide's words are those that were sent and not sent again by a resume."""
    script = (
        'when quiet: what are your hours\nafter "open from": uh-huh\n'
        'after "Saturdays": cough\nafter "on Sundays": what about Friday\n'
        'after "open from": stop\nwhen quiet: okay bye\nwhen quiet: hang up'
    )
    async with GuideServer() as guide, frontdesk(guide) as url:
        guide.reply(HOURS)
        result = await call(url, script)
    path = tmp_path / "line.jsonl"
    lines = [entry_line(entry) for entry in result.entries]
    path.write_text("\n".join(lines), encoding="utf-8")
    again = replayed(path)
    assert not again.is_exact
    assert len(again.logged) >= 6
    assert again.differs == 0, list(again.pairs)
    shown = explained(str(path))
    assert shown.returncode == 0
    assert "this replay is approximate" in shown.stdout
    other = edited(path, '"said": "uh-huh"', '"said": "mm-hmm"')
    assert explained(str(other)).returncode == 1


# --- words --------------------------------------------------------------------------------------


def test_words_are_explained_in_the_terminal() -> None:
    """With what was heard, act, rule, and what the machine would do."""
    result = explained("yeah but what about sunday", "--heard", "We are open until six.")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        'said         "yeah but what about sunday"',
        'heard        "We are open until six."',
        "act          question, which cancels a reply",
        f"rule         question-begins-clause: {SENTENCES['question-begins-clause']}",
        "over speech  the reply is cancelled, and the guide is asked",
        "in silence   the guide is asked",
    ]


def test_words_are_read_in_their_language(capsys: pytest.CaptureFixture[str]) -> None:
    """Which --lang gives."""
    assert explain.main(["quiero reservar una mesa", "--lang", "es"]) == 0
    assert "request, which cancels" in capsys.readouterr().out
    assert explain.main(["quiero reservar una mesa"]) == 0
    assert "remark, which resumes" in capsys.readouterr().out


@pytest.mark.parametrize("said", ["", "?" * 5000, "a\x00b", "\x1b[2J stop", "-" * 9 + "x", "."])
def test_any_words_are_explained(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And no control character reaches the terminal."""
    assert explain.main(["--", said]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('said         "')
    assert all(line.isprintable() for line in lines)


def test_clear_stop_acts_before_it_is_final(capsys: pytest.CaptureFixture[str]) -> None:
    """The report says so."""
    explain.main(["please stop"])
    assert "while said   the rest of the reply is already dropped" in capsys.readouterr().out


@pytest.mark.parametrize(
    "said", ["okay", "um", "my wife loves that place", "what about Sunday", "stop", "no, Tuesday"]
)
def test_what_the_machine_would_do_is_what_it_does(said: str) -> None:
    """Over speech, and in silence long after a reply."""
    machine = BargeIn(Options())
    machine.receive(CallerSaid("so tell me your hours"), 0.0)
    machine.receive(GuideToken(1, HOURS), 0.1)
    machine.receive(TokensPlayed("We are open from nine to six."), 3.0)
    machine.receive(Interrupted("We are open from nine to six."), 3.0)
    assert machine.state is State.PAUSED
    over_speech = next(iter(machine.receive(CallerSaid(said), 3.5))).outcome  # type: ignore[union-attr]
    in_silence = [a.outcome for a in BargeIn(Options()).receive(CallerSaid(said), 9.0)[:1]]  # type: ignore[union-attr]
    told = "\n".join(words_report(said, "", "en"))
    assert f"over speech  {OUTCOMES[over_speech]}" in told
    assert f"in silence   {OUTCOMES[in_silence[0]]}" in told


def test_every_rule_and_outcome_has_its_sentence() -> None:
    """Those of `utterance`, and the machine's own."""
    assert set(SENTENCES) == RULES | {"silence"}
    assert set(OUTCOMES) == set(Outcome)
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())
    assert len(set(SENTENCES.values())) == len(SENTENCES)


# --- files that cannot be replayed --------------------------------------------------------------

SETUP = {"t": 0, "dir": "in", "frame": {"type": "setup", "callSid": "CA1"}}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no line is"),
        (b"hello\nthere\n", "line 1 is not"),
        (b"\xff\xfe\x00", "it is not text"),
        (
            b'{"t": 0, "dir": "in", "frame": {"type": "prompt"}}\n',
            "it has no setup",
        ),
        (
            json.dumps(SETUP).encode()
            + b'\n{"t": 0, "dir": "note", "frame": {"type": "call", "options": {"volume": 5}}}\n',
            "made by a newer version",
        ),
    ],
)
def test_file_that_is_not_a_call_log_is_refused(
    tmp_path: Path, content: bytes, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one line on standard error, and exit status 2."""
    path = tmp_path / "some.jsonl"
    path.write_bytes(content)
    assert explain.main([str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"explain: {path} is not a call log")
    assert problem in err
    assert err.count("\n") == 1


def test_missing_file_is_reported() -> None:
    """With the reason of the system."""
    assert "nothing.jsonl: No such file" in explained("nothing.jsonl").stderr


def test_call_without_decisions_is_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The caller hung up during the greeting."""
    path = tmp_path / "quiet"
    note = {"t": 0, "dir": "note", "frame": call_note(Options())}
    ended = {"t": 1, "dir": "note", "frame": {"type": "ended"}}
    path.write_text("".join(f"{json.dumps(line)}\n" for line in (SETUP, note, ended)))
    assert explain.main([str(path)]) == 0
    assert capsys.readouterr().out.endswith("Same: this call has no decisions.\n")


def test_options_for_words_are_refused_for_a_call_log(logged_call: Path) -> None:
    """They would have no effect."""
    result = explained(str(logged_call), "--heard", "We are open.")
    assert result.returncode == 2
    assert "are for words" in result.stderr


def test_help_shows_both_uses() -> None:
    """With the options of each."""
    result = explained("--help")
    assert result.returncode == 0
    assert all(part in result.stdout for part in ("CALL.jsonl", "--heard", "--lang", "exit status"))


@pytest.mark.skipif(sys.platform == "win32", reason="its pipes send no signal")
def test_reader_that_has_seen_enough_ends_it_quietly() -> None:
    """`python explain.py CALL.jsonl | head` shows no traceback."""
    log = ROOT / "tests/call_log/logs/pause.jsonl"
    with subprocess.Popen(
        [sys.executable, ROOT / "explain.py", log],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as explaining:
        assert explaining.stdout is not None
        explaining.stdout.close()
        assert explaining.stderr is not None
        assert explaining.stderr.read() == b""
