"""Serves the app on a real local socket, inside the test's event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from app import create_app
from config import Settings, load_settings
from web.relay_socket import MAX_MESSAGE_BYTES, RelaySocket

AUTH_TOKEN = "12345"


def settings_for_test(**given: Any) -> Settings:
    """Settings from the test alone, ignoring the `.env` file."""
    return load_settings(_env_file=None, **given)


@asynccontextmanager
async def serve(asgi: ASGIApp) -> AsyncIterator[str]:
    """Serve an ASGI app on a free port. Yields its address, `http://127.0.0.1:PORT`."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        asgi,
        ws=RelaySocket,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # as `web.server` has it: frames take the direct channel
        proxy_headers=False,
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:  # uvicorn has no event to wait for
            await asyncio.sleep(0.001)
            if task.done():
                await task
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


@asynccontextmanager
async def serve_frontdesk(**settings: Any) -> AsyncIterator[str]:
    """Serve Frontdesk with these settings."""
    async with serve(create_app(settings_for_test(**settings))) as url:
        yield url
