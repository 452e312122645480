"""The server's end of the relay's WebSocket: uvicorn's, with a short way for text, in and out, and
with an end that the client hears of when the server stops.

uvicorn gives each frame to the `websockets` library, which builds an object of it and checks what
is known here: that the connection is open, and that the text is whole and not compressed. On the
way out that was a fifth of all that a token cost.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

try:
    from websockets.speedups import apply_mask
except ImportError:  # where it was installed without a compiler
    from websockets.utils import apply_mask

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope
    from uvicorn._types import ASGIReceiveEvent
    from websockets.http11 import Request

CLOSING_S: Final = 1.0
"""How long a client has to answer that we close, when the server stops."""

_SHORT_WAY: Final = "short_way"
_MASKED: Final = 0x80
_LONG_HEADER: Final = 14  # bytes before a client's payload, where its size takes eight of them
_WHOLE_TEXT: Final = 0x81  # the first byte of a frame that is a message by itself (RFC 6455, 5.2)


class RelaySocket(WebSocketsSansIOProtocol):
    """A connection that uvicorn serves: give the class to it as `ws`."""

    _listener: "Callable[[str], None] | None" = None
    _between_frames = False
    """Whether the library is known to wait for a new frame. Where it got one in pieces, it is left
    to read the rest of the call by itself."""

    def handle_connect(self, event: "Request") -> None:
        """A client wants to connect. The app finds the short way in the connection's state."""
        super().handle_connect(event)
        if not self.handshake_complete:
            self.scope["state"][_SHORT_WAY] = ShortWay(self._send_text, self._listen)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone, and the listener is let go: it holds us, and would keep us."""
        super().connection_lost(exc)
        self._listener = None

    def shutdown(self) -> None:
        """The server stops, and says so. The connection stays until the client has answered.

        uvicorn closes it at once. Where the client says something meanwhile, as the relay does all
        the time, the system then resets it, and what was said last may be lost (RFC 6455, 7.1.1).
        """
        if self.close_sent or not self.handshake_complete:
            super().shutdown()
        elif not self.transport.is_closing():
            self.queue.put_nowait(
                {"type": "websocket.disconnect", "code": CloseCode.SERVICE_RESTART}
            )
            self.conn.send_close(CloseCode.SERVICE_RESTART)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = self.disconnected = True  # what the app sends now goes nowhere
            self.transport.resume_reading()
            self.close_timer = self.loop.call_later(CLOSING_S, self.transport.close)

    def data_received(self, data: bytes) -> None:
        """Bytes have come. Whole text messages go straight to the listener, if nothing waits before
        them; the library reads everything else."""
        if not self.handshake_complete:
            self._between_frames = data.endswith(b"\r\n\r\n")  # nothing came after the request
        rest = memoryview(data)  # of which a part is no copy
        while rest and self._listener is not None and self._is_free:
            text, size = text_message(rest)
            if not size:
                break
            rest = rest[size:]
            self._listener(text)
        if rest:
            if self.handshake_complete:
                self._between_frames = self._between_frames and ends_with_a_frame(rest)
            super().data_received(bytes(rest))

    @property
    def _is_free(self) -> bool:
        nothing_waits = self.queue.empty() and self.writable.is_set()
        return self._between_frames and nothing_waits and not self.close_sent

    async def receive(self) -> "ASGIReceiveEvent":
        """What the client says next. One that does not read is not listened to."""
        await self.writable.wait()
        return await super().receive()

    def _listen(self, listener: "Callable[[str], None]") -> None:
        self._listener = listener

    def _send_text(self, text: str) -> None:
        is_closed = self.close_sent or self.transport.is_closing()
        if self.handshake_complete and not is_closed:
            self.transport.write(text_frame(text.encode()))


class ShortWay(NamedTuple):
    """The way of text between the app and a connection, past all that waits."""

    send: "Callable[[str], None]"
    """Sends a message at once; on a connection that has closed, nothing."""
    listen: "Callable[[Callable[[str], None]], None]"
    """From now on text goes to this function as it comes, unless earlier messages wait."""


def short_way(scope: "Scope") -> ShortWay:
    """The short way to the connection with this scope. It is there to be taken once.

    Raises `RuntimeError` where the app is served by something else than `RelaySocket`.
    """
    way = scope["state"].pop(_SHORT_WAY, None) if "state" in scope else None
    if not isinstance(way, ShortWay):
        raise RuntimeError(
            "Serve the app with `python app.py`, or with `uvicorn app:app --ws "
            "web.relay_socket:RelaySocket`: no other WebSocket sends without waiting."
        )
    return way


def text_frame(payload: bytes) -> bytes:
    """A text message in one frame, as a server sends it: without a mask (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((_WHOLE_TEXT, size)) + payload
    if size < 65_536:
        return bytes((_WHOLE_TEXT, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_WHOLE_TEXT, 127)) + size.to_bytes(8, "big") + payload


def text_message(data: "bytes | memoryview") -> tuple[str, int]:
    """The text message in one frame that `data` begins with, and its size in bytes: 0 where it is
    something else, or not there in whole, or longer than 64 KiB."""
    if not data or data[0] != _WHOLE_TEXT:
        return "", 0
    start, end = _payload(data)
    if not end or start == _LONG_HEADER:
        return "", 0
    try:
        return apply_mask(data[start:end], bytes(data[start - 4 : start])).decode(), end
    except UnicodeDecodeError:
        return "", 0  # the library knows what is to be done


def ends_with_a_frame(data: "bytes | memoryview") -> bool:
    """Whether `data` is whole frames of a client's, none of them a part of a message."""
    while data:
        _, end = _payload(data)
        if not end or not data[0] & 0x80:
            return False
        data = data[end:]
    return True


def _payload(data: "bytes | memoryview") -> tuple[int, int]:
    """Where the payload of the frame that `data` begins with begins and ends: 0 and 0 where it is
    not there in whole, or has no mask and is no client's."""
    if len(data) < 6 or data[1] < _MASKED:
        return 0, 0
    size, start = data[1] - _MASKED, 6
    if size > 125:
        extra = 2 if size == 126 else 8
        size, start = int.from_bytes(data[2 : 2 + extra], "big"), 6 + extra
    end = start + size
    return (start, end) if len(data) >= end else (0, 0)
