"""WebSocket frames (RFC 6455): the few kinds that a relay and its callers exchange.

Text, ping, pong and close, without extensions or fragmentation, which neither Twilio nor the
servers measured here use.
"""

from typing import Final

TEXT: Final = 0x81
CLOSE: Final = 0x88
PING: Final = 0x89
PONG: Final = 0x8A

_MASKED: Final = 0x80
_KEY: Final = b"\x5a\xa5\x3c\xc3"  # any will do: there is no proxy to protect


class FramingError(Exception):
    """Bytes that are not one of these frames."""


def frame(payload: bytes, opcode: int = TEXT, *, masked: bool = False) -> bytes:
    """Build a frame. Clients must mask theirs."""
    size, flag = len(payload), _MASKED if masked else 0
    if size < 126:
        head = bytes((opcode, size | flag))
    elif size < 65_536:
        head = bytes((opcode, 126 | flag)) + size.to_bytes(2)
    else:
        head = bytes((opcode, 127 | flag)) + size.to_bytes(8)
    return head + _KEY + _mask(payload, _KEY) if masked else head + payload


def _mask(payload: bytes, key: bytes) -> bytes:
    size = len(payload)
    keys = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(keys)).to_bytes(size)


class FrameReader:
    """Reads frames from bytes that may be split anywhere."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The frames that these bytes complete, as opcodes and unmasked payloads."""
        if self._rest:
            data = self._rest + data
        frames: list[tuple[int, bytes]] = []
        at, size = 0, len(data)
        while size - at >= 2:
            opcode, length = data[at], data[at + 1]
            start = at + 2
            masked, length = length & _MASKED, length & 0x7F
            if length >= 126:
                wide = 2 if length == 126 else 8
                length = int.from_bytes(data[start : start + wide])
                start += wide
            if masked:
                start += 4
            end = start + length
            if end > size:
                break
            if opcode not in {TEXT, CLOSE, PING, PONG}:
                raise FramingError(f"unexpected opcode {opcode:#04x}")
            payload = data[start:end]
            frames.append((opcode, _mask(payload, data[start - 4 : start]) if masked else payload))
            at = end
        self._rest = data[at:]
        return frames
