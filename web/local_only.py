"""Requests made directly on this machine, for apps and routes that serve no others."""

from typing import Final

from fastapi import HTTPException, Request, WebSocket
from fastapi.responses import PlainTextResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from trust import addresses

ADVICE: Final = (
    "Without TWILIO_AUTH_TOKEN, this app accepts only requests made directly on its own machine, "
    "not through a tunnel or proxy. Set TWILIO_AUTH_TOKEN to serve Twilio; see SETUP.md.\n"
)


class LocalOnly:
    """Middleware that refuses every request but direct ones from this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan" or _is_local(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse(ADVICE, 403)(scope, receive, send)
        else:
            await WebSocket(scope, receive, send).close(1008)  # before accept: an HTTP 403


def require_local(request: Request) -> None:
    """A route dependency: refuse remote requests, whatever the rest of the app does."""
    if not _is_local(request.scope):
        raise HTTPException(403, "The demo guide answers only requests from this machine.")


def _is_local(scope: Scope) -> bool:
    peer = scope["client"][0] if scope["client"] else None
    return addresses.is_direct_loopback(peer, Headers(scope=scope).items())
