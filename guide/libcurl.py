"""A guide asked through libcurl, driven by the event loop: the fast transport.

    Libcurl      asks one guide
    Exchanges    requests under way, over connections that are kept and used again
    Exchange     one of them

libcurl calls back amid its own work, when it must not be called itself. What it brings is put aside
there, and handed on as soon as it is done.

An answer that is awaited is taken as it comes. One that flows can wait a moment: where pieces of
such come close to each other, those of some milliseconds are gathered and taken together. To wake
up for each piece by itself is dearer, for the processor's caches are cold by then.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import cached_property
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pycurl

from guide import network
from guide.errors import Trouble, unforeseen

if TYPE_CHECKING:
    from collections.abc import Callable

    from guide.answer import GuideError

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

_TROUBLES: Final = {
    pycurl.E_SSL_CONNECT_ERROR: Trouble.TLS,
    pycurl.E_PEER_FAILED_VERIFICATION: Trouble.TLS,
    pycurl.E_SSL_CACERT_BADFILE: Trouble.TLS,
    pycurl.E_SSL_CERTPROBLEM: Trouble.TLS,
    pycurl.E_SSL_CIPHER: Trouble.TLS,
    pycurl.E_SSL_INVALIDCERTSTATUS: Trouble.TLS,
    pycurl.E_SSL_ISSUER_ERROR: Trouble.TLS,
    pycurl.E_URL_MALFORMAT: Trouble.ADDRESS,
    pycurl.E_UNSUPPORTED_PROTOCOL: Trouble.ADDRESS,
    pycurl.E_COULDNT_RESOLVE_HOST: Trouble.UNREACHABLE,
    pycurl.E_COULDNT_RESOLVE_PROXY: Trouble.UNREACHABLE,
    pycurl.E_COULDNT_CONNECT: Trouble.UNREACHABLE,
    # Of the attempt to connect, which alone times out.
    pycurl.E_OPERATION_TIMEDOUT: Trouble.UNREACHABLE,
    pycurl.E_GOT_NOTHING: Trouble.BROKEN,
    pycurl.E_PARTIAL_FILE: Trouble.BROKEN,
    pycurl.E_RECV_ERROR: Trouble.BROKEN,
    pycurl.E_SEND_ERROR: Trouble.BROKEN,
    pycurl.E_TOO_MANY_REDIRECTS: Trouble.BROKEN,
    pycurl.E_FTP_WEIRD_SERVER_REPLY: Trouble.BROKEN,  # which is not about FTP alone
}


def explain(error: Exception) -> GuideError:
    """What an error of libcurl, or of making a request for it, means to the owner.

    libcurl's message is left behind: it may quote the address.
    """
    if isinstance(error, pycurl.error):
        code = int(error.args[0])
        trouble = _TROUBLES.get(code)
        told = trouble.as_error() if trouble else unforeseen(f"libcurl's error {code}")
    else:
        told = unforeseen(type(error).__name__)
    told.__cause__ = error
    return told


def can_run() -> bool:
    """Whether the running event loop can tell when one of libcurl's sockets is ready.

    Windows' cannot: its default loop watches no sockets, and its selectors cannot be watched.
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
    """A `guide.transport.Transport`.

    Where many answers flow, what comes after the first piece waits for `GATHER_S` at most.
    """

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

        The list of models is what a guide has that costs it least. Whether it has one, and whatever
        else is wrong, does not matter here: a reply is asked for soon, and will tell.
        """
        with contextlib.suppress(pycurl.error, ValueError):
            curl = self._request_to("/models")
            curl.setopt(pycurl.TIMEOUT_MS, int(network.WARM_TIMEOUT_S * 1000))
            self._exchanges.start(curl, lambda _body: None, lambda _error: None)

    def post(
        self,
        path: str,
        body: bytes,
        receive: Callable[[bytes], None],
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
        """What all requests have in common."""
        curl = pycurl.Curl()
        headers = [f"{name}: {value}" for name, value in network.headers(self._api_key).items()]
        headers.append("Expect:")  # a guide is not asked whether it may be asked
        curl.setopt(pycurl.HTTPHEADER, [header.encode("ascii") for header in headers])
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(network.CONNECT_TIMEOUT_S * 1000))
        curl.setopt(pycurl.MAXAGE_CONN, int(network.KEEP_ALIVE_S))
        curl.setopt(pycurl.NOSIGNAL, 1)  # it would set a handler anew for every piece
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
    """A request that is under way, and what has come of its answer."""

    def __init__(
        self,
        exchanges: Exchanges,
        curl: pycurl.Curl,
        receive: Callable[[bytes], None],
        end: Callable[[pycurl.error | None], None],
    ) -> None:
        self._exchanges = exchanges
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

    def stop(self) -> None:
        """Break it off and close its connection. One that has ended is left as it is."""
        self._exchanges.stop(self)


class Exchanges:
    """Carries out requests, as many at once as there are. Make it inside the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None
        self._under_way: dict[pycurl.Curl, Exchange] = {}
        self._fed: list[Exchange] = []
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
    ) -> Exchange:
        """Carry out the request that `curl` describes.

        `receive` is given the body in pieces, as they come, and after the last of them `end` is
        called once, with what went wrong, if something did. Neither is called before this returns,
        nor after `stop`. They must not raise.
        """
        exchange = Exchange(self, curl, receive, end)

        def put_aside(chunk: bytes) -> None:
            if not exchange.chunks:
                self._fed.append(exchange)
            exchange.chunks.append(chunk)

        curl.setopt(pycurl.WRITEFUNCTION, put_aside)
        self._under_way[curl] = exchange
        self._multi.add_handle(curl)
        return exchange

    def stop(self, exchange: Exchange) -> None:
        """Break off a request; its connection is closed. One that has ended is left as it is."""
        if self._under_way.pop(exchange.curl, None) is not None:
            self._multi.remove_handle(exchange.curl)
            exchange.curl.close()

    def close(self) -> None:
        """Break off every request and close every connection. To close twice is no error."""
        if self._multi.closed:
            return
        for exchange in [*self._under_way.values()]:
            self.stop(exchange)
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
            if is_watched and fed and all(exchange.flows for exchange in fed):
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

    def _hand_on(self, running: int) -> list[Exchange]:
        """Hand on what libcurl has brought; returns the exchanges that it was for.

        `running` is how many libcurl has not ended.
        """
        have_ended = running != len(self._under_way)
        fed, self._fed = self._fed, []
        for exchange in fed:
            chunks, exchange.chunks = exchange.chunks, []
            if exchange.curl in self._under_way:
                exchange.receive(chunks[0] if len(chunks) == 1 else b"".join(chunks))
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
        exchange = self._under_way.get(curl)
        if exchange is not None:
            exchange.end(error)
            self.stop(exchange)
