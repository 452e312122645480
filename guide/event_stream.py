"""Server-sent events: from bytes, split anywhere, to the data of each event."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

from guide.errors import CHECK_ADDRESS, GuideError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_EVENT_BYTES: Final = 1_048_576
"""The longest event, and the longest answer in one piece, that is read."""


class EventReader:
    """Reads one event stream.

    Follows the HTML standard ("Server-sent events", 9.2.6): lines end with CRLF, CR or LF, a colon
    starts a comment, a blank line ends an event, an event's data lines are joined with a newline, a
    byte order mark is skipped, and an event cut off by the end of the stream is dropped. Fields
    other than `data` and events without data are ignored.
    """

    def __init__(self) -> None:
        self._begun = False  # whether the first line has ended
        self._after_cr = False  # whether a LF at the start of the next chunk belongs to this CR
        self._line: list[bytes] = []  # the pieces of the unfinished line
        self._line_size = 0
        self._data: list[bytes] = []  # the data lines of the unfinished event
        self._data_size = 0

    def feed(self, chunk: bytes) -> Iterable[bytes]:
        """The data of each event that the chunk completes.

        Read it to the end before feeding more. Raises `GuideError`, here or while it is read, for
        an event of more than `MAX_EVENT_BYTES`.
        """
        # Most chunks are exactly one event, which need not be taken apart line by line.
        is_amid = self._line or self._data or self._after_cr or not self._begun
        return self._feed(chunk) if is_amid or not _is_one_event(chunk) else (chunk[6:-2],)

    def _feed(self, chunk: bytes) -> Iterator[bytes]:
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if not chunk:
            return
        lines = chunk.splitlines()  # bytes, unlike str, split only at CRLF, CR and LF
        self._after_cr = chunk.endswith(b"\r")
        rest = b"" if self._after_cr or chunk.endswith(b"\n") else lines.pop()
        if lines:
            lines[0] = self._end_line(lines[0])
        for line in lines:
            if line:
                self._read_field(line)
            elif self._data and (data := self._end_event()):
                yield data
        if rest:
            self._line.append(rest)
            self._line_size += len(rest)
            self._check_size()

    def _end_line(self, piece: bytes) -> bytes:
        """The whole line that ends with this piece."""
        line = b"".join((*self._line, piece)) if self._line else piece
        self._line.clear()
        self._line_size = 0
        if not self._begun:
            self._begun = True
            line = line.removeprefix(codecs.BOM_UTF8)
        return line

    def _read_field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._data_size += len(value)
            self._check_size()

    def _end_event(self) -> bytes:
        data = b"\n".join(self._data)
        self._data.clear()
        self._data_size = 0
        return data

    def _check_size(self) -> None:
        if self._line_size + self._data_size > MAX_EVENT_BYTES:
            raise too_long()


def too_long() -> GuideError:
    """The error for an event, or an answer in one piece, of more than `MAX_EVENT_BYTES`."""
    return GuideError("sent too much data at once", CHECK_ADDRESS)


def _is_one_event(chunk: bytes) -> bool:
    """Whether this is one event with one non-empty line of data."""
    if not (chunk.startswith(b"data: ") and chunk.endswith(b"\n\n")):
        return False
    return 8 < chunk.find(b"\n") + 2 == len(chunk) <= MAX_EVENT_BYTES and b"\r" not in chunk
