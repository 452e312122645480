"""A guide's reply, streamed, from any OpenAI-compatible endpoint.

    GuideClient    asks the guide, and passes on its reply as it arrives, cleaned for speech
    Request        one reply that was asked for, and may be dropped

The request is one POST, carried by a transport (`guide.transport`). The body is read as bytes
(`guide.answer`), because the objects that an SDK builds around each token cost more than everything
else done with it.

Every failure becomes a `GuideError`. Deadlines are the caller's: only the attempt to connect times
out here.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec

from guide.answer import Answer
from guide.errors import GuideError, bad_status, unexpected
from guide.transport import choose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from guide.options import GuideOptions
    from guide.transport import Choice, Exchange, Transport
    from turn.history import Message

DRAIN_TIMEOUT_S: Final = 1.0
"""How long the rest of a complete answer may take before its connection is closed."""


class Request:
    """A reply that was asked for."""

    def __init__(
        self,
        said: Callable[[str], None],
        ended: Callable[[GuideError | None], None],
    ) -> None:
        self._said = said
        self._ended = ended
        self._exchange: Exchange | None = None
        self._answer: Answer | None = None
        self._has_spoken = False
        self._is_over = False  # for the caller of `ask`; the rest may still be read
        self._drain_timer: asyncio.TimerHandle | None = None

    def begin(self, transport: Transport, path: str, body: bytes) -> None:
        """Send the request."""
        self._exchange = transport.post(path, body, self._receive, self._end)

    def drop(self) -> None:
        """The reply is no longer wanted. Closes its connection, unless the reply is complete."""
        if not self._is_over:
            self._is_over = True
            self._stop()

    def fail(self, error: Exception) -> None:
        """End the reply with this error."""
        if not self._is_over:
            self.drop()
            reported = error
            if not isinstance(reported, GuideError):
                reported = unexpected(type(error).__name__)
                reported.__cause__ = error
            self._ended(reported)

    def _stop(self) -> None:
        if self._exchange is not None:
            self._exchange.stop()
            self._exchange = None  # breaks the reference cycle: it holds our callbacks

    def _receive(self, chunk: bytes | None) -> bool:
        """Read more of the body, or None at its end; returns whether words have gone out so far."""
        if self._is_over:
            return self._has_spoken
        try:
            answer = self._answer or self._begin_answer()
            said = answer.end() if chunk is None else answer.receive(chunk)
        except Exception as error:
            self.fail(error)
            return self._has_spoken
        if said:
            self._has_spoken = True
            self._said(said)
        if answer.is_over:
            self._finish(answer)
        return self._has_spoken

    def _end(self, error: GuideError | None) -> None:
        if self._drain_timer is not None:
            self._drain_timer.cancel()
        if error is not None:
            self.fail(error)
        else:
            self._receive(None)
        self._exchange = None

    def _begin_answer(self) -> Answer:
        assert self._exchange is not None
        if self._exchange.status != HTTPStatus.OK:
            raise bad_status(self._exchange.status)
        self._answer = Answer(self._exchange.content_type)
        return self._answer

    def _finish(self, answer: Answer) -> None:
        """End the reply: there is no more to say."""
        if answer.fault is not None:
            self.fail(answer.fault)
        elif not self._is_over:
            self._is_over = True
            if answer.is_complete:  # read the rest, so that the connection can be reused
                loop = asyncio.get_running_loop()
                self._drain_timer = loop.call_later(DRAIN_TIMEOUT_S, self._stop)
            else:
                self._stop()
            self._ended(None)


class GuideClient:
    """Asks one guide, over connections that are kept warm and shared by all calls.

    Make one for the life of the app, inside its event loop, and `aclose` it at the end.
    """

    def __init__(self, options: GuideOptions, choice: Choice | None = None) -> None:
        """`choice` is the transport to use; by default the best one available."""
        self._options = options
        self._transport = (choice or choose()).make(options.base_url, options.api_key)

    async def aclose(self) -> None:
        """Close every connection. Replies in progress end without `ended`."""
        await self._transport.aclose()

    def warm(self) -> None:
        """Open a connection for the first reply, if none is idle."""
        self._transport.warm()

    def ask(
        self,
        messages: Sequence[Message],
        said: Callable[[str], None],
        ended: Callable[[GuideError | None], None],
    ) -> Request:
        """Ask for a reply to the conversation.

        `said` is called with each piece as it arrives, cleaned, none empty. `ended` is called once:
        with None as soon as the guide has said that its reply is complete, or with what went wrong.
        Neither is called before this returns, nor after the reply was dropped, and neither may
        raise. There is no deadline on the guide here: drop a reply that takes too long.
        """
        request = Request(said, ended)
        try:
            request.begin(self._transport, "/chat/completions", self._body(messages))
        except Exception as error:
            asyncio.get_running_loop().call_soon(request.fail, error)
        return request

    def _body(self, messages: Sequence[Message]) -> bytes:
        instructions = self._options.instructions
        system = [{"role": "system", "content": instructions}] if instructions else []
        asked = {"model": self._options.model, "messages": [*system, *messages], "stream": True}
        return msgspec.json.encode(asked)
