"""The direct channel for text on the relay's socket, beside the library that does the rest."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Any, cast

import pytest
import uvicorn
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from uvicorn.server import ServerState
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode

from app import create_app
from tests.serving import serve, settings_for_test
from web.relay_socket import (
    RelaySocket,
    direct_channel,
    is_whole_frames,
    read_text_message,
    text_frame,
)

SIZES = (0, 1, 125, 126, 127, 65_535, 65_536, 200_000)


@pytest.mark.parametrize("size", SIZES)
def test_frame_is_what_the_library_would_send(size: int) -> None:
    """Byte for byte, with each form of the length field."""
    payload = b"x" * size
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


@pytest.mark.parametrize("size", SIZES)
def test_message_is_read_as_the_library_writes_it(size: int) -> None:
    """Complete, with more bytes after it or not; long ones are left to the library."""
    frame = Frame(Opcode.TEXT, b"x" * size).serialize(mask=True)
    read = ("x" * size, len(frame)) if size < 65_536 else ("", 0)
    assert read_text_message(frame) == read_text_message(frame + b"\x81") == read
    assert read_text_message(frame[:-1]) == ("", 0)
    assert is_whole_frames(frame * 2)
    assert not is_whole_frames(frame + frame[:-1])


async def test_frames_of_both_kinds_arrive_in_order() -> None:
    """A client reads text of any size and script, binary frames between, and the close."""
    texts = ["", "héllo 東京 👍", *("y" * size for size in SIZES)]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            socket = WebSocket(scope, receive, send)
            await socket.accept()
            channel = direct_channel(scope)
            for text in texts:
                channel.send(text)
                await socket.send_bytes(b"\x00")
            await socket.close(1000, "done")
            channel.send("too late")

    async with serve(app) as url, connect(url.replace("http", "ws"), max_size=None) as client:
        assert [frame async for frame in client] == [
            frame for text in texts for frame in (text, b"\x00")
        ]
        assert (client.close_code, client.close_reason) == (1000, "done")


async def test_client_that_does_not_read_is_not_read_from() -> None:
    """So nothing piles up for it here; and we notice when it has gone."""
    heard = 0
    stuck, gone = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return
        await WebSocket(scope, receive, send).accept()
        channel = direct_channel(scope)

        def answer(_: str) -> None:
            nonlocal heard
            heard += 1
            channel.send("z" * 60_000)

        channel.listen(answer)
        while (message := await receive())["type"] != "websocket.disconnect":
            answer(message["text"])
        gone.set()

    async def ask() -> None:
        while True:
            await client.send("a question")
            await asyncio.sleep(0)

    async with serve(app) as url:
        client = await connect(url.replace("http", "ws"), max_queue=1)
        asking = asyncio.create_task(ask())
        asyncio.get_running_loop().call_later(0.5, stuck.set)
        await stuck.wait()
        before = heard
        assert 0 < before < 1_000
        client.transport.abort()
        async with asyncio.timeout(10):
            await gone.wait()
        asking.cancel()
        assert heard <= before + 100


def test_other_servers_are_refused() -> None:
    """The message says how to serve the app."""
    with pytest.raises(RuntimeError, match=r"web\.relay_socket:RelaySocket"):
        direct_channel({"type": "websocket"})


# --- beside the library -------------------------------------------------------------------------

REQUEST = (
    b"GET /ws HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
)


class _Transport(asyncio.Transport):
    """Accepts and keeps everything that is written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 9)})
        self.written = b""
        self.closed = self.paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def _connected(
    app: Callable[[Scope, Receive, Send], Awaitable[None]],
) -> tuple[RelaySocket, _Transport]:
    """A client's connection to the app, whose upgrade request has been sent."""
    config = uvicorn.Config(cast("Any", app), ws_ping_interval=None, log_config=None)
    config.load()
    protocol, transport = RelaySocket(config, ServerState(), {}), _Transport()
    protocol.connection_made(transport)
    protocol.data_received(REQUEST)
    return protocol, transport


async def _read(
    pieces: Sequence[bytes],
    *,
    directly: bool,
    heeds_pauses: bool = True,
    is_stuck: bool = False,
) -> tuple[list[object], bytes]:
    """What the app receives for these bytes, and what the client gets back."""
    got: list[object] = []
    began = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await WebSocket(scope, receive, send).accept()
        if directly:
            direct_channel(scope).listen(got.append)
        began.set()
        while True:
            message = await receive()
            got.append(message.get("text", message.get("bytes", message["type"])))
            if message["type"] == "websocket.disconnect":
                return

    protocol, transport = _connected(app)
    await began.wait()
    answered = len(transport.written)
    if is_stuck:
        protocol.pause_writing()
    for piece in pieces:
        if transport.closed:
            break
        try:
            protocol.data_received(piece)
        except InvalidState:  # invalid text and then a close break the library
            break
        while heeds_pauses and transport.paused and not transport.closed:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
    if is_stuck:
        assert not got
        protocol.resume_writing()
    protocol.connection_lost(None)
    await asyncio.gather(*protocol.tasks)
    return got, transport.written[answered:]


def _frames(opcode: Opcode, payloads: Sequence[bytes]) -> list[Frame]:
    """One message as this many frames."""
    opcodes = [opcode, *[Opcode.CONT] * (len(payloads) - 1)]
    fins = [*[False] * (len(payloads) - 1), True]
    return [Frame(*parts) for parts in zip(opcodes, payloads, fins, strict=True)]


_PAYLOADS = st.binary(max_size=20) | st.sampled_from(
    [b"", "東京 👍".encode(), b"x" * 125, b"x" * 126, b"x" * 3_000, b"x" * 66_000, b"\xff"]
)
_MESSAGES = st.builds(
    _frames,
    st.sampled_from([Opcode.TEXT, Opcode.TEXT, Opcode.TEXT, Opcode.BINARY]),
    st.lists(_PAYLOADS, min_size=1, max_size=1) | st.lists(_PAYLOADS, min_size=1, max_size=3),
)
_CONTROLS = st.sampled_from(
    [[Frame(Opcode.PING, b"?")], [Frame(Opcode.PONG, b"")], [Frame(Opcode.CLOSE, b"\x03\xe8")]]
)
_BAD = st.sampled_from([b"\x81\x01a", b"\xc1\x80\x00\x00\x00\x00", b"\x83\x80\x00\x00\x00\x00"])


@given(st.lists(_MESSAGES | _CONTROLS, max_size=8), st.data())
@example([_frames(Opcode.TEXT, [b"a"])] * 3, None)
def test_app_gets_what_the_library_alone_would_give_it(
    messages: Sequence[Sequence[Frame]], data: st.DataObject | None
) -> None:
    """Any messages, however fragmented and split, with control frames or garbage between."""
    sent = [frame.serialize(mask=True) for message in messages for frame in message]
    splits = {0, sum(map(len, sent))}
    if data is not None:
        ends = [len(b"".join(sent[:count])) for count in range(len(sent))]
        places = st.integers(0, max(splits)) | st.sampled_from([0, *ends])
        splits |= set(data.draw(st.lists(places, max_size=8)))
        if data.draw(st.booleans()):  # in a piece of its own: the library drops what precedes it
            sent.append(data.draw(_BAD))
    stream = b"".join(sent)
    splits.add(len(stream))
    places_in_order = sorted(splits)
    pieces = [stream[start:end] for start, end in pairwise(places_in_order)]
    alone = asyncio.run(_read(pieces, directly=False))
    assert asyncio.run(_read(pieces, directly=True)) == alone


def _unmasked(opcode: int, payload: bytes) -> bytes:
    """A client's frame with a mask of zeros, so that its payload appears as it is."""
    return bytes((opcode, 0x80 | len(payload))) + bytes(4) + payload


async def test_bytes_inside_a_frame_are_not_a_frame() -> None:
    """However much they look like one."""
    text = _unmasked(0x81, b"I am no message")
    whole = _unmasked(0x82, text)
    pieces = [whole[: -len(text)], text, _unmasked(0x81, b"I am one")]
    got, _ = await _read(pieces, directly=True)
    assert got == [text, "I am one", "websocket.disconnect"]


async def test_text_does_not_overtake_queued_messages() -> None:
    """Even if it was already read when reading was paused."""
    pieces = [_unmasked(0x82, b"first"), _unmasked(0x81, b"second"), _unmasked(0x81, b"third")]
    got, _ = await _read(pieces, directly=True, heeds_pauses=False)
    assert got == [b"first", "second", "third", "websocket.disconnect"]


async def test_text_waits_until_the_client_reads() -> None:
    """While the client takes nothing, nothing from it is taken."""
    pieces = [_unmasked(0x81, b"first"), _unmasked(0x81, b"second")]
    got, _ = await _read(pieces, directly=True, heeds_pauses=False, is_stuck=True)
    assert got == ["first", "second", "websocket.disconnect"]


@pytest.mark.parametrize("closes_first", ["app", "client"])
async def test_nothing_is_sent_after_a_close(closes_first: str) -> None:
    """Whether the app or the client closes first."""
    said = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        channel = direct_channel(scope)
        channel.send("in time")
        if closes_first == "app":
            await socket.close()
        else:
            protocol.data_received(_unmasked(0x88, b"\x03\xe8"))
        channel.send("too late")
        said.set()

    protocol, transport = _connected(app)
    await said.wait()
    protocol.connection_lost(None)
    await asyncio.gather(*protocol.tasks)
    assert b"in time" in transport.written
    assert b"too late" not in transport.written


# --- when the server stops ----------------------------------------------------------------------

GOES_AWAY = Frame(Opcode.CLOSE, (1012).to_bytes(2, "big")).serialize(mask=False)  # service restart


async def _talking(got: list[object]) -> tuple[RelaySocket, _Transport]:
    """A connection to an app that listens until the end, and puts what it hears in `got`."""
    began = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        channel = direct_channel(scope)
        channel.listen(got.append)
        began.set()
        while (message := await receive())["type"] != "websocket.disconnect":
            got.append(message["bytes"])
            if message["bytes"] == b"bye":
                await socket.close()
        got.append(message["code"])
        channel.send("too late")

    protocol, transport = _connected(app)
    await began.wait()
    return protocol, transport


async def test_client_is_told_that_the_server_stops() -> None:
    """The connection stays open for the client's answer, whatever comes first."""
    got: list[object] = []
    protocol, transport = await _talking(got)
    [running] = protocol.tasks
    protocol.data_received(_unmasked(0x82, b"in time"))
    protocol.shutdown()
    assert not transport.paused
    protocol.data_received(_unmasked(0x81, b"too late"))
    async with asyncio.timeout(10):
        await running
    assert got == [b"in time", 1012]
    assert transport.written.endswith(GOES_AWAY)
    assert not transport.closed
    protocol.data_received(_unmasked(0x88, b"\x03\xf4"))
    assert transport.closed


async def test_server_does_not_wait_long_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent client cannot hold it up."""
    monkeypatch.setattr("web.relay_socket.CLOSING_S", 0.0)
    protocol, transport = await _talking([])
    protocol.shutdown()
    async with asyncio.timeout(10):
        while not transport.closed:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)


@pytest.mark.parametrize("closes_first", ["app", "client"])
async def test_closed_call_is_not_closed_again(closes_first: str) -> None:
    """As the server stops, its connection is closed, answered or not."""
    protocol, transport = await _talking([])
    [running] = protocol.tasks
    ending = _unmasked(0x82, b"bye") if closes_first == "app" else _unmasked(0x88, b"\x03\xe8")
    protocol.data_received(ending)
    await running
    protocol.shutdown()
    assert transport.closed
    assert GOES_AWAY not in transport.written


async def test_request_is_refused_as_the_server_stops() -> None:
    """No call starts that would have to end at once."""
    protocol, transport = _connected(create_app(settings_for_test()))
    protocol.shutdown()
    assert transport.closed
    assert transport.written.startswith(b"HTTP/1.1 500 ")


async def test_call_refused_as_the_server_stops_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The app closes a socket without knowing yet that it has closed."""
    app = create_app(settings_for_test())
    protocol, transport = _connected(app)
    [running] = protocol.tasks
    while not protocol.handshake_complete:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0)
    setup = b'{"type": "setup", "callSid": "CA1", "customParameters": {"BargeInMode": "no such"}}'
    protocol.data_received(_unmasked(0x81, setup))
    protocol.shutdown()
    await running
    assert transport.written.endswith(GOES_AWAY)
    assert "Exception" not in caplog.text
