"""Starts the app for the duration of a call if it is not running."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

import httpx2

from emulator.app_server import CallFailedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

APP = Path(__file__).resolve().parent.parent / "app.py"

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0
_POLL_S = 0.1


@asynccontextmanager
async def running_app(address: str, app: Path = APP) -> AsyncIterator[bool]:
    """Start the app at `address` unless a server is running there, and stop it afterwards.

    Yields whether it was started.

    Raises:
        CallFailedError: the app does not start.
    """
    if await _is_healthy(address):
        yield False
        return
    with tempfile.TemporaryFile() as log:
        process = await _start(address, app, log)
        try:
            await _until_healthy(address, process, log)
            yield True
        finally:
            await _stop(process)


async def _start(address: str, app: Path, log: BinaryIO) -> asyncio.subprocess.Process:
    """Start the app on the port of `address`, with its log kept out of the terminal."""
    environment = os.environ | {"PORT": str(urlsplit(address).port or 80)}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(app),
        cwd=app.parent,
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=log,
        start_new_session=True,  # Ctrl-C must hang up the call before the app stops
    )


async def _until_healthy(address: str, process: asyncio.subprocess.Process, log: BinaryIO) -> None:
    try:
        async with asyncio.timeout(_START_TIMEOUT_S):
            while not await _is_healthy(address):
                if process.returncode is not None:
                    message = f"the app does not start{_last_line(log)}: run `make run` for details"
                    raise CallFailedError(message)
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        message = (
            f"the app does not respond at {address}{_last_line(log)}: run `make run` for details"
        )
        raise CallFailedError(message) from None


def _last_line(log: BinaryIO) -> str:
    """The last line of the app's log, in parentheses."""
    log.seek(0)
    lines = log.read().decode(errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return f" ({said[-1][:200]})" if said else ""


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _is_healthy(address: str) -> bool:
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=2.0) as client:
            return (await client.get(f"{address.rstrip('/')}/health")).is_success
    except httpx2.HTTPError:
        return False
