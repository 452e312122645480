"""The server's end of the relay's WebSocket: uvicorn's, with a short way out for text.

uvicorn gives each frame to the `websockets` library, which builds an object of it and checks what
is known here: that the connection is open, and that the text is whole and not compressed. That was
a fifth of all that a token cost.
"""

from typing import TYPE_CHECKING, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import OPEN

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

_WHOLE_TEXT: Final = 0x81  # the first byte of a frame that is a message by itself (RFC 6455, 5.2)


class RelaySocket(WebSocketsSansIOProtocol):
    """A connection that uvicorn serves: give the class to it as `ws`."""

    async def send(self, message: "ASGISendEvent") -> None:
        """Send what the app says. A text frame goes straight to the transport."""
        await self.writable.wait()
        has_ended = self.close_sent or self.disconnected or self.conn.state is not OPEN
        text = message.get("text")
        if self.handshake_complete and not has_ended and isinstance(text, str):
            self.transport.write(text_frame(text.encode()))
        else:
            await super().send(message)


def text_frame(payload: bytes) -> bytes:
    """A text message in one frame, as a server sends it: without a mask (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((_WHOLE_TEXT, size)) + payload
    if size < 65_536:
        return bytes((_WHOLE_TEXT, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_WHOLE_TEXT, 127)) + size.to_bytes(8, "big") + payload
