"""A call's decisions as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Final

import httpx2
import pytest

from tests.guide_server import GuideServer
from tests.relay_client import PATIENCE_S, relay_session
from tests.serving import AUTH_TOKEN, serve_frontdesk
from tests.webhooks import (
    calls_become,
    offer,
    signed_socket,
)

DECISIONS: Final = {"Decisions": "1"}


async def read_decision(events: AsyncIterator[str]) -> dict[str, Any]:
    """The next server-sent event."""
    async with asyncio.timeout(PATIENCE_S):
        async for line in events:
            if line.startswith("data: "):
                decision: dict[str, Any] = json.loads(line.removeprefix("data: "))
                return decision
    raise AssertionError("the decisions ended")


@pytest.mark.parametrize("auth_token", [None, AUTH_TOKEN])
async def test_decisions_stream_to_the_client_that_placed_the_call(
    http: httpx2.AsyncClient, guide: GuideServer, auth_token: str | None
) -> None:
    """Past decisions, then new ones, with the words, until the call ends."""
    settings = {"twilio_auth_token": auth_token, "guide_base_url": guide.base_url}
    async with serve_frontdesk(**settings) as address, AsyncExitStack() as stack:
        token = await offer(http, address, **DECISIONS)
        headers = signed_socket(address)
        call = relay_session(address, token=token, headers=headers, overrides=DECISIONS)
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


async def test_each_client_gets_the_decisions_from_the_start(
    http: httpx2.AsyncClient, guide: GuideServer
) -> None:
    """Numbered, so that a client can tell which it has; caches keep none."""
    async with serve_frontdesk(guide_base_url=guide.base_url) as address:
        token = await offer(http, address, **DECISIONS)
        url, bearer = f"{address}/calls/CA1/decisions", {"Authorization": f"Bearer {token}"}
        async with relay_session(address, token=token, overrides=DECISIONS) as session:
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


async def test_client_that_never_reads_delays_nobody(
    http: httpx2.AsyncClient, guide: GuideServer
) -> None:
    """Neither the call, nor other clients, nor the end of either."""
    async with serve_frontdesk(guide_base_url=guide.base_url, guide_history_turns=1) as address:
        token = await offer(http, address, **DECISIONS)
        host, _, port = address.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1)
        async with relay_session(address, token=token, overrides=DECISIONS) as session:
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
    """Only the token of the same call gives access."""
    async with serve_frontdesk(guide_base_url=guide.base_url) as address:
        tokens = [await offer(http, address, sid, **DECISIONS) for sid in ("CA1", "CA2")]
        async with (
            relay_session(address, "CA1", tokens[0], overrides=DECISIONS),
            relay_session(address, "CA2", tokens[1], overrides=DECISIONS),
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
async def test_call_without_the_override_has_no_stream(
    http: httpx2.AsyncClient, guide: GuideServer, auth_token: str | None
) -> None:
    """Telephone calls have none, whoever asks; nor does a call without a token."""
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
        async with relay_session(address, "CA2", headers=headers, overrides=DECISIONS) as session:
            if auth_token is None:  # with one, a call needs a token
                await session.ask("What do you sell?")
            url = f"{address}/calls/CA2/decisions"
            assert (await http.get(url, headers={"Authorization": "Bearer"})).status_code == 404


async def test_stream_ends_with_the_call(http: httpx2.AsyncClient, guide: GuideServer) -> None:
    """Afterwards the token gives no access."""
    async with serve_frontdesk(guide_base_url=guide.base_url) as address:
        token = await offer(http, address, **DECISIONS)
        async with relay_session(address, token=token, overrides=DECISIONS) as session:
            await session.ask("What do you sell?")
        await calls_become(http, address, 0)
        bearer = {"Authorization": f"Bearer {token}"}
        answer = await http.get(f"{address}/calls/CA1/decisions", headers=bearer)
    assert answer.status_code == 404
