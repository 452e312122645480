"""A guide asked through the `openai` SDK: slower than libcurl, but it runs wherever Python does.

    Sdk         asks one guide
    Exchange    one request, carried out by a task

The SDK sends the request. The answer is read as bytes, not as the SDK's objects, so that either
transport gives the same words.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, ClassVar, cast

import httpx2
import openai

from guide import network
from guide.sdk_errors import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from guide.errors import GuideError


class Exchange:
    """A request and its answer, a `guide.transport.Exchange`."""

    def __init__(
        self,
        receive: Callable[[bytes], bool],
        end: Callable[[GuideError | None], None],
    ) -> None:
        self.status = 0
        self.content_type = ""
        self._receive = receive
        self._end = end
        self._task: asyncio.Task[None] | None = None  # until it is over

    def start(self, task: asyncio.Task[None]) -> None:
        """Note the task that will call `feed` and `finish`."""
        self._task = task

    def stop(self) -> None:
        """Abort the request and close its connection. Does nothing once it has ended."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def feed(self, chunk: bytes) -> None:
        """Pass on the next piece of the body."""
        if self._task is not None:
            self._receive(chunk)

    def finish(self, error: GuideError | None) -> None:
        """Pass on that the answer has ended."""
        if self._task is not None:
            self._task = None
            self._end(error)


class Sdk:
    """A `guide.transport.Transport`."""

    name: ClassVar = "openai"

    def __init__(self, base_url: str, api_key: str) -> None:
        self._base_url = base_url
        self._api_key = api_key
        self._openai: openai.AsyncOpenAI | None = None  # until something is asked
        self._in_progress: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Close every connection."""
        for task in self._in_progress:
            task.cancel()
        await asyncio.gather(*self._in_progress, return_exceptions=True)
        if self._openai is not None:
            await self._openai.close()

    def warm(self) -> None:
        """Open a connection for the first request, by asking for the list of models."""
        self._begin(self._warm())

    def post(
        self,
        path: str,
        body: bytes,
        receive: Callable[[bytes], bool],
        end: Callable[[GuideError | None], None],
    ) -> Exchange:
        """Post JSON to a path below the guide's address."""
        exchange = Exchange(receive, end)
        exchange.start(self._begin(self._carry_out(path, body, exchange)))
        return exchange

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._in_progress.add(task)
        task.add_done_callback(self._in_progress.discard)
        return task

    async def _warm(self) -> None:
        # Errors are ignored: the first reply will report them.
        with suppress(openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError):
            async with asyncio.timeout(network.WARM_TIMEOUT_S):
                await self._client().get("/models", cast_to=httpx2.Response)

    async def _carry_out(self, path: str, body: bytes, exchange: Exchange) -> None:
        try:
            answer = await self._client().post(
                path,
                # Bytes, because the SDK walks through all messages of a conversation: 45 ms after
                # 200 turns, during which all calls wait.
                content=body,
                cast_to=httpx2.Response,
                stream=True,
                stream_cls=openai.AsyncStream[bytes],
            )
            response = cast("httpx2.Response", answer)  # with `stream`, its body is still unread
            exchange.status = response.status_code
            exchange.content_type = response.headers.get("content-type", "")
            async with aclosing(response):
                async for chunk in response.aiter_raw():
                    exchange.feed(chunk)
        except Exception as error:
            exchange.finish(explain(error))
        else:
            exchange.finish(None)

    def _client(self) -> openai.AsyncOpenAI:
        if self._openai is None:
            self._openai = openai.AsyncOpenAI(
                base_url=self._base_url,
                api_key=self._api_key or "none",  # required, but our own header is sent
                max_retries=0,
                default_headers={
                    **network.headers(self._api_key),
                    "Accept-Encoding": "identity",  # compression would delay words
                },
                http_client=_http_client(self._base_url),
            )
            # The SDK takes these from the environment, where they are meant for OpenAI.
            self._openai.organization = self._openai.project = None
        return self._openai


def _http_client(base_url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        verify=_trust(),
        proxy=network.proxy_for(base_url),
        trust_env=False,  # `verify` and `proxy` already do, our way
        timeout=httpx2.Timeout(None, connect=network.CONNECT_TIMEOUT_S),
        limits=httpx2.Limits(keepalive_expiry=network.KEEP_ALIVE_S),
        follow_redirects=True,
        max_redirects=network.MOST_REDIRECTS,
    )


def _trust() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # If the file cannot be read, no certificate is trusted, and the first TLS connection says so.
    with suppress(OSError):
        context.load_verify_locations(*network.authorities())
    return context
