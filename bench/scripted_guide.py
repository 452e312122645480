"""A scripted guide: an OpenAI-compatible endpoint that streams words at a steady pace.

Every word says when it was sent (`stamps`), the first of a reply also when its request arrived. The
chunks look like OpenAI's, with everything but the word prepared in advance, and all streams share
one timer (`wheel`), so that the guide costs little next to the server it feeds.
"""

import asyncio
import json
import re
import time
from dataclasses import dataclass
from typing import Any, Final, cast

from bench.stamps import stamp
from bench.wheel import Wheel

CLAUSE_WORDS: Final = 8
"""Words per clause; clauses end with a comma or a full stop, alternately."""

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)

_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\n"
    b"content-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n"
    b"connection: keep-alive\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of a reply; times are in milliseconds."""

    first_ms: int = 100
    token_ms: int = 40
    tokens: int = 50


def _chunk(data: str) -> bytes:
    event = f"data: {data}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


def _event(delta: dict[str, str], finish_reason: str | None = None) -> bytes:
    completion: dict[str, Any] = {
        "id": "chatcmpl-CpV2mQx7d0bTzJ4nRk1yWf8eHs3uL",
        "object": "chat.completion.chunk",
        "created": 1_760_000_000,
        "model": "scripted-guide",
        "system_fingerprint": "fp_50cad350e4",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}],
    }
    return _chunk(json.dumps(completion, separators=(",", ":")))


def _around(content: str) -> tuple[bytes, bytes]:
    """The bytes of a chunk before and after its stamp, which is written as @ in `content`."""
    before, _, after = _event({"content": content}).partition(b"@" * content.count("@"))
    return before, after


_BEGIN: Final = _HEAD + _event({"role": "assistant", "content": ""})
_FIRST: Final = _around("@@@@@@@@")
_PLAIN: Final = _around(" @@@@")
_COMMA: Final = _around(" @@@@,")
_STOP: Final = _around(" @@@@.")
_END: Final = _event({}, "stop") + _chunk("[DONE]") + b"0\r\n\r\n"


def _script(tokens: int) -> list[tuple[bytes, bytes]]:
    """The bytes around each word of a reply."""
    ends = {CLAUSE_WORDS - 1: _COMMA, 2 * CLAUSE_WORDS - 1: _STOP}
    middle = [ends.get(index % (2 * CLAUSE_WORDS), _PLAIN) for index in range(1, tokens - 1)]
    return [_FIRST, *middle, _STOP]


class _Stream(asyncio.Protocol):
    """A connection, with one reply at a time."""

    def __init__(self, guide: "ScriptedGuide") -> None:
        self._guide = guide
        self._received = b""
        self._arrived_ns = 0
        self._said = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        # Write at once, not on the loop's next iteration.
        self._transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        if not blank or (length and len(body) < int(length[1])):
            return
        self._received = b""
        if not (length and head.startswith(b"POST ") and b"/chat/completions " in head[:200]):
            self._transport.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            return
        self._arrived_ns = time.monotonic_ns()
        self._said = 0
        self._guide.wheel.after(self._guide.pace.first_ms, self._say)

    def _say(self) -> None:
        if self._transport.is_closing():
            return
        guide, said = self._guide, self._said
        before, after = guide.script[said]
        now = time.monotonic_ns()
        word = stamp(now).encode()
        if not said:
            before, word = _BEGIN + before, stamp(self._arrived_ns).encode() + word
        self._said = said = said + 1
        if said < len(guide.script):
            self._transport.write(before + word + after)
            # On a fixed timetable: a late word does not delay the next one.
            due_ms = self._arrived_ns // 1_000_000 + guide.pace.first_ms
            guide.wheel.at(due_ms + said * guide.pace.token_ms, self._say)
        else:
            self._transport.write(before + word + after + _END)


class ScriptedGuide:
    """Serves the script on a port of its own, in the running event loop."""

    def __init__(self, pace: Pace, wheel: Wheel) -> None:
        self.pace = pace
        self.wheel = wheel
        self.script = _script(pace.tokens)
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """Start serving; returns the base URL."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Stream(self), "127.0.0.1", 0, backlog=2048)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.close()
