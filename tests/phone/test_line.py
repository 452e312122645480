"""Compares the browser's line with the emulated one, on the same random calls.

The other tests hold the app to the emulated line. The page's line, written in JavaScript, must send
the same frames at the same times, whatever the app and the caller do.
"""

import json
import random
from typing import Any, Final

import pytest
from anyio.from_thread import BlockingPortal

from emulator.line import Line
from emulator.twiml import RelayAttributes
from tests.browser import PhonePage, browser, phone, portal, tab
from tests.emulated import IDENTITY, twiml
from tests.serving import serve_frontdesk

__all__ = ["browser", "phone", "portal", "tab"]  # fixtures, by the names that tests ask for

CALLS: Final = 400

INPUTS: Final = ["none", "speech", "dtmf", "any"]
ATTRIBUTES: Final[dict[str, list[str]]] = {
    "welcomeGreeting": ["Hello there, friend."],
    "welcomeGreetingInterruptible": INPUTS,
    "interruptible": [*INPUTS, "true", "false", "perhaps"],
    "reportInputDuringAgentSpeech": INPUTS,
    "dtmfDetection": ["true", "true", "false"],
    "events": ["speaker-events", "tokens-played", "speaker-events tokens-played"],
    "partialPrompts": ["true"],
    "speechModel": ["flux"],
    "interruptSensitivity": ["low", "medium", "high"],
    "ignoreBackchannel": ["true"],
    "preemptible": ["true"],
    "speechTimeout": ["auto", "900", "soon"],
    "partialPromptOnHangup": ["true"],
    "language": ["de-DE"],
    "noAttribute": ["1"],
}
SAID: Final = ["uh-huh", "what about Sunday?", "okay yeah", "stop", "my wife loves that place"]
REPLY: Final = [
    *("We", "are", "open,", "from", "nine", "until", "six.", "Then:", "what?"),
    *("One,", "two", "three;", "yes!", "no."),
]
NO_FRAMES: Final = [
    '{"type":"text","token":null}',
    '{"type":"text","token":"a","colour":1}',
    '{"type":"constructor"}',
    '{"type":"sendDigits","digits":""}',
    '{"type":"language"}',
    "[]",
    "nonsense",
]

Deed = tuple[str, list[str], float]
"""A method of the line, its arguments, and when to call it."""


def random_text(rng: random.Random) -> str:
    """A text frame with random words and flags."""
    frame: dict[str, Any] = {"type": "text", "last": rng.random() < 0.4}
    frame["token"] = " ".join(rng.choices(REPLY, k=rng.randint(0, 9))) + rng.choice(["", " ", "."])
    for name, most in (("preemptible", 0.5), ("interruptible", 0.2)):
        if rng.random() < most:
            frame[name] = rng.random() < 0.6
    return json.dumps(frame)


def random_deed(rng: random.Random, at: float) -> Deed:
    """Something that the app or the caller does; rarely ending the call."""
    kind = rng.choices(["text", "say", "cough", "press", "other", "end"], [12, 6, 1, 2, 3, 0.4])[0]
    match kind:
        case "text":
            return ("receive", [random_text(rng)], at)
        case "say":
            return ("speaks", [rng.choice(SAID)], at)
        case "cough":
            return ("coughs", [], at)
        case "press":
            return ("presses", [rng.choice("0123456789*#")], at)
        case "end":
            end = '{"type":"end","handoffData":"over to you"}'
            return rng.choice([("hangsUp", [], at), ("receive", [end], at)])
    other = [
        '{"type":"play","source":"https://example.com/a.mp3"}',
        '{"type":"sendDigits","digits":"12w#"}',
        '{"type":"language","transcriptionLanguage":"fr-FR"}',
        *NO_FRAMES,
    ]
    return ("receive", [rng.choice(other)], at)


def random_call(rng: random.Random) -> tuple[str, list[Deed]]:
    """Random TwiML, and what happens on the call."""
    given = {name: rng.choice(of) for name, of in ATTRIBUTES.items() if rng.random() < 0.6}
    deeds, at = [], 0.0
    for _ in range(rng.randint(3, 25)):
        at = round(at + rng.choice([0, 0.05, 0.3, 1.2, 4.0]) * rng.random(), 3)
        deeds.append(random_deed(rng, at))
    return twiml(**given), deeds


METHODS: Final = {"hangsUp": "hangs_up"}


def emulated(text: str, deeds: list[Deed]) -> list[Any]:
    """Everything the emulated line sends, with times, and how the call ends."""
    line = Line(IDENTITY, RelayAttributes.from_twiml(text))
    sent = [[0.0, line.start(0.0)]]

    def advance(until: float) -> None:
        while line.deadline is not None and line.deadline <= until:
            at = line.deadline
            sent.append([at, line.advance(at)])

    for name, given, at in deeds:
        advance(at)
        sent.append([at, getattr(line, METHODS.get(name, name))(*given, at)])
    advance(deeds[-1][2] + 60)
    end = line.closing
    return [
        *sent,
        [end.at, end.code, end.reason, end.session_status, end.call_status, end.handoff_data]
        if end
        else None,
    ]


IN_THE_BROWSER: Final = """
Promise.all([import("/phone/line/line.js"), import("/phone/line/twiml.js")]).then(
    ([{ Line }, { readTwiml }]) => CALLS.map(([twiml, deeds]) => {
        const line = new Line(IDENTITY, readTwiml(twiml));
        const sent = [[0, line.start(0)]];
        const advance = (until) => {
            while (line.deadline !== null && line.deadline <= until) {
                const at = line.deadline;
                sent.push([at, line.advance(at)]);
            }
        };
        for (const [name, given, at] of deeds) {
            advance(at);
            sent.push([at, line[name](...given, at)]);
        }
        advance(deeds.at(-1)[2] + 60);
        const end = line.closing;
        return [...sent, end && [end.at, end.code, end.reason, end.sessionStatus, end.callStatus,
                                 end.handoffData ?? null]];
    }))
"""


def comparable(value: Any) -> Any:
    """The value, allowing for float rounding and the page's `callType`."""
    match value:
        case float():
            return pytest.approx(value, abs=1e-6)
        case list():
            return [comparable(each) for each in value]
        case {"type": "setup"}:
            return {**value, "callType": "CLIENT"}
        case {"durationUntilInterruptMs": ms}:
            return {**value, "durationUntilInterruptMs": pytest.approx(ms, abs=1)}
    return value


def test_browsers_line_equals_the_emulated_one(phone: PhonePage, portal: BlockingPortal) -> None:
    """Both send the same frames in random calls."""
    rng = random.Random(2026)
    calls = [random_call(rng) for _ in range(CALLS)]
    identity = {
        "callSid": IDENTITY.call_sid,
        "sessionId": IDENTITY.session_id,
        "accountSid": IDENTITY.account_sid,
        "caller": IDENTITY.caller,
        "called": IDENTITY.called,
    }
    with portal.wrap_async_context_manager(serve_frontdesk()) as address:
        phone.open(address)
        script = IN_THE_BROWSER.replace("CALLS", json.dumps(calls))
        found = phone.evaluate(script.replace("IDENTITY", json.dumps(identity)))
    kinds: set[str] = set()
    for (text, deeds), in_browser in zip(calls, found, strict=True):
        expected = emulated(text, deeds)
        assert in_browser == comparable(expected), f"{text} {deeds}"
        kinds |= {frame["type"] for _, frames in expected[:-1] for frame in frames}
    assert kinds == {"setup", "info", "prompt", "interrupt", "dtmf", "error"}
