"""Writes the recording of a call, beside the call.

A line is handed over and written later, in a thread: a slow disk holds nothing up, and a full one
ends the recording and not the call.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from call_log import format as recording
from call_log.format import Direction

WAITING_LINES: Final = 20_000
"""So many lines a disk that hangs may leave unwritten; then the recording ends."""

Record = Callable[[float, Direction, str | Mapping[str, object]], None]
"""Takes down a frame or a note at a time in seconds since setup. It never fails and never waits."""

Log = Any  # structlog's loggers are typed as Any


@asynccontextmanager
async def recorded(directory: Path | None, call_sid: str, log: Log) -> AsyncIterator[Record | None]:
    """Records a call for as long as the context lasts, if there is a directory for it."""
    if directory is None:
        yield None
        return
    recorder = Recorder(directory, call_sid, log)
    try:
        yield recorder.record
    finally:
        await recorder.aclose()


class Recorder:
    """The recording of one call, in a file of its own that is made with its first line."""

    def __init__(self, directory: Path, call_sid: str, log: Log) -> None:
        self._directory = directory
        self._name = file_name(call_sid, datetime.now(UTC))
        self._log = log
        self._file: BinaryIO | None = None
        self._waiting: list[str] = []
        self._writing: asyncio.Task[None] | None = None
        self._stopped = False

    def record(self, t: float, direction: Direction, frame: str | Mapping[str, object]) -> None:
        """Take down a frame or a note, to be written soon."""
        if self._stopped:
            return
        if len(self._waiting) >= WAITING_LINES:
            self._stop("the disk is too slow")
            return
        self._waiting.append(recording.line(t, direction, frame))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def aclose(self) -> None:
        """Write what waits, and close the file."""
        if self._writing is not None:
            await self._writing
        if self._file is not None:
            with suppress(OSError):  # it was told of when it was written to
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
            self._log.error("recording stopped", problem=problem, directory=str(self._directory))
        self._waiting = []


def file_name(call_sid: str, began_at: datetime) -> str:
    """The name of a recording, without its ending: by time and call, whatever the call is named."""
    return f"{began_at:%Y%m%dT%H%M%SZ}-{re.sub(r'[^A-Za-z0-9]', '_', call_sid)[:64]}"


def _create(directory: Path, name: str) -> BinaryIO:
    """A new file that its owner alone can read; where the name is taken, under one with a number.

    Raises `OSError` where it cannot be made.
    """
    number = 1
    while True:
        path = directory / (f"{name}.jsonl" if number == 1 else f"{name}-{number}.jsonl")
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            return os.fdopen(descriptor, "wb")
        number += 1
