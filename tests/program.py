"""The app as a program of its own."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.places import ROOT
from tests.relay_client import PATIENCE_S


@asynccontextmanager
async def program(
    directory: Path, *arguments: str, **settings: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run Python with these arguments and settings, in a directory without a `.env`."""
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
    """Wait for a program to end; returns its exit status, output and errors."""
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def line_with(stream: asyncio.StreamReader | None, pattern: str) -> re.Match[str]:
    """Read a program's output up to a line that matches `pattern`."""
    assert stream
    async with asyncio.timeout(PATIENCE_S):
        while line := await stream.readline():
            if match := re.search(pattern, line.decode()):
                return match
    raise AssertionError(f"the program ended without {pattern!r}")


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
