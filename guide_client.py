"""A guide's reply, streamed, from any OpenAI-compatible endpoint.

    GuideClient    asks the guide and yields its reply as it comes, cleaned for speech

The request is one POST, and the body is read as bytes (`guide_answer`): what an SDK builds around
each token costs more than all else that is done with it.

Every way a guide can fail becomes a `GuideError`, in `translate_error` and nowhere else, except
for a fault in the answer itself, which is found where that is read. Deadlines are the caller's:
nothing here times out but the attempt to connect.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2
import openai

from guide_answer import CHECK_GUIDE, Answer, GuideError
from trust import is_loopback

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence

CONNECT_TIMEOUT_S: Final = 5.0
"""A guide that is up accepts a connection at once, wherever it is."""

KEEP_ALIVE_S: Final = 300.0
"""How long an unused connection is kept: turns of a call are seconds apart, calls are minutes."""

DRAIN_TIMEOUT_S: Final = 1.0
"""How long the rest of a finished answer may take before its connection is given up."""


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

_FAILURES: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str], ...]] = (
    # The first row that fits the exception, or one that caused it, is what is said.
    (
        ssl.SSLError,
        "cannot be reached safely (TLS)",
        "Check GUIDE_BASE_URL (https or http, and the host's name), or name the certificate's "
        "authority with SSL_CERT_FILE.",
    ),
    (
        (aiohttp.InvalidURL, httpx2.InvalidURL, httpx2.UnsupportedProtocol),
        "has an address that is none",
        "Check GUIDE_BASE_URL: it starts with http:// or https://.",
    ),
    (
        (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.ClientHttpProxyError,
            httpx2.ConnectError,
            httpx2.ConnectTimeout,
            httpx2.ProxyError,
        ),
        "cannot be reached",
        "Check that it is running, and that GUIDE_BASE_URL is its address.",
    ),
    (
        (httpx2.TimeoutException, openai.APITimeoutError, TimeoutError),
        "took too long",
        "Check that it is not overloaded, and that GUIDE_BASE_URL is its address.",
    ),
    (
        (aiohttp.ClientError, httpx2.RequestError, openai.APIConnectionError, OSError),
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
    for kinds, reason, advice in _FAILURES:
        if any(isinstance(cause, kinds) for cause in chain):
            return GuideError(reason, advice)
    return GuideError(
        f"could not be asked for an unforeseen reason ({type(error).__name__})",
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


class GuideClient:
    """Asks one guide, over connections that are kept warm and shared by all calls.

    Make one for the life of the app, inside its event loop, and `aclose` it at the end.
    """

    def __init__(self, options: GuideOptions) -> None:
        self._options = options
        self._base_url = options.base_url.rstrip("/")
        self._http = _http_client(options)
        self._drains: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Close every connection. Streams still open are broken off."""
        for drain in self._drains:
            drain.cancel()
        await asyncio.gather(*self._drains, return_exceptions=True)
        await self._http.close()

    async def warm(self) -> None:
        """Open a connection for the first reply, if there is none to spare. Never raises.

        The list of models is what a guide has that costs it least. Whether it has one, and whatever
        else is wrong, does not matter here: a reply is asked for soon, and will tell.
        """
        with contextlib.suppress(aiohttp.ClientError, OSError, ValueError):
            response = await self._http.get(f"{self._base_url}/models")
            self._drain_later(response)

    async def stream(self, messages: Sequence[Mapping[str, str]]) -> AsyncGenerator[str, None]:
        """Ask for a reply to the conversation and yield it in pieces, cleaned, none empty.

        Each message has a `role` and a `content`. The generator ends as soon as the guide says
        that its reply is complete, and raises nothing but `GuideError`. To drop the reply, close
        the generator or cancel the task that runs it: either closes the request. There is no
        deadline here on the guide: set one around each step.
        """
        try:
            async with contextlib.AsyncExitStack() as request:
                response = await self._http.post(
                    f"{self._base_url}/chat/completions", data=self._request(messages)
                )
                request.callback(response.close)
                if response.status != HTTPStatus.OK:
                    raise _translate_status(response.status)
                answer = Answer(response.headers.get("content-type", ""))
                while not answer.is_over:
                    chunk = await response.content.readany()
                    if said := answer.receive(chunk) if chunk else answer.end():
                        yield said
                if answer.fault is not None:
                    raise answer.fault
                if answer.is_complete:
                    request.pop_all()
                    self._drain_later(response)
        except GuideError:
            raise
        except Exception as error:
            raise translate_error(error) from error

    def _request(self, messages: Sequence[Mapping[str, str]]) -> bytes:
        instructions = self._options.instructions
        system = [{"role": "system", "content": instructions}] if instructions else []
        asked = {"model": self._options.model, "messages": [*system, *messages], "stream": True}
        return json.dumps(asked).encode()

    def _drain_later(self, response: aiohttp.ClientResponse) -> None:
        def done(drain: asyncio.Task[None]) -> None:
            response.close()  # not in the task, which may be cancelled before it begins
            self._drains.discard(drain)

        drain = asyncio.create_task(_drain(response))
        self._drains.add(drain)
        drain.add_done_callback(done)


def _http_client(options: GuideOptions) -> aiohttp.ClientSession:
    secure = options.base_url.startswith("https:")
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0,  # no call waits for another's connection
            keepalive_timeout=KEEP_ALIVE_S,
            ssl=httpx2.create_ssl_context() if secure else True,  # which heeds SSL_CERT_FILE
        ),
        # Only the attempt to connect times out: the other deadlines are the caller's.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        headers={
            "Authorization": f"Bearer {options.api_key}",
            "Content-Type": "application/json",
            "Accept": "text/event-stream, application/json",
        },
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=_proxy(options.base_url),
    )


def _proxy(url: str) -> str | None:
    """A proxy of the environment's is for the world outside, never for this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read an answer to its end, so that its connection can serve the next one."""
    # The reply was complete, so whatever goes wrong after it is of no interest.
    with contextlib.suppress(Exception):
        async with asyncio.timeout(DRAIN_TIMEOUT_S):
            while not response.content.at_eof():
                await response.content.readany()
