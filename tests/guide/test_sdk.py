"""What the SDK transport guarantees beyond the tests of `guide_client`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from guide import network
from guide.sdk import Exchange, Sdk
from tests.guide_server import GuideServer, Step

if TYPE_CHECKING:
    import pytest

    from guide.errors import GuideError

BODY = b'{"messages": []}'


async def test_stopped_exchange_reports_nothing_more() -> None:
    """Neither pieces that had already arrived, nor its end."""
    async with GuideServer() as server:
        server.script(lambda _: [b"one", b"two", b"three", Step.HANG])
        told: list[bytes | GuideError | None] = []
        transport = Sdk(server.base_url, "key")

        def receive(chunk: bytes) -> bool:
            told.append(chunk)
            exchange.stop()
            return True

        exchange: Exchange = transport.post("/chat/completions", BODY, receive, told.append)
        async with asyncio.timeout(10):
            await (await server.received(1)).abandoned.wait()
            await asyncio.gather(*transport._in_progress, return_exceptions=True)
        assert len(told) == 1
        await transport.aclose()


async def test_warming_a_connection_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guide that never lists its models does not keep a connection busy."""
    monkeypatch.setattr(network, "WARM_TIMEOUT_S", 0.0)
    async with GuideServer() as server:
        transport = Sdk(server.base_url, "key")
        transport.warm()
        async with asyncio.timeout(10):
            await asyncio.gather(*transport._in_progress)
        assert not server.looked_at.is_set()
        await transport.aclose()


async def test_closing_twice_is_no_error() -> None:
    """Nor is closing a transport that was never used."""
    async with GuideServer() as server:
        unused, used = Sdk(server.base_url, "key"), Sdk(server.base_url, "key")
        used.warm()
        await server.looked_at.wait()
        for transport in (unused, used, unused, used):
            await transport.aclose()
        assert not used._in_progress
