"""When what comes of an answer is handed on: at once, or with what comes of others."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from math import inf
from typing import TYPE_CHECKING

import pycurl
import pytest

from guide import libcurl
from guide.libcurl import Exchanges

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"


def piece(text: str) -> bytes:
    return b"%x\r\n%b\r\n" % (len(text), text.encode())


class Answering:
    """A request, from both ends: what the server writes of its answer, and what was handed on."""

    def __init__(self, under_way: Exchanges, url: str, *, flows: bool = True) -> None:
        self.handed_on: list[str] = []
        self.ended: list[pycurl.error | None] = []
        self._flows = flows
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, url)
        self.exchange = under_way.start(curl, self._receive, self.ended.append)

    def _receive(self, chunk: bytes) -> None:
        self.handed_on.append(chunk.decode())
        self.exchange.flows = self._flows

    async def has(self, *pieces: str) -> None:
        await until(lambda: self.handed_on == [*pieces])


class Stage:
    """Exchanges, and the server that they lead to."""

    def __init__(self, url: str, asked: asyncio.Queue[asyncio.StreamWriter]) -> None:
        self.exchanges = Exchanges()
        self._url = url
        self._asked = asked

    async def begin(
        self, *, flows: bool = True, rest: bytes = b""
    ) -> tuple[Answering, asyncio.StreamWriter]:
        """An answer of which the first piece has been handed on, and where to write more of it."""
        answering = Answering(self.exchanges, self._url, flows=flows)
        writer = await self._asked.get()
        writer.write(HEAD + piece("one") + rest)
        await answering.has("one")
        return answering, writer

    async def gathers(self) -> None:
        await until(lambda: self.exchanges._gathering is not None)
        for _ in range(20):  # whatever else could happen has happened
            await asyncio.sleep(0)


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - nobody else wants to know
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
def crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces are always close, and what is gathered is taken when the test says so."""
    monkeypatch.setattr(libcurl, "CLOSE_S", inf)
    monkeypatch.setattr(libcurl, "GATHER_S", 3600.0)


@pytest.mark.usefixtures("crowd")
async def test_what_comes_of_many_answers_is_taken_together() -> None:
    """What came meanwhile is handed on in one piece an answer, and so again the next time."""
    async with staged() as stage:
        (first, to_first), (second, to_second) = await stage.begin(), await stage.begin()
        for word in ("two", "three"):
            before = [*first.handed_on], [*second.handed_on]
            to_first.write(piece(word))
            to_first.write(piece("!"))
            to_second.write(piece(word))
            await stage.gathers()
            assert (first.handed_on, second.handed_on) == before
            stage.exchanges._take_gathered()
            assert first.handed_on == [*before[0], f"{word}!"]
            assert second.handed_on == [*before[1], word]


@pytest.mark.usefixtures("crowd")
async def test_an_answer_that_is_awaited_is_taken_at_once() -> None:
    """However many others flow: its first piece, and those after it until it flows itself."""
    async with staged() as stage:
        _, to_other = await stage.begin()
        to_other.write(piece("two"))
        await stage.gathers()
        awaited, to_awaited = await stage.begin(flows=False)
        to_awaited.write(piece("two"))
        await awaited.has("one", "two")


async def test_pieces_far_apart_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where few come there is nothing to wait for; those close to each other are gathered."""
    monkeypatch.setattr(libcurl, "CLOSE_S", 60.0)
    monkeypatch.setattr(libcurl, "GATHER_S", 3600.0)
    async with staged() as stage:
        answering, writer = await stage.begin()
        for word in ("two", "three"):
            stage.exchanges._came_at -= 60.0
            writer.write(piece(word))
            await until(lambda word=word: answering.handed_on[-1] == word)  # type: ignore[misc]
        writer.write(piece("four"))
        await stage.gathers()
        assert answering.handed_on == ["one", "two", "three"]


@pytest.mark.usefixtures("crowd")
async def test_gathering_ends_when_nothing_comes_and_begins_again() -> None:
    """Nobody looks for what does not come; and what comes after that is found."""
    async with staged() as stage:
        answering, writer = await stage.begin()
        for word in ("two", "three"):
            writer.write(piece(word))
            await stage.gathers()
            stage.exchanges._take_gathered()
            assert answering.handed_on[-1] == word
            stage.exchanges._take_gathered()
            assert stage.exchanges._gathering is None


@pytest.mark.usefixtures("crowd")
async def test_the_end_of_an_answer_that_flows_is_told() -> None:
    """What is over is over, for whoever waits for it, and its connection serves the next."""
    async with staged() as stage:
        answering, writer = await stage.begin()
        writer.write(piece("two") + b"0\r\n\r\n")
        await stage.gathers()
        assert not answering.ended
        stage.exchanges._take_gathered()
        assert (answering.handed_on, answering.ended) == (["one", "two"], [None])
        assert not stage.exchanges._flowing.get_map()
        _, to_next = await stage.begin()
        assert to_next is writer


async def test_an_answer_that_comes_in_one_go_ends_with_it() -> None:
    """It flows no more by the time that it could, and nothing goes wrong unseen."""
    wrong: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: wrong.append(context))
    async with staged() as stage:
        answering, _ = await stage.begin(rest=b"0\r\n\r\n")
        await until(lambda: answering.ended == [None])
        assert not stage.exchanges._flowing.get_map()
    assert not wrong


@pytest.mark.usefixtures("crowd")
async def test_an_answer_is_told_to_end_though_another_is_stopped() -> None:
    """One ends just as whoever reads another, in the same moment, stops that one."""
    async with staged() as stage:
        stopped, to_stopped = await stage.begin()
        ending, to_ending = await stage.begin()
        stopped.exchange.receive = lambda _chunk: stage.exchanges.stop(stopped.exchange)
        to_stopped.write(piece("two"))
        to_ending.write(b"0\r\n\r\n")
        await stage.gathers()
        stage.exchanges._take_gathered()
        assert (stopped.ended, ending.ended) == ([], [None])


@pytest.mark.usefixtures("crowd")
async def test_an_answer_that_is_stopped_is_not_looked_for() -> None:
    """Its connection is closed, and what waited there is not handed on."""
    async with staged() as stage:
        answering, writer = await stage.begin()
        writer.write(piece("two"))
        await stage.gathers()
        stage.exchanges.stop(answering.exchange)
        stage.exchanges._take_gathered()
        assert answering.handed_on == ["one"]
        await until(writer.transport.is_closing)


@pytest.mark.usefixtures("crowd")
async def test_an_answer_that_is_stopped_by_another_is_not_handed_on() -> None:
    """Nothing comes after `stop`, not even what had come by then."""
    async with staged() as stage:
        one, to_one = await stage.begin()
        other, to_other = await stage.begin()
        taken: list[Answering] = []

        def take(answering: Answering, stopped: Answering) -> None:
            taken.append(answering)
            stage.exchanges.stop(stopped.exchange)

        one.exchange.receive = lambda _chunk: take(one, other)
        other.exchange.receive = lambda _chunk: take(other, one)
        to_one.write(piece("two"))
        to_other.write(piece("two"))
        await stage.gathers()
        stage.exchanges._take_gathered()
        assert len(taken) == 1


@pytest.mark.usefixtures("crowd")
async def test_a_request_is_sent_to_its_end_though_its_answer_flows() -> None:
    """A server that answers before it has read everything is read and written to."""
    size = 8_000_000
    received = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + piece("one"))
        await flowing.wait()
        await reader.readexactly(size)
        received.set()
        writer.close()

    flowing = asyncio.Event()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        under_way = Exchanges()
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        curl.setopt(pycurl.HTTPHEADER, ["Expect:"])
        curl.setopt(pycurl.POSTFIELDS, b"x" * size)

        def receive(_chunk: bytes) -> None:
            exchange.flows = True
            flowing.set()

        exchange = under_way.start(curl, receive, lambda _error: None)
        async with asyncio.timeout(10):
            await flowing.wait()
            while not received.is_set():
                await asyncio.sleep(0)
                under_way._take_flowing()
        under_way.close()
