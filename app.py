"""The app: the voice webhook, the relay's WebSocket, and what an owner needs to see that it runs.

`python app.py` serves it with the settings of the environment, and so does
`uvicorn app:app --ws web.relay_socket:RelaySocket`.
"""

import asyncio
import gc
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from json import dumps
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.datastructures import FormData
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect, WebSocketState

import demo_guide
import phone
import relay_protocol as relay
from call_log.writer import AddEntry, open_call_log
from calls.call import Call, Log
from calls.decision_feed import Decisions
from calls.overrides import WishError, Wishes
from config import VERSION, Settings, SettingsError, load_settings, warnings_at_start
from guide.transport import Choice, choose
from guide_client import GuideClient, GuideOptions
from trust import addresses, tokens
from turn.options import Options
from web import logs as log
from web import server
from web.form_body import read_form
from web.local_only import LoopbackOnly, direct_only
from web.relay_socket import short_way

CLOSING_FRAME_BYTES: Final = 1024 * 1024
"""A frame longer than this is no mistake: its socket is closed. One that is longer than
`relay_protocol.MAX_FRAME_BYTES` is dropped."""

PHONE_ADVICE: Final = "To call it from a browser here, set PHONE_PASSWORD; SETUP.md says how.\n"


# --- what all requests share --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call in progress, the token that whoever placed it holds, and what they may follow."""

    sid: str
    token: str
    decisions: Decisions | None


class Desk:
    """What the requests of one app share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tokens = tokens.CallTokens(settings.auth_token, settings.call_token_ttl_s)
        self.visitors = phone.Visitors(settings.auth_token, settings.password, self.origin)
        self.live: list[LiveCall] = []
        self._guide: GuideClient | None = None

    @property
    def has_demo_guide(self) -> bool:
        """Whether callers talk with the embedded demo guide."""
        return self.settings.guide_base_url is None

    @cached_property
    def transport(self) -> Choice:
        """What carries the requests to the guide."""
        return choose()

    def guide(self, connection: HTTPConnection) -> GuideClient:
        """The guide, asked over connections that all calls share.

        It is made when the first call needs it: the demo guide is asked where that came in.
        """
        if self._guide is None:
            settings = self.settings
            options = GuideOptions(
                base_url=settings.guide_base_url or f"{self._own_address(connection)}/demo/v1",
                api_key=settings.guide_api_key.get_secret_value(),
                model=settings.guide_model,
                instructions=settings.guide_instructions,
            )
            self._guide = GuideClient(options, self.transport)
        return self._guide

    def _own_address(self, connection: HTTPConnection) -> str:
        """Where this app can reach itself."""
        host, port = connection.scope.get("server") or (self.settings.host, self.settings.port)
        if not addresses.is_loopback(host):
            host = "::1" if ":" in host else "127.0.0.1"
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def aclose(self) -> None:
        """Close the connections to the guide, if any were made."""
        if self._guide is not None:
            await self._guide.aclose()

    def origin(self, connection: HTTPConnection) -> str:
        """The origin that the sender of a request knows us by. Raises `ValueError` if none."""
        scheme = connection.scope["scheme"]
        return addresses.public_origin(self.settings.public_url or "", scheme, connection.headers)

    def is_signed(self, connection: HTTPConnection, form: FormData) -> bool:
        """Whether Twilio signed a request; without an auth token, there is nothing to check."""
        if not self.settings.auth_token:
            return True
        query = connection.scope["query_string"].decode("latin-1")
        path = connection.scope["path"] + (f"?{query}" if query else "")
        try:
            url = self.origin(connection) + path
        except ValueError:
            return False
        if connection.scope["type"] == "websocket":
            url = addresses.as_websocket(url)
        signatures = connection.headers.getlist("x-twilio-signature")
        return len(signatures) == 1 and relay.signature_is_valid(
            self.settings.auth_token, url, form, signatures[0]
        )

    def may_call(self, connection: HTTPConnection, form: FormData) -> bool:
        """Whether a request is Twilio's, or that of a visitor who places a call by our page."""
        return self.is_signed(connection, form) or self.visitors.may_call(connection, time.time())

    def may_enter(self, setup: relay.Setup) -> str | None:
        """What is wrong with the parameters of a call's setup, or None."""
        try:
            wishes = Wishes.of(setup.parameters)
            self.settings.in_mode(wishes.mode)
        except (WishError, SettingsError) as error:
            return str(error)
        if not self.settings.auth_token:
            return None
        token = setup.parameters.get("token", "")
        return self.tokens.check(token, setup.call_sid, time.time(), str(wishes))

    def call_options(self, wishes: Wishes) -> Options:
        """The settings for a call, as turn-taking knows them."""
        settings = self.settings.in_mode(wishes.mode)
        return Options(
            language=settings.relay_transcription_language or settings.relay_language,
            greeting=settings.welcome_greeting.strip(),
            apology=settings.guide_apology,
            history_turns=settings.guide_history_turns,
            resume_timeout_s=settings.barge_in_resume_timeout_s,
            caller_speech_ceiling_s=settings.caller_speech_ceiling_s,
            first_token_timeout_s=settings.guide_first_token_timeout_s,
            stall_timeout_s=settings.guide_stall_timeout_s,
            late_backchannel_s=settings.late_backchannel_s,
            heard_grace_s=settings.heard_grace_s,
            playback_margin_s=settings.playback_margin_s,
            words_per_second=settings.speaking_rate_wps,
            talkover=settings.barge_in_mode == "talkover",
            talkover_ack=settings.talkover_ack.strip(),
            talkover_ack_after_s=settings.talkover_ack_after_s,
        )


def _desk(connection: HTTPConnection) -> Desk:
    desk: Desk = connection.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(_desk)]


async def _trusted_form(request: Request, desk: TheDesk) -> FormData:
    """The fields of a webhook, once it is known who sent it."""
    form = await read_form(request)
    if not desk.may_call(request, form):
        structlog.get_logger().warning("webhook refused", path=request.url.path, why="signature")
        raise HTTPException(
            403,
            "The X-Twilio-Signature does not fit. Check that TWILIO_AUTH_TOKEN is the account's "
            "primary token and PUBLIC_URL the address in the number's webhook.",
        )
    return form


Form = Annotated[FormData, Depends(_trusted_form)]


# --- the routes ---------------------------------------------------------------------------------

routes = APIRouter()


@routes.post("/twiml")
async def answer_call(request: Request, desk: TheDesk, form: Form) -> Response:
    """The voice webhook: connect the call to our WebSocket."""
    call_sid = str(form.get("CallSid", ""))
    origin = desk.origin(request)
    try:
        wishes = Wishes.of(form)
        settings = desk.settings.in_mode(wishes.mode)
    except WishError as error:
        raise HTTPException(400, str(error)) from None
    except SettingsError as error:
        raise HTTPException(409, str(error)) from None
    token = desk.tokens.mint(call_sid, time.time(), secrets.token_hex(8), str(wishes))
    structlog.get_logger().info("call offered", call=call_sid, caller=_masked(form.get("From")))
    twiml = relay.connect_twiml(
        url=addresses.as_websocket(f"{origin}/ws"),
        action=f"{origin}/action",
        attributes=settings.relay_attributes,
        parameters={"token": token, **wishes.parameters},
    )
    return Response(twiml, media_type="text/xml")


@routes.get("/twiml")
async def explain_webhook() -> Response:
    """A browser was pointed at the webhook."""
    advice = (
        "This is the voice webhook, and it answers POST requests of Twilio's. In Twilio's console, "
        "set the number's 'A call comes in' to this address with HTTP POST.\n"
    )
    return PlainTextResponse(advice, 405, headers={"Allow": "POST"})


@routes.post("/action")
async def end_call(form: Form) -> Response:
    """The session is over: end the call."""
    structlog.get_logger().info(
        "session over",
        call=str(form.get("CallSid", "")),
        status=str(form.get("SessionStatus", "")),
        error=str(form.get("ErrorCode", "")) or None,
        seconds=str(form.get("SessionDuration", "")) or None,
    )
    return Response(relay.empty_twiml(), media_type="text/xml")


@routes.get("/health")
async def report_health(desk: TheDesk) -> dict[str, Any]:
    """Whether the app runs, and what it is doing."""
    return {
        "status": "ok",
        "version": VERSION,
        "calls": len(desk.live),
        "demo_guide": desk.has_demo_guide,
        "guide_transport": desk.transport.name,
    }


@routes.get("/calls/{call_sid}/decisions")
async def follow_decisions(call_sid: str, request: Request, desk: TheDesk) -> Response:
    """What is decided on a call in progress, as server-sent events, for whoever placed it and
    asked to be told."""
    calls = [live for live in desk.live if live.sid == call_sid and live.token and live.decisions]
    if not calls:
        raise HTTPException(404, "expected a call in progress that was placed with Decisions=1")
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    # As bytes: it compares no text but ASCII.
    holders = [c for c in calls if secrets.compare_digest(c.token.encode(), given.encode())]
    if scheme.lower() != "bearer" or not holders or not holders[-1].decisions:
        raise HTTPException(403, "expected the token of the call")
    return StreamingResponse(
        _events(holders[-1].decisions),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(decisions: Decisions) -> AsyncIterator[str]:
    number = 0
    async for made in decisions.follow():
        yield f"id: {number}\ndata: {dumps(made)}\n\n"
        number += 1


@routes.websocket("/ws")
async def hold_call(websocket: WebSocket, desk: TheDesk) -> None:
    """A session of the relay: its setup, then the call."""
    logger = structlog.get_logger()
    if not desk.may_call(websocket, FormData()):
        logger.warning("relay refused", why="signature")
        await websocket.close(1008)  # before accept: an HTTP 403
        return
    await websocket.accept()
    frames = _frames(websocket, logger)
    entered = await _setup(frames, desk, logger)
    if entered is None:
        await _close(websocket, 1008)
        return
    setup, raw = entered
    logger = logger.bind(call=setup.call_sid)
    async with open_call_log(desk.settings.call_log_dir, setup.call_sid, logger) as record:
        if record is not None:
            record(0.0, "in", raw)
        await _hold(websocket, frames, setup, desk, logger, record=record)


# --- the relay's socket -------------------------------------------------------------------------


async def _hold(
    websocket: WebSocket,
    frames: AsyncIterator[str],
    setup: relay.Setup,
    desk: Desk,
    logger: Log,
    *,
    record: AddEntry | None,
) -> None:
    wishes = Wishes.of(setup.parameters)
    decisions = Decisions() if wishes.decisions else None
    way = short_way(websocket.scope)
    call = Call(
        desk.guide(websocket),
        desk.call_options(wishes),
        way.send,
        log=logger,
        log_transcripts=desk.settings.log_transcripts,
        record=record,
        decisions=decisions,
    )
    live = LiveCall(setup.call_sid, setup.parameters.get("token", ""), decisions)
    desk.live.append(live)
    logger.info("call began", caller=_masked(setup.caller), direction=setup.direction)
    began_at = time.monotonic()
    try:
        way.listen(call.receive)
        with suppress(WebSocketDisconnect):
            await call.run(frames)
    finally:
        desk.live.remove(live)
        logger.info("call ended", seconds=round(time.monotonic() - began_at, 1))
    await _close(websocket, 1000)


async def _frames(websocket: WebSocket, logger: Log) -> AsyncIterator[str]:
    """The text frames of a socket until it closes; "", which is no frame, for one that is too long
    or no text."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        size = len(text.encode()) if text is not None else len(message["bytes"])
        if size > CLOSING_FRAME_BYTES:
            logger.warning("relay refused", why="frame far too long", bytes=size)
            await _close(websocket, 1009)
            return
        yield text if text is not None and size <= relay.MAX_FRAME_BYTES else ""


async def _setup(
    frames: AsyncIterator[str], desk: Desk, logger: Log
) -> tuple[relay.Setup, str] | None:
    """The setup of a call that may enter, and the frame it came in.

    Nothing that comes before it is looked at.
    """
    try:
        async with asyncio.timeout(desk.settings.setup_timeout_s):
            async for raw in frames:
                with suppress(relay.FrameError):
                    frame = relay.parse_frame(raw)
                    if isinstance(frame, relay.Setup):
                        break
            else:
                return None
    except TimeoutError:
        logger.warning("relay refused", why="no setup in time")
        return None
    problem = desk.may_enter(frame)
    if problem is None:
        return frame, raw
    logger.warning("relay refused", why=problem, call=frame.call_sid)
    return None


async def _close(websocket: WebSocket, code: int) -> None:
    if WebSocketState.DISCONNECTED not in {websocket.application_state, websocket.client_state}:
        with suppress(WebSocketDisconnect):  # which we have not been told yet
            await websocket.close(code)


def _masked(address: object) -> str:
    return log.mask_numbers(str(address or "withheld"))


# --- the app ------------------------------------------------------------------------------------


def create_app(settings: Settings) -> FastAPI:
    """The app with these settings."""
    desk = Desk(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        chosen, why = desk.transport.name, desk.transport.why_not_libcurl
        reason = {"why_not_libcurl": why} if why else {}
        structlog.get_logger().info("guide transport chosen", transport=chosen, **reason)
        yield
        await desk.aclose()

    app = FastAPI(title="Frontdesk", version=VERSION, lifespan=lifespan, openapi_url=None)
    app.state.desk = desk
    app.include_router(routes)
    own_machine = [Depends(direct_only)]
    app.include_router(demo_guide.create_router(), prefix="/demo", dependencies=own_machine)
    if desk.visitors.are_expected:
        phone.add_pages(app, desk.visitors, phone.facts_of(settings))
    else:
        app.add_api_route("/", say_hello)
    if not settings.auth_token:
        app.add_middleware(LoopbackOnly)
    app.add_middleware(phone.BrowserHeaders)
    return app


async def say_hello() -> Response:
    """Somebody opened the address in a browser, where there is no page for them."""
    return PlainTextResponse(f"Frontdesk {VERSION} is running. {PHONE_ADVICE}")


@cache  # uvicorn asks twice
def __getattr__(name: str) -> FastAPI:
    """`uvicorn app:app` finds the app here; importing this module reads no settings.

    A `worker` is the same app for a process of `main`, which has given the warnings for all.
    """
    if name not in {"app", "worker"}:
        raise AttributeError(name)
    settings = _settings_or_exit()
    log.configure(settings.log_level)
    if name == "app":
        _warn_of(settings)
    return _ready(create_app(settings))


def _ready(app: FastAPI) -> FastAPI:
    """The app, taken out of what the garbage collector goes through again and again.

    It is most of what there is. Going through it takes longer than a caller should wait for a word.
    What calls leave behind is mostly freed without the collector, so that it may come less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    return app


def _settings_or_exit() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        sys.exit(str(error))


def _warn_of(settings: Settings) -> None:
    for warning in warnings_at_start(settings):
        structlog.get_logger().warning("check the settings", why=warning)


NEXT_STEPS: Final = """\
  Talk to it           open the address in a browser, and press Call (where an auth token is
                       set, set PHONE_PASSWORD too)
  Watch a call         make call            a simulated one, in a second terminal
  Point a number at it set TWILIO_AUTH_TOKEN and PUBLIC_URL in .env, and the number's
                       voice webhook to PUBLIC_URL/twiml; SETUP.md goes through it
  Use your own guide   set GUIDE_BASE_URL, GUIDE_API_KEY and GUIDE_MODEL in .env
  Check all of it      make doctor
"""


def main() -> None:
    """Serve the app until it is told to stop."""
    settings = _settings_or_exit()
    log.configure(settings.log_level)
    try:
        listeners = server.listen(settings.host, settings.port, settings.workers)
    except OSError as error:
        sys.exit(
            f"Cannot listen on {settings.host} port {settings.port}: {error.strerror}.\n"
            f"Stop the program that uses it, or set another: PORT={settings.port + 1} make run"
        )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"Frontdesk {VERSION} answers on http://{host}:{settings.port}\n\n{NEXT_STEPS}")
    if not settings.auth_token:
        print("TWILIO_AUTH_TOKEN is not set: only this machine is served.\n")
    sys.stdout.flush()
    _warn_of(settings)
    asgi = _ready(create_app(settings)) if settings.workers == 1 else "app:worker"
    server.serve(asgi, listeners, longest_frame=CLOSING_FRAME_BYTES)


if __name__ == "__main__":
    main()
