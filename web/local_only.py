"""Who is served that asks from this very machine, and not through anything in between."""

from typing import Final

from fastapi import HTTPException, Request, WebSocket
from fastapi.responses import PlainTextResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from trust import addresses

ADVICE: Final = (
    "Without TWILIO_AUTH_TOKEN this app serves only requests made directly on its own machine, "
    "not through a tunnel or a proxy. Set it to serve Twilio; SETUP.md says how.\n"
)


class LoopbackOnly:
    """Serves direct requests from this machine alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan" or _is_direct(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse(ADVICE, 403)(scope, receive, send)
        else:
            await WebSocket(scope, receive, send).close(1008)  # before accept: an HTTP 403


def direct_only(request: Request) -> None:
    """For routes that serve this machine alone whatever the rest of the app does."""
    if not _is_direct(request.scope):
        raise HTTPException(403, "The demo guide serves this machine alone.")


def _is_direct(scope: Scope) -> bool:
    peer = scope["client"][0] if scope["client"] else None
    return addresses.is_direct_loopback(peer, Headers(scope=scope).items())
