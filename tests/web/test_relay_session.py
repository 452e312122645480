"""Sessions of the relay: who gets in, with which overrides, and what is left afterwards."""

import asyncio
import gc
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from structlog.testing import capture_logs

import relay_protocol as relay
from barge_in import BargeIn
from call_log.format import parse_call_log
from calls.call import Call
from guide import libcurl, sdk
from guide_client import Request
from tests import transports
from tests.guide_server import GuideServer, Step
from tests.relay_client import PATIENCE_S, in_time, nth_request, relay_session
from tests.serving import AUTH_TOKEN, serve_frontdesk
from tests.webhooks import (
    CALLER,
    FORM,
    calls_become,
    offer,
    parameters_of,
    read_twiml,
    signed,
    signed_socket,
    token_of,
)
from web.relay_socket import RelaySocket

DECISIONS: Final = {"Decisions": "1"}


async def test_signed_call_gets_its_reply(http: httpx2.AsyncClient, guide: GuideServer) -> None:
    """Webhook, socket and setup, as Twilio sends them with an auth token."""
    settings = {"twilio_auth_token": AUTH_TOKEN, "guide_base_url": guide.base_url}
    async with serve_frontdesk(**settings) as address:
        token = await offer(http, address)
        async with relay_session(address, token=token, headers=signed_socket(address)) as session:
            assert await session.ask("What do you sell?") == "Hello there."


async def test_signed_call_reaches_the_demo_guide(http: httpx2.AsyncClient) -> None:
    """With an auth token, the app itself can still use its demo guide."""
    async with serve_frontdesk(twilio_auth_token=AUTH_TOKEN) as address:
        token = await offer(http, address)
        async with relay_session(address, token=token, headers=signed_socket(address)) as session:
            await session.say("What are your opening hours?")
            assert "trouble" not in await session.receive_cycle()


async def test_frames_take_the_direct_channel(
    guide: GuideServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call gets a frame while its bytes are being read, and not from a queue later."""
    is_reading = False
    read, receive = RelaySocket.data_received, Call.receive
    direct: list[bool] = []

    def note_reading(socket: RelaySocket, data: bytes) -> None:
        nonlocal is_reading
        is_reading = True
        read(socket, data)
        is_reading = False

    def note_frame(call: Call, raw: str) -> None:
        direct.append(is_reading)
        receive(call, raw)

    monkeypatch.setattr(RelaySocket, "data_received", note_reading)
    monkeypatch.setattr(Call, "receive", note_frame)
    async with (
        serve_frontdesk(guide_base_url=guide.base_url) as address,
        relay_session(address) as session,
    ):
        await session.ask("What do you sell?")
        direct.clear()
        await session.ask("And what else do you sell?")
    assert direct
    assert all(direct)


# --- overrides ------------------------------------------------------------------------------------


async def test_overrides_cannot_change_on_the_way(
    http: httpx2.AsyncClient, guide: GuideServer
) -> None:
    """The call's token is bound to them: adding or removing one is refused."""
    settings = {"twilio_auth_token": AUTH_TOKEN, "guide_base_url": guide.base_url}
    talkover, pause = {"BargeInMode": "talkover"}, {"BargeInMode": "pause"}
    async with serve_frontdesk(**settings) as address:
        headers = signed_socket(address)
        for offered, brought in [
            ({}, DECISIONS),
            ({}, talkover),
            ({}, pause),
            (DECISIONS, {}),
            (pause, talkover),
            (talkover, DECISIONS),
            (DECISIONS, {**DECISIONS, **talkover}),
            ({**DECISIONS, **talkover}, DECISIONS),
            (DECISIONS, {"Decisions": "1\n"}),
            (DECISIONS, {"Decisions": "2"}),
            (pause, {"BargeInMode": "pause&Decisions=1"}),
        ]:
            token = await offer(http, address, **offered)
            async with relay_session(
                address, token=token, headers=headers, overrides=brought
            ) as call:
                async with asyncio.timeout(PATIENCE_S):
                    await call.socket.wait_closed()
                assert call.socket.close_code == 1008
            async with relay_session(
                address, token=token, headers=headers, overrides=offered
            ) as call:
                assert await call.ask("What do you sell?")
    assert len(guide.requests) == 11


@pytest.mark.parametrize("auth_token", [None, AUTH_TOKEN])
@pytest.mark.parametrize(
    "overrides",
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
async def test_invalid_override_is_refused(
    http: httpx2.AsyncClient, overrides: dict[str, str], auth_token: str | None
) -> None:
    """By the webhook, with the valid values, and by the socket."""
    async with serve_frontdesk(twilio_auth_token=auth_token) as address:
        url, form = f"{address}/twiml", {**FORM, **overrides}
        answer = await http.post(url, data=form, headers=signed(url, form))
        token, headers = await offer(http, address), signed_socket(address)
        async with relay_session(
            address, token=token, headers=headers, overrides=overrides
        ) as session:
            async with asyncio.timeout(PATIENCE_S):
                await session.socket.wait_closed()
    assert answer.status_code == 400
    assert f"expected {next(iter(overrides))} to be " in answer.json()["detail"]
    assert session.socket.close_code == 1008


def recorded_options(directory: Path) -> dict[str, Any]:
    """The options in the only call log in `directory`."""
    (recorded,) = directory.glob("*.jsonl")
    (note,) = [
        entry.frame
        for entry in parse_call_log(recorded.read_text("utf-8"))
        if entry.is_note("call")
    ]
    options: dict[str, Any] = note["options"]
    return options


@pytest.mark.parametrize(
    ("settings", "overrides", "interruptible"),
    [
        ({}, {}, "speech"),
        ({}, {"BargeInMode": "pause"}, "speech"),
        ({}, {"BargeInMode": "talkover"}, "none"),
        ({"barge_in_mode": "talkover"}, {}, "none"),
        ({"barge_in_mode": "talkover"}, {"BargeInMode": "pause"}, "speech"),
        ({"relay_interruptible": "any"}, {"BargeInMode": "pause"}, "any"),
    ],
)
async def test_call_may_have_another_mode_than_the_owners(
    http: httpx2.AsyncClient,
    guide: GuideServer,
    tmp_path: Path,
    *,
    settings: dict[str, str],
    overrides: dict[str, str],
    interruptible: str,
) -> None:
    """The relay is told of the mode, and so is turn-taking."""
    given = {"guide_base_url": guide.base_url, "call_log_dir": tmp_path, **settings}
    async with serve_frontdesk(**given) as address:
        answer = await http.post(f"{address}/twiml", data={**FORM, **overrides})
        _, conversation_relay = read_twiml(answer)
        async with relay_session(address, overrides=parameters_of(answer)) as session:
            await session.ask("What do you sell?")
        await calls_become(http, address, 0)
    assert conversation_relay.get("interruptible") == interruptible
    assert recorded_options(tmp_path)["talkover"] is (interruptible == "none")


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
async def test_mode_that_the_settings_rule_out_is_refused(
    http: httpx2.AsyncClient, settings: dict[str, str], mode: str, name: str
) -> None:
    """By the webhook, with the reason, and by the socket."""
    async with serve_frontdesk(**settings) as address:
        answer = await http.post(f"{address}/twiml", data={**FORM, "BargeInMode": mode})
        async with relay_session(address, overrides={"BargeInMode": mode}) as session:
            async with asyncio.timeout(PATIENCE_S):
                await session.socket.wait_closed()
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith(f"{name}: ")
    assert session.socket.close_code == 1008


# --- the end of a call ----------------------------------------------------------------------------


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


async def test_shutdown_closes_the_calls(guide: GuideServer) -> None:
    """Twilio gets a close frame, and the guide's stream is closed."""
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


# --- the logs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("spoken", [False, True])
async def test_logs_hold_no_secret_and_no_number(
    http: httpx2.AsyncClient,
    guide: GuideServer,
    caplog: pytest.LogCaptureFixture,
    spoken: bool,
) -> None:
    """Nor what was said, unless LOG_TRANSCRIPTS is on."""
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
