"""ConversationRelay on the wire: what is parsed, rejected and sent."""

import json
import re
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from relay_protocol import (
    MAX_PARAMETERS,
    AgentSpeaking,
    ClientSpeaking,
    Dtmf,
    End,
    FrameError,
    Incoming,
    Interrupt,
    Language,
    Outgoing,
    Play,
    Prompt,
    RelayError,
    SendDigits,
    Setup,
    Text,
    TokensPlayed,
    Unknown,
    connect_twiml,
    empty_twiml,
    parse_frame,
    sign,
    signature_is_valid,
)

SETUP: Final = {
    "type": "setup",
    "sessionId": "VX0123456789abcdef0123456789abcdef",
    "callSid": "CA0123456789abcdef0123456789abcdef",
    "parentCallSid": "",
    "accountSid": "AC0123456789abcdef0123456789abcdef",
    "from": "+15550100001",
    "to": "+15550100002",
    "forwardedFrom": "",
    "callType": "PSTN",
    "callerName": "",
    "direction": "inbound",
    "callStatus": "RINGING",
    "customParameters": {"token": "t", "visit": "2"},
}

READ: Final[dict[str, tuple[dict[str, Any], Incoming]]] = {
    "a setup as seen on live calls": (
        SETUP,
        Setup(
            call_sid="CA0123456789abcdef0123456789abcdef",
            session_id="VX0123456789abcdef0123456789abcdef",
            account_sid="AC0123456789abcdef0123456789abcdef",
            caller="+15550100001",
            called="+15550100002",
            direction="inbound",
            parameters={"token": "t", "visit": "2"},
        ),
    ),
    "a setup with nothing but the call": ({"type": "setup", "callSid": "CA1"}, Setup("CA1")),
    "a setup with nulls": (
        {
            "type": "setup",
            "callSid": "v3:call-control-id",
            "sessionId": None,
            "accountSid": None,
            "from": None,
            "to": None,
            "direction": None,
            "customParameters": None,
        },
        Setup("v3:call-control-id"),
    ),
    "a setup with parameters that are no strings": (
        {
            "type": "setup",
            "callSid": "CA1",
            "customParameters": {"a": 1, "b": {"c": "d"}, "e": None, "f": [], "g": True, "h": ""},
        },
        Setup("CA1", parameters={"h": ""}),
    ),
    "a setup with as many parameters as can be": (
        {
            "type": "setup",
            "callSid": "CA1",
            "customParameters": {f"p{n}": "v" for n in range(MAX_PARAMETERS)},
        },
        Setup("CA1", parameters={f"p{n}": "v" for n in range(MAX_PARAMETERS)}),
    ),
    "a final prompt": (
        {"type": "prompt", "voicePrompt": "Are you open?", "lang": "en-US", "last": True},
        Prompt("Are you open?", final=True, lang="en-US"),
    ),
    "a partial prompt": (
        {"type": "prompt", "voicePrompt": "Are you", "lang": "en", "last": False},
        Prompt("Are you", final=False, lang="en"),
    ),
    "a prompt without last": ({"type": "prompt", "voicePrompt": "yes"}, Prompt("yes", final=True)),
    "a prompt with a null last": (
        {"type": "prompt", "voicePrompt": "yes", "last": None},
        Prompt("yes", final=True),
    ),
    "a prompt that is null": ({"type": "prompt", "voicePrompt": None}, Prompt("")),
    "a prompt that is blank": ({"type": "prompt", "voicePrompt": " \t\n"}, Prompt("")),
    "a prompt with blanks around it": ({"type": "prompt", "voicePrompt": " yes "}, Prompt("yes")),
    "a prompt in another script": (
        {"type": "prompt", "voicePrompt": "こんにちは 👋🏽", "lang": None},
        Prompt("こんにちは 👋🏽"),
    ),
    "an interrupt": (
        {
            "type": "interrupt",
            "utteranceUntilInterrupt": "Sentence 2 of",
            "durationUntilInterruptMs": 684,
        },
        Interrupt("Sentence 2 of", 684),
    ),
    "an interrupt of nothing": (
        {"type": "interrupt", "utteranceUntilInterrupt": "", "durationUntilInterruptMs": 15},
        Interrupt("", 15),
    ),
    "an interrupt with blanks around it": (
        {"type": "interrupt", "utteranceUntilInterrupt": " Sentence\n"},
        Interrupt("Sentence"),
    ),
    "an interrupt without fields": ({"type": "interrupt"}, Interrupt("", None)),
    "an error": (
        {"type": "error", "description": "Invalid message received, code: 64107, {}"},
        RelayError("Invalid message received, code: 64107, {}"),
    ),
    "an error without a description": ({"type": "error"}, RelayError("")),
    "tokens played, with their own space": (
        {"type": "info", "name": "tokensPlayed", "value": " and at nine,"},
        TokensPlayed(" and at nine,"),
    ),
    "tokens played without a value": ({"type": "info", "name": "tokensPlayed"}, TokensPlayed("")),
    "an info event of another name": (
        {"type": "info", "name": "roundTripDelayMs", "value": "120"},
        Unknown("info roundTripDelayMs"),
    ),
    "an info event whose value is an object": (
        {"type": "info", "name": "configUpdated", "value": {"a": 1}},
        Unknown("info configUpdated"),
    ),
    "an info event without a name": ({"type": "info"}, Unknown("info ")),
    "an info event with a long name": (
        {"type": "info", "name": "n" * 500},
        Unknown("info " + "n" * 40),
    ),
    "a type of another version": ({"type": "configUpdated"}, Unknown("configUpdated")),
    "a type in capitals": ({"type": "PROMPT", "voicePrompt": "x"}, Unknown("PROMPT")),
    "a long type": ({"type": "t" * 500}, Unknown("t" * 40)),
    **{f"key {digit}": ({"type": "dtmf", "digit": digit}, Dtmf(digit)) for digit in "0123456789*#"},
    **{
        f"{name} {value}": ({"type": "info", "name": name, "value": value}, kind(on))
        for name, kind in (("agentSpeaking", AgentSpeaking), ("clientSpeaking", ClientSpeaking))
        for value, on in (("on", True), ("start", True), ("off", False), ("stop", False))
    },
}

DURATIONS: Final[list[tuple[object, int | None]]] = [
    (684, 684),
    (0, 0),
    (1021.9, 1021),
    ("1021", 1021),
    ("1021.5", 1021),
    (" 15 ", 15),
    (None, None),
    ("", None),
    ("soon", None),
    ("nan", None),
    ("inf", None),
    ("1e999", None),
    (1e18, 10**18),
    (10**400, None),
    (-1, None),
    ("-3.5", None),
    (True, None),
    ([684], None),
    ({"ms": 684}, None),
]

MALFORMED: Final = {
    "nothing": "",
    "a blank": " ",
    "prose": "hello",
    "an open brace": "{",
    "two frames": '{"type":"prompt","voicePrompt":"a"}{"type":"prompt","voicePrompt":"b"}',
    "a byte order mark": '\ufeff{"type":"interrupt"}',
    "a comment": '{"type":"interrupt"} // now',
    "single quotes": "{'type':'interrupt'}",
    "a comma too many": '{"type":"interrupt",}',
    "a raw line break in a string": '{"type":"prompt","voicePrompt":"a\nb"}',
    "an array": '[{"type":"interrupt"}]',
    "a string": '"interrupt"',
    "a number": "5",
    "null": "null",
    "true": "true",
    "no type": "{}",
    "a null type": '{"type":null}',
    "an empty type": '{"type":""}',
    "a type that is a number": '{"type":1}',
    "a type that is a list": '{"type":["prompt"]}',
    "a type with a control character": '{"type":"a\\u001b[2J"}',
    "a type with half a character": '{"type":"\\ud83d"}',
    "NaN": '{"type":"interrupt","durationUntilInterruptMs":NaN}',
    "Infinity": '{"type":"interrupt","durationUntilInterruptMs":Infinity}',
    "-Infinity": '{"type":"x","deep":[{"a":-Infinity}]}',
    "a key twice": '{"type":"prompt","voicePrompt":"yes","voicePrompt":"no"}',
    "the type twice": '{"type":"prompt","type":"prompt","voicePrompt":"yes"}',
    "a key twice, once escaped": '{"type":"prompt","voicePrompt":"a","voiceProm\\u0070t":"b"}',
    "a key twice, deep in it": '{"type":"setup","callSid":"C","customParameters":{"a":1,"a":1}}',
    "nesting without end": '{"type":"x","a":' + "[" * 30_000 + "]" * 30_000 + "}",
    "objects without end": '{"type":"x","a":' + '{"a":' * 10_000 + "1" + "}" * 10_001,
    "brackets that never close": "[" * 60_000,
    "a number without end": '{"type":"interrupt","durationUntilInterruptMs":' + "9" * 60_000 + "}",
}

MISTYPED: Final[dict[str, dict[str, Any]]] = {
    "a setup without a call": {"type": "setup"},
    "a setup with an empty call": {"type": "setup", "callSid": ""},
    "a setup with a null call": {"type": "setup", "callSid": None},
    "a setup whose call is a number": {"type": "setup", "callSid": 1},
    "a setup whose session is a list": {**SETUP, "sessionId": []},
    "a setup whose account is an object": {**SETUP, "accountSid": {}},
    "a setup from a number": {**SETUP, "from": 15550100001},
    "a setup to a boolean": {**SETUP, "to": True},
    "a setup whose direction is a number": {**SETUP, "direction": 1},
    "a setup with a list of parameters": {**SETUP, "customParameters": ["token"]},
    "a setup with parameters as text": {**SETUP, "customParameters": "token=t"},
    "a setup with parameters that are false": {**SETUP, "customParameters": False},
    "a setup with too many parameters": {
        **SETUP,
        "customParameters": {f"p{n}": "" for n in range(MAX_PARAMETERS + 1)},
    },
    "a setup with half a character in a parameter": {
        **SETUP,
        "customParameters": {"token": "\ud800"},
    },
    "a setup with a control character in a parameter": {
        **SETUP,
        "customParameters": {"token": "a\x00b"},
    },
    "a setup with a control character in the call": {**SETUP, "callSid": "CA1\x1b[2J"},
    "a prompt without words": {"type": "prompt"},
    "a prompt by another name": {"type": "prompt", "text": "yes", "last": True},
    "a prompt that is a number": {"type": "prompt", "voicePrompt": 9},
    "a prompt that is a list": {"type": "prompt", "voicePrompt": ["yes"]},
    "a prompt that is false": {"type": "prompt", "voicePrompt": False},
    "a prompt whose last is a word": {"type": "prompt", "voicePrompt": "yes", "last": "true"},
    "a prompt whose last is a number": {"type": "prompt", "voicePrompt": "yes", "last": 1},
    "a prompt whose language is a list": {"type": "prompt", "voicePrompt": "yes", "lang": ["en"]},
    "a prompt with a null character": {"type": "prompt", "voicePrompt": "yes\x00"},
    "a prompt with an escape": {"type": "prompt", "voicePrompt": "\x1b[31myes"},
    "a prompt with delete": {"type": "prompt", "voicePrompt": "yes\x7f"},
    "a prompt with half a character": {"type": "prompt", "voicePrompt": "yes \ud83d"},
    "a prompt with the other half": {"type": "prompt", "voicePrompt": "\udc4b yes"},
    "an interrupt of a number": {"type": "interrupt", "utteranceUntilInterrupt": 9},
    "an interrupt of half a character": {"type": "interrupt", "utteranceUntilInterrupt": "\udfff"},
    "a key without a digit": {"type": "dtmf"},
    "a key of null": {"type": "dtmf", "digit": None},
    "a key of nothing": {"type": "dtmf", "digit": ""},
    "a key of two digits": {"type": "dtmf", "digit": "12"},
    "a key of a letter": {"type": "dtmf", "digit": "A"},
    "a key of a wait": {"type": "dtmf", "digit": "w"},
    "a key of another script": {"type": "dtmf", "digit": "٣"},
    "a key that is a number": {"type": "dtmf", "digit": 5},
    "a key that is a list": {"type": "dtmf", "digit": ["5"]},
    "an info event whose name is a number": {"type": "info", "name": 1},
    "an agent that is neither": {"type": "info", "name": "agentSpeaking", "value": "maybe"},
    "an agent in capitals": {"type": "info", "name": "agentSpeaking", "value": "ON"},
    "an agent without a value": {"type": "info", "name": "agentSpeaking"},
    "a client with a boolean": {"type": "info", "name": "clientSpeaking", "value": True},
    "a client of null": {"type": "info", "name": "clientSpeaking", "value": None},
    "tokens played that are a number": {"type": "info", "name": "tokensPlayed", "value": 3},
    "tokens played that are a list": {"type": "info", "name": "tokensPlayed", "value": ["a"]},
    "an error that is an object": {"type": "error", "description": {"code": 64107}},
}


# --- frames from Twilio -------------------------------------------------------------------------


@pytest.mark.parametrize(("frame", "message"), READ.values(), ids=READ)
def test_reader_returns_message_for_valid_frame(frame: dict[str, Any], message: Incoming) -> None:
    """Every kind of frame is parsed, also without the fields that may be missing."""
    assert parse_frame(json.dumps(frame)) == message


@pytest.mark.parametrize(("frame", "message"), READ.values(), ids=READ)
def test_reader_ignores_keys_it_does_not_know(frame: dict[str, Any], message: Incoming) -> None:
    """Twilio adds keys without notice, and they change nothing."""
    extra = {"ts": 1_764_000_000_000, "turnState": {"a": [1, None, {"b": 1.5}]}, "final": False}
    assert parse_frame(json.dumps({**extra, **frame}, indent=2, ensure_ascii=False)) == message


@pytest.mark.parametrize(
    ("duration", "milliseconds"), DURATIONS, ids=[str(d) for d, _ in DURATIONS]
)
def test_reader_accepts_any_duration(duration: object, milliseconds: int | None) -> None:
    """An invalid duration is unknown; the interrupt still counts."""
    frame = {
        "type": "interrupt",
        "utteranceUntilInterrupt": "nine",
        "durationUntilInterruptMs": duration,
    }
    assert parse_frame(json.dumps(frame)) == Interrupt("nine", milliseconds)


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_reader_refuses_what_is_no_frame(raw: str) -> None:
    """Malformed or ambiguous JSON is rejected."""
    with pytest.raises(FrameError):
        parse_frame(raw)


@pytest.mark.parametrize("frame", MISTYPED.values(), ids=MISTYPED)
def test_reader_refuses_frame_that_is_not_what_it_claims(frame: dict[str, Any]) -> None:
    """A field has the wrong type, or a required one is missing."""
    with pytest.raises(FrameError):
        parse_frame(json.dumps(frame))


def test_reader_quotes_no_words_when_it_refuses() -> None:
    """The error of a rejected frame contains nothing of what was said."""
    secrets = [
        {"type": "prompt", "voicePrompt": "my pin is 1234\x00"},
        {"type": "prompt", "voicePrompt": "x", "last": "my pin"},
        {"type": "dtmf", "digit": "my pin"},
        {"type": "info", "name": "agentSpeaking", "value": "my pin"},
        {"type": "setup", "callSid": "CA1", "customParameters": {"my pin": "\x00"}},
    ]
    for frame in secrets:
        with pytest.raises(FrameError) as refused:
            parse_frame(json.dumps(frame))
        assert "pin" not in str(refused.value)


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KEYS: Final = sorted({key for frame, _ in READ.values() for key in frame} - {"type"})
TYPES: Final = sorted({str(frame["type"]) for frame, _ in READ.values()})
VALUES: Final = JSON | st.sampled_from(
    [v for frame, _ in READ.values() for v in frame.values() if not isinstance(v, dict)]
)


def _read_or_refuse(raw: str) -> None:
    try:
        message = parse_frame(raw)
    except FrameError:
        return
    assert isinstance(message, Incoming)


@given(st.text())
def test_reader_returns_or_refuses_any_text(raw: str) -> None:
    """Any text gives a message or a `FrameError`."""
    _read_or_refuse(raw)


@given(JSON)
def test_reader_returns_or_refuses_any_json(value: object) -> None:
    """Any JSON gives a message or a `FrameError`."""
    _read_or_refuse(json.dumps(value))


@given(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_reader_returns_or_refuses_any_fields(kind: str, fields: dict[str, object]) -> None:
    """The right keys with any values give a message or a `FrameError`."""
    _read_or_refuse(json.dumps({"type": kind, **fields}))


@given(st.text(), st.booleans())
@example("\u2028 \ufeff \U0010ffff", True)
def test_reader_keeps_words_as_they_were_said(words: str, last: bool) -> None:
    """A prompt is unchanged but for surrounding blanks, unless it has control characters."""
    frame = {"type": "prompt", "voicePrompt": words, "last": last}
    unspeakable = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", words)
    if unspeakable:
        with pytest.raises(FrameError):
            parse_frame(json.dumps(frame))
    else:
        assert parse_frame(json.dumps(frame)) == Prompt(words.strip(), last)


# --- frames to Twilio ---------------------------------------------------------------------------

SCHEMA: Final[dict[str, tuple[dict[str, type], dict[str, type]]]] = {
    "text": (
        {"token": str, "last": bool},
        {"lang": str, "interruptible": bool, "preemptible": bool},
    ),
    "play": ({"source": str}, {"loop": int, "preemptible": bool, "interruptible": bool}),
    "sendDigits": ({"digits": str}, {}),
    "language": ({}, {"ttsLanguage": str, "transcriptionLanguage": str}),
    "end": ({}, {"handoffData": str}),
}
"""The required and optional keys that Twilio accepts, with their types; for anything else it
rejects the whole frame."""


def accept(raw: str) -> dict[str, Any]:
    """The frame, if Twilio would accept it."""
    frame: dict[str, Any] = json.loads(raw)
    required, optional = SCHEMA[frame["type"]]
    allowed = {"type": str, **required, **optional}
    assert frame.keys() <= allowed.keys()
    assert frame.keys() >= required.keys()
    for key, value in frame.items():
        assert type(value) is allowed[key], key
    if frame["type"] == "language":
        assert len(frame) > 1
        assert all(frame.values())
    if frame["type"] == "play":
        assert re.fullmatch(r"https?://[^/\s]+\S*", frame["source"])
        assert 0 <= frame["loop"] <= 1000
    if frame["type"] == "sendDigits":
        assert re.fullmatch(r"[0-9w#*]+", frame["digits"])
    return frame


WRITTEN: Final[dict[str, tuple[Outgoing, dict[str, Any]]]] = {
    "text": (
        Text(" at nine."),
        {"type": "text", "token": " at nine.", "last": False, "preemptible": True},
    ),
    "text that closes the talk cycle": (
        Text("", last=True),
        {"type": "text", "token": "", "last": True, "preemptible": True},
    ),
    "text that nothing may cut": (
        Text("Listen.", preemptible=False),
        {"type": "text", "token": "Listen.", "last": False, "preemptible": False},
    ),
    "play": (
        Play("https://relay.example.com/hold.mp3"),
        {
            "type": "play",
            "source": "https://relay.example.com/hold.mp3",
            "loop": 1,
            "preemptible": False,
        },
    ),
    "play for ever": (
        Play("http://relay.example.com/a?b=c", loop=0, preemptible=True),
        {
            "type": "play",
            "source": "http://relay.example.com/a?b=c",
            "loop": 0,
            "preemptible": True,
        },
    ),
    "digits": (SendDigits("ww1*2#"), {"type": "sendDigits", "digits": "ww1*2#"}),
    "a language to speak": (Language(tts="es-US"), {"type": "language", "ttsLanguage": "es-US"}),
    "a language to hear": (
        Language(transcription="multi"),
        {"type": "language", "transcriptionLanguage": "multi"},
    ),
    "a language for both": (
        Language("es-US", "es-ES"),
        {"type": "language", "ttsLanguage": "es-US", "transcriptionLanguage": "es-ES"},
    ),
    "the end": (End(), {"type": "end"}),
    "the end, with a handoff": (
        End('{"reason":"human"}'),
        {"type": "end", "handoffData": '{"reason":"human"}'},
    ),
}


@pytest.mark.parametrize(("message", "frame"), WRITTEN.values(), ids=WRITTEN)
def test_writer_encodes_message_as_twilio_accepts_it(
    message: Outgoing, frame: dict[str, Any]
) -> None:
    """Every message becomes its frame, with the schema's keys and no others."""
    assert accept(message.encode()) == frame


ANYTHING: Final[Any] = JSON | st.integers(-1, 1001) | st.text("0123456789w*#") | st.binary()
BUILDERS: Final[Any] = st.sampled_from([Text, Play, SendDigits, Language, End])
URLS: Final = st.from_regex(r"https?://[a-z.]*(/\S*)?", fullmatch=True)


@given(BUILDERS, st.lists(ANYTHING | URLS, max_size=3))
@example(Text, [None])
@example(Text, ["x", 1])
@example(Text, ["x", False, None])
@example(Text, [b"x"])
@example(Play, ["https://a.example/b", True])
@example(Play, ["https://a.example/b", 1.0])
@example(Play, ["https://a.example/b", 1, 0])
@example(SendDigits, [["1"]])
@example(Language, [{"a": "b"}])
@example(Language, ["en-US", None])
@example(End, [{"reason": "human"}])
def test_message_cannot_be_built_unless_twilio_accepts_it(
    build: type[Any], values: list[Any]
) -> None:
    """An invalid message fails when it is built, not at Twilio."""
    try:
        message = build(*values)
    except (TypeError, ValueError):
        return
    accept(message.encode())


@pytest.mark.parametrize("token", [None, b"nine", 9, ["nine"], True])
def test_text_refuses_token_that_is_no_string(token: Any) -> None:
    """Twilio would reject the frame, and the words would be lost."""
    with pytest.raises(TypeError, match="expected token"):
        Text(token)


@pytest.mark.parametrize("last", [None, 1, 0, "true"])
def test_text_refuses_flag_that_is_no_boolean(last: Any) -> None:
    """1 is not true on the wire."""
    with pytest.raises(TypeError, match="expected last"):
        Text("nine", last=last)


@pytest.mark.parametrize(
    "source",
    ["", "hold.mp3", "ftp://a.example/b", "https://", "https:a", "https:///b", "https://a/b c"],
)
def test_play_refuses_source_that_is_no_url(source: str) -> None:
    """Twilio only fetches URLs with a scheme and a host."""
    with pytest.raises(ValueError, match=r"expected an http\(s\) URL"):
        Play(source)


@pytest.mark.parametrize("loop", [-1, 1001])
def test_play_refuses_impossible_loop(loop: int) -> None:
    """Twilio plays a file at most 1,000 times."""
    with pytest.raises(ValueError, match="0 to 1000 loops"):
        Play("https://a.example/b", loop)


@pytest.mark.parametrize("digits", ["", "12a", "1 2", "W", "1\n", "+1", "٣"])
def test_digits_refuse_what_is_no_key(digits: str) -> None:
    """Only telephone keys and waits are valid."""
    with pytest.raises(ValueError, match=r"0-9 w # \*"):
        SendDigits(digits)


def test_language_refuses_to_change_nothing() -> None:
    """A language frame without a language is not valid."""
    with pytest.raises(ValueError, match="expected a language"):
        Language()


@given(st.text(), st.booleans(), st.booleans())
def test_text_comes_back_from_the_wire_unchanged(token: str, last: bool, preemptible: bool) -> None:
    """Spaces, quotes and every script survive."""
    raw = Text(token, last, preemptible).encode()
    frame = accept(raw)
    assert raw.isascii()
    assert Text(frame["token"], frame["last"], frame["preemptible"]) == Text(
        token, last, preemptible
    )


@given(st.text(min_size=1))
def test_handoff_comes_back_from_the_wire_unchanged(handoff: str) -> None:
    """The handoff is a string with any content."""
    assert accept(End(handoff).encode())["handoffData"] == handoff


@given(st.text("0123456789w*#", min_size=1))
def test_digits_come_back_from_the_wire_unchanged(digits: str) -> None:
    """Every key arrives, in order."""
    assert accept(SendDigits(digits).encode())["digits"] == digits


@given(st.integers(0, 1000), st.booleans())
def test_play_comes_back_from_the_wire_unchanged(loop: int, preemptible: bool) -> None:
    """The file, how often, and whether it may be cut."""
    frame = accept(Play("https://a.example/b", loop, preemptible).encode())
    assert Play(frame["source"], frame["loop"], frame["preemptible"]) == Play(
        "https://a.example/b", loop, preemptible
    )


# --- TwiML --------------------------------------------------------------------------------------

WS: Final = "wss://relay.example.com/ws"
ACTION: Final = "https://relay.example.com/action"

# The characters of XML 1.0, less the controls that the settings refuse.
SPEAKABLE: Final = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r<>&\"']")
)


def relay_of(twiml: str) -> ET.Element:
    """The `ConversationRelay` in the TwiML, which holds nothing else."""
    response = ET.fromstring(twiml.encode())
    assert response.tag == "Response"
    (connect,) = response
    assert connect.tag == "Connect"
    assert connect.attrib == {"action": ACTION, "method": "POST"}
    (relay,) = connect
    assert relay.tag == "ConversationRelay"
    return relay


def test_twiml_connects_call_to_socket() -> None:
    """The verb, its URL, its attributes, and the parameters that come back."""
    relay = relay_of(
        connect_twiml(
            WS,
            ACTION,
            {
                "welcomeGreeting": "Hello!",
                "interruptible": "speech",
                "partialPrompts": True,
                "ignoreBackchannel": False,
                "eotThreshold": 0.7,
                "speechTimeout": 900,
            },
            {"token": "1.2.3", "visit": "2"},
        )
    )
    assert relay.attrib == {
        "url": WS,
        "welcomeGreeting": "Hello!",
        "interruptible": "speech",
        "partialPrompts": "true",
        "ignoreBackchannel": "false",
        "eotThreshold": "0.7",
        "speechTimeout": "900",
    }
    assert [(child.tag, child.attrib) for child in relay] == [
        ("Parameter", {"name": "token", "value": "1.2.3"}),
        ("Parameter", {"name": "visit", "value": "2"}),
    ]


def test_twiml_without_attributes_holds_the_socket_alone() -> None:
    """Nothing is set that was not asked for."""
    relay = relay_of(connect_twiml(WS, ACTION, {}, {}))
    assert relay.attrib == {"url": WS}
    assert list(relay) == []


@given(SPEAKABLE, SPEAKABLE, SPEAKABLE)
@example('</ConversationRelay><Dial>+1</Dial>"', "&amp;", "]]>")
@example("\r\n\t ", "a\rb", " ")
def test_twiml_keeps_any_text(greeting: str, hints: str, parameter: str) -> None:
    """Any text that the settings allow survives an XML parser."""
    relay = relay_of(
        connect_twiml(
            WS, ACTION, {"welcomeGreeting": greeting, "hints": hints}, {"visit": parameter}
        )
    )
    assert relay.attrib == {"url": WS, "welcomeGreeting": greeting, "hints": hints}
    assert [child.attrib for child in relay] == [{"name": "visit", "value": parameter}]


def test_twiml_that_ends_the_call_is_empty() -> None:
    """A response without verbs."""
    response = ET.fromstring(empty_twiml().encode())
    assert response.tag == "Response"
    assert list(response) == []
    assert response.attrib == {}


# --- signatures ---------------------------------------------------------------------------------

TOKEN: Final = "12345"

VECTORS: Final[list[tuple[str, dict[str, str], str]]] = [
    (WS, {}, "ttD+yNqRrhonsZrRUfw+tkdYD+s="),
    ("https://relay.example.com/ws", {}, "dKES5yptWHiRjQf+FVRgsWNZ9dg="),
    (WS + "/", {}, "NVqr/OP+gfcGdZiT/vFcjlOn8jg="),
    (WS + "?token=abc", {}, "hlv2kgm9r/dR7vP1WhnrbTCQvIk="),
    (WS, {"token": "abc"}, "jIgmuKl4F/gMoiHCRtfVbUvkI44="),
    (
        "https://relay.example.com/twiml?x=1",
        {"From": "+15550100", "CallSid": "CA1"},
        "hQ0C2fn9ut+HlngzGw5a4nKLoDA=",
    ),
]


@pytest.mark.parametrize(("url", "form", "signature"), VECTORS)
def test_signature_agrees_with_known_vectors(
    url: str, form: dict[str, str], signature: str
) -> None:
    """We sign and accept what Twilio's own library computes."""
    assert sign(TOKEN, url, form) == signature
    assert signature_is_valid(TOKEN, url, form, signature)


@pytest.mark.parametrize(
    "url",
    [
        "https://relay.example.com/ws",
        "ws://relay.example.com/ws",
        WS + "/",
        WS + "?token=abc",
        "wss://relay.example.org/ws",
        "wss://relay.example.com/WS",
    ],
)
def test_socket_signature_is_good_for_its_very_url_alone(url: str) -> None:
    """The scheme, the path and its slash are all signed."""
    assert not signature_is_valid(TOKEN, url, {}, sign(TOKEN, WS))


def test_socket_signature_over_a_port_is_good_with_it_alone() -> None:
    """A left-out 443 cannot be inferred, so the TwiML must not name a port."""
    signature = sign(TOKEN, "wss://relay.example.com:443/ws")
    assert signature_is_valid(TOKEN, "wss://relay.example.com:443/ws", {}, signature)
    assert not signature_is_valid(TOKEN, WS, {}, signature)


@pytest.mark.parametrize("signature", ["", "x", "ttD+yNqRrhonsZrRUfw+tkdYD+s", "é" * 28, "=" * 28])
def test_wrong_signature_is_refused(signature: str) -> None:
    """Missing, truncated, or anything else."""
    assert not signature_is_valid(TOKEN, WS, {}, signature)


def test_signature_of_another_token_is_refused() -> None:
    """Only the holder of the auth token can sign."""
    assert not signature_is_valid(TOKEN, WS, {}, sign("54321", WS))


def test_signature_covers_blank_fields() -> None:
    """Empty form fields are signed too."""
    url, form = "https://relay.example.com/twiml", {"CallSid": "CA1", "CallerCity": ""}
    signature = sign(TOKEN, url, form)
    assert signature_is_valid(TOKEN, url, FormData([*form.items()]), signature)
    assert not signature_is_valid(TOKEN, url, {"CallSid": "CA1"}, signature)


def test_signature_covers_every_value_of_repeated_field() -> None:
    """The values of one name are sorted, without duplicates."""
    url = "https://relay.example.com/twiml"
    form = FormData([("b", "2"), ("a", "z"), ("a", "y"), ("a", "z")])
    signature = sign(TOKEN, url + "ayaz", {"b": "2"})  # fields are appended as name and value
    assert signature_is_valid(TOKEN, url, form, signature)
    assert not signature_is_valid(TOKEN, url, {"b": "2", "a": "z"}, signature)


def test_signature_covers_every_field() -> None:
    """A changed, added or missing field invalidates it."""
    url, form = "https://relay.example.com/action", {"CallSid": "CA1", "SessionStatus": "ended"}
    signature = sign(TOKEN, url, form)
    assert not signature_is_valid(TOKEN, url, {**form, "CallSid": "CA2"}, signature)
    assert not signature_is_valid(TOKEN, url, {**form, "HandoffData": ""}, signature)
    assert not signature_is_valid(TOKEN, url, {"CallSid": "CA1"}, signature)


@pytest.mark.parametrize(
    ("signed", "seen"),
    [
        ("https://relay.example.com/twiml", "https://relay.example.com:443/twiml"),
        ("https://relay.example.com:443/twiml", "https://relay.example.com/twiml"),
        ("http://relay.example.com:80/twiml", "http://relay.example.com/twiml"),
        ("https://relay.example.com:8443/twiml", "https://relay.example.com:8443/twiml"),
        ("https://relay.example.com/twiml", "https://relay.example.com:8443/twiml"),
        ("https://[2001:db8::1]/twiml", "https://[2001:db8::1]/twiml"),
        ("https://[2001:db8::1]:8443/twiml", "https://[2001:db8::1]:8443/twiml"),
    ],
)
def test_signature_holds_with_and_without_port(signed: str, seen: str) -> None:
    """Twilio is not consistent in whether it signs the port."""
    assert signature_is_valid(TOKEN, seen, {}, sign(TOKEN, signed))


@pytest.mark.parametrize(
    "url",
    [
        "https://relay.example.com:65536/twiml",
        "https://relay.example.com:99999/twiml",
        "https://relay.example.com:port/twiml",
        "https://[2001:db8::1/twiml",
        "https://[relay]/twiml",
        "https://relay.example.com/\ud800",
    ],
)
def test_url_that_cannot_be_one_has_no_valid_signature(url: str) -> None:
    """A hostile Host header is rejected like a wrong signature."""
    assert not signature_is_valid(TOKEN, url, {}, "ttD+yNqRrhonsZrRUfw+tkdYD+s=")


@given(st.text(), st.dictionaries(st.text(), st.text()), st.text())
def test_any_request_has_an_answer(path: str, form: dict[str, str], signature: str) -> None:
    """Any request from a stranger is rejected without an exception."""
    url = f"https://relay.example.com/{path}"
    assert not signature_is_valid(TOKEN, url, FormData([*form.items()]), signature)
