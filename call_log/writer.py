"""Writes the log of a call while the call goes on.

Lines are queued and written in a thread: a slow disk delays nothing, and a full one stops the log,
not the call.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from call_log.format import Direction, entry_line

MAX_WAITING_LINES: Final = 20_000
"""The most lines that may wait for a disk that hangs. Beyond that the log stops."""

AddEntry = Callable[[float, Direction, str | Mapping[str, object]], None]
"""Adds a frame or a note, at a time in seconds since setup. It never fails and never waits."""

Log = Any  # structlog's loggers are typed as Any


@asynccontextmanager
async def open_call_log(
    directory: Path | None, call_sid: str, log: Log
) -> AsyncIterator[AddEntry | None]:
    """A call log for as long as the context lasts, or None without a directory."""
    if directory is None:
        yield None
        return
    writer = CallLogWriter(directory, call_sid, log)
    try:
        yield writer.add
    finally:
        await writer.aclose()


class CallLogWriter:
    """The log of one call, in its own file, which is created with the first line."""

    def __init__(self, directory: Path, call_sid: str, log: Log) -> None:
        self._directory = directory
        self._name = file_name(call_sid, datetime.now(UTC))
        self._log = log
        self._file: BinaryIO | None = None
        self._waiting: list[str] = []
        self._writing: asyncio.Task[None] | None = None
        self._stopped = False

    def add(self, t: float, direction: Direction, frame: str | Mapping[str, object]) -> None:
        """Queue a frame or a note to be written."""
        if self._stopped:
            return
        if len(self._waiting) >= MAX_WAITING_LINES:
            self._stop("the disk is too slow")
            return
        self._waiting.append(entry_line(t, direction, frame))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def aclose(self) -> None:
        """Write what is queued, and close the file."""
        if self._writing is not None:
            await self._writing
        if self._file is not None:
            with suppress(OSError):  # already reported when it was written to
                await asyncio.to_thread(self._file.close)

    async def _write(self) -> None:
        while self._waiting:
            lines, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._append, "".join(lines))
            except OSError as error:
                self._stop(error.strerror or str(error))

    def _append(self, lines: str) -> None:
        if self._file is None:
            self._file = _create(self._directory, self._name)
        self._file.write(lines.encode("ascii"))
        self._file.flush()

    def _stop(self, problem: str) -> None:
        if not self._stopped:
            self._stopped = True
            self._log.error("call log stopped", problem=problem, directory=str(self._directory))
        self._waiting = []


def file_name(call_sid: str, began_at: datetime) -> str:
    """The name of a call log without its suffix: time and CallSid, safe in any path."""
    return f"{began_at:%Y%m%dT%H%M%SZ}-{re.sub(r'[^A-Za-z0-9]', '_', call_sid)[:64]}"


def _create(directory: Path, name: str) -> BinaryIO:
    """Create a file that only its owner can read, with a number appended if the name is taken.

    Raises `OSError` if it cannot be created.
    """
    number = 1
    while True:
        path = directory / (f"{name}.jsonl" if number == 1 else f"{name}-{number}.jsonl")
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            return os.fdopen(descriptor, "wb")
        number += 1
