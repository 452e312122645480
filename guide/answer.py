"""A guide's answer: from the bytes of a response's body to the words to say.

Endpoints differ in what else they put into a chunk of a chat completion; only
`choices[0].delta.content` matters here. A finish reason or `[DONE]` distinguishes a reply that is
complete from a connection that broke. The bytes may be split anywhere, and words that arrive
together are returned together.
"""

from __future__ import annotations

import codecs
import json
from typing import Any, Final

import msgspec
from msgspec import Struct

from guide.errors import CHECK_ADDRESS, CHECK_GUIDE, GuideError
from guide.event_stream import MAX_EVENT_BYTES, EventReader, too_long
from guide.speech_text import SpeechText

MAX_REPLY_CHARS: Final = 20_000
"""Where a reply is cut off: some twenty minutes of speech, so the guide has run away."""


class Answer:
    """Reads one answer: feed the body to `receive`, then call `end` once.

    Both return the words that can be said now, cleaned for speech. They do not raise for a bad
    answer but set `fault`, because the words before the fault are said all the same.
    """

    def __init__(self, content_type: str) -> None:
        """Raises `GuideError` if the content type is not one of a chat completion."""
        self.is_over = False
        """Whether there is no more to say: the reply is complete, at fault, or too long."""
        self.fault: GuideError | None = None
        self._body = _body(content_type)
        self._speech = SpeechText()
        self._room = MAX_REPLY_CHARS

    @property
    def is_complete(self) -> bool:
        """Whether the guide has said that the reply is complete."""
        return self._body.is_complete

    def receive(self, chunk: bytes) -> str:
        """Read the next bytes of the body."""
        return self._say(self._body.receive(chunk))

    def end(self) -> str:
        """The body has ended."""
        said = self._say(self._body.end())
        if not self.is_over:
            self.is_over = True
            self.fault = GuideError("stopped mid-reply", CHECK_GUIDE)
        return said

    def _say(self, content: str) -> str:
        said = self._speech.feed(content) if content else ""
        # Length comes first: a reply that is too long is over, whatever else its body says.
        if len(said) >= self._room:
            self.is_over = True
            return said[: self._room]
        if self._body.is_complete:
            self.is_over = True
            said = (said + self._speech.finish())[: self._room]
            if not said and self._room == MAX_REPLY_CHARS:
                self.fault = GuideError("sent an empty reply", CHECK_GUIDE)
        elif self._body.fault is not None:
            self.is_over, self.fault = True, self._body.fault
        self._room -= len(said)
        return said


# ---------------------------------------------------------------- bodies and chunks


class _Stream:
    """A body of server-sent events, each a chunk of a chat completion."""

    def __init__(self) -> None:
        self._events = EventReader()
        self.is_complete = False
        self.fault: GuideError | None = None

    def receive(self, chunk: bytes) -> str:
        """The content up to where the reply is complete or at fault; what follows is not read."""
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
    """A body of one JSON object, from a guide that does not stream."""

    def __init__(self) -> None:
        self._body = bytearray()
        self.is_complete = False
        self.fault: GuideError | None = None

    def receive(self, chunk: bytes) -> str:
        self._body += chunk
        if len(self._body) > MAX_EVENT_BYTES:
            self.fault = too_long()
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
            raise GuideError("did not answer with a chat completion", CHECK_ADDRESS)


class _Delta(Struct):
    content: str | None = None


class _Choice(Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(Struct):
    """The fields of a chunk that matter. Decoding skips the rest, which is nine tenths of it."""

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
        raise _reported_error()
    if not chunk.choices:
        return "", False
    choice = chunk.choices[0]
    content = choice.delta.content if choice.delta is not None else None
    return content or "", bool(choice.finish_reason)


def _read_odd_chunk(data: bytes) -> tuple[str, bool]:
    """As `_read_chunk`, for `[DONE]` and for chunks whose fields have unexpected types."""
    if data.strip() == b"[DONE]":
        return "", True
    choice = _dig(_parse(data), "choices", 0)
    content, reason = _dig(choice, "delta", "content"), _dig(choice, "finish_reason")
    return content if isinstance(content, str) else "", bool(reason)


def _parse(data: bytes | bytearray) -> object:
    """A chunk or a completion. Raises `GuideError` if it is not JSON or reports an error."""
    try:
        completion: object = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise GuideError("sent invalid JSON", CHECK_ADDRESS) from error
    if isinstance(completion, dict) and completion.get("error"):
        raise _reported_error()
    return completion


def _reported_error() -> GuideError:
    return GuideError("reported an error instead of a reply", CHECK_GUIDE)


def _dig(value: Any, *path: str | int) -> Any:
    """The value at a path inside JSON, or None."""
    try:
        for step in path:
            value = value[step]
    except (LookupError, TypeError):
        return None
    return value
