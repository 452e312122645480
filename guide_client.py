"""A guide's reply, streamed, from any OpenAI-compatible endpoint.

    GuideClient    asks the guide, and hands on its reply as it comes, cleaned for speech
    Request        a reply that was asked for, and may be dropped

The request is one POST, which a transport carries (`guide`), and the body is read as bytes
(`guide_answer`): what an SDK builds around each token costs more than all else that is done with
it.

Every way a guide can fail becomes a `GuideError`: those of the transport in `guide`, a fault in the
answer itself where that is read. Deadlines are the caller's: nothing here times out but the attempt
to connect.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec

from guide.answer import Answer, GuideError
from guide.errors import bad_status, unforeseen
from guide.transport import choose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from guide.options import GuideOptions
    from guide.transport import Choice, Exchange, Transport
    from turn.history import Message

DRAIN_TIMEOUT_S: Final = 1.0
"""How long the rest of a finished answer may take before its connection is given up."""


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
        self._is_over = False  # for whoever asked; the rest may still be read
        self._patience: asyncio.TimerHandle | None = None

    def begin(self, transport: Transport, path: str, body: bytes) -> None:
        """Send the request."""
        self._exchange = transport.post(path, body, self._receive, self._end)

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
                told = unforeseen(type(error).__name__)
                told.__cause__ = error
            self._ended(told)

    def _stop(self) -> None:
        if self._exchange is not None:
            self._exchange.stop()
            self._exchange = None  # which holds us

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
            if self._exchange is not None:
                self._exchange.flows = True
        if answer.is_over:
            self._finish(answer)

    def _end(self, error: GuideError | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
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

    Make one for the life of the app, inside its event loop, and `aclose` it at the end.
    """

    def __init__(self, options: GuideOptions, choice: Choice | None = None) -> None:
        """`choice` is the transport that was chosen; without one it is chosen here."""
        self._options = options
        self._transport = (choice or choose()).make(options.base_url, options.api_key)

    async def aclose(self) -> None:
        """Close every connection. Replies that are still on their way end without a word."""
        await self._transport.aclose()

    def warm(self) -> None:
        """Open a connection for the first reply, if there is none to spare."""
        self._transport.warm()

    def ask(
        self,
        messages: Sequence[Message],
        said: Callable[[str], None],
        ended: Callable[[GuideError | None], None],
    ) -> Request:
        """Ask for a reply to the conversation.

        `said` is called with each piece as it comes, cleaned, none empty; then `ended`, once, as
        soon as the guide has said that its reply is complete, or with what went wrong. Neither is
        called before this returns, nor after the reply was dropped, and neither may raise. There is
        no deadline here on the guide: drop a reply that takes too long.
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
