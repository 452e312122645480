"""What the transport over the SDK promises beyond what `guide_client` asks of it."""

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


async def test_nothing_is_told_of_an_exchange_that_was_stopped() -> None:
    """Neither what had come by then, nor that it is over."""
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


async def test_connection_that_does_not_warm_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guide that never tells of its models keeps no connection busy."""
    monkeypatch.setattr(network, "WARM_TIMEOUT_S", 0.0)
    async with GuideServer() as server:
        transport = Sdk(server.base_url, "key")
        transport.warm()
        async with asyncio.timeout(10):
            await asyncio.gather(*transport._in_progress)
        assert not server.looked_at.is_set()
        await transport.aclose()


async def test_closing_twice_is_no_error() -> None:
    """Nor is closing what was never used."""
    async with GuideServer() as server:
        unused, used = Sdk(server.base_url, "key"), Sdk(server.base_url, "key")
        used.warm()
        await server.looked_at.wait()
        for transport in (unused, used, unused, used):
            await transport.aclose()
        assert not used._in_progress
