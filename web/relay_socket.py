"""The server's end of the relay's WebSocket: uvicorn's, with a direct channel for text in both
directions, and with a proper close when the server stops.

uvicorn gives each frame to the `websockets` library, which builds an object for it and checks what
is known here: that the connection is open, and that the text is whole and uncompressed. On the way
out, that was a fifth of a token's whole cost.
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

MAX_MESSAGE_BYTES: Final = 1024 * 1024
"""A longer message is no mistake and closes its socket. One that is longer than
`relay_protocol.MAX_FRAME_BYTES` is only dropped."""

CLOSING_S: Final = 1.0
"""How long a client has to answer our close when the server stops."""

_CHANNEL: Final = "direct_channel"
_MASKED: Final = 0x80
_LONG_HEADER: Final = 14  # bytes before a client's payload if its length field has eight of them
_WHOLE_TEXT: Final = 0x81  # the first byte of a text message in one frame (RFC 6455, 5.2)


class RelaySocket(WebSocketsSansIOProtocol):
    """A WebSocket connection in uvicorn, which takes this class as its `ws` option."""

    _listener: "Callable[[str], None] | None" = None
    _at_frame_boundary = False
    """Whether the library is known to expect a new frame. Once it was given part of one, it reads
    the rest of the call."""

    def handle_connect(self, event: "Request") -> None:
        """Put the direct channel into the connection's state, where the app takes it."""
        super().handle_connect(event)
        if not self.handshake_complete:
            self.scope["state"][_CHANNEL] = DirectChannel(self._send_text, self._listen)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the listener too: it refers to us, and the cycle would keep both alive."""
        super().connection_lost(exc)
        self._listener = None

    def shutdown(self) -> None:
        """Send a close frame as the server stops, and wait for the client's answer.

        uvicorn closes the connection at once. If the client sends something meanwhile, as the
        relay always does, the system then resets it, and the last frames may be lost (RFC 6455,
        7.1.1).
        """
        if self.close_sent or not self.handshake_complete:
            super().shutdown()
        elif not self.transport.is_closing():
            self.queue.put_nowait(
                {"type": "websocket.disconnect", "code": CloseCode.SERVICE_RESTART}
            )
            self.conn.send_close(CloseCode.SERVICE_RESTART)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = self.disconnected = True  # the app can send no more
            self.transport.resume_reading()
            self.close_timer = self.loop.call_later(CLOSING_S, self.transport.close)

    def data_received(self, data: bytes) -> None:
        """Pass whole text messages straight to the listener, unless others are queued before them.
        The library reads everything else."""
        if not self.handshake_complete:
            self._at_frame_boundary = data.endswith(b"\r\n\r\n")  # nothing follows the request
        rest = memoryview(data)  # slicing it copies nothing
        while rest and self._listener is not None and self._can_bypass_queue:
            text, size = read_text_message(rest)
            if not size:
                break
            rest = rest[size:]
            self._listener(text)
        if rest:
            if self.handshake_complete:
                self._at_frame_boundary = self._at_frame_boundary and is_whole_frames(rest)
            super().data_received(bytes(rest))

    @property
    def _can_bypass_queue(self) -> bool:
        nothing_waits = self.queue.empty() and self.writable.is_set()
        return self._at_frame_boundary and nothing_waits and not self.close_sent

    async def receive(self) -> "ASGIReceiveEvent":
        """The client's next message, once the client reads what it has been sent."""
        await self.writable.wait()
        return await super().receive()

    def _listen(self, listener: "Callable[[str], None]") -> None:
        self._listener = listener

    def _send_text(self, text: str) -> None:
        is_closed = self.close_sent or self.transport.is_closing()
        if self.handshake_complete and not is_closed:
            self.transport.write(text_frame(text.encode()))


class DirectChannel(NamedTuple):
    """Text straight to and from a connection, past the server's queue."""

    send: "Callable[[str], None]"
    """Sends a message at once, or drops it if the connection has closed."""
    listen: "Callable[[Callable[[str], None]], None]"
    """Sets the function that gets each text as it comes, unless earlier messages are queued."""


def direct_channel(scope: "Scope") -> DirectChannel:
    """The direct channel of the connection with this scope, which can be taken once.

    Raises `RuntimeError` if the app is not served by `RelaySocket`.
    """
    channel = scope["state"].pop(_CHANNEL, None) if "state" in scope else None
    if not isinstance(channel, DirectChannel):
        raise RuntimeError(
            "Serve the app with `python app.py`, or with `uvicorn app:app --ws "
            "web.relay_socket:RelaySocket`: other WebSockets have no direct channel."
        )
    return channel


def text_frame(payload: bytes) -> bytes:
    """A text message in one frame, unmasked as a server sends it (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((_WHOLE_TEXT, size)) + payload
    if size < 65_536:
        return bytes((_WHOLE_TEXT, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_WHOLE_TEXT, 127)) + size.to_bytes(8, "big") + payload


def read_text_message(data: "bytes | memoryview") -> tuple[str, int]:
    """The one-frame text message at the start of `data`, and the frame's size in bytes.

    The size is 0 if there is something else, a part of a frame, or a message of 64 KiB or more.
    """
    if not data or data[0] != _WHOLE_TEXT:
        return "", 0
    start, end = _payload_span(data)
    if not end or start == _LONG_HEADER:
        return "", 0
    try:
        return apply_mask(data[start:end], bytes(data[start - 4 : start])).decode(), end
    except UnicodeDecodeError:
        return "", 0  # for the library to deal with


def is_whole_frames(data: "bytes | memoryview") -> bool:
    """Whether `data` is whole frames from a client, with no fragment of a message among them."""
    while data:
        _, end = _payload_span(data)
        if not end or not data[0] & 0x80:
            return False
        data = data[end:]
    return True


def _payload_span(data: "bytes | memoryview") -> tuple[int, int]:
    """The start and end of the payload of the first frame in `data`.

    Both are 0 if the frame is incomplete, or unmasked and so not from a client.
    """
    if len(data) < 6 or data[1] < _MASKED:
        return 0, 0
    size, start = data[1] - _MASKED, 6
    if size > 125:
        extra = 2 if size == 126 else 8
        size, start = int.from_bytes(data[2 : 2 + extra], "big"), 6 + extra
    end = start + size
    return (start, end) if len(data) >= end else (0, 0)
