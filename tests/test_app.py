"""The app's own pages and sockets, over real HTTP and WebSockets, and the app as a program."""

import asyncio
import base64
import gc
import hmac
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import httpx2
import pytest
from structlog.testing import capture_logs

import app
import relay_protocol as relay
from app import create_app
from barge_in import BargeIn
from call_log.format import parse_call_log
from calls.call import Call
from config import NO_PUBLIC_URL, VERSION
from guide import libcurl, sdk
from guide_client import Request
from tests import transports
from tests.calls.test_call import PATIENCE_S, in_time, nth_request, relay_session
from tests.guide_server import GuideServer, Step
from tests.places import ROOT
from tests.serving import AUTH_TOKEN, serve, serve_frontdesk, settings_for_test
from web.relay_socket import RelaySocket

CALLER: Final = "+12025550123"
TOLD: Final = {"Decisions": "1"}
FORM: Final = {"CallSid": "CA1", "AccountSid": "AC1", "From": CALLER, "CallerName": ""}


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
async def guide() -> AsyncIterator[GuideServer]:
    async with GuideServer() as server:
        yield server


def signed(url: str, form: Mapping[str, str] | None = None) -> dict[str, str]:
    """The header that Twilio puts on a request to `url`, as it knows it."""
    return {"X-Twilio-Signature": relay.sign(AUTH_TOKEN, url, form)}


def signed_socket(address: str) -> dict[str, str]:
    """The header that Twilio puts on the socket it opens to the app at `address`."""
    return signed(address.replace("http", "wss", 1) + "/ws")


def read_twiml(answer: httpx2.Response) -> tuple[ElementTree.Element, ElementTree.Element]:
    """The `<Connect>` and the `<ConversationRelay>` of an answer to the voice webhook."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    connect = ElementTree.fromstring(answer.text).find("Connect")
    assert connect is not None
    conversation_relay = connect.find("ConversationRelay")
    assert conversation_relay is not None
    return connect, conversation_relay


def parameters_of(answer: httpx2.Response) -> dict[str, str]:
    """What an answer to the voice webhook gives the call to bring along."""
    _, conversation_relay = read_twiml(answer)
    found = conversation_relay.findall("Parameter")
    return {parameter.attrib["name"]: parameter.attrib["value"] for parameter in found}


def token_of(answer: httpx2.Response) -> str:
    """The call's token in an answer to the voice webhook, which holds no other parameter."""
    parameters = parameters_of(answer)
    assert list(parameters) == ["token"]
    return parameters["token"]


async def offer(
    client: httpx2.AsyncClient, address: str, call_sid: str = "CA1", **asked: str
) -> str:
    """Ask the voice webhook about a call, signed; returns the call's token."""
    url, form = f"{address}/twiml", {**FORM, "CallSid": call_sid, **asked}
    answer = await client.post(url, data=form, headers=signed(url, form))
    parameters = parameters_of(answer)
    assert parameters == {"token": parameters["token"], **asked}
    return parameters["token"]


async def calls_become(client: httpx2.AsyncClient, address: str, count: int) -> None:
    """Wait until /health tells of so many calls in progress."""
    async with asyncio.timeout(PATIENCE_S):
        while (await client.get(f"{address}/health")).json()["calls"] != count:
            pass


# --- the voice webhook --------------------------------------------------------------------------


async def test_twiml_connects_the_call_to_our_socket(http: httpx2.AsyncClient) -> None:
    """The relay's address is a wss one, where the request was sent to; the action is next to it."""
    async with serve_frontdesk() as address:
        connect, conversation_relay = read_twiml(await http.post(f"{address}/twiml", data=FORM))
    assert conversation_relay.get("url") == address.replace("http", "wss", 1) + "/ws"
    assert (connect.get("action"), connect.get("method")) == (f"{address}/action", "POST")


async def test_twiml_carries_the_attributes(http: httpx2.AsyncClient) -> None:
    """Those that selective barge-in needs, and those of the settings, escaped."""
    greeting = 'Tom & Ann\'s <b>"Café"</b>, hello'
    async with serve_frontdesk(welcome_greeting=greeting, relay_language="en-GB") as address:
        _, conversation_relay = read_twiml(await http.post(f"{address}/twiml", data=FORM))
    expected = {
        "welcomeGreeting": greeting,
        "language": "en-GB",
        "interruptible": "speech",
        "reportInputDuringAgentSpeech": "speech",
        "events": "speaker-events tokens-played",
        "partialPrompts": "true",
    }
    assert expected.items() <= conversation_relay.attrib.items()


async def test_twiml_follows_the_proxy_it_was_asked_through(http: httpx2.AsyncClient) -> None:
    """Without PUBLIC_URL, the request's own forwarding headers say where it was sent to."""
    form, url = dict(FORM), "https://front.example.com/twiml"
    proxied = {
        "X-Forwarded-Proto": "https,http",
        "X-Forwarded-Host": "front.example.com, inner.example.com",
        **signed(url, form),
    }
    async with serve_frontdesk(twilio_auth_token=AUTH_TOKEN) as address:
        answer = await http.post(f"{address}/twiml", data=form, headers=proxied)
    connect, conversation_relay = read_twiml(answer)
    assert conversation_relay.get("url") == "wss://front.example.com/ws"
    assert connect.get("action") == "https://front.example.com/action"


async def test_public_url_outdoes_all_headers(http: httpx2.AsyncClient) -> None:
    """PUBLIC_URL, its path included, is what is written and what is signed."""
    public = "https://front.example.com/desk/7"
    forwarded = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example.com"}
    settings = {"twilio_auth_token": AUTH_TOKEN, "public_url": public + "/"}
    async with serve_frontdesk(**settings) as address:
        headers = {**forwarded, **signed(f"{public}/twiml", FORM)}
        answer = await http.post(f"{address}/twiml", data=FORM, headers=headers)
        wss = signed("wss://front.example.com/desk/7/ws")
        async with relay_session(address, token=token_of(answer), headers=wss):
            await calls_become(http, address, 1)
    connect, conversation_relay = read_twiml(answer)
    assert conversation_relay.get("url") == "wss://front.example.com/desk/7/ws"
    assert connect.get("action") == "https://front.example.com/desk/7/action"


async def test_signature_covers_query_and_repeated_and_blank_fields(
    http: httpx2.AsyncClient,
) -> None:
    """The webhook's own query string is part of what is signed, and so is every field."""
    async with serve_frontdesk(twilio_auth_token=AUTH_TOKEN) as address:
        url = f"{address}/twiml?shop=2&x=%20"
        # As Twilio documents it: names in order, each followed by each of its distinct values.
        fields = "Blank" + "CallSidCA1" + "TagaTagb"
        digest = hmac.digest(AUTH_TOKEN.encode(), (url + fields).encode(), "sha1")
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": base64.b64encode(digest).decode(),
        }
        body = "Tag=b&CallSid=CA1&Tag=a&Blank=&Tag=b"
        statuses = [
            (await http.post(to, content=content, headers=headers)).status_code
            for to, content in (
                (url, body),
                (url, body.replace("&Blank=", "")),
                (url, body.replace("Tag=a", "Tag=c")),
                (url.replace("shop=2", "shop=3"), body),
            )
        ]
    assert statuses == [200, 403, 403, 403]


async def test_tokens_are_of_one_call_each(http: httpx2.AsyncClient) -> None:
    """No two answers hold the same token, not even for the same call."""
    async with serve_frontdesk() as address:
        answers = [await http.post(f"{address}/twiml", data=FORM) for _ in range(3)]
    assert len({token_of(answer) for answer in answers}) == 3


async def test_get_of_the_webhook_says_what_to_do(http: httpx2.AsyncClient) -> None:
    """A browser, or a number set to HTTP GET, is told."""
    async with serve_frontdesk() as address:
        answer = await http.get(f"{address}/twiml")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "HTTP POST" in answer.text


async def test_action_ends_the_call(http: httpx2.AsyncClient) -> None:
    """An empty response hangs up, whatever the session came to."""
    form = {**FORM, "SessionStatus": "failed", "ErrorCode": "64105", "SessionDuration": "12"}
    with capture_logs() as logs:
        async with serve_frontdesk(twilio_auth_token=AUTH_TOKEN) as address:
            url = f"{address}/action"
            answer = await http.post(url, data=form, headers=signed(url, form))
            refused = await http.post(url, data=form)
    assert list(ElementTree.fromstring(answer.text)) == []
    assert answer.headers["content-type"].startswith("text/xml")
    (over,) = [log for log in logs if log["event"] == "session over"]
    assert (over["call"], over["status"], over["error"]) == ("CA1", "failed", "64105")
    assert refused.status_code == 403
    assert "TWILIO_AUTH_TOKEN" in refused.text


# --- what an owner sees -------------------------------------------------------------------------


async def test_health_tells_of_the_guide(http: httpx2.AsyncClient) -> None:
    """Whether it is the demo one; and the version."""
    async with serve_frontdesk() as address:
        assert (await http.get(f"{address}/health")).json() == {
            "status": "ok",
            "version": VERSION,
            "calls": 0,
            "demo_guide": True,
            "guide_transport": "libcurl",
        }
    async with serve_frontdesk(guide_base_url="http://127.0.0.1:1/v1") as address:
        assert (await http.get(f"{address}/health")).json()["demo_guide"] is False


async def test_health_counts_the_calls_in_progress(
    http: httpx2.AsyncClient, guide: GuideServer
) -> None:
    """Up when one has been set up, down when it has ended."""
    async with serve_frontdesk(guide_base_url=guide.base_url) as address:
        async with relay_session(address, "CA1") as one:
            await one.ask("What do you sell?")
            await calls_become(http, address, 1)
            async with relay_session(address, "CA2") as other:
                await other.ask("What do you sell?")
                await calls_become(http, address, 2)
            await calls_become(http, address, 1)
            await one.ask("And what else do you sell?")
        await calls_become(http, address, 0)


@pytest.mark.parametrize(
    ("transport", "exchange"), [("libcurl", libcurl.Exchange), ("openai", sdk.Exchange)]
)
async def test_ended_call_leaves_nothing_behind(
    http: httpx2.AsyncClient,
    guide: GuideServer,
    monkeypatch: pytest.MonkeyPatch,
    transport: str,
    exchange: type,
) -> None:
    """Neither after a whole reply nor after one that was dropped, and without any help of the
    garbage collector, which would come much later."""
    transports.choose(transport, monkeypatch)
    kinds = (BargeIn, Call, RelaySocket, Request, exchange)

    def left() -> list[object]:
        return [each for each in gc.get_objects() if isinstance(each, kinds)]

    async with serve_frontdesk(guide_base_url=guide.base_url) as address:
        await calls_become(http, address, 0)
        gc.collect()
        gc.disable()
        try:
            async with relay_session(address) as session:
                await session.ask("What do you sell?")
                guide.script(lambda _: ["Hats and gloves, ", Step.HANG])
                await session.say("And what else do you sell?")
                await session.receive()
                assert {type(each) for each in left()} == {*kinds}
            async with asyncio.timeout(PATIENCE_S):
                while left():  # noqa: ASYNC110 - nobody tells when the last of it goes
                    await asyncio.sleep(0.01)
        finally:
            gc.enable()


# --- a call that Twilio has signed --------------------------------------------------------------


async def test_signed_call_gets_its_reply(http: httpx2.AsyncClient, guide: GuideServer) -> None:
    """Webhook, socket and setup, as Twilio does it with an auth token."""
    settings = {"twilio_auth_token": AUTH_TOKEN, "guide_base_url": guide.base_url}
    async with serve_frontdesk(**settings) as address:
        token = await offer(http, address)
        async with relay_session(address, token=token, headers=signed_socket(address)) as session:
            assert await session.ask("What do you sell?") == "Hello there."


async def test_signed_call_reaches_the_demo_guide(http: httpx2.AsyncClient) -> None:
    """With a token set, the app itself may still ask the guide that it embeds."""
    async with serve_frontdesk(twilio_auth_token=AUTH_TOKEN) as address:
        token = await offer(http, address)
        async with relay_session(address, token=token, headers=signed_socket(address)) as session:
            await session.say("What are your opening hours?")
            assert "trouble" not in await session.receive_cycle()


@pytest.mark.parametrize("token", ["", AUTH_TOKEN])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "front.example.com"}, 403),
        ({"X-Forwarded-For": "203.0.113.9"}, 403),
        ({"Origin": "https://evil.example.com"}, 403),
    ],
)
async def test_demo_guide_answers_this_machine_alone(
    http: httpx2.AsyncClient, token: str, headers: dict[str, str], status: int
) -> None:
    """It costs nothing and knows nothing, but it is nobody's free endpoint either."""
    chat = {"model": "guide", "messages": [{"role": "user", "content": "hi"}], "stream": False}
    async with serve_frontdesk(twilio_auth_token=token or None) as address:
        url = f"{address}/demo/v1"
        models = await http.get(f"{url}/models", headers=headers)
        answer = await http.post(f"{url}/chat/completions", json=chat, headers=headers)
    assert (models.status_code, answer.status_code) == (status, status)
    assert ("this machine alone" in answer.text or "its own machine" in answer.text) == (
        status == 403
    )


async def test_demo_guide_is_not_opened_by_a_path_prefix_of_a_proxy(
    http: httpx2.AsyncClient,
) -> None:
    """Where the server is told of one, it stands before every path."""
    app = create_app(settings_for_test(twilio_auth_token=AUTH_TOKEN))
    app.root_path = "/x"
    async with serve(app) as address:
        answer = await http.get(f"{address}/x/demo/v1/models", headers={"X-Real-IP": "203.0.113.9"})
        direct = await http.get(f"{address}/demo/v1/models")
    assert (answer.status_code, direct.status_code) == (403, 200)


# --- the decisions of a call --------------------------------------------------------------------


async def read_decision(events: AsyncIterator[str]) -> dict[str, Any]:
    """The next server-sent event."""
    async with asyncio.timeout(PATIENCE_S):
        async for line in events:
            if line.startswith("data: "):
                decision: dict[str, Any] = json.loads(line.removeprefix("data: "))
                return decision
    raise AssertionError("the decisions ended")


@pytest.mark.parametrize("auth_token", [None, AUTH_TOKEN])
async def test_decisions_are_told_to_who_placed_the_call(
    http: httpx2.AsyncClient, guide: GuideServer, auth_token: str | None
) -> None:
    """Those made so far and those to come, with the words, until the call ends."""
    settings = {"twilio_auth_token": auth_token, "guide_base_url": guide.base_url}
    async with serve_frontdesk(**settings) as address, AsyncExitStack() as stack:
        token = await offer(http, address, **TOLD)
        headers = signed_socket(address)
        call = relay_session(address, token=token, headers=headers, asked=TOLD)
        session = await stack.enter_async_context(call)
        await session.ask("What do you sell?")
        url, bearer = f"{address}/calls/CA1/decisions", {"Authorization": f"Bearer {token}"}
        async with http.stream("GET", url, headers=bearer) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            events = answer.aiter_lines()
            first = await read_decision(events)
            assert (first["said"], first["outcome"]) == ("What do you sell?", "asked")
            assert set(first) == {
                "t",
                "said",
                "heard",
                "act",
                "rule",
                "outcome",
                "state_before",
                "state_after",
                "paused_for_s",
            }
            await session.ask("And how late are you open?")
            second = await read_decision(events)
            assert second["said"] == "And how late are you open?"
            assert second["t"] >= first["t"]
            await stack.aclose()  # the caller hangs up
            assert "".join([line async for line in events]) == ""


async def test_decisions_are_told_from_the_start_to_each_who_asks(
    http: httpx2.AsyncClient, guide: GuideServer
) -> None:
    """Numbered, so that one whose stream broke knows which it has; no cache keeps them."""
    async with serve_frontdesk(guide_base_url=guide.base_url) as address:
        token = await offer(http, address, **TOLD)
        url, bearer = f"{address}/calls/CA1/decisions", {"Authorization": f"Bearer {token}"}
        async with relay_session(address, token=token, asked=TOLD) as session:
            for words in ("What do you sell?", "And what else?", "Since when?"):
                await session.ask(words)
            for _ in range(2):
                async with http.stream("GET", url, headers=bearer) as answer:
                    assert answer.headers["cache-control"] == "no-store"
                    lines = answer.aiter_lines()
                    ids = [await anext(lines), *[await _line_after(lines, 2) for _ in range(2)]]
                    assert ids == ["id: 0", "id: 1", "id: 2"]


async def _line_after(lines: AsyncIterator[str], skipped: int) -> str:
    for _ in range(skipped):
        await anext(lines)
    return await anext(lines)


async def test_listener_who_never_reads_holds_nobody_up(
    http: httpx2.AsyncClient, guide: GuideServer
) -> None:
    """Neither the call, nor others who listen to it, nor the end of both."""
    async with serve_frontdesk(guide_base_url=guide.base_url, guide_history_turns=1) as address:
        token = await offer(http, address, **TOLD)
        host, _, port = address.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1)
        async with relay_session(address, token=token, asked=TOLD) as session:
            await session.ask("What do you sell?")
            request = f"GET /calls/CA1/decisions HTTP/1.1\r\nHost: {host}\r\n"
            writer.write(f"{request}Authorization: Bearer {token}\r\n\r\n".encode())
            long = "what about this and that " * 2000
            for number in range(40):
                assert await session.ask(f"{long} {number}?") == "Hello there."
            url, bearer = f"{address}/calls/CA1/decisions", {"Authorization": f"Bearer {token}"}
            async with http.stream("GET", url, headers=bearer) as answer:
                events = answer.aiter_lines()
                told = [await read_decision(events) for _ in range(41)]
            assert told[-1]["said"].endswith(" 39?")
        await calls_become(http, address, 0)
        writer.transport.abort()


STRANGERS: Final = [
    "",
    "Bearer",
    "Bearer wrong",
    "Basic TOKEN",
    "TOKEN",
    "Bearer TOKENx",
    "Bearer TOKEN x",
    "Bearer OTHER",
    "Bearer \u00fc",
]


async def test_decisions_are_refused_to_strangers(
    http: httpx2.AsyncClient, guide: GuideServer
) -> None:
    """Only the token of that very call opens them."""
    async with serve_frontdesk(guide_base_url=guide.base_url) as address:
        tokens = [await offer(http, address, sid, **TOLD) for sid in ("CA1", "CA2")]
        async with (
            relay_session(address, "CA1", tokens[0], asked=TOLD),
            relay_session(address, "CA2", tokens[1], asked=TOLD),
        ):
            await calls_become(http, address, 2)
            url = f"{address}/calls/CA1/decisions"
            assert (await http.get(url)).status_code == 403
            for stranger in STRANGERS:
                given = stranger.replace("TOKEN", tokens[0]).replace("OTHER", tokens[1])
                headers = {b"Authorization": given.encode()}
                answer = await http.get(url, headers=headers)
                assert (stranger, answer.status_code) == (stranger, 403)


@pytest.mark.parametrize("auth_token", [None, AUTH_TOKEN])
async def test_decisions_are_not_told_unless_the_call_asked(
    http: httpx2.AsyncClient, guide: GuideServer, auth_token: str | None
) -> None:
    """A call from a telephone has no side channel, whoever asks; nor has one without a token."""
    settings = {"twilio_auth_token": auth_token, "guide_base_url": guide.base_url}
    async with serve_frontdesk(**settings) as address:
        token, headers = await offer(http, address), signed_socket(address)
        async with relay_session(address, token=token, headers=headers) as session:
            await session.ask("What do you sell?")
            for call_sid in ("CA1", "CA9"):
                url = f"{address}/calls/{call_sid}/decisions"
                for given in ("x", token, "None"):
                    answer = await http.get(url, headers={"Authorization": f"Bearer {given}"})
                    assert answer.status_code == 404
        async with relay_session(address, "CA2", headers=headers, asked=TOLD) as session:
            if auth_token is None:  # with one it is not let in without a token
                await session.ask("What do you sell?")
            url = f"{address}/calls/CA2/decisions"
            assert (await http.get(url, headers={"Authorization": "Bearer"})).status_code == 404


async def test_call_brings_along_what_it_was_asked_with(
    http: httpx2.AsyncClient, guide: GuideServer
) -> None:
    """Nothing can be added to it on the way, or taken away: the token is for all of it."""
    settings = {"twilio_auth_token": AUTH_TOKEN, "guide_base_url": guide.base_url}
    talkover, pause = {"BargeInMode": "talkover"}, {"BargeInMode": "pause"}
    async with serve_frontdesk(**settings) as address:
        headers = signed_socket(address)
        for asked, brought in [
            ({}, TOLD),
            ({}, talkover),
            ({}, pause),
            (TOLD, {}),
            (pause, talkover),
            (talkover, TOLD),
            (TOLD, {**TOLD, **talkover}),
            ({**TOLD, **talkover}, TOLD),
            (TOLD, {"Decisions": "1\n"}),
            (TOLD, {"Decisions": "2"}),
            (pause, {"BargeInMode": "pause&Decisions=1"}),
        ]:
            token = await offer(http, address, **asked)
            async with relay_session(address, token=token, headers=headers, asked=brought) as call:
                async with asyncio.timeout(PATIENCE_S):
                    await call.socket.wait_closed()
                assert call.socket.close_code == 1008
            async with relay_session(address, token=token, headers=headers, asked=asked) as call:
                assert await call.ask("What do you sell?")
    assert len(guide.requests) == 11


@pytest.mark.parametrize("auth_token", [None, AUTH_TOKEN])
@pytest.mark.parametrize(
    "asked",
    [
        {"BargeInMode": "loud"},
        {"BargeInMode": ""},
        {"BargeInMode": "Pause"},
        {"BargeInMode": "pause\n"},
        {"Decisions": "0"},
        {"Decisions": ""},
        {"Decisions": "true"},
    ],
)
async def test_wish_that_there_is_not_is_refused(
    http: httpx2.AsyncClient, asked: dict[str, str], auth_token: str | None
) -> None:
    """By the webhook with what would be right, and by the socket."""
    async with serve_frontdesk(twilio_auth_token=auth_token) as address:
        url, form = f"{address}/twiml", {**FORM, **asked}
        answer = await http.post(url, data=form, headers=signed(url, form))
        token, headers = await offer(http, address), signed_socket(address)
        async with relay_session(address, token=token, headers=headers, asked=asked) as session:
            async with asyncio.timeout(PATIENCE_S):
                await session.socket.wait_closed()
    assert answer.status_code == 400
    assert f"expected {next(iter(asked))} to be " in answer.json()["detail"]
    assert session.socket.close_code == 1008


def logged_options(directory: Path) -> dict[str, Any]:
    """How turn-taking was set on the one call that is logged there."""
    (path,) = directory.glob("*.jsonl")
    (note,) = [
        entry.frame for entry in parse_call_log(path.read_text("utf-8")) if entry.is_note("call")
    ]
    options: dict[str, Any] = note["options"]
    return options


@pytest.mark.parametrize(
    ("settings", "asked", "interruptible"),
    [
        ({}, {}, "speech"),
        ({}, {"BargeInMode": "pause"}, "speech"),
        ({}, {"BargeInMode": "talkover"}, "none"),
        ({"barge_in_mode": "talkover"}, {}, "none"),
        ({"barge_in_mode": "talkover"}, {"BargeInMode": "pause"}, "speech"),
        ({"relay_interruptible": "any"}, {"BargeInMode": "pause"}, "any"),
    ],
)
async def test_mode_of_a_call_may_differ_from_the_owners(
    http: httpx2.AsyncClient,
    guide: GuideServer,
    tmp_path: Path,
    *,
    settings: dict[str, str],
    asked: dict[str, str],
    interruptible: str,
) -> None:
    """The line is told of it, and so is turn-taking."""
    given = {"guide_base_url": guide.base_url, "call_log_dir": tmp_path, **settings}
    async with serve_frontdesk(**given) as address:
        answer = await http.post(f"{address}/twiml", data={**FORM, **asked})
        _, conversation_relay = read_twiml(answer)
        async with relay_session(address, asked=parameters_of(answer)) as session:
            await session.ask("What do you sell?")
        await calls_become(http, address, 0)
    assert conversation_relay.get("interruptible") == interruptible
    assert logged_options(tmp_path)["talkover"] is (interruptible == "none")


@pytest.mark.parametrize(
    ("settings", "mode", "name"),
    [
        ({"relay_events": "speaker-events"}, "talkover", "RELAY_EVENTS"),
        ({"relay_interruptible": "any"}, "talkover", "RELAY_INTERRUPTIBLE"),
        (
            {"barge_in_mode": "talkover", "relay_interruptible": "none"},
            "pause",
            "RELAY_INTERRUPTIBLE",
        ),
    ],
)
async def test_mode_that_the_owner_rules_out_is_refused(
    http: httpx2.AsyncClient, settings: dict[str, str], mode: str, name: str
) -> None:
    """By the webhook with the reason, and by the socket."""
    async with serve_frontdesk(**settings) as address:
        answer = await http.post(f"{address}/twiml", data={**FORM, "BargeInMode": mode})
        async with relay_session(address, asked={"BargeInMode": mode}) as session:
            async with asyncio.timeout(PATIENCE_S):
                await session.socket.wait_closed()
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith(f"{name}: ")
    assert session.socket.close_code == 1008


async def test_decisions_end_with_the_call(http: httpx2.AsyncClient, guide: GuideServer) -> None:
    """Afterwards the token opens nothing."""
    async with serve_frontdesk(guide_base_url=guide.base_url) as address:
        token = await offer(http, address, **TOLD)
        async with relay_session(address, token=token, asked=TOLD) as session:
            await session.ask("What do you sell?")
        await calls_become(http, address, 0)
        bearer = {"Authorization": f"Bearer {token}"}
        answer = await http.get(f"{address}/calls/CA1/decisions", headers=bearer)
    assert answer.status_code == 404


# --- what is in the logs ------------------------------------------------------------------------


@pytest.mark.parametrize("spoken", [False, True])
async def test_logs_hold_no_secret_and_no_number(
    http: httpx2.AsyncClient,
    guide: GuideServer,
    caplog: pytest.LogCaptureFixture,
    spoken: bool,
) -> None:
    """Nor the words of the call, unless LOG_TRANSCRIPTS asks for them."""
    guide.reply("We sell purple hats.")
    caplog.set_level("DEBUG")
    settings = {
        "twilio_auth_token": "auth-s3cret",
        "guide_api_key": "key-s3cret",
        "guide_base_url": guide.base_url,
        "log_transcripts": spoken,
    }
    with capture_logs() as logs:
        async with serve_frontdesk(**settings) as address:
            form = {**FORM, "SessionStatus": "ended"}
            url, wss = f"{address}/twiml", address.replace("http", "wss", 1) + "/ws"
            signature = relay.sign("auth-s3cret", url, form)
            answer = await http.post(url, data=form, headers={"X-Twilio-Signature": signature})
            token = token_of(answer)
            headers = {"X-Twilio-Signature": relay.sign("auth-s3cret", wss)}
            call: dict[str, Any] = {"from": CALLER, "to": "+12025550199", "direction": "inbound"}
            async with relay_session(address, "CA1", token, headers, **call) as session:
                await session.ask("Tell me about zebras, what do they eat?")
                await session.ask("And what do penguins eat?")
            await http.post(url, data=form, headers={"X-Twilio-Signature": "forged"})
            url = f"{address}/action"
            signature = relay.sign("auth-s3cret", url, form)
            await http.post(url, data=form, headers={"X-Twilio-Signature": signature})
    written = f"{logs} {caplog.text}"
    secrets = ("s3cret", signature, token, CALLER, CALLER[1:], "2025550199")
    assert [secret for secret in secrets if secret in written] == []
    assert {"call offered", "call began", "decided", "call ended"} <= {e["event"] for e in logs}
    assert all(event["call"] == "CA1" for event in logs if "call" in event)
    assert ("zebras" in str(logs)) is spoken
    assert ("purple" in str(logs)) is spoken


# --- shutting down ------------------------------------------------------------------------------


async def test_shutdown_closes_the_calls(guide: GuideServer) -> None:
    """Twilio is told that we go away, and the guide that nobody listens any more."""
    guide.script(lambda _: ["We sell ", Step.HANG])
    async with AsyncExitStack() as stack:
        async with serve_frontdesk(guide_base_url=guide.base_url) as address:
            session = await stack.enter_async_context(relay_session(address))
            await session.say("What do you sell?")
            await session.receive_words("We sell")
        async with asyncio.timeout(PATIENCE_S):
            await session.socket.wait_closed()
        assert session.socket.close_code == 1012  # service restart
        await in_time((await nth_request(guide, 1)).abandoned)


# --- the app as a program -----------------------------------------------------------------------


@asynccontextmanager
async def program(
    directory: Path, *arguments: str, **settings: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run Python with these arguments and settings in a directory that has no `.env`."""
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=directory,
        env={**own, **settings},
        start_new_session=True,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)  # its workers too
        await process.communicate()


async def end_of(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    """Wait until a program ends: its exit status, output and errors."""
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def line_with(stream: asyncio.StreamReader | None, pattern: str) -> re.Match[str]:
    """Read a program's output up to a line in which `pattern` is found."""
    assert stream
    async with asyncio.timeout(PATIENCE_S):
        while line := await stream.readline():
            if match := re.search(pattern, line.decode()):
                return match
    raise AssertionError(f"the program ended without {pattern!r}")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def ask_the_hours(address: str) -> str:
    """Place a call and ask for the opening hours; returns the reply."""
    async with relay_session(address) as session:
        await session.say("What are your opening hours?")
        return await session.receive_cycle()


async def calls_held(address: str) -> int:
    """How many calls there are, according to whoever takes a new connection."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        return int((await client.get(f"{address}/health")).json()["calls"])


@pytest.mark.parametrize("token", ["", AUTH_TOKEN])
async def test_program_serves_and_says_what_to_do_next(
    http: httpx2.AsyncClient, tmp_path: Path, token: str
) -> None:
    """`python app.py`: the banner comes at once, pipes included, and an interrupt ends it."""
    settings = {"PORT": str(free_port()), "TWILIO_AUTH_TOKEN": token}
    async with program(tmp_path, str(ROOT / "app.py"), **settings) as process:
        address = (await line_with(process.stdout, r"answers on (http://\S+)"))[1]
        assert address == f"http://127.0.0.1:{settings['PORT']}"
        await line_with(process.stdout, r"make call")
        assert (await http.get(f"{address}/health")).json()["demo_guide"] is True
        if not token:
            assert "trouble" not in await ask_the_hours(address)
        process.send_signal(signal.SIGINT)
        _, out, err = await end_of(process)
    assert ("only this machine is served" in out) == (not token)
    assert "Traceback" not in err


async def test_workers_share_the_port_and_nothing_else(tmp_path: Path) -> None:
    """`WORKERS=2`: a call is on one of them, the other does not know of it, and both end.

    What is wrong with the settings is said once for both.
    """
    settings = {"PORT": str(free_port()), "WORKERS": "2", "WELCOME_GREETING": "", "GUIDE_URL": ""}
    async with program(tmp_path, str(ROOT / "app.py"), **settings) as process:
        address = (await line_with(process.stdout, r"answers on (http://\S+)"))[1]
        async with asyncio.timeout(PATIENCE_S), relay_session(address) as session:
            await session.ask("What are your opening hours?")
            held: set[int] = set()
            while held != {0, 1}:  # new connections go to either of them
                held |= set(await asyncio.gather(*(calls_held(address) for _ in range(10))))
        process.send_signal(signal.SIGINT)
        _, _, err = await end_of(process)
    assert err.count("is not a setting") == 1
    assert "Traceback" not in err


async def test_program_starts_and_warns_of_settings(
    http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    """What has no effect, and what may not work, is in the log from the start."""
    (tmp_path / ".env").write_text("GUIDE_URL=x\nhush hush\n", encoding="utf-8")
    settings = {"PORT": str(free_port()), "GUIDE_BASEURL": "x", "TWILIO_AUTH_TOKEN": AUTH_TOKEN}
    async with program(tmp_path, str(ROOT / "app.py"), **settings) as process:
        address = (await line_with(process.stdout, r"answers on (http://\S+)"))[1]
        await line_with(process.stdout, r"make doctor")
        assert (await http.get(f"{address}/health")).json()["demo_guide"] is True
        process.send_signal(signal.SIGINT)
        _, _, err = await end_of(process)
    warnings = re.findall(r'level=warning event="check the settings" why="(.*)"', err)
    assert warnings == [
        "GUIDE_BASEURL is not a setting; did you mean GUIDE_BASE_URL?",
        "GUIDE_URL is not a setting; did you mean GUIDE_BASE_URL?",
        ".env, line 2, is not a setting: expected NAME=value, with every quote closed",
        NO_PUBLIC_URL,
    ]


async def test_uvicorn_serves_the_app_on_any_port(tmp_path: Path) -> None:
    """As the README has it: the demo guide is found on the port that is really served."""
    arguments = ("-m", "uvicorn", "app:app", "--port", "0", "--ws", "web.relay_socket:RelaySocket")
    async with program(tmp_path, *arguments) as process:
        address = (await line_with(process.stderr, r"running on (http://\S+)"))[1]
        reply = await ask_the_hours(address)
        async with relay_session(address) as session:
            await session.socket.send("x" * (app.CLOSING_FRAME_BYTES + 1))
            async with asyncio.timeout(PATIENCE_S):
                await session.socket.wait_closed()
            assert session.socket.close_code == 1009  # uvicorn's own limit is higher
    assert "open" in reply.lower()
    assert "trouble" not in reply


async def test_uvicorn_warns_of_settings_once(tmp_path: Path) -> None:
    """It asks for the app twice, and is given the same."""
    arguments = ("-m", "uvicorn", "app:app", "--port", "0")
    async with program(tmp_path, *arguments, GUIDE_URL="x") as process:
        assert process.stderr
        async with asyncio.timeout(PATIENCE_S):
            told = await process.stderr.readuntil(b"running on http://")
    assert told.count(b"GUIDE_URL is not a setting; did you mean GUIDE_BASE_URL?") == 1


async def test_port_in_use_is_told(tmp_path: Path) -> None:
    """Which one it is, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        async with program(tmp_path, str(ROOT / "app.py"), PORT=str(port)) as process:
            status, _, err = await end_of(process)
    assert status == 1
    assert f"port {port}" in err
    assert f"PORT={port + 1}" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments", [(str(ROOT / "app.py"),), ("-m", "uvicorn", "app:app", "--port", "0")]
)
async def test_wrong_settings_stop_the_start(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """One message lists every problem by its variable's name, and nothing is served."""
    wrong = {"PORT": "eighty", "PUBLIC_URL": "http://example.com", "GUIDE_HISTORY_TURNS": "0"}
    async with program(tmp_path, *arguments, **wrong) as process:
        status, out, err = await end_of(process)
    assert status == 1
    assert [name for name in wrong if f"{name}: " not in err] == []
    assert "answers on" not in out
    assert "Traceback" not in err


async def test_settings_are_read_from_the_env_file(tmp_path: Path) -> None:
    """A `.env` where the program is started counts like the environment."""
    (tmp_path / ".env").write_text("LOG_LEVEL=loud\n", encoding="utf-8")
    async with program(tmp_path, str(ROOT / "app.py")) as process:
        status, _, err = await end_of(process)
    assert status == 1
    assert "LOG_LEVEL: " in err


def test_import_reads_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only `app.app` does; other names are not there."""
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(AttributeError, match="no_such_name"):
        app.__getattr__("no_such_name")
    with pytest.raises(SystemExit, match="PORT: "):
        app.__getattr__("app")
