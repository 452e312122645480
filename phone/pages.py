"""The page's routes, and the security headers on every response."""

import mimetypes
import time
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Final

import structlog
from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import HTTPConnection
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trust.visitors import Failures, Refusal, Visitors
from web.form_body import read_form

PAGE: Final = Path(__file__).with_name("page")
"""The only directory that is served."""

_PUBLIC_FILE: Final = "sign-in.css"
"""The only file of the page that is served before signing in."""

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}

# Browsers refuse to run modules served as plain text, and the machine's own table of types may be
# wrong.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/css", ".css")


def add_pages(app: FastAPI, visitors: Visitors, facts: Mapping[str, object]) -> None:
    """Serve the page to these visitors. `facts` are what it needs to know about the app."""
    files = _Files(visitors)
    app.include_router(_page(files, visitors, facts))
    if visitors.must_sign_in:
        app.include_router(_sign_in(visitors))
    app.mount("/phone", GZipMiddleware(files))


class BrowserHeaders:
    """Middleware that adds security headers to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and add each header that the response does not set itself."""
        if scope["type"] != "http":  # a call's frames do not pass here
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class _Files(StaticFiles):
    """The page's files, for visitors who may open it."""

    def __init__(self, visitors: Visitors) -> None:
        super().__init__(directory=PAGE)
        self._visitors = visitors

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, or a 304 if it has not changed."""
        if path != _PUBLIC_FILE and not self._visitors.may_see(HTTPConnection(scope), time.time()):
            raise HTTPException(403, "Sign in first.")
        return await super().get_response(path, scope)


def _page(files: _Files, visitors: Visitors, facts: Mapping[str, object]) -> APIRouter:
    routes = APIRouter()

    @routes.api_route("/", methods=["GET", "HEAD"])
    async def open_page(request: Request) -> Response:
        """The page, or the sign-in form."""
        if visitors.may_see(request, time.time()):
            return await files.get_response("index.html", request.scope)
        return _sign_in_form()

    @routes.get("/phone/facts")
    async def report_facts(request: Request) -> dict[str, object]:
        """What the page needs to know about the app."""
        if not visitors.may_see(request, time.time()):
            raise HTTPException(403, "Sign in first.")
        return dict(facts)

    return routes


def _sign_in(visitors: Visitors) -> APIRouter:
    routes = APIRouter()

    @routes.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        """Check a password, and sign the visitor in if it is right."""
        form, now = await read_form(request), time.time()
        peer = request.client.host if request.client else ""
        refusal = visitors.check_password(str(form.get("password", "")), peer, now)
        structlog.get_logger().info("sign-in", refused=refusal.name.lower() if refusal else None)
        if refusal:
            return _sign_in_form(refusal)
        response = _redirect_to_page()
        visitors.sign_in(request, response, now)
        return response

    @routes.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        """Sign the visitor out. Other sites cannot: their requests come without the cookie."""
        response = _redirect_to_page()
        if visitors.is_signed_in(request, time.time()):
            visitors.sign_out(response)
        return response

    return routes


def _sign_in_form(refusal: Refusal | None = None) -> Response:
    """The sign-in form, with the reason if the last attempt was refused."""
    page = Template((PAGE / "sign-in.html").read_text(encoding="utf-8"))
    text = page.substitute(problem=escape(refusal.value if refusal else ""))
    match refusal:
        case None:
            return HTMLResponse(text)
        case Refusal.WRONG:
            return HTMLResponse(text, 403)
        case Refusal.TOO_MANY:
            return HTMLResponse(text, 429, {"Retry-After": f"{Failures.WINDOW_S:.0f}"})


def _redirect_to_page() -> Response:
    """Redirect by a relative URL, since a proxy may serve us under a path prefix."""
    return RedirectResponse(".", 303)
