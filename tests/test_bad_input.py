"""Everything a stranger, a broken proxy or a confused peer may send.

Each kind of wrong frame or request gets its answer. None of them reaches the guide, and none harms
a call in progress on the same server: after each, a bystander asks something and is answered.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import connect

import relay_protocol as relay
from calls.overrides import CallOverrides
from relay_protocol import MAX_FRAME_BYTES, MAX_PARAMETERS
from tests.guide_server import GuideServer
from tests.relay_client import PATIENCE_S, Session, relay_session
from tests.serving import AUTH_TOKEN, serve_frontdesk
from trust.addresses import FORWARDING_HEADERS
from trust.tokens import CallTokens
from web.form_body import MAX_BODY_BYTES, MAX_FIELDS
from web.relay_socket import MAX_MESSAGE_BYTES

# --- the bystander ------------------------------------------------------------------------------


@dataclass
class Scene:
    """A server, its guide, and a call in progress."""

    address: str
    guide: GuideServer
    bystander: Session
    turns: Any = field(default_factory=lambda: count(1))

    @contextlib.contextmanager
    def case(self, subtests: pytest.Subtests, kind: str) -> Iterator[None]:
        """One kind of bad input, whatever became of the one before it."""
        self.guide.requests.clear()
        with subtests.test(kind):
            yield

    async def check_nothing_else_happened(self, *asked: str) -> None:
        """The bystander is answered, and the guide got their turn and those in `asked` alone."""
        words = f"What is item number {next(self.turns)}?"
        assert await self.bystander.ask(words) == reply_to(words)
        got = [request.messages[-1]["content"] for request in self.guide.requests]
        self.guide.requests.clear()
        assert got == [*asked, words]


def reply_to(words: str) -> str:
    """What the guide says to these words."""
    return f"You asked {words.lower().removesuffix('?')}."


@asynccontextmanager
async def bystander_on_a_call(**settings: Any) -> AsyncIterator[Scene]:
    """A server with these settings, and somebody on the telephone."""
    async with GuideServer() as guide:
        guide.script(lambda messages: [reply_to(messages[-1]["content"])])
        # The bystander talks for long; what was said long ago need not be sent each time.
        settings = {"guide_base_url": guide.base_url, "guide_history_turns": 2, **settings}
        async with (
            serve_frontdesk(**settings) as address,
            signed_session(address, "CAbystander", {"Decisions": "1"}) as bystander,
        ):
            scene = Scene(address, guide, bystander)
            await scene.check_nothing_else_happened()
            yield scene


def signed_session(
    address: str, call_sid: str, overrides: Mapping[str, str] | None = None
) -> contextlib.AbstractAsyncContextManager[Session]:
    """A call as Twilio opens it. A server without an auth token looks at no signature."""
    token = new_token(call_sid, overrides=str(CallOverrides.from_fields(overrides or {})))
    return relay_session(address, call_sid, token, signed_upgrade(address), overrides)


def signed_upgrade(address: str) -> dict[str, str]:
    """The header that lets a socket in."""
    url = address.replace("http", "wss", 1) + "/ws"
    return {"X-Twilio-Signature": relay.sign(AUTH_TOKEN, url)}


_nonces = count()


def new_token(
    call_sid: str, *, ttl_s: float = 100, auth_token: str = AUTH_TOKEN, overrides: str = ""
) -> str:
    """A token for a call, as the webhook would mint it."""
    return CallTokens(auth_token, ttl_s).mint(call_sid, time.time(), f"n{next(_nonces)}", overrides)


# --- frames that are ignored --------------------------------------------------------------------

Wire = str | bytes
"""A text frame, or a binary one."""

NO_STRINGS: Final[dict[str, object]] = {
    "a number": 7,
    "a fraction": 1.5,
    "true": True,
    "a list": ["no"],
    "an object": {"a": "no"},
}
NO_TEXT: Final = {
    "NUL": "no\x00",
    "an escape": "\x1b[2Jno",
    "DEL": "no\x7f",
    "half a surrogate pair": "no\ud83d",
    "the other half": "\ude00no",
    "a pair reversed": "\ude00\ud83d",
}
NO_BOOLEANS: Final[tuple[object, ...]] = ("true", "false", "", 0, 1, 1.0, [], {}, [True])
NO_SWITCHES: Final[tuple[object, ...]] = ("", "maybe", "ON", "true", None, True, 1, [], {})
NO_KEYS: Final[tuple[object, ...]] = (
    *("", "12", "A", "w", " ", "\u0663", "\uff15", "\x00"),
    *(5, True, None, ["5"], {}),
)
TEXT_FIELDS: Final[dict[str, dict[str, object]]] = {
    "type": {"voicePrompt": "no", "last": True},
    "voicePrompt": {"type": "prompt", "last": True},
    "lang": {"type": "prompt", "voicePrompt": "no", "last": True},
    "utteranceUntilInterrupt": {"type": "interrupt", "durationUntilInterruptMs": 1},
    "name": {"type": "info", "value": "on"},
    "value": {"type": "info", "name": "tokensPlayed"},
    "description": {"type": "error"},
}


def prompt(**more: object) -> str:
    """A prompt with something wrong in it."""
    return json.dumps({"type": "prompt", "voicePrompt": "no", "last": True, **more})


def padded(size: int, filler: str = "x") -> str:
    """A prompt of `size` bytes."""
    head, tail = '{"type":"prompt","last":true,"voicePrompt":"no ', '"}'
    room = size - len(head) - len(tail)
    width = len(filler.encode())
    return head + "x" * (room % width) + filler * (room // width) + tail


FRAMES: Final[dict[str, Wire | Sequence[Wire]]] = {
    **{
        f"{name} is {kind}": json.dumps({**frame, name: value})
        for name, frame in TEXT_FIELDS.items()
        for kind, value in NO_STRINGS.items()
    },
    **{
        f"{name} holds {kind}": json.dumps({**frame, name: value})
        for name, frame in TEXT_FIELDS.items()
        for kind, value in NO_TEXT.items()
    },
    **{f"last is {value!r}": prompt(last=value) for value in NO_BOOLEANS},
    **{f"digit is {value!r}": json.dumps({"type": "dtmf", "digit": value}) for value in NO_KEYS},
    "digit is missing": '{"type":"dtmf"}',
    **{
        f"{name} is {value!r}": json.dumps({"type": "info", "name": name, "value": value})
        for name in ("agentSpeaking", "clientSpeaking")
        for value in NO_SWITCHES
    },
    **{
        f"{kind} as JSON": text
        for kind, text in {
            "nothing": "",
            "a blank": " ",
            "null": "null",
            "a number": "1",
            "true": "true",
            "a string": '"prompt"',
            "a list": "[]",
            "a frame in a list": f"[{prompt()}]",
            "an empty object": "{}",
            "an open brace": "{",
            "a closing brace": "}",
            "a frame cut short": prompt()[:-1],
            "a frame and a half": prompt() + "{",
            "two frames": prompt() + prompt(),
            "two frames on two lines": f"{prompt()}\n{prompt()}",
            "a comma too many": prompt()[:-1] + ",}",
            "a comment": prompt() + " // no",
            "single quotes": prompt().replace('"', "'"),
            "names without quotes": '{type:"prompt",voicePrompt:"no",last:true}',
            "Python": "{'type': 'prompt', 'voicePrompt': None}",
            "XML": "<prompt last='true'>no</prompt>",
            "a form": "type=prompt&voicePrompt=no&last=true",
            "a byte order mark": "\ufeff" + prompt(),
            "a NUL at the end": prompt() + "\x00",
            "a bare line break in a string": prompt().replace("no", "n\no"),
            "an unknown escape": prompt().replace("no", "\\x6eo"),
            "a short escape": prompt().replace("no", "\\u12"),
            "NaN": '{"type":"interrupt","durationUntilInterruptMs":NaN}',
            "Infinity": '{"type":"interrupt","durationUntilInterruptMs":Infinity}',
            "-Infinity": '{"type":"interrupt","durationUntilInterruptMs":-Infinity}',
            "a number of 5000 digits": '{"type":"interrupt","durationUntilInterruptMs":%s}'
            % ("9" * 5000),
            "lists too deep": "[" * 60_000,
            "objects too deep": '{"a":' * 10_000 + "1" + "}" * 10_000,
            "a type twice": '{"type":"dtmf","digit":"1","type":"prompt","voicePrompt":"no"}',
            "words twice": '{"type":"prompt","voicePrompt":"no","voicePrompt":"never"}',
            "a name twice, once escaped": '{"type":"prompt","voicePrompt":"no","\\u006cast":true,'
            '"last":true}',
            "a name twice within": '{"type":"prompt","voicePrompt":"no","more":{"a":1,"a":2}}',
        }.items()
    },
    **{
        f"type is {kind!r}": json.dumps({"type": kind, "voicePrompt": "no", "last": True})
        for kind in (
            *("", "PROMPT", "Prompt", "prompt ", " prompt", "prompts", "__class__", "text"),
            *(
                "end",
                "play",
                "media",
                "connected",
                "start",
                "stop",
                "mark",
                "transcript",
                "x" * 60_000,
            ),
        )
    },
    "type is null": prompt(type=None),
    "type is missing": '{"voicePrompt":"no","last":true}',
    "words are missing": '{"type":"prompt","last":true}',
    "words are null": prompt(voicePrompt=None),
    "words are empty": prompt(voicePrompt=""),
    "words are blank": prompt(voicePrompt=" \t\n"),
    "words that are not final": prompt(last=False),
    "an info without a name": '{"type":"info","value":"on"}',
    "an info of another name": '{"type":"info","name":"roundTripDelayMs","value":"12"}',
    "an info of nothing played": '{"type":"info","name":"tokensPlayed","value":""}',
    "an info without a value": '{"type":"info","name":"tokensPlayed"}',
    "an error without a description": '{"type":"error"}',
    "an error that echoes a frame": json.dumps({"type": "error", "description": prompt()}),
    "one byte too long": padded(MAX_FRAME_BYTES + 1),
    "too long in bytes, not in characters": padded(MAX_FRAME_BYTES + 1, "\u00e9"),
    "as long as may be without closing": padded(MAX_MESSAGE_BYTES),
    "a binary frame": prompt().encode(),
    "an empty binary frame": b"",
    "a long binary frame": b"\x00" * (MAX_FRAME_BYTES + 1),
    "a binary frame of no text": bytes(range(256)),
    "UTF-16": prompt().encode("utf-16"),
    "a second setup": json.dumps({"type": "setup", "callSid": "CAbad"}),
    "a second setup for another call": json.dumps({"type": "setup", "callSid": "CAbystander"}),
    "a second setup that is none": '{"type":"setup"}',
    "a frame of ours": relay.Text("no", last=True).encode(),
    "an end of ours": relay.End().encode(),
    "digits twice": ['{"type":"dtmf","digit":"5"}'] * 2,
    "silence twice": ['{"type":"info","name":"clientSpeaking","value":"off"}'] * 2,
    "rubbish a hundred times": ["rubbish"] * 100,
}


async def test_wrong_frames_are_ignored(subtests: pytest.Subtests) -> None:
    """In the middle of a reply; the call goes on as if they had not been sent."""
    async with bystander_on_a_call() as scene:
        for kind, frames in FRAMES.items():
            with scene.case(subtests, kind), capture_logs() as logs:
                async with signed_session(scene.address, "CAbad") as session:
                    await _send_in_the_middle_of_a_reply(session, frames)
                decided = [log for log in logs if log["event"] == "decided"]
                outcomes = [log["outcome"] for log in decided if log["outcome"] != "ignored"]
                assert outcomes == ["asked", "asked"]
                messages = scene.guide.requests[-1].messages
                assert [message["content"] for message in messages] == [
                    "What is this?",
                    reply_to("What is this?"),
                    "And what is that?",
                ]
                await scene.check_nothing_else_happened("What is this?", "And what is that?")


async def _send_in_the_middle_of_a_reply(session: Session, frames: Wire | Sequence[Wire]) -> None:
    await session.say("What is this?")
    first = await session.receive()
    await session.send(type="info", name="agentSpeaking", value="on")
    reply = first["token"] + await session.receive_cycle()
    await session.send(type="info", name="tokensPlayed", value=reply.partition(" ")[0])
    for frame in [frames] if isinstance(frames, str | bytes) else frames:
        await session.socket.send(_as_wire(frame), text=isinstance(frame, str))
    await session.send(type="info", name="tokensPlayed", value=reply.partition(" ")[2])
    assert await session.ask("And what is that?") == reply_to("And what is that?")


def _as_wire(frame: Wire) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame


# --- frames before the setup --------------------------------------------------------------------


def setup(**fields: object) -> str:
    """A setup with something wrong in it."""
    return json.dumps({"type": "setup", "callSid": "CAbad", **fields})


NO_CALLS: Final[tuple[object, ...]] = (None, "", 7, True, [], {}, "CA\x00", "CA\ud800")
NO_PARAMETERS: Final[tuple[object, ...]] = (
    *("token=x", 7, True, [], ["token"]),
    *({"x": "\x00"}, {"x": "\ud800"}),
)
EARLY_FRAMES: Final[dict[str, Wire]] = {
    "a prompt": prompt(),
    "words not final": prompt(last=False),
    "an interrupt": '{"type":"interrupt","utteranceUntilInterrupt":"no"}',
    "a key": '{"type":"dtmf","digit":"5"}',
    "an error": '{"type":"error","description":"no"}',
    "a report": '{"type":"info","name":"tokensPlayed","value":"no"}',
    "an unknown type": '{"type":"hello"}',
    "rubbish": "rubbish",
    "a binary setup": setup().encode(),
    "a long frame": padded(MAX_FRAME_BYTES + 1),
    "a long setup": setup(more="x" * MAX_FRAME_BYTES),
    "a setup in a list": f"[{setup()}]",
    "a setup cut short": setup()[:-1],
    "a setup with two calls": '{"type":"setup","callSid":"CAbad","callSid":"CAbystander"}',
    "a setup without a call": '{"type":"setup"}',
    "a setup in capitals": setup(type="SETUP"),
    **{f"a setup whose call is {value!r}": setup(callSid=value) for value in NO_CALLS},
    **{
        f"a setup whose {name} is {value!r}": setup(**{name: value})
        for name in ("sessionId", "accountSid", "from", "to", "direction")
        for value in (*NO_STRINGS.values(), "\x00")
    },
    **{
        f"a setup whose parameters are {value!r}": setup(customParameters=value)
        for value in NO_PARAMETERS
    },
    "a setup of too many parameters": setup(
        customParameters={str(number): "" for number in range(MAX_PARAMETERS + 1)}
    ),
}


async def test_wrong_frames_before_the_setup_are_ignored(subtests: pytest.Subtests) -> None:
    """A setup that follows in time still begins the call."""
    async with bystander_on_a_call(twilio_auth_token=AUTH_TOKEN) as scene:
        for kind, frame in EARLY_FRAMES.items():
            with scene.case(subtests, kind):
                async with upgraded(scene.address) as session:
                    await session.socket.send(_as_wire(frame), text=isinstance(frame, str))
                    await session.send(**json.loads(setup()), **token_for("CAbad"))
                    assert await session.ask("What is this?") == reply_to("What is this?")
                await scene.check_nothing_else_happened("What is this?")


def token_for(call_sid: str, **how: Any) -> dict[str, object]:
    """The field of a setup that lets its call in."""
    return {"customParameters": {"token": new_token(call_sid, **how)}}


@asynccontextmanager
async def upgraded(address: str) -> AsyncIterator[Session]:
    """A signed socket on which no setup has been sent."""
    url = address.replace("http", "ws", 1) + "/ws"
    headers = signed_upgrade(address)
    async with connect(url, proxy=None, additional_headers=headers) as websocket:
        yield Session(websocket)


# --- setups that may not enter ------------------------------------------------------------------


def _tampered(position: int, part: str) -> str:
    parts = new_token("CAbad").split(".")
    parts[position] = part
    return ".".join(parts)


TOKENS: Final[dict[str, Callable[[], object]]] = {
    "empty": lambda: "",
    "blank": lambda: " ",
    "a word": lambda: "token",
    "dots": lambda: "..",
    "of another call": lambda: new_token("CAother"),
    "of the bystander": lambda: new_token("CAbystander"),
    "of this call in lower case": lambda: new_token("cabad"),
    "expired": lambda: new_token("CAbad", ttl_s=-10),
    "with another key": lambda: new_token("CAbad", auth_token="67890"),
    "with no key": lambda: new_token("CAbad", auth_token=""),
    "made to last": lambda: _tampered(0, "99999999999"),
    "without an expiry": lambda: _tampered(0, ""),
    "that never expires": lambda: _tampered(0, "inf"),
    "with NaN for an expiry": lambda: _tampered(0, "nan"),
    "with a negative expiry": lambda: _tampered(0, "-1"),
    "with an expiry in other digits": lambda: _tampered(0, "\u0663"),
    "with another nonce": lambda: _tampered(1, "other"),
    "without a nonce": lambda: _tampered(1, ""),
    "with a line break": lambda: _tampered(1, "a\nb"),
    "without a signature": lambda: _tampered(2, ""),
    "with another signature": lambda: _tampered(2, "0" * 64),
    "with a signature not ASCII": lambda: _tampered(2, "\u00fc" * 64),
    "with a signature cut short": lambda: new_token("CAbad")[:-1],
    "with something after it": lambda: new_token("CAbad") + "0",
    "with a blank after it": lambda: new_token("CAbad") + " ",
    "with a line break after it": lambda: new_token("CAbad") + "\n",
    "with a part too many": lambda: new_token("CAbad") + ".x",
    "with its signature in capitals": lambda: new_token("CAbad").upper(),
    "very long": lambda: "9" * 60_000,
    "a number": lambda: 7,
    "true": lambda: True,
    "null": lambda: None,
    "a list": lambda: [new_token("CAbad")],
    "an object": lambda: {"token": new_token("CAbad")},
}

SETUPS: Final[dict[str, Callable[[], dict[str, object]]]] = {
    **{
        f"a token {kind}": lambda make=make: {"customParameters": {"token": make()}}  # type: ignore[misc]
        for kind, make in TOKENS.items()
    },
    "no parameters": dict,
    "null for parameters": lambda: {"customParameters": None},
    "no token": lambda: {"customParameters": {}},
    "a token in capitals": lambda: {"customParameters": {"TOKEN": new_token("CAbad")}},
    "a token in the wrong place": lambda: {"token": new_token("CAbad")},
}


async def test_setups_without_their_token_are_refused(subtests: pytest.Subtests) -> None:
    """With an auth token set, the socket is closed at the setup."""
    async with bystander_on_a_call(twilio_auth_token=AUTH_TOKEN) as scene:
        for kind, fields in SETUPS.items():
            with scene.case(subtests, kind):
                async with upgraded(scene.address) as session:
                    await session.send(type="setup", callSid="CAbad", **fields())
                    await session.say("What is this?")
                    assert await close_code(session) == 1008
                await scene.check_nothing_else_happened()


async def test_token_lets_in_once(subtests: pytest.Subtests) -> None:
    """Neither after its call nor during it does a token open a second one."""
    async with bystander_on_a_call(twilio_auth_token=AUTH_TOKEN) as scene:
        fields = token_for("CAbad")
        async with upgraded(scene.address) as first:
            await first.send(type="setup", callSid="CAbad", **fields)
            assert await first.ask("What is this?") == reply_to("What is this?")
            await scene.check_nothing_else_happened("What is this?")
            with scene.case(subtests, "during the call"):
                async with upgraded(scene.address) as second:
                    await second.send(type="setup", callSid="CAbad", **fields)
                    assert await close_code(second) == 1008
                await scene.check_nothing_else_happened()
        with scene.case(subtests, "after the call"):
            async with upgraded(scene.address) as third:
                await third.send(type="setup", callSid="CAbad", **fields)
                assert await close_code(third) == 1008
            await scene.check_nothing_else_happened()


async def close_code(session: Session) -> int | None:
    """Wait until the app closes the socket; returns the code."""
    async with asyncio.timeout(PATIENCE_S):
        await session.socket.wait_closed()
    return session.socket.close_code


NO_SETUPS: Final[dict[str, Sequence[Wire]]] = {
    "silence": [],
    "rubbish": ["rubbish"] * 20,
    "prompts": [prompt()] * 20,
    "a setup that is none": [setup(callSid=7)],
    "binary": [setup().encode()],
}


async def test_socket_without_a_setup_is_closed(subtests: pytest.Subtests) -> None:
    """SETUP_TIMEOUT_S bounds how long it may stay open, whatever else is sent on it."""
    async with bystander_on_a_call(setup_timeout_s=0.2) as scene:
        for kind, frames in NO_SETUPS.items():
            with scene.case(subtests, kind):
                async with upgraded(scene.address) as session:
                    for frame in frames:
                        await session.socket.send(_as_wire(frame), text=isinstance(frame, str))
                    assert await close_code(session) == 1008
                await scene.check_nothing_else_happened()


# --- what closes the socket ---------------------------------------------------------------------


def masked(first_byte: int, payload: bytes = b"") -> bytes:
    """A WebSocket frame of at most 125 bytes, masked with zeros."""
    return bytes([first_byte, 0x80 | len(payload)]) + bytes(4) + payload


TEXT, BINARY, CLOSE, PING = 0x81, 0x82, 0x88, 0x89
"""First bytes of frames that are complete."""

CLOSING_BYTES: Final[dict[str, tuple[bytes, int]]] = {
    "a stray byte": (masked(TEXT, b'{"type":"\xff"}'), 1007),
    "a sequence cut short": (masked(TEXT, b'{"type":"\xe2\x82"}'), 1007),
    "an overlong sequence": (masked(TEXT, b'{"type":"\xc0\xaf"}'), 1007),
    "an encoded surrogate": (masked(TEXT, b'{"type":"\xed\xa0\x80"}'), 1007),
    "Latin-1": (masked(TEXT, '{"type":"\u00fc"}'.encode("latin-1")), 1007),
    "beyond Unicode": (masked(TEXT, b'{"type":"\xf5\x80\x80\x80"}'), 1007),
    "an unknown opcode": (masked(0x83, b"no"), 1002),
    "an unknown control opcode": (masked(0x8B, b"no"), 1002),
    "a reserved bit": (masked(0xA1, b"no"), 1002),
    "a frame not masked": (bytes([TEXT, 2]) + b"no", 1002),
    "a ping in pieces": (masked(0x09, b"no"), 1002),
    "a ping too long": (bytes([PING, 0xFE, 0, 126]) + bytes(4 + 126), 1002),
    "a continuation of nothing": (masked(0x80, b"no"), 1002),
    "a frame within a frame": (masked(0x01, b"n") + masked(TEXT, b"o"), 1002),
    "a close of one byte": (masked(CLOSE, b"\x03"), 1002),
    "a close with no such code": (masked(CLOSE, b"\x00\x01"), 1002),
    "a prompt after the close": (
        masked(CLOSE, b"\x03\xe8") + masked(TEXT, prompt().encode()),
        1000,
    ),
    "a length beyond all": (bytes([TEXT, 0xFF]) + b"\x7f" + b"\xff" * 7 + bytes(4), 1009),
}

CLOSING_FRAMES: Final[dict[str, Wire | Sequence[str]]] = {
    "a text frame": padded(MAX_MESSAGE_BYTES + 1),
    "a binary frame": b"\x00" * (MAX_MESSAGE_BYTES + 1),
    "many bytes in few characters": padded(MAX_MESSAGE_BYTES + 1, "\U0001f600"),
    "fragments": ["x" * (MAX_MESSAGE_BYTES // 8)] * 9,
}


async def test_what_is_no_websocket_closes_its_socket(subtests: pytest.Subtests) -> None:
    """With the code that the WebSocket protocol has for it."""
    async with bystander_on_a_call() as scene:
        for kind, (wire, code) in CLOSING_BYTES.items():
            with scene.case(subtests, kind):
                async with signed_session(scene.address, "CAbad") as session:
                    await session.ask("What is this?")
                    session.socket.transport.write(wire)
                    assert await close_code(session) == code
                await scene.check_nothing_else_happened("What is this?")


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_far_too_long_frames_close_their_socket(
    subtests: pytest.Subtests, compression: str | None
) -> None:
    """More than 1 MiB is no mistake, however small it was on the wire."""
    async with bystander_on_a_call() as scene:
        url = scene.address.replace("http", "ws", 1) + "/ws"
        for kind, frame in CLOSING_FRAMES.items():
            with scene.case(subtests, kind):
                async with connect(url, proxy=None, compression=compression) as websocket:
                    await websocket.send(setup())
                    with contextlib.suppress(OSError):
                        await websocket.send(frame)
                    assert await close_code(Session(websocket)) == 1009
                await scene.check_nothing_else_happened()


async def test_socket_that_breaks_ends_its_call_alone(subtests: pytest.Subtests) -> None:
    """Gone without a close, in the middle of a frame, or of the handshake."""
    async with bystander_on_a_call() as scene:
        for kind in BREAKS:
            with scene.case(subtests, kind):
                async with signed_session(scene.address, "CAbad") as session:
                    await session.ask("What is this?")
                    session.socket.transport.write(BREAKS[kind])
                    session.socket.transport.abort()
                await scene.check_nothing_else_happened("What is this?")


BREAKS: Final = {
    "between frames": b"",
    "in a frame's head": bytes([TEXT]),
    "in a frame": masked(TEXT, prompt().encode())[:-5],
    "between fragments": masked(0x01, prompt().encode()[:-5]),
}


# --- requests -----------------------------------------------------------------------------------

FORM: Final = {"CallSid": "CAbad", "From": "+12025550123", "CallerName": ""}
UPGRADE: Final = (
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)


@dataclass(frozen=True)
class Request:
    """A request and the status that answers it. `<host>` stands for the server's own."""

    method: str = "POST"
    target: str = "/twiml"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/x-www-form-urlencoded"),)
    body: bytes = urlencode(FORM).encode()
    hosts: tuple[str, ...] = ("<host>",)
    signatures: tuple[str, ...] = ()
    status: int = 403

    def encode(self, host: str) -> bytes:
        """The request on the wire."""
        headers = [
            *(("Host", each) for each in self.hosts),
            *self.headers,
            *(("X-Twilio-Signature", each) for each in self.signatures),
            ("Content-Length", str(len(self.body))),
        ]
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{n}: {v}" for n, v in headers)]
        head = "\r\n".join([*lines, "", ""]).replace("<host>", host)
        return head.encode() + self.body

    def with_headers(self, *headers: tuple[str, str]) -> "Request":
        """The same with more headers."""
        return replace(self, headers=(*self.headers, *headers))

    def signed(self, host: str, url: str, form: Mapping[str, str] | None) -> "Request":
        """The same with the signature for a URL and these fields."""
        signature = relay.sign(AUTH_TOKEN, url.replace("<host>", host), form)
        return replace(self, signatures=(signature,))


TWIML: Final = Request()
ACTION: Final = Request(target="/action")
SOCKET: Final = Request("GET", "/ws", UPGRADE, b"")
CHAT: Final = Request(
    target="/demo/v1/chat/completions",
    headers=(("Content-Type", "application/json"),),
    body=b'{"model":"guide","messages":[{"role":"user","content":"hi"}],"stream":false}',
)
HEALTH: Final = Request("GET", "/health", (), b"")
PAGE: Final = Request("GET", "/", (), b"")
DECISIONS: Final = Request("GET", "/calls/CAbystander/decisions", (), b"")

DOORS: Final = {"twiml": TWIML, "action": ACTION, "socket": SOCKET}
SCHEMES: Final = {"twiml": "http", "action": "http", "socket": "wss"}


async def status_of(address: str, wire: bytes) -> int:
    """Send bytes to the server; the status of its answer."""
    host, _, port = address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(wire)
        async with asyncio.timeout(PATIENCE_S):
            return int((await reader.readline()).split()[1])
    finally:
        writer.transport.abort()


def door_signatures(door: str, host: str) -> dict[str, tuple[str, ...]]:
    """Signatures that do not open a door, by what is wrong with them."""
    scheme, path = SCHEMES[door], DOORS[door].target
    form = None if door == "socket" else FORM
    url = f"{scheme}://{host}{path}"
    right = relay.sign(AUTH_TOKEN, url, form)
    fields = "".join(name + value for name, value in sorted((form or {}).items()))
    other_urls = {
        "https" if scheme == "http" else "http": f"//{host}{path}",
        "wss" if scheme == "http" else "https": f"//{host}{path}",
        "ws": f"//{host}{path}",
        scheme: f"//front.example.com{path}",
    }
    urls = {
        **{f"for the scheme {s}": f"{s}:{rest}" for s, rest in other_urls.items() if s != scheme},
        "for another host": f"{scheme}://front.example.com{path}",
        "for another port": f"{scheme}://{host.partition(':')[0]}:1{path}",
        "for another path": f"{scheme}://{host}/other",
        "for a trailing slash": f"{url}/",
        "for a doubled slash": f"{scheme}://{host}/{path}",
        "for a path in capitals": f"{scheme}://{host}{path.upper()}",
        "for a query": f"{url}?a=b",
        "for an empty query": f"{url}?",
        "for a fragment": f"{url}#a",
        "for a user": f"{scheme}://user@{host}{path}",
        "for no URL": "",
    }
    return {
        "missing": (),
        "empty": ("",),
        "of one letter": ("x",),
        "not ASCII": ("\u00fc" * 28,),
        "very long": ("A" * 5_000,),
        "with another key": (relay.sign("67890", url, form),),
        "with an empty key": (relay.sign("", url, form),),
        "in hexadecimal": (base64.b64decode(right).hex(),),
        "of SHA-256": (_digest(url + fields, "sha256"),),
        "of MD5": (_digest(url + fields, "md5"),),
        "without a key": (
            base64.b64encode(hashlib.sha1((url + fields).encode()).digest()).decode(),
        ),
        "in lower case": (right.lower(),),
        "cut short": (right[:-1],),
        "without its padding": (right.rstrip("="),),
        "with something after it": (right + "=",),
        "in quotes": (f'"{right}"',),
        "twice": (right, right),
        "wrong, then right": ("x", right),
        "right, then wrong": (right, "x"),
        "in a list": (f"{right}, {right}",),
        **{kind: (relay.sign(AUTH_TOKEN, other, form),) for kind, other in urls.items()},
    }


def _digest(text: str, algorithm: str) -> str:
    return base64.b64encode(hmac.digest(AUTH_TOKEN.encode(), text.encode(), algorithm)).decode()


SIGNATURES: Final = {
    f"a signature {kind} at the {door}": (door, kind)
    for door in DOORS
    for kind in door_signatures(door, "<host>")
}


async def test_requests_signed_wrongly_are_refused(subtests: pytest.Subtests) -> None:
    """With an auth token set, 403 before anything is looked at; the right signature opens."""
    async with bystander_on_a_call(twilio_auth_token=AUTH_TOKEN) as scene:
        host = scene.address.removeprefix("http://")
        for name, (door, kind) in SIGNATURES.items():
            with scene.case(subtests, name):
                signatures = door_signatures(door, host)[kind]
                request = replace(DOORS[door], signatures=signatures)
                assert await status_of(scene.address, request.encode(host)) == 403
                await scene.check_nothing_else_happened()
        for door, request in DOORS.items():
            form = None if door == "socket" else FORM
            url = f"{SCHEMES[door]}://<host>{request.target}"
            right = request.signed(host, url, form).encode(host)
            assert await status_of(scene.address, right) == (101 if door == "socket" else 200)


def _signed_form(body: bytes, target: str = "/twiml", **how: Any) -> Request:
    return replace(TWIML, target=target, body=body, signatures=("SIGNED",), **how)


def _content(kind: str, body: bytes, *more: tuple[str, str]) -> Request:
    headers = (("Content-Type", kind), *more)
    return replace(TWIML, headers=headers, body=body, signatures=("SIGNED",))


REQUESTS: Final[dict[str, Request]] = {
    # "SIGNED" stands for the right signature of FORM at /twiml.
    "a field more": _signed_form(TWIML.body + b"&More=1"),
    "a blank field more": _signed_form(TWIML.body + b"&More="),
    "a field less": _signed_form(TWIML.body.replace(b"CallSid=CAbad&", b"")),
    "a blank field less": _signed_form(TWIML.body.replace(b"&CallerName=", b"")),
    "another value": _signed_form(TWIML.body.replace(b"CAbad", b"CAbystander")),
    "another value beside the right one": _signed_form(TWIML.body + b"&CallSid=CAbystander"),
    "a name in lower case": _signed_form(TWIML.body.replace(b"CallSid", b"callsid")),
    "values swapped": _signed_form(b"CallSid=%2B12025550123&From=CAbad&CallerName="),
    "no body": _signed_form(b""),
    "fields in the query instead": _signed_form(b"", "/twiml?" + TWIML.body.decode()),
    "a query nobody signed": _signed_form(TWIML.body, "/twiml?a=b"),
    "a query of broken percent signs": _signed_form(TWIML.body, "/twiml?a=%zz%"),
    "a broken percent sign": _signed_form(TWIML.body + b"%"),
    "broken hexadecimal digits": _signed_form(TWIML.body.replace(b"%2B", b"%2G")),
    "half a character in percent signs": _signed_form(TWIML.body + b"%C3"),
    "an encoded NUL": _signed_form(TWIML.body + b"%00"),
    "a raw NUL": _signed_form(TWIML.body + b"\x00"),
    "semicolons for ampersands": _signed_form(TWIML.body.replace(b"&", b";")),
    "a raw plus sign": _signed_form(TWIML.body.replace(b"%2B", b"+")),
    "an overridden method": _signed_form(TWIML.body + b"&_method=GET"),
    "JSON": _content("application/json", json.dumps(FORM).encode()),
    "JSON called a form": _signed_form(json.dumps(FORM).encode()),
    "a form in parts": _content(
        "multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="CallSid"\r\n\r\nCAbad\r\n--b--\r\n',
    ),
    "XML": _content("text/xml", b"<CallSid>CAbad</CallSid>"),
    "compressed": replace(
        _content(
            "application/x-www-form-urlencoded",
            b"\x1f\x8b\x08\x00no",
            ("Content-Encoding", "gzip"),
        ),
        status=400,
    ),
    "UTF-16": replace(_signed_form(urlencode(FORM).encode("utf-16")), status=400),
    "UTF-7": _signed_form(b"CallSid=CAbad&From=+ACs-12025550123&CallerName="),
    "Latin-1": replace(_signed_form(TWIML.body + b"&City=M\xfcnchen"), status=400),
    "bytes": replace(_signed_form(bytes(range(256))), status=400),
    "one byte too many": replace(_signed_form(b"a=" + b"x" * (MAX_BODY_BYTES - 1)), status=413),
    "a megabyte": replace(_signed_form(b"a=" + b"x" * 1_000_000), status=413),
    "one field too many": replace(_signed_form(b"&".join([b"a=1"] * (MAX_FIELDS + 1))), status=400),
    "blank fields without number": replace(_signed_form(b"&" * 20_000), status=400),
    "signed for the other webhook": replace(ACTION, signatures=("SIGNED",)),
    "a form's signature at the socket": replace(SOCKET, signatures=("SIGNED",)),
    "the signature under another name": TWIML.with_headers(("X-Twilio-Signatures", "SIGNED")),
    "the signature as authorization": TWIML.with_headers(("Authorization", "Bearer SIGNED")),
    "the signature as a cookie": TWIML.with_headers(("Cookie", "X-Twilio-Signature=SIGNED")),
    "the signature in the query": replace(TWIML, target="/twiml?X-Twilio-Signature=SIGNED"),
    "a forwarded host": _signed_form(TWIML.body).with_headers(("X-Forwarded-Host", "example.com")),
    "a forwarded scheme": _signed_form(TWIML.body).with_headers(("X-Forwarded-Proto", "https")),
    "a forwarded host that is none": _signed_form(TWIML.body).with_headers(
        ("X-Forwarded-Host", "a b/c")
    ),
    "another Host": _signed_form(TWIML.body, hosts=("example.com",)),
    "a Host that is none": _signed_form(TWIML.body, hosts=("a/b",)),
    "a Host of markup": _signed_form(TWIML.body, hosts=('"><x',)),
    "a Host with a user": _signed_form(TWIML.body, hosts=("user@<host>",)),
    "a Host with a port too high": _signed_form(TWIML.body, hosts=("127.0.0.1:99999",)),
    "an empty Host": _signed_form(TWIML.body, hosts=("",)),
    "no Host": _signed_form(TWIML.body, hosts=(), status=400),
    "two Hosts": _signed_form(TWIML.body, hosts=("<host>", "example.com"), status=400),
    **{
        f"{method} of the webhook": _signed_form(TWIML.body, method=method, status=405)
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post", "BREW")
    },
    "GET of the action": replace(ACTION, method="GET", status=405),
    "POST of the health": replace(HEALTH, method="POST", status=405),
    "GET of the socket's address": replace(SOCKET, headers=(), status=404),
    "POST of the socket's address": replace(ACTION, target="/ws", status=404),
    "a socket at the webhook": replace(SOCKET, target="/twiml"),
    "a socket at no address": replace(SOCKET, target="/nothing"),
    "a socket with a trailing slash": replace(SOCKET, target="/ws/"),
    "a socket without a key": replace(SOCKET, headers=UPGRADE[:3], status=400),
    "a socket of an old version": replace(
        SOCKET, headers=(*UPGRADE[:2], ("Sec-WebSocket-Version", "8"), UPGRADE[3]), status=400
    ),
    "a socket with two keys": replace(SOCKET, headers=(*UPGRADE, UPGRADE[3]), status=400),
    "no such page": Request("GET", "/nothing", (), b"", status=404),
    "a page of broken percent signs": Request("GET", "/%zz%", (), b"", status=404),
    "a page above all": Request("GET", "/../../etc/passwd", (), b"", status=404),
    "a page above all, encoded": Request("GET", "/%2e%2e/%2e%2e/etc/passwd", (), b"", status=404),
    "a page with a NUL": Request("GET", "/twiml%00", (), b"", status=404),
    "the webhook after a slash": _signed_form(TWIML.body, "//twiml", status=404),
    "the webhook as a proxy is asked for it": _signed_form(
        TWIML.body, "http://<host>/twiml", status=404
    ),
    "the documentation": Request("GET", "/docs", (), b"", status=404),
    "the schema": Request("GET", "/openapi.json", (), b"", status=404),
    "the environment file": Request("GET", "/.env", (), b"", status=404),
    "the bystander's decisions": DECISIONS,
    "the bystander's decisions with a word": DECISIONS.with_headers(("Authorization", "Bearer x")),
    "the bystander's decisions, not ASCII": DECISIONS.with_headers(
        ("Authorization", "Bearer \u00fc")
    ),
    "the bystander's decisions with a signature": replace(DECISIONS, signatures=("SIGNED",)),
}


async def test_wrong_requests_get_their_answer(subtests: pytest.Subtests) -> None:
    """With an auth token set: forms that are not what was signed, and what is no form at all."""
    async with bystander_on_a_call(twilio_auth_token=AUTH_TOKEN) as scene:
        host = scene.address.removeprefix("http://")
        signature = relay.sign(AUTH_TOKEN, f"http://{host}/twiml", FORM).encode()
        for kind, request in REQUESTS.items():
            with scene.case(subtests, kind):
                wire = request.encode(host).replace(b"SIGNED", signature)
                assert await status_of(scene.address, wire) == request.status
                await scene.check_nothing_else_happened()


_POST: Final = b"POST /twiml HTTP/1.1\r\nHost: localhost\r\n"

RAW_REQUESTS: Final[dict[str, tuple[bytes, int]]] = {
    "no HTTP": (b"hello\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 403),
    "a blank in the address": (b"POST /tw iml HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a header without a colon": (_POST + b"no\r\n\r\n", 400),
    "a header without a name": (_POST + b": no\r\n\r\n", 400),
    "a header folded into Host": (_POST + b" no\r\n\r\n", 403),
    "a header with a NUL": (_POST + b"A: \x00\r\n\r\n", 400),
    "headers without end": (_POST + b"A: " + b"a" * 100_000, 400),
    "a negative length": (_POST + b"Content-Length: -1\r\n\r\n", 400),
    "a length of no number": (_POST + b"Content-Length: x\r\n\r\n", 400),
    "two lengths": (_POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "chunks that are none": (_POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "an unknown encoding": (_POST + b"Transfer-Encoding: smoke\r\n\r\n", 400),
}


async def test_what_is_no_request_is_a_bad_request(subtests: pytest.Subtests) -> None:
    """Answered by itself; the sender may send no more on that connection."""
    async with bystander_on_a_call() as scene:
        for kind, (wire, status) in RAW_REQUESTS.items():
            with scene.case(subtests, kind):
                assert await status_of(scene.address, wire) == status
                await scene.check_nothing_else_happened()


async def test_request_that_breaks_off_harms_nobody(subtests: pytest.Subtests) -> None:
    """Its sender has gone before its end."""
    async with bystander_on_a_call() as scene:
        whole = TWIML.encode(scene.address.removeprefix("http://"))
        for kept in (0, 1, len(whole) // 2, len(whole) - 1):
            with scene.case(subtests, f"after {kept} bytes"):
                host, _, port = scene.address.removeprefix("http://").partition(":")
                _, writer = await asyncio.open_connection(host, int(port))
                writer.write(whole[:kept])
                writer.transport.abort()
                await scene.check_nothing_else_happened()


# --- strangers, where only this machine is served -----------------------------------------------

FOREIGN_HOSTS: Final = (
    "example.com",
    "10.0.0.1",
    "0.0.0.0",
    "127.0.0.1.example.com",
    "localhost.example.com",
    "example.com:80",
    "[2001:db8::1]",
    "[::ffff:10.0.0.1]",
    "localhost@example.com",
    "example.com/localhost",
    "2130706433",
    "",
)
FOREIGN_ORIGINS: Final = (
    "null",
    "",
    "https://example.com",
    "http://localhost.example.com",
    "http://example.com:8080",
    "http://127.0.0.1@example.com",
    "file://",
    "chrome-extension://localhost",
    "localhost",
    "http://localhost, https://example.com",
)
FORWARDED: Final = (
    *sorted(FORWARDING_HEADERS),
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Port",
    "X-Forwarded-Server",
    "x-forwarded",
    "X-Real-IP",
    "X-Original-URL",
    "X-Original-Host",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Envoy-External-Address",
)

LOCAL_DOORS: Final = {
    "page": PAGE,
    "twiml": TWIML,
    "socket": SOCKET,
    "demo guide": CHAT,
    "health": HEALTH,
}
STRANGERS: Final[dict[str, Request]] = {
    f"{kind} at the {door}": stranger
    for door, request in LOCAL_DOORS.items()
    for kind, stranger in {
        **{f"Host {host!r}": replace(request, hosts=(host,)) for host in FOREIGN_HOSTS},
        **{
            f"Origin {origin!r}": request.with_headers(("Origin", origin))
            for origin in FOREIGN_ORIGINS
        },
        **{f"header {name}": request.with_headers((name, "127.0.0.1")) for name in FORWARDED},
    }.items()
}


async def test_strangers_are_refused_without_an_auth_token(subtests: pytest.Subtests) -> None:
    """Whatever shows that a request was not made here, directly, and on purpose."""
    async with bystander_on_a_call() as scene:
        host = scene.address.removeprefix("http://")
        for kind, request in STRANGERS.items():
            with scene.case(subtests, kind):
                assert await status_of(scene.address, request.encode(host)) == 403
                await scene.check_nothing_else_happened()
        for door, request in LOCAL_DOORS.items():
            expected = 101 if door == "socket" else 200
            assert await status_of(scene.address, request.encode(host)) == expected


async def test_strangers_never_get_at_the_demo_guide(subtests: pytest.Subtests) -> None:
    """An auth token opens the webhooks to the world, and nothing else."""
    strangers = {kind: each for kind, each in STRANGERS.items() if each.target == CHAT.target}
    async with bystander_on_a_call(twilio_auth_token=AUTH_TOKEN) as scene:
        host = scene.address.removeprefix("http://")
        for kind, request in strangers.items():
            with scene.case(subtests, kind):
                assert await status_of(scene.address, request.encode(host)) == 403
                await scene.check_nothing_else_happened()
        assert await status_of(scene.address, CHAT.encode(host)) == 200


# --- how many -----------------------------------------------------------------------------------

TABLES: Final[Mapping[str, Mapping[str, object]]] = {
    "frame": FRAMES,
    "early frame": EARLY_FRAMES,
    "setup": SETUPS,
    "no setup": NO_SETUPS,
    "bytes": CLOSING_BYTES,
    "far too long": CLOSING_FRAMES,
    "break": BREAKS,
    "signature": SIGNATURES,
    "request": REQUESTS,
    "raw request": RAW_REQUESTS,
    "stranger": STRANGERS,
}
CASES: Final = [(table, kind) for table, kinds in TABLES.items() for kind in kinds]


def test_wrong_kinds_are_many() -> None:
    """The tables above are the promise that bad input is harmless; they are not to shrink."""
    assert len(CASES) >= 200
