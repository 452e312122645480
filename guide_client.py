"""A guide's reply, streamed, from any OpenAI-compatible endpoint.

    GuideClient    asks the guide, and hands on its reply as it comes, cleaned for speech
    Request        a reply that was asked for, and may be dropped

The request is one POST (`transfers`), and the body is read as bytes (`guide_answer`): what an SDK
builds around each token costs more than all else that is done with it.

Every way a guide can fail becomes a `GuideError`, in `translate_error` and nowhere else, except
for a fault in the answer itself, which is found where that is read. Deadlines are the caller's:
nothing here times out but the attempt to connect.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import httpx2
import msgspec
import openai
import pycurl

from guide_answer import CHECK_GUIDE, Answer, GuideError
from transfers import Transfer, Transfers
from trust import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from history import Message

CONNECT_TIMEOUT_S: Final = 5.0
"""A guide that is up accepts a connection at once, wherever it is."""

KEEP_ALIVE_S: Final = 300.0
"""How long an unused connection is kept: turns of a call are seconds apart, calls are minutes."""

DRAIN_TIMEOUT_S: Final = 1.0
"""How long the rest of a finished answer may take before its connection is given up."""

WARM_TIMEOUT_S: Final = 10.0
"""How long a connection that was opened ahead may be in use for that."""

MOST_REDIRECTS: Final = 5
"""More than these lead nowhere."""


# ---------------------------------------------------------------- what the owner sees


@dataclass(frozen=True, slots=True)
class GuideOptions:
    """Where the guide is and how it is asked.

    `instructions`, unless empty, are sent as a system message before the conversation.
    """

    base_url: str
    api_key: str = field(repr=False)
    model: str
    instructions: str = ""


_STATUSES: Final = {
    401: ("refused the key", "Check GUIDE_API_KEY."),
    403: ("refused the key", "Check GUIDE_API_KEY, and that it may use GUIDE_MODEL."),
    404: ("knows no such address or model", "Check GUIDE_BASE_URL and GUIDE_MODEL."),
    429: ("is over its limit", "Wait, or raise the limits of the account behind GUIDE_API_KEY."),
}

_Kinds = tuple[type[Exception], ...]

_FAILURES: Final[tuple[tuple[_Kinds, frozenset[int], str, str], ...]] = (
    # The first row with the type of the exception, or of one that caused it, or with libcurl's code
    # for it, is what is said.
    (
        (ssl.SSLError,),
        frozenset(
            {
                pycurl.E_SSL_CONNECT_ERROR,
                pycurl.E_PEER_FAILED_VERIFICATION,
                pycurl.E_SSL_CACERT_BADFILE,
                pycurl.E_SSL_CERTPROBLEM,
                pycurl.E_SSL_CIPHER,
                pycurl.E_SSL_INVALIDCERTSTATUS,
                pycurl.E_SSL_ISSUER_ERROR,
            }
        ),
        "cannot be reached safely (TLS)",
        "Check GUIDE_BASE_URL (https or http, and the host's name), or name the certificate's "
        "authority with SSL_CERT_FILE.",
    ),
    (
        (httpx2.InvalidURL, httpx2.UnsupportedProtocol),
        frozenset({pycurl.E_URL_MALFORMAT, pycurl.E_UNSUPPORTED_PROTOCOL}),
        "has an address that is none",
        "Check GUIDE_BASE_URL: it starts with http:// or https://.",
    ),
    (
        (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError),
        frozenset(
            {
                pycurl.E_COULDNT_RESOLVE_HOST,
                pycurl.E_COULDNT_RESOLVE_PROXY,
                pycurl.E_COULDNT_CONNECT,
                pycurl.E_OPERATION_TIMEDOUT,  # of the attempt to connect, which alone times out
            }
        ),
        "cannot be reached",
        "Check that it is running, and that GUIDE_BASE_URL is its address.",
    ),
    (
        (httpx2.TimeoutException, openai.APITimeoutError, TimeoutError),
        frozenset(),
        "took too long",
        "Check that it is not overloaded, and that GUIDE_BASE_URL is its address.",
    ),
    (
        (httpx2.RequestError, openai.APIConnectionError, OSError),
        frozenset(
            {
                pycurl.E_GOT_NOTHING,
                pycurl.E_PARTIAL_FILE,
                pycurl.E_RECV_ERROR,
                pycurl.E_SEND_ERROR,
                pycurl.E_TOO_MANY_REDIRECTS,
                pycurl.E_FTP_WEIRD_SERVER_REPLY,  # which is not about FTP alone
            }
        ),
        "broke the connection",
        "Look at the guide's own log, and check GUIDE_BASE_URL.",
    ),
)


def translate_error(error: Exception) -> GuideError:
    """What an exception of the HTTP client, or of the SDK and its transport, means to the owner.

    Raise the result `from` the error. Only the error's type and status are used, never its
    message, which may quote the key or the conversation.
    """
    if isinstance(error, openai.APIStatusError):
        return _translate_status(error.status_code)
    chain = list(causes(error))
    code = error.args[0] if isinstance(error, pycurl.error) else None
    for kinds, codes, reason, advice in _FAILURES:
        if code in codes or any(isinstance(cause, kinds) for cause in chain):
            return GuideError(reason, advice)
    name = type(error).__name__ if code is None else f"libcurl's error {code}"
    return GuideError(
        f"could not be asked for an unforeseen reason ({name})",
        "Check GUIDE_BASE_URL, GUIDE_API_KEY and GUIDE_MODEL.",
    )


def _translate_status(status: int) -> GuideError:
    if status >= 500:
        reason, advice = "failed", CHECK_GUIDE
    else:
        reason, advice = _STATUSES.get(
            status, ("refused the request", "Check GUIDE_BASE_URL and GUIDE_MODEL.")
        )
    return GuideError(f"{reason} (HTTP {status})", advice)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what caused it, and so on."""
    while error is not None:
        yield error
        # The transport's connection pool raises `from None`, which leaves only the context.
        error = error.__cause__ or error.__context__


# ---------------------------------------------------------------- asking


class Request:
    """A reply that was asked for."""

    def __init__(
        self,
        transfers: Transfers,
        said: Callable[[str], None],
        ended: Callable[[GuideError | None], None],
    ) -> None:
        self._transfers = transfers
        self._said = said
        self._ended = ended
        self._transfer: Transfer | None = None
        self._answer: Answer | None = None
        self._is_over = False  # for whoever asked; the rest may still be read
        self._patience: asyncio.TimerHandle | None = None

    def begin(self, curl: pycurl.Curl) -> None:
        """Send the request."""
        self._transfer = self._transfers.start(curl, self._receive, self._end)

    def drop(self) -> None:
        """The reply is not wanted any more. Its connection is closed, unless it was complete."""
        if not self._is_over:
            self._is_over = True
            self._stop()

    def fail(self, error: Exception) -> None:
        """There is no more of the reply, because of this error."""
        if not self._is_over:
            self.drop()
            told = error
            if not isinstance(told, GuideError):
                told = translate_error(error)
                told.__cause__ = error
            self._ended(told)

    def _stop(self) -> None:
        if self._transfer is not None:
            self._transfers.stop(self._transfer)
            self._transfer = None  # which holds us

    def _receive(self, chunk: bytes | None) -> None:
        """More of the answer's body has come, or None at its end."""
        if self._is_over:
            return
        try:
            answer = self._answer or self._begin_answer()
            said = answer.end() if chunk is None else answer.receive(chunk)
        except Exception as error:
            self.fail(error)
            return
        if said:
            self._said(said)
            if self._transfer is not None:
                self._transfer.flows = True
        if answer.is_over:
            self._finish(answer)

    def _end(self, error: pycurl.error | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        if error is not None:
            self.fail(error)
        else:
            self._receive(None)
        self._transfer = None

    def _begin_answer(self) -> Answer:
        assert self._transfer is not None
        if self._transfer.status != HTTPStatus.OK:
            raise _translate_status(self._transfer.status)
        self._answer = Answer(self._transfer.content_type)
        return self._answer

    def _finish(self, answer: Answer) -> None:
        """Nothing more will be said."""
        if answer.fault is not None:
            self.fail(answer.fault)
        elif not self._is_over:
            self._is_over = True
            if answer.is_complete:  # the rest is read, so that the connection can be used again
                loop = asyncio.get_running_loop()
                self._patience = loop.call_later(DRAIN_TIMEOUT_S, self._stop)
            else:
                self._stop()
            self._ended(None)


class GuideClient:
    """Asks one guide, over connections that are kept warm and shared by all calls.

    Make one for the life of the app, inside its event loop, and `close` it at the end.
    """

    def __init__(self, options: GuideOptions) -> None:
        self._options = options
        self._base_url = options.base_url.rstrip("/")
        self._transfers = Transfers()

    def close(self) -> None:
        """Close every connection. Replies that are still on their way end without a word."""
        self._transfers.close()

    def warm(self) -> None:
        """Open a connection for the first reply, if there is none to spare.

        The list of models is what a guide has that costs it least. Whether it has one, and whatever
        else is wrong, does not matter here: a reply is asked for soon, and will tell.
        """
        with contextlib.suppress(pycurl.error, ValueError):
            curl = self._request_to("/models")
            curl.setopt(pycurl.TIMEOUT_MS, int(WARM_TIMEOUT_S * 1000))
            self._transfers.start(curl, lambda _body: None, lambda _error: None)

    def ask(
        self,
        messages: Sequence[Message],
        said: Callable[[str], None],
        ended: Callable[[GuideError | None], None],
    ) -> Request:
        """Ask for a reply to the conversation.

        `said` is called with each piece as it comes, cleaned, none empty; then `ended`, once, as
        soon as the guide has said that its reply is complete, or with what went wrong. Where many
        replies flow, what comes after the first piece waits for `transfers.GATHER_S` at most.
        Neither is called before this returns, nor after the reply was dropped, and neither may
        raise. There is no deadline here on the guide: drop a reply that takes too long.
        """
        request = Request(self._transfers, said, ended)
        try:
            curl = self._request_to("/chat/completions")
            curl.setopt(pycurl.POSTFIELDS, self._body(messages))
            request.begin(curl)
        except Exception as error:
            asyncio.get_running_loop().call_soon(request.fail, error)
        return request

    def _body(self, messages: Sequence[Message]) -> bytes:
        instructions = self._options.instructions
        system = [{"role": "system", "content": instructions}] if instructions else []
        asked = {"model": self._options.model, "messages": [*system, *messages], "stream": True}
        return msgspec.json.encode(asked)

    def _request_to(self, path: str) -> pycurl.Curl:
        curl = self._any_request.duphandle()
        curl.setopt(pycurl.URL, self._base_url + path)
        return curl

    @cached_property
    def _any_request(self) -> pycurl.Curl:
        """What all requests have in common."""
        curl = pycurl.Curl()
        headers = (
            f"Authorization: Bearer {self._options.api_key}",
            "Content-Type: application/json",
            "Accept: text/event-stream, application/json",
            "User-Agent: frontdesk",
            "Expect:",  # a guide is not asked whether it may be asked
        )
        curl.setopt(pycurl.HTTPHEADER, [header.encode("ascii") for header in headers])
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(CONNECT_TIMEOUT_S * 1000))
        curl.setopt(pycurl.MAXAGE_CONN, int(KEEP_ALIVE_S))
        curl.setopt(pycurl.NOSIGNAL, 1)  # it would set a handler anew for every piece
        curl.setopt(pycurl.TCP_KEEPALIVE, 1)
        curl.setopt(pycurl.FOLLOWLOCATION, 1)
        curl.setopt(pycurl.MAXREDIRS, MOST_REDIRECTS)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.PROXY, _proxy(self._base_url) or "")
        for option, place in _authorities():
            curl.setopt(option, place)
        return curl


def _authorities() -> Iterator[tuple[int, str]]:
    """Where the certificates of authorities are: as SSL_CERT_FILE or SSL_CERT_DIR says, or the
    system's, or those that Mozilla trusts."""
    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not (file or directory):
        system = ssl.get_default_verify_paths()
        file = system.cafile or certifi.where()
    if file:
        yield pycurl.CAINFO, file
    if directory:
        yield pycurl.CAPATH, directory


def _proxy(url: str) -> str | None:
    """A proxy of the environment's is for the world outside, never for this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
