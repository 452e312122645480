"""A guide asked through libcurl, driven by the event loop: the fast transport.

    Libcurl      asks one guide
    Exchanges    requests in progress, over connections that are kept and reused
    Exchange     one of them

libcurl must not be called from within its own callbacks. So the callbacks only store the bytes, and
they are delivered as soon as libcurl has returned.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import cached_property
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pycurl

from guide import network
from guide.gathering import GatheringWatcher
from guide.libcurl_errors import explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from guide.errors import GuideError
    from guide.gathering import Ready

KEPT_CONNECTIONS: Final = 10_000
"""More than there are calls, so that connections are closed for their age, never to make room."""

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


def can_run() -> bool:
    """Whether the running event loop can watch libcurl's sockets.

    On Windows it cannot: its default loop watches no sockets, and its selectors have no file
    descriptor to watch.
    """
    loop = asyncio.get_running_loop()
    with DefaultSelector() as selector:
        try:
            loop.add_reader(selector.fileno(), lambda: None)
        except (AttributeError, NotImplementedError):
            return False
        loop.remove_reader(selector.fileno())
    return True


# ---------------------------------------------------------------- the transport


class Libcurl:
    """A `guide.transport.Transport`."""

    name: ClassVar = "libcurl"

    def __init__(self, base_url: str, api_key: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._exchanges = Exchanges()

    async def aclose(self) -> None:
        """Close every connection."""
        self._exchanges.close()

    def warm(self) -> None:
        """Open a connection for the first request.

        The list of models is the cheapest thing to ask for. Errors are ignored: the first reply
        will report them.
        """
        with contextlib.suppress(pycurl.error, ValueError):
            curl = self._request_to("/models")
            curl.setopt(pycurl.TIMEOUT_MS, int(network.WARM_TIMEOUT_S * 1000))
            self._exchanges.start(curl, lambda _body: False, lambda _error: None)

    def post(
        self,
        path: str,
        body: bytes,
        receive: Callable[[bytes], bool],
        end: Callable[[GuideError | None], None],
    ) -> Exchange:
        """Post JSON to a path below the guide's address."""
        try:
            curl = self._request_to(path)
            curl.setopt(pycurl.POSTFIELDS, body)
            return self._exchanges.start(
                curl, receive, lambda error: end(explain(error) if error else None)
            )
        except (pycurl.error, ValueError) as error:
            raise explain(error) from error

    def _request_to(self, path: str) -> pycurl.Curl:
        curl = self._any_request.duphandle()
        curl.setopt(pycurl.URL, self._base_url + path)
        return curl

    @cached_property
    def _any_request(self) -> pycurl.Curl:
        """The options that all requests share."""
        curl = pycurl.Curl()
        headers = [f"{name}: {value}" for name, value in network.headers(self._api_key).items()]
        headers.append("Expect:")  # no "Expect: 100-continue", which costs a round trip
        curl.setopt(pycurl.HTTPHEADER, [header.encode("ascii") for header in headers])
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(network.CONNECT_TIMEOUT_S * 1000))
        curl.setopt(pycurl.MAXAGE_CONN, int(network.KEEP_ALIVE_S))
        curl.setopt(pycurl.NOSIGNAL, 1)  # libcurl would set a signal handler at each step
        curl.setopt(pycurl.TCP_KEEPALIVE, 1)
        curl.setopt(pycurl.FOLLOWLOCATION, 1)
        curl.setopt(pycurl.MAXREDIRS, network.MOST_REDIRECTS)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.PROXY, network.proxy_for(self._base_url) or "")
        trusted = network.authorities()
        if trusted.file:
            curl.setopt(pycurl.CAINFO, trusted.file)
        if trusted.directory:
            curl.setopt(pycurl.CAPATH, trusted.directory)
        return curl


# ---------------------------------------------------------------- libcurl in the event loop


class Exchange:
    """A request and its answer, a `guide.transport.Exchange`."""

    def __init__(
        self,
        exchanges: Exchanges,
        curl: pycurl.Curl,
        receive: Callable[[bytes], bool],
        end: Callable[[pycurl.error | None], None],
    ) -> None:
        self._exchanges = exchanges
        self.curl = curl
        self.receive = receive
        self.end = end
        self.undelivered: list[bytes] = []

    @property
    def status(self) -> int:
        """The HTTP status of the answer, 0 if there is none."""
        return int(self.curl.getinfo(pycurl.RESPONSE_CODE))

    @property
    def content_type(self) -> str:
        """The content type of the answer, empty if it has none."""
        return str(self.curl.getinfo(pycurl.CONTENT_TYPE) or "")

    def stop(self) -> None:
        """Abort the request and close its connection. Does nothing once it has ended."""
        self._exchanges.stop(self)


class Exchanges:
    """Carries out any number of requests at once. Make it inside the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None
        self._in_progress: dict[pycurl.Curl, Exchange] = {}
        self._undelivered: list[Exchange] = []
        self._watcher = GatheringWatcher(self._read)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, KEPT_CONNECTIONS)

    def start(
        self,
        curl: pycurl.Curl,
        receive: Callable[[bytes], bool],
        end: Callable[[pycurl.error | None], None],
    ) -> Exchange:
        """Carry out the request that `curl` describes.

        `receive` and `end` are called as `guide.transport.Transport.post` says.
        """
        exchange = Exchange(self, curl, receive, end)

        def store(chunk: bytes) -> None:
            if not exchange.undelivered:
                self._undelivered.append(exchange)
            exchange.undelivered.append(chunk)

        curl.setopt(pycurl.WRITEFUNCTION, store)
        self._in_progress[curl] = exchange
        self._multi.add_handle(curl)
        return exchange

    def stop(self, exchange: Exchange) -> None:
        """Abort a request and close its connection. Does nothing once it has ended."""
        if self._in_progress.pop(exchange.curl, None) is not None:
            self._multi.remove_handle(exchange.curl)
            exchange.curl.close()

    def close(self) -> None:
        """Abort every request and close every connection. May be called twice."""
        if self._multi.closed:
            return
        for exchange in [*self._in_progress.values()]:
            self.stop(exchange)
        self._multi.close()
        self._watcher.close()
        if self._timer is not None:
            self._timer.cancel()

    # --- called by libcurl ----------------------------------------------------------------

    def _watch(self, what: int, fd: int, _multi: pycurl.CurlMulti, _data: Any) -> None:
        if what in _WANTED:
            self._watcher.watch(fd, _WANTED[what])
        else:
            self._watcher.forget(fd)

    def _set_timer(self, milliseconds: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if milliseconds >= 0:
            self._timer = self._loop.call_later(milliseconds / 1000, self._on_timeout)

    # --- called by the event loop ---------------------------------------------------------

    def _on_timeout(self) -> None:
        _, running = self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._deliver(running)

    def _read(self, ready: Ready) -> bool:
        """Let libcurl read these sockets; returns whether their replies have begun to be spoken."""
        running = 0
        for key, events in ready:
            _, running = self._multi.socket_action(key.fd, _READY[events])
        return self._deliver(running)

    def _deliver(self, running: int) -> bool:
        """Deliver what libcurl has read; returns whether all of it belongs to spoken replies.

        `running` is how many requests libcurl has not finished.
        """
        # Compared now, for a receiver may stop requests.
        have_ended = running != len(self._in_progress)
        exchanges, self._undelivered = self._undelivered, []
        are_spoken = bool(exchanges)
        for exchange in exchanges:
            chunks, exchange.undelivered = exchange.undelivered, []
            if exchange.curl in self._in_progress:
                body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
                are_spoken &= exchange.receive(body)
        if have_ended:
            self._end_finished()
        return are_spoken

    def _end_finished(self) -> None:
        more = 1
        while more:
            more, done, failed = self._multi.info_read()
            for curl in done:
                self._end(curl, None)
            for curl, code, _ in failed:  # without the message, which may quote the address
                self._end(curl, pycurl.error(code))

    def _end(self, curl: pycurl.Curl, error: pycurl.error | None) -> None:
        exchange = self._in_progress.get(curl)
        if exchange is not None:
            exchange.end(error)
            self.stop(exchange)
