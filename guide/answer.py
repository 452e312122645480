"""A guide's answer: from the bytes of a response's body to the words to say.

    Answer        what is said of an answer, streamed or in one piece
    EventReader   server-sent events, bytes in and data out
    GuideError    why there is no reply, in words fit for a log, and what the owner can do

Endpoints differ in what they put into a chunk, and only `choices[0].delta.content` matters here.
`[DONE]` or a finish reason tells a reply that has ended from a connection that broke. The bytes may
be split anywhere, and words that come together are given out together.
"""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from guide.speech_text import SpeechText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_REPLY_CHARS: Final = 20_000
"""Where a reply is cut off. It is some twenty minutes of speech: such a guide has run away."""

MAX_EVENT_BYTES: Final = 1_048_576
"""The longest event, and the longest answer in one piece, that is read."""

CHECK_GUIDE: Final = "Look at the guide's own log, and check GUIDE_MODEL."
CHECK_ADDRESS: Final = "Check GUIDE_BASE_URL: it usually ends in /v1."


class GuideError(Exception):
    """The guide gave no reply, or only part of one.

    `reason` goes after "The guide" and is safe to log: it holds no key, nothing of the answer
    and no words of the conversation. `advice` tells the owner which setting to look at.
    """

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(f"The guide {reason}. {advice}")
        self.reason = reason
        self.advice = advice


class Answer:
    """One answer, read as it comes: give it the body with `receive`, then call `end`, once, last.

    Both return what can be said now, cleaned for speech. What was wrong with the answer is left in
    `fault`, for the words that came before it are said all the same.
    """

    def __init__(self, content_type: str) -> None:
        """Raises `GuideError` where this is the type of no chat completion."""
        self.is_over = False
        """Whether nothing more will be said: it is complete, or at fault, or too long to go on."""
        self.fault: GuideError | None = None
        self._body = _body(content_type)
        self._speech = SpeechText()
        self._room = MAX_REPLY_CHARS

    @property
    def is_complete(self) -> bool:
        """Whether the guide has said that this was all."""
        return self._body.is_complete

    def receive(self, chunk: bytes) -> str:
        """Take the next bytes of the body."""
        return self._say(self._body.receive(chunk))

    def end(self) -> str:
        """The body has ended."""
        said = self._say(self._body.end())
        if not self.is_over:
            self.is_over = True
            self.fault = GuideError("ended mid-stream", CHECK_GUIDE)
        return said

    def _say(self, content: str) -> str:
        said = self._speech.feed(content) if content else ""
        if len(said) >= self._room:
            self.is_over = True
            return said[: self._room]
        if self._body.is_complete:
            self.is_over = True
            said = (said + self._speech.finish())[: self._room]
            if not said and self._room == MAX_REPLY_CHARS:
                self.fault = GuideError("sent nothing to say", CHECK_GUIDE)
        elif self._body.fault is not None:
            self.is_over, self.fault = True, self._body.fault
        self._room -= len(said)
        return said


# ---------------------------------------------------------------- the two forms of a body


class _Stream:
    """Server-sent events, each a chunk of a chat completion."""

    def __init__(self) -> None:
        self._events = EventReader()
        self.is_complete = False
        self.fault: GuideError | None = None

    def receive(self, chunk: bytes) -> str:
        """The content that came, until the reply is complete or at fault."""
        content = ""
        try:
            for data in self._events.feed(chunk):
                piece, self.is_complete = _read_chunk(data)
                content += piece
                if self.is_complete:
                    break
        except GuideError as fault:
            self.fault = fault
        return content

    def end(self) -> str:
        return ""


class _Whole:
    """One piece of JSON, from a guide that does not stream."""

    def __init__(self) -> None:
        self._body = bytearray()
        self.is_complete = False
        self.fault: GuideError | None = None

    def receive(self, chunk: bytes) -> str:
        self._body += chunk
        if len(self._body) > MAX_EVENT_BYTES:
            self.fault = _too_long()
        return ""

    def end(self) -> str:
        try:
            completion = _parse(self._body.removeprefix(codecs.BOM_UTF8))
        except GuideError as fault:
            self.fault = fault
            return ""
        self.is_complete = True
        content = _dig(completion, "choices", 0, "message", "content")
        return content if isinstance(content, str) else ""


def _body(content_type: str) -> _Stream | _Whole:
    match content_type.partition(";")[0].strip().lower():
        case "text/event-stream":
            return _Stream()
        case "application/json":
            return _Whole()
        case _:
            raise GuideError("answered with something that is no chat completion", CHECK_ADDRESS)


class _Delta(Struct):
    content: str | None = None


class _Choice(Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(Struct):
    """What matters of a chunk. Nothing is built of the rest of it, which is nine tenths."""

    choices: list[_Choice] | None = None
    error: object = None


_CHUNK: Final = msgspec.json.Decoder(_Chunk)


def _read_chunk(data: bytes) -> tuple[str, bool]:
    """The content of a chunk, and whether the reply ends with it."""
    try:
        chunk = _CHUNK.decode(data)
    except (ValueError, RecursionError):
        return _read_odd_chunk(data)
    if chunk.error:
        raise _told_error()
    if not chunk.choices:
        return "", False
    choice = chunk.choices[0]
    content = choice.delta.content if choice.delta is not None else None
    return content or "", bool(choice.finish_reason)


def _read_odd_chunk(data: bytes) -> tuple[str, bool]:
    """The same of what is no chunk, but marks the end, or is not quite as it should be."""
    if data.strip() == b"[DONE]":
        return "", True
    choice = _dig(_parse(data), "choices", 0)
    content, reason = _dig(choice, "delta", "content"), _dig(choice, "finish_reason")
    return content if isinstance(content, str) else "", bool(reason)


def _parse(data: bytes | bytearray) -> object:
    """A chunk or a completion as JSON, unless it tells of an error."""
    try:
        completion: object = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise GuideError("sent something that is not JSON", CHECK_ADDRESS) from error
    if isinstance(completion, dict) and completion.get("error"):
        raise _told_error()
    return completion


def _told_error() -> GuideError:
    return GuideError("reported an error instead of a reply", CHECK_GUIDE)


def _dig(value: Any, *path: str | int) -> Any:
    """What lies at a path inside JSON, or None."""
    try:
        for step in path:
            value = value[step]
    except (LookupError, TypeError):
        return None
    return value


def _too_long() -> GuideError:
    return GuideError("sent more at once than any reply holds", CHECK_ADDRESS)


# ---------------------------------------------------------------- server-sent events


class EventReader:
    """Server-sent events, from bytes that may be split anywhere to the data of each event.

    Follows the HTML standard's event stream: lines end with CRLF, CR or LF, a comment starts
    with a colon, a blank line ends an event, the data lines of one event are joined with a
    newline, a byte order mark is skipped, and an event that the stream breaks off is dropped. Other
    fields than `data` are ignored, and so is an event without data. One of more than
    `MAX_EVENT_BYTES` is a `GuideError`.
    """

    def __init__(self) -> None:
        self._begun = False  # whether the first line has ended
        self._after_cr = False
        self._line: list[bytes] = []  # the pieces of the unfinished line
        self._line_size = 0
        self._data: list[bytes] = []  # the data lines of the unfinished event
        self._data_size = 0

    def feed(self, chunk: bytes) -> Iterable[bytes]:
        """The data of each event that the chunk completes. Read it to the end."""
        is_amid = self._line or self._data or self._after_cr or not self._begun
        return self._feed(chunk) if is_amid or not _is_one_event(chunk) else (chunk[6:-2],)

    def _feed(self, chunk: bytes) -> Iterator[bytes]:
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if not chunk:
            return
        lines = chunk.splitlines()  # bytes split at CRLF, CR and LF alone
        self._after_cr = chunk.endswith(b"\r")
        rest = b"" if self._after_cr or chunk.endswith(b"\n") else lines.pop()
        if lines:
            lines[0] = self._end_line(lines[0])
        for line in lines:
            if line:
                self._take(line)
            elif self._data and (data := self._end_event()):
                yield data
        if rest:
            self._line.append(rest)
            self._line_size += len(rest)
            self._check_size()

    def _end_line(self, piece: bytes) -> bytes:
        """The line of which this piece is the last."""
        line = b"".join((*self._line, piece)) if self._line else piece
        self._line.clear()
        self._line_size = 0
        if not self._begun:
            self._begun = True
            line = line.removeprefix(codecs.BOM_UTF8)
        return line

    def _take(self, line: bytes) -> None:
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
            raise _too_long()


def _is_one_event(chunk: bytes) -> bool:
    """Whether this is one event with one line of data, as guides send them one by one."""
    if not (chunk.startswith(b"data: ") and chunk.endswith(b"\n\n")):
        return False
    return 8 < chunk.find(b"\n") + 2 == len(chunk) <= MAX_EVENT_BYTES and b"\r" not in chunk
