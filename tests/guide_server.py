"""A scripted OpenAI-compatible guide on a real socket, for tests.

    async with GuideServer() as server:
        server.reply("Hello there.")              # the answer to every request from now on
        server.script(lambda messages: [...])     # or steps, made from each request's messages

A script is a list of steps, performed in order:

    "some text"         streams it, as a chunk of a chat completion
    {...}               streams any JSON as an event
    b"..."              sends raw bytes of the body
    0.5                 pauses, in seconds
    asyncio.Event()     waits until the test sets it
    Step.OPEN           sends the response's head (otherwise sent with the first of the body)
    Step.FINISH         streams the chunk with the finish reason
    Step.DONE           streams `[DONE]`
    Step.END            ends the body properly, and the script
    Step.CUT            closes the connection in the middle of the body
    Step.RESET          resets the connection
    Step.HANG           sends no more and waits until the client has gone
    Answer(...)         answers with this status, type and body

A script that runs out is completed with FINISH, DONE, END.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import json
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import ssl
    from types import TracebackType
    from typing import Self


class Step(enum.Enum):
    """A step of a script without arguments."""

    OPEN = enum.auto()
    FINISH = enum.auto()
    DONE = enum.auto()
    END = enum.auto()
    CUT = enum.auto()
    RESET = enum.auto()
    HANG = enum.auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer instead of a stream. It ends the script."""

    status: int = 200
    body: str | bytes = ""
    content_type: str = "application/json"


ScriptStep: TypeAlias = str | bytes | float | Mapping[str, object] | asyncio.Event | Step | Answer
Script: TypeAlias = Callable[[list[dict[str, str]]], Sequence[ScriptStep]]


@dataclass(eq=False, slots=True)
class GuideRequest:
    """A request, and what became of it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    connection: int
    """Which connection it came on, counted from 1."""
    abandoned: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client left before the end of the answer."""
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the whole answer has been sent."""

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation that the guide was given."""
        messages: list[dict[str, str]] = self.body["messages"]
        return messages


def event(data: Mapping[str, object] | str) -> bytes:
    """A server-sent event, as bytes of the body."""
    text = data if isinstance(data, str) else json.dumps(data)
    return f"data: {text}\n\n".encode()


def chunk(text: str | None, **choice: object) -> dict[str, object]:
    """A chunk of a chat completion; `choice` adds or replaces fields of its choice."""
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "guide",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None, **choice}],
    }


class GuideServer:
    """Answers `POST /v1/chat/completions` by its script, and records the requests."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._script: Script = lambda _messages: ["Hello there."]
        self._handlers: set[asyncio.Task[None]] = set()
        self._arrival = asyncio.Condition()
        self.base_url = ""
        self.requests: list[GuideRequest] = []
        self.connections = 0
        self.looked_at = asyncio.Event()
        """Set when the list of models was requested, which is not recorded as a request."""

    def reply(self, text: str) -> None:
        """Answer with this text from now on, streamed word by word."""
        self.script(lambda _messages: [f"{word} " for word in text.split(" ")])

    def script(self, script: Script) -> None:
        """Answer with these steps from now on."""
        self._script = script

    async def received(self, count: int) -> GuideRequest:
        """Wait until that many requests have arrived; returns the last of them."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: len(self.requests) >= count)
        return self.requests[count - 1]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"{'https' if self._tls else 'http'}://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handler = asyncio.current_task()
        assert handler
        self._handlers.add(handler)
        handler.add_done_callback(self._handlers.discard)
        self.connections += 1
        connection = _Connection(reader, writer, self.connections)
        try:
            # A client that leaves, in whatever way, ends only this connection.
            with contextlib.suppress(
                _ConnectionLeftError, OSError, EOFError, asyncio.CancelledError
            ):
                while True:
                    request = await connection.read_request()
                    if request.path.endswith("/models"):
                        self.looked_at.set()
                    else:
                        async with self._arrival:
                            self.requests.append(request)
                            self._arrival.notify_all()
                    await connection.answer(request, self._script)
        finally:
            writer.transport.abort()


class _ConnectionLeftError(Exception):
    """The script closes the connection."""


class _Connection:
    """One client's connection: one request after another."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._number = number
        self._early = b""  # a byte of the next request, read while looking for a disconnect
        self._opened = False

    async def read_request(self) -> GuideRequest:
        head = self._early + await self._reader.readuntil(b"\r\n\r\n")
        self._early = b""
        request_line, *lines = head.decode("latin-1").strip().split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return GuideRequest(
            path=request_line.split(" ")[1],
            headers=headers,
            body=json.loads(body or "{}"),
            connection=self._number,
        )

    async def answer(self, request: GuideRequest, script: Script) -> None:
        """Perform the script until it ends or the client leaves."""
        self._opened = False
        performing = asyncio.create_task(self._perform(request, script))
        leaving = asyncio.create_task(self._reader.read(1))
        try:
            await asyncio.wait((performing, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not performing.done():
                raise ConnectionAbortedError
            performing.result()
            request.answered.set()
        except OSError:
            request.abandoned.set()
            raise
        finally:
            performing.cancel()
            leaving.cancel()
            _, left = await asyncio.gather(performing, leaving, return_exceptions=True)
            if isinstance(left, bytes):
                self._early = left

    async def _perform(self, request: GuideRequest, script: Script) -> None:
        if request.path.endswith("/models"):
            await self._send_whole(Answer(200, '{"object": "list", "data": []}'))
            return
        if not request.path.endswith("/chat/completions"):
            await self._send_whole(Answer(404, "{}"))
            return
        for step in script(request.messages):
            match step:
                case Answer():
                    await self._send_whole(step)
                    return
                case Step.END:
                    await self._send_end()
                    return
                case Step.CUT:
                    raise _ConnectionLeftError
                case Step.RESET:
                    self._reset_on_close()
                    raise _ConnectionLeftError
                case Step.HANG:
                    await asyncio.Event().wait()
                case asyncio.Event():
                    await step.wait()
                case float() | int():
                    await asyncio.sleep(step)
                case _:
                    await self._send_body(_body_bytes(step))
        await self._send_body(_body_bytes(Step.FINISH) + _body_bytes(Step.DONE))
        await self._send_end()

    async def _send_body(self, body: bytes) -> None:
        if not self._opened:
            self._opened = True
            self._writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
                b"transfer-encoding: chunked\r\n\r\n"
            )
        if body:
            self._writer.write(b"%x\r\n%b\r\n" % (len(body), body))
        await self._writer.drain()

    async def _send_end(self) -> None:
        await self._send_body(b"")
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def _send_whole(self, answer: Answer) -> None:
        body = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
        self._writer.write(
            f"HTTP/1.1 {answer.status} Scripted\r\ncontent-type: {answer.content_type}\r\n"
            f"content-length: {len(body)}\r\n\r\n".encode()
        )
        self._writer.write(body)
        await self._writer.drain()

    def _reset_on_close(self) -> None:
        """A linger time of zero turns the close into a TCP reset."""
        connection = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _body_bytes(step: str | bytes | Mapping[str, object] | Step) -> bytes:
    match step:
        case str():
            return event(chunk(step))
        case bytes():
            return step
        case Step.FINISH:
            return event(chunk(None, finish_reason="stop"))
        case Step.DONE:
            return event("[DONE]")
        case Step():  # OPEN: the head alone
            return b""
        case _:
            return event(step)
