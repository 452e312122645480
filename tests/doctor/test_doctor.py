"""The doctor on real sockets: apps, guides and tunnels, sound and broken."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import ssl
import sys
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse
from starlette.routing import Route, WebSocketRoute

from config import VERSION
from doctor.__main__ import check_installation
from doctor.report import Report
from doctor.settings import read_settings, warnings_about
from tests.emulated import twiml
from tests.guide_server import Answer, GuideServer, Step, event
from tests.places import ROOT
from tests.serving import AUTH_TOKEN, serve, serve_frontdesk, settings_for_test

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.websockets import WebSocket


async def examine(url: str, **settings: Any) -> str:
    """What the doctor prints about an app at this address, given these settings."""
    out = io.StringIO()
    port = int(url.rpartition(":")[2])
    report = Report(out)
    await check_installation(settings_for_test(port=port, **settings), report)
    printed = out.getvalue()
    assert report.failures == sum(line.startswith("FAILED") for line in printed.splitlines())
    return printed


async def examine_guide(guide: GuideServer, **settings: Any) -> str:
    """What the doctor prints about an app with this guide."""
    given = {"guide_base_url": guide.base_url, **settings}
    async with serve_frontdesk(**given) as url:
        return await examine(url, **given)


def line_of(printed: str, name: str) -> str:
    """The line of one check."""
    [line] = [line for line in printed.splitlines() if line[9:].startswith(f"{name}: ")]
    return line


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class Tunnel:
    """Terminates TLS and forwards to a port of this machine, as a tunnel or proxy does."""

    def __init__(self, context: ssl.SSLContext, *, passes_upgrades: bool) -> None:
        self._context = context
        self._passes_upgrades = passes_upgrades
        self._handlers: set[asyncio.Task[None]] = set()
        self.target = 0
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Tunnel]:
        """Listen at `url`, forwarding each connection to the current `target`."""
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0, ssl=self._context)
        self.url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for handler in self._handlers:
                handler.cancel()
            await asyncio.gather(*self._handlers, return_exceptions=True)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handler = asyncio.current_task()
        assert handler
        self._handlers.add(handler)
        handler.add_done_callback(self._handlers.discard)
        with suppress(OSError, EOFError, asyncio.CancelledError):
            await self._serve(reader, writer)
        writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if not self.target:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
            return
        if not self._passes_upgrades:
            head = head.replace(b"Upgrade: websocket\r\n", b"")
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.target)
        inner_writer.write(head)
        there = asyncio.create_task(_pipe(reader, inner_writer))
        try:
            await _pipe(inner_reader, writer)
        finally:
            there.cancel()
            await asyncio.gather(there, return_exceptions=True)
            inner_writer.transport.abort()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts."""
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust that authority."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a dead proxy in the environment: it must not be used for this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
        monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{free_port()}")


def tunnel(authority: trustme.CA, *, passes_upgrades: bool = True) -> Tunnel:
    """A tunnel with a certificate from that authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return Tunnel(context, passes_upgrades=passes_upgrades)


async def examine_through(way: Tunnel, *, app_settings: dict[str, Any] | None = None) -> str:
    """What the doctor prints if PUBLIC_URL is this tunnel and leads to the app."""
    async with way.open():
        given = {"public_url": way.url, "twilio_auth_token": AUTH_TOKEN}
        async with serve_frontdesk(**given) as url:
            way.target = int(url.rpartition(":")[2])
            if app_settings is None:
                return await examine(url, **given)
            async with serve_frontdesk(**{**given, **app_settings}) as other:
                way.target = int(other.rpartition(":")[2])
                return await examine(url, **given)


# --- healthy ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_proxy")
async def test_every_check_passes_for_a_signed_app_with_the_demo_guide() -> None:
    """With a token and a running app, every check is ok."""
    given = {"twilio_auth_token": AUTH_TOKEN}
    async with serve_frontdesk(**given) as url:
        printed = await examine(url, **given)
    assert "FAILED" not in printed
    assert "skipped" not in printed
    names = ["app", "guide", "guide streaming", "call", "call, unsigned"]
    names += ["relay", "relay, unsigned", "relay, reused token"]
    for name in names:
        assert line_of(printed, name).startswith("ok ")
    assert "warning  settings: PUBLIC_URL is not set" in printed


async def test_doctor_skips_signatures_without_a_token() -> None:
    """Without a token nothing is refused, and the call is placed unsigned."""
    async with serve_frontdesk() as url:
        printed = await examine(url)
    assert "FAILED" not in printed
    assert line_of(printed, "relay").startswith("ok ")
    for name in ("call, unsigned", "relay, unsigned", "relay, reused token"):
        assert line_of(printed, name).startswith("skipped ")


@pytest.mark.usefixtures("trusted", "no_proxy")
async def test_doctor_checks_public_url_over_tls(authority: trustme.CA) -> None:
    """PUBLIC_URL is checked over https and wss, up to the answer to a caller."""
    printed = await examine_through(tunnel(authority))
    assert "FAILED" not in printed
    for name in ("PUBLIC_URL", "PUBLIC_URL, call", "PUBLIC_URL, relay"):
        assert line_of(printed, name).startswith("ok ")


async def test_doctor_prints_no_secret_and_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The output has neither the key, the auth token, nor the guide's words."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    given = {"guide_api_key": "sk-secret", "twilio_auth_token": "tw-secret"}
    async with GuideServer() as guide:
        guide.reply("My words are confidential.")
        printed = await examine_guide(guide, **given)
        assert "FAILED" not in printed
        refusal = Answer(401, '{"error": {"message": "confidential sk-secret"}}')
        guide.script(lambda _messages: [refusal])
        printed += await examine_guide(guide, **given)
    assert "secret" not in printed
    assert "confidential" not in printed


# --- the guide ----------------------------------------------------------------------------------


async def test_guide_is_asked_with_its_key_and_model() -> None:
    """The request to the guide follows the settings."""
    async with GuideServer() as guide:
        printed = await examine_guide(
            guide, guide_api_key="sk-1", guide_model="m-1", guide_instructions="Be brief."
        )
        asked = await guide.received(1)
    assert line_of(printed, "guide").startswith("ok       guide: m-1 at http://127.0.0.1:")
    assert asked.headers["authorization"] == "Bearer sk-1"
    assert asked.body["model"] == "m-1"
    assert [message["role"] for message in asked.messages] == ["system", "user"]


async def test_guide_that_is_down_cannot_be_reached() -> None:
    """The advice names GUIDE_BASE_URL; the call still works, with an apology."""
    given = {"guide_base_url": f"http://127.0.0.1:{free_port()}/v1"}
    async with serve_frontdesk(**given) as url:
        printed = await examine(url, **given)
    assert "FAILED   guide: cannot be reached\n" in printed
    assert "GUIDE_BASE_URL" in printed
    assert "guide streaming" not in printed
    assert line_of(printed, "relay").startswith("ok ")


@pytest.mark.parametrize(
    ("answer", "found", "setting"),
    [
        (Answer(401, "{}"), "rejected the API key (HTTP 401)", "GUIDE_API_KEY"),
        (Answer(404, "{}"), "found no such URL or model (HTTP 404)", "GUIDE_MODEL"),
        (
            Answer(200, "<html>Welcome</html>", "text/html"),
            "did not answer with a chat completion",
            "GUIDE_BASE_URL",
        ),
    ],
)
async def test_guide_that_refuses_is_reported(answer: Answer, found: str, setting: str) -> None:
    """Each refusal is named, with the setting to check."""
    async with GuideServer() as guide:
        guide.script(lambda _messages: [answer])
        printed = await examine_guide(guide)
    assert f"FAILED   guide: {found}\n" in printed
    assert setting in printed


async def test_guide_without_the_model_lists_its_models() -> None:
    """If the endpoint lists its models without ours, the advice shows the list."""

    async def refuse(_: Request) -> Response:
        return JSONResponse({"error": "no such model"}, 404)

    async def list_models(_: Request) -> Response:
        return JSONResponse({"data": [{"id": "gpt-one"}, {"id": "gpt\x1b[2Jtwo"}]})

    routes = [
        Route("/v1/chat/completions", refuse, methods=["POST"]),
        Route("/v1/models", list_models),
    ]
    async with serve(Starlette(routes=routes)) as guide:
        given = {"guide_base_url": f"{guide}/v1"}
        async with serve_frontdesk(**given) as url:
            printed = await examine(url, **given)
    assert "GUIDE_MODEL is not among the models it lists: gpt-one, gpt??2Jtwo" in printed


@pytest.mark.parametrize(
    ("before", "setting"),
    [([Step.OPEN], "GUIDE_FIRST_TOKEN_TIMEOUT_S"), (["Well, "], "GUIDE_STALL_TIMEOUT_S")],
)
async def test_guide_that_stalls_is_reported(before: list[Any], setting: str) -> None:
    """Before the first word or after it, the finding names the deadline that passed."""
    async with GuideServer() as guide:
        guide.script(lambda _messages: [*before, Step.HANG])
        printed = await examine_guide(
            guide, guide_first_token_timeout_s=0.3, guide_stall_timeout_s=0.2
        )
    assert line_of(printed, "guide").startswith("FAILED   guide: no words for 0.")
    assert setting in line_of(printed, "guide")


async def test_guide_that_does_not_stream_is_a_warning() -> None:
    """Such a guide works, but its callers wait."""
    body = '{"choices": [{"message": {"content": "Hello there."}, "finish_reason": "stop"}]}'
    async with GuideServer() as guide:
        guide.script(lambda _messages: [Answer(200, body)])
        printed = await examine_guide(guide)
    assert line_of(printed, "guide").startswith("ok ")
    assert line_of(printed, "guide streaming").startswith("warning ")


async def test_guide_that_fails_the_second_time_is_reported() -> None:
    """A rate limit hit between the two requests is not mistaken for missing streaming."""
    async with GuideServer() as guide:
        answers = iter([event({"choices": [{"delta": {"content": "Hi"}}]}), None])
        guide.script(lambda _messages: [next(answers) or Answer(429, "{}")])
        printed = await examine_guide(guide)
    assert "FAILED   guide streaming: reached a rate limit or quota (HTTP 429)\n" in printed
    assert "GUIDE_API_KEY" in printed


async def test_guide_that_disconnects_the_second_time_is_reported() -> None:
    """A broken connection is named as such."""
    async with GuideServer() as guide:
        steps = iter([event({"choices": [{"delta": {"content": "Hi"}}]}), None])
        guide.script(lambda _messages: [next(steps) or Step.RESET])
        printed = await examine_guide(guide)
    assert "FAILED   guide streaming: dropped the connection" in printed


# --- the app ------------------------------------------------------------------------------------


async def test_another_program_on_the_port_is_reported() -> None:
    """Whatever depends on the app is skipped, including the demo guide."""

    async def hello(_: Request) -> Response:
        return PlainTextResponse("hello")

    async with serve(Starlette(routes=[Route("/health", hello)])) as url:
        printed = await examine(url)
    assert "another program answers at" in line_of(printed, "app")
    assert "set a different PORT" in printed
    assert line_of(printed, "guide").startswith("skipped ")
    assert line_of(printed, "call").startswith("skipped ")


async def test_program_that_speaks_no_http_is_reported() -> None:
    """A program that answers with something other than HTTP is reported too."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 mail.example.com\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        printed = await examine(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert line_of(printed, "app").startswith("FAILED ")
    assert "another program answers at" in line_of(printed, "app")


async def test_frontdesk_of_another_version_is_reported() -> None:
    """The app was not restarted after an update."""

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok", "version": "0.0.1", "calls": 0, "demo_guide": True})

    async with serve(Starlette(routes=[Route("/health", health)])) as url:
        printed = await examine(url)
    assert "a different version of Frontdesk" in line_of(printed, "app")


async def test_app_with_old_settings_must_be_restarted() -> None:
    """An app that runs with a different guide, or without the token, is noticed."""
    given = {"guide_base_url": f"http://127.0.0.1:{free_port()}/v1"}
    async with serve_frontdesk() as url:
        printed = await examine(url, twilio_auth_token=AUTH_TOKEN, **given)
    assert "FAILED   app: runs with a different GUIDE_BASE_URL" in printed
    assert line_of(printed, "call, unsigned").startswith("FAILED ")
    assert line_of(printed, "relay, unsigned").startswith("FAILED ")
    assert "FAILED   relay, reused token: a used token is accepted again" in printed


async def test_used_token_is_not_tried_on_several_workers() -> None:
    """Which worker gets the token is chance, so the outcome says nothing."""
    token = {"twilio_auth_token": AUTH_TOKEN}
    async with serve_frontdesk(**token) as url:
        printed = await examine(url, workers=2, **token)
    assert line_of(printed, "relay").startswith("ok ")
    assert line_of(printed, "relay, reused token").startswith("skipped ")


async def test_app_with_another_token_refuses_the_call() -> None:
    """The finding names the likely cause, and dependent checks are skipped."""
    async with serve_frontdesk(twilio_auth_token="other") as url:
        printed = await examine(url, twilio_auth_token=AUTH_TOKEN)
    assert "FAILED   call: POST /twiml rejected our signature (HTTP 403)" in printed
    assert line_of(printed, "relay").startswith("skipped ")
    assert line_of(printed, "relay, reused token").startswith("skipped ")


async def test_app_with_another_public_url_leads_elsewhere() -> None:
    """TwiML that names an address other than PUBLIC_URL is reported."""
    async with serve_frontdesk(public_url="https://old.example.com") as url:
        printed = await examine(url)
    assert "POST /twiml connects to another address, wss://old.example.com/ws" in printed


async def test_doctor_starts_the_app_if_none_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app runs during the checks and is stopped afterwards."""
    monkeypatch.chdir(tmp_path)  # away from any .env
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    printed = await examine(f"http://127.0.0.1:{port}")
    assert "started for these checks" in line_of(printed, "app")
    assert line_of(printed, "relay").startswith("ok ")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_app_that_exits_on_startup_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor does not wait for an app that cannot start."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORT", "none")
    printed = await examine(f"http://127.0.0.1:{free_port()}")
    assert "FAILED   app: exits at startup (status 1)" in printed


async def test_host_of_another_machine_cannot_be_listened_on() -> None:
    """The finding names HOST if it is not an address of this machine."""
    printed = await examine(
        f"http://127.0.0.1:{free_port()}",
        host="127.0.0.1.invalid",
        guide_base_url="http://127.0.0.1:9/v1",
    )
    assert "FAILED   app: cannot listen on 127.0.0.1.invalid" in printed
    assert "Set HOST to an address of this machine" in printed


# --- the call -----------------------------------------------------------------------------------


class Impostor:
    """Claims to be Frontdesk, but answers calls in its own way."""

    def __init__(self, answer: str = "", *, status: int = 200, token: str = "t") -> None:
        self._answer = answer
        self._status = status
        self._token = token

    async def converse(self, websocket: WebSocket) -> None:
        """Serve the relay's socket."""

    async def examine(self) -> str:
        """What the doctor prints about it."""
        routes = [
            Route("/health", self._health),
            Route("/twiml", self._twiml, methods=["POST"]),
            WebSocketRoute("/ws", self.converse),
        ]
        async with serve(Starlette(routes=routes)) as url:
            return await examine(url, twilio_auth_token=AUTH_TOKEN)

    async def _health(self, _: Request) -> Response:
        return JSONResponse({"version": VERSION, "demo_guide": True})

    async def _twiml(self, request: Request) -> Response:
        origin = f"http://{request.headers['host']}"
        parameter = f'<Parameter name="token" value="{self._token}"/>'
        leads_back = twiml(
            f"{origin.replace('http', 'wss')}/ws", action=f"{origin}/action", children=parameter
        )
        return PlainTextResponse(self._answer or leads_back, self._status)


@pytest.mark.parametrize(
    ("impostor", "found"),
    [
        (Impostor(status=500), "returned HTTP 500"),
        (Impostor("<Response/>"), "returned no <ConversationRelay>"),
        (Impostor("hello"), "returned no <ConversationRelay>"),
        (Impostor(token=""), "returned no token for the call"),
    ],
)
async def test_webhook_that_connects_no_call_is_reported(impostor: Impostor, found: str) -> None:
    """The webhook's response is one that Twilio could not follow, or we could not check."""
    printed = await impostor.examine()
    assert f"FAILED   call: POST /twiml {found}" in printed
    assert line_of(printed, "relay").startswith("skipped ")


async def test_socket_that_rejects_the_signature_is_reported() -> None:
    """If only the socket rejects the signature, a proxy is to blame."""

    class Refusing(Impostor):
        async def converse(self, websocket: WebSocket) -> None:
            await websocket.close()

    printed = await Refusing().examine()
    assert "FAILED   relay: the WebSocket rejected our signature (HTTP 403)" in printed


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (1008, "rejects the token from POST /twiml (1008)"),
        (1011, "closes before the answer is complete (1011)"),
        (1000, "closes before the answer is complete (1000)"),
    ],
)
async def test_socket_that_closes_is_reported(code: int, found: str) -> None:
    """The finding depends on the close code."""

    class Closing(Impostor):
        async def converse(self, websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.receive_text()
            await websocket.close(code)

    printed = await Closing().examine()
    assert f"FAILED   relay: {found}" in printed


async def test_unfinished_answer_is_reported() -> None:
    """Words without a last frame leave the talk cycle open."""

    class Breaking(Impostor):
        async def converse(self, websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.receive_text()  # setup
            await websocket.receive_text()  # prompt
            await websocket.send_json({"type": "text", "token": "Well, ", "last": False})
            await websocket.close()

    printed = await Breaking().examine()
    assert "FAILED   relay: closes before the answer is complete (1000)" in printed


async def test_malformed_frame_is_reported_without_its_words() -> None:
    """A wrong type is enough, and the frame's words are not printed."""

    class Careless(Impostor):
        async def converse(self, websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.receive_text()  # setup
            await websocket.receive_text()  # prompt
            await websocket.send_json({"type": "text", "token": 7, "last": "confidential"})
            await websocket.close()

    printed = await Careless().examine()
    assert "FAILED   relay: sends a frame that Twilio rejects (64107)" in printed
    assert "confidential" not in printed


# --- PUBLIC_URL ---------------------------------------------------------------------------------


async def test_public_url_without_token_is_skipped() -> None:
    """Without a token no one outside is served; the warning says so."""
    given = {"public_url": "https://desk.example.com"}
    async with serve_frontdesk(**given) as url:
        printed = await examine(url, **given)
    assert "warning  settings: PUBLIC_URL is set without TWILIO_AUTH_TOKEN" in printed
    assert line_of(printed, "PUBLIC_URL").startswith("skipped ")


async def test_untrusted_certificate_is_reported(authority: trustme.CA) -> None:
    """A certificate that this machine does not trust fails the check."""
    printed = await examine_through(tunnel(authority))
    assert "FAILED   PUBLIC_URL: untrusted TLS certificate" in printed
    assert "PUBLIC_URL, relay" not in printed


async def test_public_url_without_tls_is_reported() -> None:
    """A PUBLIC_URL that leads straight to the app's port has no TLS."""
    async with serve(Starlette()) as plain:
        given = {"public_url": plain.replace("http", "https"), "twilio_auth_token": AUTH_TOKEN}
        async with serve_frontdesk(**given) as url:
            printed = await examine(url, **given)
    assert "FAILED   PUBLIC_URL: no TLS" in printed


async def test_public_url_without_tunnel_is_reported() -> None:
    """Nothing listens: the tunnel is not running."""
    given = {
        "public_url": f"https://localhost:{free_port()}",
        "twilio_auth_token": AUTH_TOKEN,
    }
    async with serve_frontdesk(**given) as url:
        printed = await examine(url, **given)
    assert "FAILED   PUBLIC_URL: connection refused" in printed
    assert "Start the tunnel" in printed


@pytest.mark.usefixtures("trusted")
async def test_proxy_without_websockets_is_reported(authority: trustme.CA) -> None:
    """https works, but the upgrade fails."""
    printed = await examine_through(tunnel(authority, passes_upgrades=False))
    assert line_of(printed, "PUBLIC_URL, call").startswith("ok ")
    assert "the WebSocket does not open" in line_of(printed, "PUBLIC_URL, relay")
    assert "must forward WebSockets" in printed


@pytest.mark.usefixtures("trusted")
async def test_tunnel_that_leads_nowhere_is_reported(authority: trustme.CA) -> None:
    """The tunnel answers itself because it does not reach the app."""
    way = tunnel(authority)
    async with way.open():
        given = {"public_url": way.url, "twilio_auth_token": AUTH_TOKEN}
        async with serve_frontdesk(**given) as url:
            printed = await examine(url, **given)
    assert f"another program answers at {way.url} (HTTP 502)" in line_of(printed, "PUBLIC_URL")
    assert f"check its target port. The app is at {url}." in printed


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (PlainTextResponse("hello"), "leads to another program"),
        (PlainTextResponse("no", 403), "proxy or tunnel refuses requests"),
        (RedirectResponse("https://desk.example.com/health"), "It redirects"),
    ],
)
async def test_other_program_behind_public_url_is_reported(
    authority: trustme.CA, answer: Response, advice: str
) -> None:
    """The advice depends on the other program's status code."""

    async def health(_: Request) -> Response:
        return answer

    way = tunnel(authority)
    async with way.open(), serve(Starlette(routes=[Route("/health", health)])) as other:
        way.target = int(other.rpartition(":")[2])
        given = {"public_url": way.url, "twilio_auth_token": AUTH_TOKEN}
        async with serve_frontdesk(**given) as url:
            printed = await examine(url, **given)
    assert "another program answers at" in line_of(printed, "PUBLIC_URL")
    assert advice in printed


@pytest.mark.usefixtures("trusted")
async def test_other_frontdesk_behind_public_url_is_reported(authority: trustme.CA) -> None:
    """One with a different token rejects our signature."""
    printed = await examine_through(tunnel(authority), app_settings={"twilio_auth_token": "other"})
    assert line_of(printed, "PUBLIC_URL").startswith("ok ")
    assert "rejected our signature" in line_of(printed, "PUBLIC_URL, call")
    assert line_of(printed, "PUBLIC_URL, relay").startswith("skipped ")


# --- the settings, and the command line ---------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "start"),
    [
        ({}, "TWILIO_AUTH_TOKEN is not set"),
        ({"host": "0.0.0.0"}, "HOST is 0.0.0.0"),
        ({"twilio_auth_token": "12345"}, "PUBLIC_URL is not set: signatures are checked against"),
        ({"log_transcripts": True}, "LOG_TRANSCRIPTS is on"),
        ({"phone_password": "correct horse"}, "PHONE_PASSWORD is set without TWILIO_AUTH_TOKEN"),
        ({"public_url": "https://desk.example.com:8443"}, "PUBLIC_URL has a port"),
    ],
)
def test_risky_setting_is_a_warning(given: dict[str, Any], start: str) -> None:
    """Each such setting has a warning that names it."""
    found = [found for found, _ in warnings_about(settings_for_test(**given))]
    assert any(warning.startswith(start) for warning in found)


def test_settings_for_a_telephone_number_have_no_warnings() -> None:
    """With a token and a public address there are no warnings."""
    given = {"public_url": "https://desk.example.com", "twilio_auth_token": "12345"}
    for more in ({}, {"phone_password": "correct horse"}):
        assert list(warnings_about(settings_for_test(**given, **more))) == []


def test_wrong_settings_are_all_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every problem has its line, and the rest is skipped."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORT", "none")
    monkeypatch.setenv("PUBLIC_URL", "http://desk.example.com")
    out = io.StringIO()
    report = Report(out)
    assert read_settings(report) is None
    assert report.failures == 1
    assert "         PORT: " in out.getvalue()
    assert "         PUBLIC_URL: " in out.getvalue()
    assert out.getvalue().splitlines()[-1].startswith("skipped ")


def test_name_that_is_not_a_setting_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings are valid, and the rest is checked."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("GUIDE_BASEURL=http://hush\nhush\n", encoding="utf-8")
    out = io.StringIO()
    report = Report(out)
    assert read_settings(report) is not None
    assert report.failures == 0
    assert out.getvalue().splitlines() == [
        "ok       settings: valid",
        "warning  settings: GUIDE_BASEURL is not a setting; did you mean GUIDE_BASE_URL?",
        "warning  settings: .env line 2 is not a setting: expected NAME=value, "
        "with every quote closed",
    ]


def test_terminal_shows_the_check_in_progress() -> None:
    """The check's name is shown until its line replaces it."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    report = Report(out)

    async def look() -> str:
        return out.getvalue()

    asyncio.run(report.perform("app", look()))
    assert out.getvalue() == "...      app\r\033[Kok       app: ...      app\n"


async def test_check_that_takes_too_long_fails() -> None:
    """No check runs forever."""
    out = io.StringIO()
    report = Report(out)
    assert await report.perform("app", asyncio.Event().wait(), limit_s=0.01) is None
    assert out.getvalue().startswith("FAILED   app: timed out after 0.01 s\n")


async def run_doctor(*arguments: str, cwd: Path, **environment: str) -> tuple[int | None, str]:
    """Run the command line. Returns its exit status and output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=cwd,  # away from any .env
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()


async def test_command_line_says_that_nothing_failed(tmp_path: Path) -> None:
    """The exit status is 0."""
    async with serve_frontdesk(twilio_auth_token=AUTH_TOKEN) as url:
        port = url.rpartition(":")[2]
        status, printed = await run_doctor(
            "-m", "doctor", cwd=tmp_path, PORT=port, TWILIO_AUTH_TOKEN=AUTH_TOKEN
        )
    assert (status, printed.splitlines()[-1]) == (0, "No checks failed.")


async def test_command_line_counts_what_failed(tmp_path: Path) -> None:
    """The exit status is 1, and there is no traceback."""
    status, printed = await run_doctor("-m", "doctor", cwd=tmp_path, PORT="none")
    assert (status, printed.splitlines()[-1]) == (1, "1 failed.")
    assert "Traceback" not in printed


async def test_command_line_names_certificates_that_cannot_be_read(tmp_path: Path) -> None:
    """An unreadable SSL_CERT_FILE is reported like a setting."""
    status, printed = await run_doctor("-m", "doctor", cwd=tmp_path, SSL_CERT_FILE="none.pem")
    assert status == 1
    assert "Set SSL_CERT_FILE to a PEM file" in printed
    assert "Traceback" not in printed


async def test_command_line_explains_itself(tmp_path: Path) -> None:
    """`--help` describes the checks without running any."""
    status, printed = await run_doctor("-m", "doctor", "--help", cwd=tmp_path)
    assert status == 0
    assert "It prints no secrets" in printed


async def test_command_line_explains_a_missing_installation(tmp_path: Path) -> None:
    """Without the packages, it says how to install them."""
    status, printed = await run_doctor("-S", "-m", "doctor", cwd=tmp_path)
    assert status == 1
    assert "make install" in printed
    assert "Traceback" not in printed
