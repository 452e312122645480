"""Calls over real sockets, to a small app."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import PlainTextResponse, Response

from emulator.app_server import AppServer, CallFailedError, http_client
from emulator.call_log import Entry
from emulator.decision_feed import follow, parse_event
from emulator.dial import SilentCaller, place_call
from emulator.resend import resend_call
from emulator.script import HangUp, ScriptedCaller, Speak
from relay_protocol import sign
from tests.emulated import EchoApp, SmallApp, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.websockets import WebSocket

    from emulator.script import Action

SPEED = 50.0
"""A call of twenty seconds takes less than half a second."""


async def test_caller_is_answered_over_a_real_socket() -> None:
    """Greeting, one turn, hang-up; both ends saw the same frames."""
    app = EchoApp(twiml_options={"welcomeGreeting": "Hello caller."})
    async with serving(app):
        caller = ScriptedCaller.from_text("when quiet: one two\nwhen quiet: hang up")
        result = await place_call(app.address, caller, speed=SPEED)
    assert [h.word for h in result.heard] == ["Hello", "caller.", "you", "said", "one", "two"]
    assert result.sent_to_app == app.received
    assert [frame["type"] for frame in app.received] == ["setup", "prompt"]
    assert result.sent_by_app == [{"type": "text", "token": "you said one two", "last": True}]
    assert [said.text for said in result.said] == ["one two", "(hangs up)"]
    assert result.cuts == []
    assert (result.close_code, result.closing.session_status) == (1000, "completed")


async def test_emulator_announces_the_call_as_twilio_does() -> None:
    """Webhook, setup and action carry the same SIDs and numbers, blank fields included."""
    app = EchoApp()
    async with serving(app):
        caller = ScriptedCaller.from_text("after 0s: hang up")
        result = await place_call(app.address, caller, from_number="+12025550111", speed=SPEED)
    form, setup = app.requests["twiml"].form, app.received[0]
    assert form["CallStatus"] == "ringing"
    assert form["FromCity"] == ""
    assert form["CallSid"] == setup["callSid"] == result.leg.identity.call_sid
    assert form["From"] == setup["from"] == "+12025550111"
    assert setup["customParameters"] == {"token": "secret"}
    assert app.requests["ws"].headers["user-agent"] == "Jetty/11.0.24"
    action = app.requests["action"].form
    assert action["SessionStatus"] == action["CallStatus"] == "completed"
    assert action["SessionId"] == setup["sessionId"]
    assert "HandoffData" not in action
    assert "ErrorCode" not in action
    assert result.action.form == action
    assert (result.action.status, result.action.twiml) == (200, "<Response/>")


async def test_emulator_signs_what_twilio_signs() -> None:
    """Webhook and action by URL and form, the socket by its URL as in the TwiML."""
    app = EchoApp()
    async with serving(app):
        caller = ScriptedCaller.from_text("after 0s: hang up")
        await place_call(app.address, caller, auth_token="12345", speed=SPEED)
    written = app.address.replace("http", "wss") + "/ws"
    for name, url in (
        ("twiml", f"{app.address}/twiml"),
        ("action", f"{app.address}/action"),
        ("ws", written),
    ):
        request = app.requests[name]
        signature = sign("12345", url, request.form)
        assert request.headers["x-twilio-signature"] == signature, name


async def test_emulator_signs_the_public_address_and_dials_the_local_one() -> None:
    """Requests are sent to the local address, but signed for PUBLIC_URL."""
    app = EchoApp(twiml_url="wss://desk.example.com/ws")
    async with serving(app):
        caller = ScriptedCaller.from_text("after 0s: hang up")
        public = "https://desk.example.com"
        await place_call(app.address, caller, auth_token="12345", public_url=public, speed=SPEED)
    twiml_request = app.requests["twiml"]
    expected = sign("12345", f"{public}/twiml", twiml_request.form)
    assert twiml_request.headers["x-twilio-signature"] == expected
    socket = app.requests["ws"]
    assert socket.headers["x-twilio-signature"] == sign("12345", "wss://desk.example.com/ws")


async def test_unsigned_call_carries_no_signature() -> None:
    """Without a token nothing is signed."""
    app = EchoApp()
    async with serving(app):
        await place_call(app.address, ScriptedCaller([]), speed=SPEED)
    assert "x-twilio-signature" not in app.requests["twiml"].headers


async def test_action_can_be_a_get() -> None:
    """With method GET the action's fields are in the query."""
    app = EchoApp(twiml_options={"connect": 'method="GET"'})
    async with serving(app):
        result = await place_call(app.address, ScriptedCaller([]), auth_token="12345", speed=SPEED)
    assert "SessionStatus=completed" in app.requests["action"].url
    assert result.action.status == 200
    signature = app.requests["action"].headers["x-twilio-signature"]
    assert signature == sign("12345", app.requests["action"].url)


async def test_call_without_action_requests_none() -> None:
    """With an empty action, none is requested."""
    app = EchoApp(twiml_options={"action": ""})
    async with serving(app):
        result = await place_call(app.address, ScriptedCaller([]), speed=SPEED)
    assert (result.action.form, result.action.status) == ({}, None)


async def test_action_that_does_not_answer_is_no_error() -> None:
    """The call is over anyway; its result has the form."""
    app = EchoApp(twiml_options={"action": "https://relay.invalid/action"})
    async with serving(app):
        result = await place_call(app.address, ScriptedCaller([]), speed=SPEED)
    assert result.action.form["SessionStatus"] == "completed"
    assert (result.action.status, result.action.twiml) == (None, "")


@pytest.mark.parametrize(
    ("url", "goes_to"),
    [
        ("wss://localhost/ws?a=1", "ws://127.0.0.1:8080/ws?a=1"),
        ("wss://[::1]:99/ws", "ws://127.0.0.1:8080/ws"),
        ("https://desk.example.com/action", "http://127.0.0.1:8080/action"),
        ("wss://elsewhere.example.com/ws", "wss://elsewhere.example.com/ws"),
    ],
)
def test_requests_for_the_app_go_to_its_local_address(url: str, goes_to: str) -> None:
    """Loopback and the public host mean the app; other hosts do not."""
    app = AppServer(address="http://127.0.0.1:8080", public_url="https://desk.example.com/")
    assert app.route(url) == goes_to


def test_secure_app_is_dialled_securely() -> None:
    """An https address implies wss."""
    app = AppServer(address="https://desk.example.com")
    assert app.route("wss://desk.example.com/ws") == "wss://desk.example.com/ws"


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:9"])
async def test_app_without_decision_feed_is_no_error(address: str) -> None:
    """Refused or unreachable, the feed is empty."""
    async with serving(EchoApp()) as app, http_client() as client:
        server = address or f"{app.address}/nowhere"
        told = [decision async for decision in follow(client, server, "CA1", "secret")]
    assert told == []


def test_decision_is_an_object() -> None:
    """Anything else on the feed is ignored."""
    assert parse_event('data: {"a": 1}') == {"a": 1}
    assert [parse_event(line) for line in ("data: [1]", "data: x", ": hi", "")] == [None] * 4


async def test_app_ends_the_session() -> None:
    """`end` closes with 1000 and hands its data to the action."""

    async def relay(socket: WebSocket, _setup: dict[str, Any]) -> None:
        await socket.send_json({"type": "end", "handoffData": '{"to":"desk"}'})
        async for _ in app.frames(socket):
            pass

    app = SmallApp(relay)
    async with serving(app):
        result = await place_call(app.address, SilentCaller(), speed=SPEED)
    action = app.requests["action"].form
    assert (action["SessionStatus"], action["CallStatus"]) == ("ended", "in-progress")
    assert action["HandoffData"] == '{"to":"desk"}'
    assert result.close_code == 1000


async def test_app_that_closes_the_socket_has_failed() -> None:
    """Closing without `end` is error 64105, even with code 1000."""

    async def relay(socket: WebSocket, _setup: dict[str, Any]) -> None:
        await socket.close(1000)

    app = SmallApp(relay)
    async with serving(app):
        result = await place_call(app.address, SilentCaller(), speed=SPEED)
    assert result.closing.session_status == "failed"
    action = app.requests["action"].form
    assert (action["SessionStatus"], action["ErrorCode"]) == ("failed", "64105")


async def test_app_that_sends_garbage_is_cut_off() -> None:
    """Ten malformed frames close the socket with 1007; each was rejected and logged verbatim."""
    closed: list[int] = []

    async def relay(socket: WebSocket, _setup: dict[str, Any]) -> None:
        for _ in range(10):
            await socket.send_text("garbage")
        while (message := await socket.receive())["type"] != "websocket.disconnect":
            pass
        closed.append(message["code"])

    app = SmallApp(relay)
    async with serving(app):
        result = await place_call(app.address, SilentCaller(), speed=SPEED)
    assert closed == [1007]
    assert result.sent_by_app == [{"raw": "garbage"}] * 10
    assert len([frame for frame in result.sent_to_app if frame["type"] == "error"]) == 10


async def test_decisions_are_noted() -> None:
    """The decision feed is requested with the call's token, and its events become notes."""
    events = [": hello\n\n", "event: x\n", 'data: {"outcome": "resumed"}\n\n', "data: oops\n\n"]
    app = EchoApp(decisions=events)
    async with serving(app):
        caller = ScriptedCaller.from_text("after 10s: hang up")
        result = await place_call(app.address, caller, speed=SPEED)
    assert app.requests["twiml"].form["Decisions"] == "1"
    assert app.requests["decisions"].headers["authorization"] == "Bearer secret"
    assert result.leg.identity.call_sid in app.requests["decisions"].url
    assert result.decisions == [{"type": "decision", "outcome": "resumed"}]


async def test_listener_is_told_of_every_entry_in_order() -> None:
    """`on_entry` receives every entry of the result, in order."""
    seen: list[Entry] = []
    app = EchoApp()
    async with serving(app):
        result = await place_call(
            app.address, ScriptedCaller([]), speed=SPEED, on_entry=seen.append
        )
    assert seen == result.entries
    assert [entry.dir for entry in seen] == ["in", "note"]


async def test_typed_words_are_said_at_once() -> None:
    """Typed actions reach the line at once."""

    async def typed() -> AsyncIterator[Action]:
        yield Speak("typed words")
        await heard.wait()
        yield HangUp()

    heard = asyncio.Event()

    async def relay(socket: WebSocket, _setup: dict[str, Any]) -> None:
        async for frame in app.frames(socket):
            if frame["type"] == "prompt":
                heard.set()

    app = SmallApp(relay)
    async with serving(app):
        await place_call(app.address, SilentCaller(), speed=SPEED, typed=typed())
    assert [f["voicePrompt"] for f in app.received if f["type"] == "prompt"] == ["typed words"]


async def test_script_that_waits_in_vain_continues_and_says_so() -> None:
    """A condition that never comes true only delays the script."""
    app = EchoApp()
    async with serving(app):
        caller = ScriptedCaller.from_text('after "never said": hang up')
        result = await place_call(app.address, caller, speed=SPEED * 4)
    notes = [str(e.frame["text"]) for e in result.entries if e.frame["type"] == "script"]
    assert len(notes) == 1
    assert 'after "never said": hang up' in notes[0]


async def test_cancelled_call_is_hung_up_properly() -> None:
    """Cancelling, as Ctrl-C does, still closes with 1000 and requests the action."""
    ready = asyncio.Event()

    async def relay(socket: WebSocket, _setup: dict[str, Any]) -> None:
        ready.set()
        async for _ in app.frames(socket):
            pass

    app = SmallApp(relay)
    async with serving(app):
        call = asyncio.create_task(place_call(app.address, SilentCaller()))
        await ready.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert app.requests["action"].form["SessionStatus"] == "completed"


async def test_absent_server_is_a_plain_message() -> None:
    """The message says what to do."""
    with pytest.raises(CallFailedError, match="make run"):
        await place_call("http://127.0.0.1:9", SilentCaller())


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (PlainTextResponse("signature\nmissing", status_code=403), "--auth-token"),
        (PlainTextResponse("", status_code=404), "--server"),
        (PlainTextResponse("boom", status_code=500), "log"),
        (PlainTextResponse("hello"), "not XML"),
        (Response("<Response><Say>no</Say></Response>"), "ConversationRelay"),
    ],
)
async def test_refused_webhook_is_a_plain_message(answer: Response, advice: str) -> None:
    """The message quotes the response on one line, with advice."""
    async with serving(EchoApp(twiml_answer=answer)) as app:
        with pytest.raises(CallFailedError, match=advice) as failure:
            await place_call(app.address, SilentCaller())
    assert "\n" not in str(failure.value)


async def test_refused_socket_is_a_plain_message() -> None:
    """A 403 on the upgrade names the token."""
    async with serving(EchoApp(refuses_socket=True)) as app:
        with pytest.raises(CallFailedError, match=r"403.*--auth-token"):
            await place_call(app.address, SilentCaller())


async def test_unreachable_socket_is_a_plain_message() -> None:
    """A relay at an unreachable host is error 64102."""
    async with serving(EchoApp(twiml_url="wss://relay.invalid/ws")) as app:
        with pytest.raises(CallFailedError, match="64102"):
            await place_call(app.address, SilentCaller())


async def test_frames_of_a_call_log_are_resent_with_a_fresh_setup() -> None:
    """The relay's frames are sent again, with a setup for the new call; answers are logged."""
    entries = [
        Entry(0.0, "in", {"type": "setup", "from": "+12025550177", "callSid": "CAold", "x": 1}),
        Entry(0.5, "out", {"type": "text", "token": "old answer", "last": True}),
        Entry(1.0, "in", {"type": "prompt", "voicePrompt": "hi", "lang": "en-US", "last": True}),
    ]
    app = EchoApp()
    async with serving(app):
        result = await resend_call(app.address, entries, speed=SPEED)
    setup, prompt = app.received
    assert (setup["from"], setup["x"]) == ("+12025550177", 1)
    assert setup["callSid"] == app.requests["twiml"].form["CallSid"] != "CAold"
    assert setup["customParameters"] == {"token": "secret"}
    assert prompt == entries[2].frame
    assert [e.frame["token"] for e in result.entries if e.dir == "out"] == ["you said hi"]
    assert (result.completed, result.close_code) == (True, 1000)
    assert app.requests["action"].form["SessionStatus"] == "completed"


async def test_resend_notices_an_app_that_closes_early() -> None:
    """A socket closed before the end of the call log is a failed session."""

    async def relay(socket: WebSocket, _setup: dict[str, Any]) -> None:
        await socket.close(1000)

    entries = [Entry(t / 2, "in", {"type": "dtmf", "digit": "1"}) for t in range(200)]
    app = SmallApp(relay)
    async with serving(app):
        result = await resend_call(app.address, entries, speed=SPEED)
    assert not result.completed
    assert app.requests["action"].form["SessionStatus"] == "failed"
