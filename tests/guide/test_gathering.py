"""When a piece of an answer is delivered: at once, or together with pieces of others."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from math import inf
from typing import TYPE_CHECKING

import pycurl
import pytest

from guide import gathering
from guide.libcurl import Exchanges

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"


def piece(text: str) -> bytes:
    return b"%x\r\n%b\r\n" % (len(text), text.encode())


class Reading:
    """A request, and what was delivered of its answer."""

    def __init__(self, exchanges: Exchanges, url: str, *, is_spoken: bool = True) -> None:
        self.delivered: list[str] = []
        self.ended: list[pycurl.error | None] = []
        self._is_spoken = is_spoken
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, url)
        self.exchange = exchanges.start(curl, self._receive, self.ended.append)

    def _receive(self, chunk: bytes) -> bool:
        self.delivered.append(chunk.decode())
        return self._is_spoken

    def stop(self, _chunk: bytes) -> bool:
        """Receive a piece by stopping the request."""
        self.exchange.stop()
        return True

    async def has(self, *pieces: str) -> None:
        await until(lambda: self.delivered == [*pieces])


class Stage:
    """Exchanges, and the server they talk to."""

    def __init__(self, url: str, asked: asyncio.Queue[asyncio.StreamWriter]) -> None:
        self.exchanges = Exchanges()
        self.watcher = self.exchanges._watcher
        self._url = url
        self._asked = asked

    async def begin(
        self, *, is_spoken: bool = True, rest: bytes = b""
    ) -> tuple[Reading, asyncio.StreamWriter]:
        """An answer whose first piece has been delivered, and where to write more of it."""
        reading = Reading(self.exchanges, self._url, is_spoken=is_spoken)
        writer = await self._asked.get()
        writer.write(HEAD + piece("one") + rest)
        await reading.has("one")
        return reading, writer

    async def gathers(self) -> None:
        await until(lambda: self.watcher._timer is not None)
        for _ in range(20):  # let everything that is due happen
            await asyncio.sleep(0)


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0)


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    asked: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        with suppress(EOFError, OSError):
            while await reader.readuntil(b"\r\n\r\n"):
                asked.put_nowait(writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        stage = Stage(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", asked)
        try:
            yield stage
        finally:
            stage.exchanges.close()
            await asyncio.gather(*[task for task in serving if task is not None])


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """All pieces count as close, and gathering ends only when the test says so."""
    monkeypatch.setattr(gathering, "CLOSE_S", inf)
    monkeypatch.setattr(gathering, "GATHER_S", 3600.0)


@pytest.mark.usefixtures("busy")
async def test_pieces_of_many_answers_are_read_together() -> None:
    """What came meanwhile is delivered as one piece per answer, time after time."""
    async with staged() as stage:
        (first, to_first), (second, to_second) = await stage.begin(), await stage.begin()
        for word in ("two", "three"):
            before = [*first.delivered], [*second.delivered]
            to_first.write(piece(word))
            to_first.write(piece("!"))
            to_second.write(piece(word))
            await stage.gathers()
            assert (first.delivered, second.delivered) == before
            stage.watcher._read_gathered()
            assert first.delivered == [*before[0], f"{word}!"]
            assert second.delivered == [*before[1], word]


@pytest.mark.usefixtures("busy")
async def test_first_words_are_delivered_at_once() -> None:
    """However many others are streaming, an answer is read at once until its words go out."""
    async with staged() as stage:
        _, to_other = await stage.begin()
        to_other.write(piece("two"))
        await stage.gathers()
        silent, to_silent = await stage.begin(is_spoken=False)
        to_silent.write(piece("two"))
        await silent.has("one", "two")


async def test_pieces_far_apart_are_delivered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gathering begins only when two pieces come close together."""
    monkeypatch.setattr(gathering, "CLOSE_S", 60.0)
    monkeypatch.setattr(gathering, "GATHER_S", 3600.0)
    async with staged() as stage:
        reading, writer = await stage.begin()
        for word in ("two", "three"):
            stage.watcher._last_piece_at -= 60.0
            writer.write(piece(word))
            await until(lambda word=word: reading.delivered[-1] == word)  # type: ignore[misc]
        writer.write(piece("four"))
        await stage.gathers()
        assert reading.delivered == ["one", "two", "three"]


@pytest.mark.usefixtures("busy")
async def test_gathering_ends_in_a_pause_and_begins_again() -> None:
    """No timer runs while nothing comes, and the next piece is still read."""
    async with staged() as stage:
        reading, writer = await stage.begin()
        for word in ("two", "three"):
            writer.write(piece(word))
            await stage.gathers()
            stage.watcher._read_gathered()
            assert reading.delivered[-1] == word
            stage.watcher._read_gathered()
            assert stage.watcher._timer is None


@pytest.mark.usefixtures("busy")
async def test_end_of_a_streaming_answer_is_reported() -> None:
    """It is reported when it is read, and the connection serves the next request."""
    async with staged() as stage:
        reading, writer = await stage.begin()
        writer.write(piece("two") + b"0\r\n\r\n")
        await stage.gathers()
        assert not reading.ended
        stage.watcher._read_gathered()
        assert (reading.delivered, reading.ended) == (["one", "two"], [None])
        assert not stage.watcher._streaming.get_map()
        _, to_next = await stage.begin()
        assert to_next is writer


async def test_answer_in_one_packet_is_delivered_and_ends() -> None:
    """It never becomes a stream, and the event loop reports no error."""
    wrong: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: wrong.append(context))
    async with staged() as stage:
        reading, _ = await stage.begin(rest=b"0\r\n\r\n")
        await until(lambda: reading.ended == [None])
        assert not stage.watcher._streaming.get_map()
    assert not wrong


@pytest.mark.usefixtures("busy")
async def test_end_is_reported_though_another_answer_is_stopped() -> None:
    """One answer ends in the same read in which the receiver of another stops that one."""
    async with staged() as stage:
        stopped, to_stopped = await stage.begin()
        ending, to_ending = await stage.begin()
        stopped.exchange.receive = stopped.stop
        to_stopped.write(piece("two"))
        to_ending.write(b"0\r\n\r\n")
        await stage.gathers()
        stage.watcher._read_gathered()
        assert (stopped.ended, ending.ended) == ([], [None])


@pytest.mark.usefixtures("busy")
async def test_stopped_answer_is_no_longer_read() -> None:
    """Its connection is closed, and what was gathered is not delivered."""
    async with staged() as stage:
        reading, writer = await stage.begin()
        writer.write(piece("two"))
        await stage.gathers()
        stage.exchanges.stop(reading.exchange)
        stage.watcher._read_gathered()
        assert reading.delivered == ["one"]
        await until(writer.transport.is_closing)


@pytest.mark.usefixtures("busy")
async def test_answer_stopped_by_another_is_not_delivered() -> None:
    """Nothing comes after `stop`, not even what was read by then."""
    async with staged() as stage:
        one, to_one = await stage.begin()
        other, to_other = await stage.begin()
        delivered: list[bytes] = []

        def stop_both(chunk: bytes) -> bool:
            delivered.append(chunk)
            return one.stop(chunk) and other.stop(chunk)

        one.exchange.receive = other.exchange.receive = stop_both
        to_one.write(piece("two"))
        to_other.write(piece("two"))
        await stage.gathers()
        stage.watcher._read_gathered()
        assert delivered == [b"two"]


@pytest.mark.usefixtures("busy")
async def test_request_is_sent_in_full_though_its_answer_streams() -> None:
    """A server that answers before it has read everything still gets the whole request."""
    size = 8_000_000
    received = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + piece("one"))
        await streaming.wait()
        await reader.readexactly(size)
        received.set()
        writer.close()

    streaming = asyncio.Event()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        exchanges = Exchanges()
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        curl.setopt(pycurl.HTTPHEADER, ["Expect:"])
        curl.setopt(pycurl.POSTFIELDS, b"x" * size)

        def receive(_chunk: bytes) -> bool:
            streaming.set()
            return True

        exchanges.start(curl, receive, lambda _error: None)
        async with asyncio.timeout(10):
            await streaming.wait()
            while not received.is_set():
                await asyncio.sleep(0)
                exchanges._watcher._read_streaming()
        exchanges.close()
