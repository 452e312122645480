"""The floor: the least that a relay in Python can do and still relay.

It accepts every call, recognises prompts and interrupts, asks the guide with the last prompt alone,
finds the words in the answer by searching for bytes, and sends each as a `text` frame. It remembers
and cleans nothing, checks no signature, and works only with chunks formatted in exactly one way. So
its figures are the cost of the sockets and the event loop, against which a real relay can be
compared.

It answers an interrupt at once with an empty frame. The time this takes is the round trip to which
others' reactions to an interrupt can be compared.
"""

import asyncio
import base64
import hashlib
import json
import os
import re
from typing import cast
from urllib.parse import urlsplit

import uvloop

from bench.framing import CLOSE, PING, PONG, TEXT, FrameReader, frame

_KEY = re.compile(rb"\r\nsec-websocket-key: *(\S+)\r\n", re.IGNORECASE)
_CONTENT = re.compile(rb'"delta":\{"content":("(?:[^"\\]|\\.)*")\}')
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_END = b'"finish_reason":"stop"'

_SPOKEN = b'{"type":"text","token":%b,"last":false}'
_LAST = frame(b'{"type":"text","token":"","last":true}')


class _Guide(asyncio.Protocol):
    """A connection to the guide, reused for one answer after another."""

    idle: "list[_Guide]" = []  # noqa: RUF012 - shared by all calls

    def __init__(self) -> None:
        self.call: _Call | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=0)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self in self.idle:
            self.idle.remove(self)

    def ask(self, call: "_Call", request: bytes) -> None:
        self.call = call
        self._rest = b""
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if not data.endswith(b"\n"):  # a chunk is incomplete
            self._rest = data
            return
        self._rest = b""
        call = self.call
        if call is None:
            return
        for content in _CONTENT.findall(data):
            if content != b'""':
                call.transport.write(frame(_SPOKEN % content))
        if _END in data:
            call.transport.write(_LAST)
            self.call = call.guide = None
            self.idle.append(self)


class _Call(asyncio.Protocol):
    """A call's WebSocket."""

    def __init__(self, guide: tuple[str, int, str]) -> None:
        self._address = guide
        self._frames = FrameReader()
        self._open = False
        self._head = b""
        self._asking: asyncio.Task[None] | None = None
        self.guide: _Guide | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=0)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._drop()

    def data_received(self, data: bytes) -> None:
        if not self._open:
            self._shake_hands(data)
            return
        for opcode, payload in self._frames.feed(data):
            if opcode == TEXT:
                self._take(payload)
            elif opcode == PING:
                self.transport.write(frame(payload, PONG))
            elif opcode == CLOSE:
                self.transport.write(frame(payload[:2], CLOSE))
                self.transport.close()

    def _shake_hands(self, data: bytes) -> None:
        self._head += data
        key = _KEY.search(self._head)
        if not self._head.endswith(b"\r\n\r\n"):
            return
        if key is None:
            self.transport.close()
            return
        accept = base64.b64encode(hashlib.sha1(key[1] + _GUID).digest())  # noqa: S324 - the RFC's
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            b"sec-websocket-accept: %b\r\n\r\n" % accept
        )
        self._open, self._head = True, b""

    def _take(self, payload: bytes) -> None:
        if payload.startswith(b'{"type":"prompt"'):
            self._drop()
            self._ask(json.loads(payload)["voicePrompt"])
        elif payload.startswith(b'{"type":"interrupt"'):
            self._drop()
            self.transport.write(_LAST)

    def _drop(self) -> None:
        """Abort the answer in progress, if any."""
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None
        if self.guide is not None:
            self.guide.call = None
            self.guide.transport.abort()
            self.guide = None

    def _ask(self, said: str) -> None:
        host, port, path = self._address
        messages = [{"role": "user", "content": said}]
        body = json.dumps({"model": "guide", "messages": messages, "stream": True}).encode()
        request = (
            f"POST {path}/chat/completions HTTP/1.1\r\nhost: {host}:{port}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode() + body
        if _Guide.idle:
            self.guide = _Guide.idle.pop()
            self.guide.ask(self, request)
        else:
            self._asking = asyncio.create_task(self._connect(host, port, request))

    async def _connect(self, host: str, port: int, request: bytes) -> None:
        loop = asyncio.get_running_loop()
        _, self.guide = await loop.create_connection(_Guide, host, port)
        self._asking = None
        self.guide.ask(self, request)


async def _serve() -> None:
    guide = urlsplit(os.environ["GUIDE_BASE_URL"])
    address = (guide.hostname or "", guide.port or 80, guide.path)
    server = await asyncio.get_running_loop().create_server(
        lambda: _Call(address), "127.0.0.1", int(os.environ["PORT"]), backlog=2048
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
