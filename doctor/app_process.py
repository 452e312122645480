"""Checks that the app is running, or starts it for the duration of the checks."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx2

from config import Settings
from doctor.app_client import local_address
from doctor.health import Health, not_frontdesk, read_health
from doctor.report import LIMIT_S, failed

APP: Final = Path(__file__).resolve().parent.parent / "app.py"

START_TIMEOUT_S: Final = 20.0
"""How long the app may take to start, on a slow machine."""

STOP_TIMEOUT_S: Final = 10.0
"""How long it may take to stop; it gives calls in progress five seconds."""

ADVICE: Final = "Stop that program or set a different PORT."


async def find_app(settings: Settings, cleanup: AsyncExitStack) -> Health:
    """Check that Frontdesk runs at HOST and PORT, or start it there until `cleanup`."""
    address = local_address(settings)
    async with httpx2.AsyncClient(base_url=address, timeout=LIMIT_S, trust_env=False) as client:
        if answer := await _answer_of_running(client, address):
            return read_health(answer, address, ADVICE)
        _check_can_listen(settings)
        process = await cleanup.enter_async_context(_started_app())
        answer = await _first_answer(client, process)
    health = read_health(answer, address, ADVICE)
    return replace(health, found=f"not running at {address}; started for these checks")


async def _answer_of_running(client: httpx2.AsyncClient, address: str) -> httpx2.Response | None:
    try:
        return await client.get("/health")
    except (httpx2.ConnectError, httpx2.ConnectTimeout):
        return None
    except httpx2.HTTPError:
        raise not_frontdesk(address, ADVICE) from None


def _check_can_listen(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        raise failed(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror}",
            "Set HOST to an address of this machine, such as 127.0.0.1, and PORT to a free port"
            " above 1023.",
        ) from None


@asynccontextmanager
async def _started_app() -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(APP),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C ends this check, which ends the app
    )
    try:
        yield process
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _first_answer(
    client: httpx2.AsyncClient, process: asyncio.subprocess.Process
) -> httpx2.Response:
    while process.returncode is None:
        with suppress(httpx2.HTTPError):
            return await client.get("/health")
        await asyncio.sleep(0.1)
    raise failed(
        f"exits at startup (status {process.returncode})",
        "Run `.venv/bin/python app.py` to see why.",
    )
