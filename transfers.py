"""HTTP requests whose answers are handed on as they come: libcurl, driven by the event loop.

    Transfers    the requests under way, over connections that are kept and used again
    Transfer     one of them

libcurl calls back amid its own work, when it must not be called itself. What it brings is put aside
there, and handed on as soon as it is done.

An answer that is awaited is taken as it comes. One that flows can wait a moment: where pieces of
such come close to each other, those of some milliseconds are gathered and taken together. To wake
up for each piece by itself is dearer, for the processor's caches are cold by then.
"""

from __future__ import annotations

import asyncio
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import TYPE_CHECKING, Any, Final

import pycurl

if TYPE_CHECKING:
    from collections.abc import Callable

GATHER_S: Final = 0.005
"""How long pieces of answers that flow are gathered. A voice has words in hand for longer."""

CLOSE_S: Final = 0.002
"""Pieces that come closer than this to each other are so many that it pays to gather them."""

KEPT_CONNECTIONS: Final = 10_000
"""More than there are calls: a connection is closed because of its age, not to make room."""

_WANTED: Final = {
    pycurl.POLL_IN: EVENT_READ,
    pycurl.POLL_OUT: EVENT_WRITE,
    pycurl.POLL_INOUT: EVENT_READ | EVENT_WRITE,
}
_READY: Final = {
    EVENT_READ: pycurl.CSELECT_IN,
    EVENT_WRITE: pycurl.CSELECT_OUT,
    EVENT_READ | EVENT_WRITE: pycurl.CSELECT_IN | pycurl.CSELECT_OUT,
}


class Transfer:
    """A request that is under way, and what has come of its answer."""

    def __init__(
        self,
        curl: pycurl.Curl,
        receive: Callable[[bytes], None],
        end: Callable[[pycurl.error | None], None],
    ) -> None:
        self.curl = curl
        self.receive = receive
        self.end = end
        self.flows = False
        """Whether what comes next is not awaited any more. To be set by who receives it."""
        self.chunks: list[bytes] = []

    @property
    def status(self) -> int:
        """The HTTP status of the answer, 0 if there is none."""
        return int(self.curl.getinfo(pycurl.RESPONSE_CODE))

    @property
    def content_type(self) -> str:
        """The content type of the answer, empty if it has none."""
        return str(self.curl.getinfo(pycurl.CONTENT_TYPE) or "")


class Transfers:
    """Carries out requests, as many at once as there are. Make it inside the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None
        self._under_way: dict[pycurl.Curl, Transfer] = {}
        self._fed: list[Transfer] = []
        self._awaited = DefaultSelector()
        self._flowing = DefaultSelector()
        self._awaited.register(self._flowing.fileno(), EVENT_READ)
        self._came_at = 0.0  # the last piece that was not gathered
        self._gathering: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._awaited.fileno(), self._take_awaited)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, KEPT_CONNECTIONS)

    def start(
        self,
        curl: pycurl.Curl,
        receive: Callable[[bytes], None],
        end: Callable[[pycurl.error | None], None],
    ) -> Transfer:
        """Carry out the request that `curl` describes.

        `receive` is given the body in pieces, as they come, and after the last of them `end` is
        called once, with what went wrong, if something did. Neither is called before this returns,
        nor after `stop`. They must not raise.
        """
        transfer = Transfer(curl, receive, end)

        def put_aside(chunk: bytes) -> None:
            if not transfer.chunks:
                self._fed.append(transfer)
            transfer.chunks.append(chunk)

        curl.setopt(pycurl.WRITEFUNCTION, put_aside)
        self._under_way[curl] = transfer
        self._multi.add_handle(curl)
        return transfer

    def stop(self, transfer: Transfer) -> None:
        """Break off a request; its connection is closed. One that has ended is left as it is."""
        if self._under_way.pop(transfer.curl, None) is not None:
            self._multi.remove_handle(transfer.curl)
            transfer.curl.close()

    def close(self) -> None:
        """Break off every request and close every connection. To close twice is no error."""
        if self._multi.closed:
            return
        for transfer in [*self._under_way.values()]:
            self.stop(transfer)
        self._multi.close()
        self._loop.remove_reader(self._awaited.fileno())
        self._awaited.close()
        self._flowing.close()
        for timer in (self._timer, self._gathering):
            if timer is not None:
                timer.cancel()

    # --- what libcurl wants to be told ----------------------------------------------------

    def _watch(self, what: int, fd: int, _multi: pycurl.CurlMulti, _data: Any) -> None:
        for selector in (self._awaited, self._flowing):
            if fd in selector.get_map():
                selector.unregister(fd)
        if what in _WANTED:
            self._awaited.register(fd, _WANTED[what])

    def _set_timer(self, milliseconds: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if milliseconds >= 0:
            self._timer = self._loop.call_later(milliseconds / 1000, self._take_timeout)

    # --- what it brings -------------------------------------------------------------------

    def _take_timeout(self) -> None:
        _, running = self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._hand_on(running)

    def _take_awaited(self) -> None:
        """Take at once what has come."""
        for ready, events in self._awaited.select(0):
            if ready.fd == self._flowing.fileno():
                self._take_or_gather()
                continue
            _, running = self._multi.socket_action(ready.fd, _READY[events])
            fed = self._hand_on(running)
            is_watched = ready.fd in self._awaited.get_map()
            if is_watched and fed and all(transfer.flows for transfer in fed):
                self._awaited.unregister(ready.fd)
                self._flowing.register(ready.fd, ready.events)

    def _take_or_gather(self) -> None:
        """Something has come of the answers that flow: take it, or wait for more."""
        now = self._loop.time()
        is_close, self._came_at = now - self._came_at < CLOSE_S, now
        if is_close:
            self._awaited.unregister(self._flowing.fileno())
            self._gathering = self._loop.call_later(GATHER_S, self._take_gathered)
        else:
            self._take_flowing()

    def _take_gathered(self) -> None:
        """Take what has come meanwhile, and gather on for as long as something comes."""
        self._gathering = None
        if self._take_flowing():
            self._gathering = self._loop.call_later(GATHER_S, self._take_gathered)
        else:
            self._awaited.register(self._flowing.fileno(), EVENT_READ)

    def _take_flowing(self) -> bool:
        """Take what has come of all answers that flow; whether anything has."""
        ready = self._flowing.select(0)
        running = len(self._under_way)
        for each, events in ready:
            _, running = self._multi.socket_action(each.fd, _READY[events])
        self._hand_on(running)
        return bool(ready)

    def _hand_on(self, running: int) -> list[Transfer]:
        """Hand on what libcurl has brought; returns the transfers that it was for.

        `running` is how many libcurl has not ended.
        """
        have_ended = running != len(self._under_way)
        fed, self._fed = self._fed, []
        for transfer in fed:
            chunks, transfer.chunks = transfer.chunks, []
            if transfer.curl in self._under_way:
                transfer.receive(chunks[0] if len(chunks) == 1 else b"".join(chunks))
        if have_ended:
            self._end_what_is_done()
        return fed

    def _end_what_is_done(self) -> None:
        more = 1
        while more:
            more, done, failed = self._multi.info_read()
            for curl in done:
                self._end(curl, None)
            for curl, code, _ in failed:  # the message is left behind: it may quote the address
                self._end(curl, pycurl.error(code))

    def _end(self, curl: pycurl.Curl, error: pycurl.error | None) -> None:
        transfer = self._under_way.get(curl)
        if transfer is not None:
            transfer.end(error)
            self.stop(transfer)
