"""Text frames on the relay's socket, beside the library that frames everything else."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from relay_socket import text_frame
from tests.serving import serve

SIZES = (0, 1, 125, 126, 127, 65_535, 65_536, 200_000)


@pytest.mark.parametrize("size", SIZES)
def test_frame_is_what_the_library_would_send(size: int) -> None:
    """Byte for byte, at every way to tell a length."""
    payload = b"x" * size
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


async def test_frames_of_both_kinds_arrive_in_order() -> None:
    """Text of any size and alphabet, bytes between, a close after: a client reads them all."""
    texts = ["", "héllo 東京 👍", *("y" * size for size in SIZES)]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            socket = WebSocket(scope, receive, send)
            await socket.accept()
            for text in texts:
                await socket.send_text(text)
                await socket.send_bytes(b"\x00")
            await socket.close(1000, "done")

    async with serve(app) as url, connect(url.replace("http", "ws"), max_size=None) as client:
        assert [frame async for frame in client] == [
            frame for text in texts for frame in (text, b"\x00")
        ]
        assert (client.close_code, client.close_reason) == (1000, "done")


async def test_client_that_does_not_read_makes_the_sender_wait() -> None:
    """What it is sent does not pile up here; when it has gone, the sender is told."""
    sent = 0
    stuck, gone = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        if scope["type"] != "websocket":
            return
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        asyncio.get_running_loop().call_later(0.3, stuck.set)
        try:
            while True:
                await socket.send_text("z" * 60_000)
                sent += 1
                await asyncio.sleep(0)
        finally:
            gone.set()

    async with serve(app) as url:
        client = await connect(url.replace("http", "ws"), max_queue=1)
        await stuck.wait()
        before = sent
        assert before < 1_000
        client.transport.abort()
        async with asyncio.timeout(10):
            await gone.wait()
        assert sent <= before + 1
