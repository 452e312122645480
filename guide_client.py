"""A guide's reply, streamed, from any OpenAI-compatible endpoint.

    GuideClient    asks the guide and yields its reply as it comes, cleaned for speech
    GuideError     why there is no reply, in words fit for a log, and what the owner can do
    SseReader      server-sent events: bytes in, data out

The stream is read from the raw response, not through the SDK's parsed one: endpoints differ in
what they put in a chunk, and only `choices[0].delta.content` matters here. It also shows
`[DONE]`, which tells a reply that ended from a connection that broke.

Every way a guide can fail becomes a `GuideError`, in `translate_error` and nowhere else, except
for a fault in the answer itself, which is raised where it is found. Deadlines are the caller's:
nothing here times out but the attempt to connect.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import json
import re
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import httpx2
import openai

from speech_text import SpeechText

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from openai import AsyncAPIResponse
    from openai.types.chat import ChatCompletionMessageParam

MAX_REPLY_CHARS: Final = 20_000
"""Where a reply is cut off. It is some twenty minutes of speech: such a guide has run away."""

MAX_EVENT_CHARS: Final = 1_048_576
"""The longest event, and the longest answer in one piece, that is read."""

CONNECT_TIMEOUT_S: Final = 5.0
"""A guide that is up accepts a connection at once, wherever it is."""

KEEP_ALIVE_S: Final = 300.0
"""How long an unused connection is kept: turns of a call are seconds apart, calls are minutes."""

DRAIN_TIMEOUT_S: Final = 1.0
"""How long the rest of a finished answer may take before its connection is given up."""

_LOOPBACK: Final = ("all://localhost", "all://127.0.0.0/8", "all://[::1]")


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


class GuideError(Exception):
    """The guide gave no reply, or only part of one.

    `reason` goes after "The guide" and is safe to log: it holds no key, nothing of the answer
    and no words of the conversation. `advice` tells the owner which setting to look at.
    """

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(f"The guide {reason}. {advice}")
        self.reason = reason
        self.advice = advice


_CHECK_GUIDE: Final = "Look at the guide's own log, and check GUIDE_MODEL."
_CHECK_ADDRESS: Final = "Check GUIDE_BASE_URL: it usually ends in /v1."

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
        (httpx2.InvalidURL, httpx2.UnsupportedProtocol),
        "has an address that is none",
        "Check GUIDE_BASE_URL: it starts with http:// or https://.",
    ),
    (
        (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError),
        "cannot be reached",
        "Check that it is running, and that GUIDE_BASE_URL is its address.",
    ),
    (
        (httpx2.TimeoutException, openai.APITimeoutError, TimeoutError),
        "took too long",
        "Check that it is not overloaded, and that GUIDE_BASE_URL is its address.",
    ),
    (
        (httpx2.RequestError, openai.APIConnectionError, OSError),
        "broke the connection",
        "Look at the guide's own log, and check GUIDE_BASE_URL.",
    ),
    (
        (json.JSONDecodeError, RecursionError),
        "sent something that is not JSON",
        _CHECK_ADDRESS,
    ),
)


def translate_error(error: Exception) -> GuideError:
    """What an exception of the SDK, its transport or the JSON parser means to the owner.

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
        reason, advice = "failed", _CHECK_GUIDE
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
        self._openai = openai.AsyncOpenAI(
            base_url=options.base_url,
            api_key=options.api_key,
            max_retries=0,  # the caller is listening: an apology now beats a reply too late
            http_client=_http_client(),
        )
        self._drains: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Close every connection. Streams still open are broken off."""
        for drain in self._drains:
            drain.cancel()
        await asyncio.gather(*self._drains, return_exceptions=True)
        await self._openai.close()

    async def stream(self, messages: Sequence[Mapping[str, str]]) -> AsyncGenerator[str, None]:
        """Ask for a reply to the conversation and yield it in pieces, cleaned, none empty.

        Each message has a `role` and a `content`. The generator ends as soon as the guide says
        that its reply is complete, and raises nothing but `GuideError`. To drop the reply, close
        the generator or cancel the task that runs it: either closes the request. There is no
        deadline here on the guide: set one around each step.
        """
        try:
            async with AsyncExitStack() as request:
                response = await request.enter_async_context(self._ask(messages))
                reply = _Reply(response.headers.get("content-type", ""))
                body = response.iter_bytes()
                async for chunk in body:
                    for piece in reply.receive(chunk):
                        yield piece
                    if reply.is_over:
                        break
                else:
                    for piece in reply.receive_end():
                        yield piece
                if reply.is_complete:
                    self._drain_later(body, request.pop_all())
        except GuideError:
            raise
        except Exception as error:
            raise translate_error(error) from error

    def _ask(
        self, messages: Sequence[Mapping[str, str]]
    ) -> AbstractAsyncContextManager[AsyncAPIResponse[Any]]:
        instructions = self._options.instructions
        system = [{"role": "system", "content": instructions}] if instructions else []
        conversation = [*system, *map(dict, messages)]
        return self._openai.chat.completions.with_streaming_response.create(
            model=self._options.model,
            messages=cast("list[ChatCompletionMessageParam]", conversation),
            stream=True,
        )

    def _drain_later(self, body: AsyncIterator[bytes], request: AsyncExitStack) -> None:
        drain = asyncio.create_task(_drain(body, request))
        self._drains.add(drain)
        drain.add_done_callback(self._drains.discard)


def _http_client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        # Only the attempt to connect times out: the other deadlines are the caller's.
        timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT_S),
        # No call waits for another's connection.
        limits=httpx2.Limits(keepalive_expiry=KEEP_ALIVE_S),
        follow_redirects=True,
        # A proxy of the environment's is for the world outside, never for this machine.
        mounts=dict.fromkeys(_LOOPBACK),
    )


async def _drain(body: AsyncIterator[bytes], request: AsyncExitStack) -> None:
    """Read an answer to its end, so that its connection can serve the next one."""
    # The reply was complete, so whatever goes wrong after it is of no interest.
    with contextlib.suppress(Exception):
        async with request, asyncio.timeout(DRAIN_TIMEOUT_S):
            async for _ in body:
                pass


# ---------------------------------------------------------------- reading the answer


class _Reply:
    """What is said of an answer, however the guide sends it."""

    def __init__(self, content_type: str) -> None:
        self._answer = _answer(content_type)
        self._speech = SpeechText()
        self._room = MAX_REPLY_CHARS

    @property
    def is_complete(self) -> bool:
        """Whether the guide has said that this was all."""
        return self._answer.is_complete

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be said: it is complete, or too long to go on."""
        return self.is_complete or not self._room

    def receive(self, chunk: bytes) -> Iterator[str]:
        yield from self._say(self._answer.receive(chunk))

    def receive_end(self) -> Iterator[str]:
        yield from self._say(self._answer.receive_end())
        if not self.is_over:
            raise GuideError("ended mid-stream", _CHECK_GUIDE)

    def _say(self, contents: Iterator[str]) -> Iterator[str]:
        for content in contents:
            yield from self._within_bounds(self._speech.feed(content))
            if not self._room:
                return
        if self.is_complete:
            yield from self._within_bounds(self._speech.finish())
            if self._room == MAX_REPLY_CHARS:
                raise GuideError("sent nothing to say", _CHECK_GUIDE)

    def _within_bounds(self, text: str) -> Iterator[str]:
        if piece := text[: self._room]:
            self._room -= len(piece)
            yield piece


class _StreamedAnswer:
    """An answer as server-sent events, each a chunk of a chat completion."""

    def __init__(self) -> None:
        self._events = SseReader()
        self.is_complete = False

    def receive(self, chunk: bytes) -> Iterator[str]:
        """Yield the contents that came. The reply is complete at a finish reason or `[DONE]`."""
        for data in self._events.feed(chunk):
            if data.strip() == "[DONE]":
                self.is_complete = True
                return
            completion = _parse(data)
            content = _dig(completion, "choices", 0, "delta", "content")
            if isinstance(content, str):
                yield content
            if _dig(completion, "choices", 0, "finish_reason"):
                self.is_complete = True
                return

    def receive_end(self) -> Iterator[str]:
        return iter(())


class _WholeAnswer:
    """An answer in one piece of JSON, from a guide that does not stream."""

    def __init__(self) -> None:
        self._body = bytearray()
        self.is_complete = False

    def receive(self, chunk: bytes) -> Iterator[str]:
        self._body += chunk
        if len(self._body) > MAX_EVENT_CHARS:
            raise _too_long()
        return iter(())

    def receive_end(self) -> Iterator[str]:
        completion = _parse(self._body.decode("utf-8-sig", "replace"))
        self.is_complete = True
        content = _dig(completion, "choices", 0, "message", "content")
        if isinstance(content, str):
            yield content


def _answer(content_type: str) -> _StreamedAnswer | _WholeAnswer:
    match content_type.partition(";")[0].strip().lower():
        case "text/event-stream":
            return _StreamedAnswer()
        case "application/json":
            return _WholeAnswer()
        case _:
            raise GuideError("answered with something that is no chat completion", _CHECK_ADDRESS)


def _parse(data: str) -> object:
    """A chunk or a completion as JSON, unless it tells of an error."""
    completion: object = json.loads(data)
    if _dig(completion, "error"):
        raise GuideError("reported an error instead of a reply", _CHECK_GUIDE)
    return completion


def _dig(value: Any, *path: str | int) -> Any:
    """What lies at a path inside JSON, or None: endpoints leave out and add what they like."""
    for step in path:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return None
    return value


def _too_long() -> GuideError:
    return GuideError("sent more at once than any reply holds", _CHECK_ADDRESS)


class SseReader:
    """Server-sent events, from bytes that may be split anywhere to the data of each event.

    Follows the HTML standard's event stream: lines end with CRLF, CR or LF, a comment starts
    with a colon, a blank line ends an event, the data lines of one event are joined with a
    newline, a byte order mark is skipped, invalid UTF-8 is replaced, and an event that the
    stream breaks off is dropped. Other fields than `data` are ignored. An event of more than
    `MAX_EVENT_CHARS` is a `GuideError`.
    """

    _LINE_END: Final = re.compile(r"\r\n|\r|\n")

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._line: list[str] = []  # the pieces of the unfinished line
        self._data: list[str] = []  # the data lines of the unfinished event
        self._held = 0  # the characters in both
        self._after_cr = False

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the data of each event that the chunk completes. Read it to the end."""
        text = self._decoder.decode(chunk)
        if not text:
            return
        if self._after_cr:
            text = text.removeprefix("\n")
        self._after_cr = text.endswith("\r")
        *ended, rest = self._LINE_END.split(text)
        for piece in ended:
            self._hold(piece)
            if data := self._end_line():
                yield data
        self._hold(rest)

    def _hold(self, piece: str) -> None:
        self._line.append(piece)
        self._held += len(piece)
        if self._held > MAX_EVENT_CHARS:
            raise _too_long()

    def _end_line(self) -> str:
        """Take in the line; return the data of the event that it ends, if it does."""
        line = "".join(self._line)
        self._line.clear()
        if not line:
            return self._end_event()
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
        else:
            self._held -= len(line)
        return ""

    def _end_event(self) -> str:
        data = "\n".join(self._data)
        self._data.clear()
        self._held = 0
        return data
