"""Random calls on the emulated line: it never fails, and every word is accounted for."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from emulator.line import Line, Manner
from emulator.twiml import RelayAttributes
from tests.emulated import IDENTITY, Bench, twiml

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.frames import Frame

SHAPES: dict[str, dict[str, type]] = {
    "setup": {
        "sessionId": str,
        "callSid": str,
        "parentCallSid": str,
        "from": str,
        "to": str,
        "forwardedFrom": str,
        "callerName": str,
        "direction": str,
        "callType": str,
        "callStatus": str,
        "accountSid": str,
        "customParameters": dict,
    },
    "prompt": {"voicePrompt": str, "lang": str, "last": bool},
    "interrupt": {"utteranceUntilInterrupt": str, "durationUntilInterruptMs": int},
    "dtmf": {"digit": str},
    "error": {"description": str},
    "info": {"name": str, "value": str},
}
"""Twilio's documented frames: their keys and the types of their values."""

INPUT_KINDS = st.sampled_from(["none", "dtmf", "speech", "any", "true", "false"])
BOOLEANS = st.sampled_from(["true", "false"])
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "welcomeGreeting": st.sampled_from(["greet0, greet1. greet2", "greet0", "", "..."]),
        "welcomeGreetingInterruptible": INPUT_KINDS,
        "interruptible": INPUT_KINDS,
        "interruptSensitivity": st.sampled_from(["high", "medium", "low"]),
        "reportInputDuringAgentSpeech": INPUT_KINDS,
        "ignoreBackchannel": BOOLEANS,
        "partialPrompts": BOOLEANS,
        "partialPromptOnHangup": BOOLEANS,
        "preemptible": BOOLEANS,
        "dtmfDetection": BOOLEANS,
        "speechTimeout": st.sampled_from(["auto", "600", "1500"]),
        "events": st.sampled_from(["", "speaker-events", "tokens-played"])
        | st.just("speaker-events tokens-played"),
    },
)
MANNERS = st.builds(Manner, interrupt_report=st.sampled_from(["fragment", "whole", "empty"]))
FLAGS = st.fixed_dictionaries(
    {}, optional={"interruptible": st.booleans(), "preemptible": st.booleans()}
)
# Tokens are made of these; each brace becomes a word of its own.
PIECES = st.lists(
    st.sampled_from(["{}", " {}", "{} ", " {},", "{}. ", "{}?!\n", "-", " "]), max_size=6
)
JUNK = st.one_of(
    st.text(max_size=10),
    st.binary(max_size=10),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["type", "token", "last", "x"]), inner, max_size=3)
        ),
        max_leaves=6,
    ).map(json.dumps),
)
EVENTS = st.one_of(
    st.tuples(st.just("text"), PIECES, st.booleans(), FLAGS),
    st.tuples(st.just("play"), FLAGS),
    st.tuples(st.just("digits"), st.text("0123456789w#*", min_size=1, max_size=4)),
    st.tuples(st.just("language"), st.sampled_from(["fr-FR", "multi"])),
    st.tuples(st.just("junk"), JUNK),
    st.tuples(st.just("end")),
    st.tuples(
        st.just("say"), st.sampled_from(["okay", "uh-huh yes", "a b c d", "a [1s] b", "", "[2s]"])
    ),
    st.tuples(st.just("cough")),
    st.tuples(st.just("press"), st.sampled_from("0123456789#*")),
    st.tuples(st.just("hang up")),
    st.tuples(st.just("lose app")),
)
WAITS = st.sampled_from([0.0, 0.01, 0.1, 0.3, 0.5, 1.0, 3.0]) | st.floats(0, 2)
# Endings are rare, so that calls are long enough to be interesting.
CALLS = st.lists(st.tuples(WAITS, EVENTS), max_size=25)


def perform(bench: Bench, event: tuple[object, ...], words: Callable[[], str]) -> None:
    """Do what the event says; each word the app sends is unique."""
    match event:
        case ("text", [*pieces], bool(last), dict(flags)):
            token = "".join(str(piece).format(words()) for piece in pieces)
            bench.text(token, last=last, **flags)
        case ("play", dict(flags)):
            bench.app(type="play", source="https://a.example/b", **flags)
        case ("digits", str(digits)):
            bench.app(type="sendDigits", digits=digits)
        case ("language", str(tag)):
            bench.app(type="language", ttsLanguage=tag, transcriptionLanguage=tag)
        case ("junk", (str() | bytes()) as raw):
            bench.raw(raw)
        case ("end",):
            bench.app(type="end")
        case ("say", str(text)):
            bench.say(text)
        case ("cough",):
            bench.sent += [(bench.now, f) for f in bench.line.coughs(bench.now)]
        case ("press", str(digit)):
            bench.press(digit)
        case ("hang up",):
            bench.hang_up()
        case ("lose app",):
            bench.line.loses_app(bench.now)


def place(
    attributes: dict[str, str], manner: Manner, events: list[tuple[float, tuple[object, ...]]]
) -> Bench:
    """Run a whole call, and a minute more for the rest of the audio."""
    bench = Bench.open(manner, **attributes)
    numbers = count()
    for wait, event in events:
        bench.until(bench.now + wait)
        perform(bench, event, lambda: f"w{next(numbers)}")
    return bench.until(bench.now + 60)


def assert_documented(frame: Frame) -> None:
    """The frame has exactly the keys of a documented type."""
    shape = SHAPES[str(frame["type"])]
    assert frame.keys() == {"type", *shape}
    assert all(isinstance(frame[key], kind) for key, kind in shape.items())
    json.dumps(frame)


@given(ATTRIBUTES, MANNERS, CALLS)
def test_line_sends_documented_frames_in_order_of_time(
    attributes: dict[str, str], manner: Manner, events: list[tuple[float, tuple[object, ...]]]
) -> None:
    """Nothing raises, time goes forward, and each frame is a documented one."""
    bench = place(attributes, manner, events)
    for _, frame in bench.sent:
        assert_documented(frame)
    times = [time for time, _ in bench.sent]
    assert times == sorted(times)
    assert all(a.at <= b.at for a, b in zip(bench.line.heard, bench.line.heard[1:], strict=False))


@given(ATTRIBUTES, MANNERS, CALLS)
def test_heard_words_are_words_sent_in_the_order_of_their_cycles(
    attributes: dict[str, str], manner: Manner, events: list[tuple[float, tuple[object, ...]]]
) -> None:
    """No word is heard twice, out of order, or without having been sent."""
    bench = place(attributes, manner, events)
    cycles = [heard.cycle for heard in bench.line.heard]
    assert cycles == sorted(cycles)
    for cycle, text in bench.line.cycles.items():
        unread = iter(text.split())
        for heard in bench.line.heard:
            if heard.cycle == cycle:
                assert heard.word in unread  # skips everything before it


@given(ATTRIBUTES, MANNERS, CALLS)
def test_every_word_sent_is_heard_cut_or_still_open(
    attributes: dict[str, str], manner: Manner, events: list[tuple[float, tuple[object, ...]]]
) -> None:
    """Heard, cut and waiting words add up to what was sent."""
    bench = place(attributes, manner, events)
    lost = {n: "".join(c.lost for c in bench.line.cuts if c.cycle == n) for n in bench.line.cycles}
    last = max(bench.line.cycles)
    for cycle, text in bench.line.cycles.items():
        heard = [word.word for word in bench.line.heard if word.cycle == cycle]
        accounted = "".join(heard + lost[cycle].split())
        everything = "".join(text.split())
        if cycle == last and not bench.line.closing:
            # Only the last cycle can be open, with a tail that waits for the end of its clause.
            assert everything.startswith("".join(heard))
        else:
            assert sorted(accounted) == sorted(everything)


@given(ATTRIBUTES, MANNERS, CALLS)
def test_speaker_events_alternate_and_playback_reports_what_was_heard(
    attributes: dict[str, str], manner: Manner, events: list[tuple[float, tuple[object, ...]]]
) -> None:
    """On and off alternate; the tokens played are the words heard."""
    attributes |= {"events": "speaker-events tokens-played"}
    bench = place(attributes, manner, [e for e in events if e[1][0] not in ("play", "digits")])
    for name in ("agentSpeaking", "clientSpeaking"):
        values = [value for _, value in bench.infos(name)]
        assert values == ["on", "off"] * (len(values) // 2) + ["on"] * (len(values) % 2)
    if bench.line.closing is None:
        played = "".join(str(value) for _, value in bench.infos("tokensPlayed"))
        assert "".join(played.split()) == bench.heard().replace(" ", "")


@given(st.text(max_size=200))
def test_twiml_attribute_round_trips(greeting: str) -> None:
    """Any attribute value is read back, with XML's line ending rules."""
    printable = "".join(c for c in greeting if c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF)
    relay = RelayAttributes.from_twiml(twiml(welcomeGreeting=printable))
    assert relay.welcome_greeting == printable
    assert Line(IDENTITY, relay).start(0.0)
