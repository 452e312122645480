"""HTTP requests whose answers are handed on as they come: libcurl, driven by the event loop.

    Transfers    the requests under way, over connections that are kept and used again
    Transfer     one of them

libcurl calls back amid its own work, when it must not be called itself. What it brings is put aside
there, and handed on as soon as it is done.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import pycurl

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT_CONNECTIONS: Final = 10_000
"""More than there are calls: a connection is closed because of its age, not to make room."""

_READABLE: Final = frozenset({pycurl.POLL_IN, pycurl.POLL_INOUT})
_WRITABLE: Final = frozenset({pycurl.POLL_OUT, pycurl.POLL_INOUT})


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
        self._written_to: set[int] = set()
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
        """Break off every request and close every connection."""
        for transfer in [*self._under_way.values()]:
            self.stop(transfer)
        self._multi.close()
        if self._timer is not None:
            self._timer.cancel()

    # --- what libcurl wants to be told ----------------------------------------------------

    def _watch(self, what: int, fd: int, _multi: pycurl.CurlMulti, _data: Any) -> None:
        if what in _READABLE:
            self._loop.add_reader(fd, self._act, fd, pycurl.CSELECT_IN)
        else:
            self._loop.remove_reader(fd)
        if what in _WRITABLE:
            self._loop.add_writer(fd, self._act, fd, pycurl.CSELECT_OUT)
            self._written_to.add(fd)
        elif fd in self._written_to:
            self._loop.remove_writer(fd)
            self._written_to.remove(fd)

    def _set_timer(self, milliseconds: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if milliseconds >= 0:
            after_s = milliseconds / 1000
            self._timer = self._loop.call_later(after_s, self._act, pycurl.SOCKET_TIMEOUT, 0)

    def _act(self, fd: int, flags: int) -> None:
        """Let libcurl do what there is to do, then hand on what has come of it."""
        _, running = self._multi.socket_action(fd, flags)
        if self._fed:
            fed, self._fed = self._fed, []
            for transfer in fed:
                chunks, transfer.chunks = transfer.chunks, []
                if transfer.curl in self._under_way:
                    transfer.receive(chunks[0] if len(chunks) == 1 else b"".join(chunks))
        if running != len(self._under_way):
            self._end_what_is_done()

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
