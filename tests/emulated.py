"""Helpers for tests of the emulator: a line on a virtual clock, and a small app to call."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import quoteattr

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from emulator.frames import Frame, Identity
from emulator.line import Line, Manner
from emulator.twiml import RelayAttributes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request

IDENTITY = Identity(
    call_sid="CA" + "1" * 32,
    session_id="VX" + "2" * 32,
    account_sid="AC" + "3" * 32,
    caller="+12025550123",
    called="+12025550199",
)


def twiml(
    url: str = "wss://relay.example.com/ws",
    *,
    action: str = "/action",
    children: str = "",
    connect: str = "",
    **attributes: str,
) -> str:
    """The response to a voice webhook, with these attributes on the relay."""
    written = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Response><Connect action="{action}" {connect}>'
        f'<ConversationRelay url="{url}" {written}>{children}</ConversationRelay>'
        "</Connect></Response>"
    )


@dataclass
class Bench:
    """A line with its own clock, and every frame it sent with its time."""

    line: Line
    now: float = 0.0
    sent: list[tuple[float, Frame]] = field(default_factory=list)

    @classmethod
    def open(cls, manner: Manner | None = None, **attributes: str) -> Bench:
        """A line that has just started."""
        bench = cls(Line(IDENTITY, RelayAttributes.from_twiml(twiml(**attributes)), manner))
        bench._keep(bench.line.start(0.0), 0.0)
        return bench

    @property
    def is_over(self) -> bool:
        """Whether the call has ended."""
        return self.line.closing is not None

    def until(self, time: float) -> Bench:
        """Advance the clock, stopping at each deadline as a real driver would."""
        while (deadline := self.line.deadline) is not None and deadline <= time:
            self._keep(self.line.advance(deadline), deadline)
        self._keep(self.line.advance(time), time)
        self.now = time
        return self

    def app(self, **frame: object) -> list[Frame]:
        """The app sends a frame. Returns the line's immediate answer."""
        return self._keep(self.line.receive(json.dumps(frame), self.now), self.now)

    def raw(self, raw: str | bytes) -> list[Frame]:
        """The app sends something that may not be a frame."""
        return self._keep(self.line.receive(raw, self.now), self.now)

    def text(self, token: str, *, last: bool = False, **more: object) -> list[Frame]:
        """The app sends words to speak."""
        return self.app(type="text", token=token, last=last, **more)

    def say(self, text: str) -> None:
        """The caller speaks."""
        self._keep(self.line.speaks(text, self.now), self.now)

    def press(self, digit: str) -> list[Frame]:
        """The caller presses a key."""
        return self._keep(self.line.presses(digit, self.now), self.now)

    def hang_up(self) -> list[Frame]:
        """The caller hangs up."""
        return self._keep(self.line.hangs_up(self.now), self.now)

    def of_type(self, kind: str) -> list[Frame]:
        """The frames of a type, in order."""
        return [frame for _, frame in self.sent if frame["type"] == kind]

    def infos(self, name: str) -> list[tuple[float, object]]:
        """The values of an `info` frame, with their times."""
        return [(round(t, 3), f["value"]) for t, f in self.sent if f.get("name") == name]

    def at(self, time: float) -> list[Frame]:
        """The frames sent at this time, in order."""
        return [frame for t, frame in self.sent if abs(t - time) < 1e-6]

    def heard(self) -> str:
        """The words the caller has heard."""
        return " ".join(heard.word for heard in self.line.heard)

    def _keep(self, frames: list[Frame], at: float) -> list[Frame]:
        self.sent += [(at, frame) for frame in frames]
        return frames


EVENTS = "speaker-events tokens-played"


def about(time: float) -> Any:
    """A time, allowing for float rounding."""
    return pytest.approx(time)


def info(name: str, value: str) -> dict[str, object]:
    """An `info` frame."""
    return {"type": "info", "name": name, "value": value}


def speaking(manner: Manner | None = None, **attributes: str) -> Bench:
    """A line two seconds into a reply: " nine to" has been heard of the second clause."""
    settings = {"events": EVENTS, "reportInputDuringAgentSpeech": "any", "dtmfDetection": "true"}
    bench = Bench.open(manner, **(settings | attributes))
    bench.text("We are open, from nine to six.")
    bench.text(" Come in. And bring")
    bench.until(2.45)
    return bench


@dataclass
class RecordedRequest:
    """A request that the small app received."""

    url: str
    form: dict[str, str]
    headers: dict[str, str]


@dataclass
class SmallApp:
    """A scripted app on a real socket; the test supplies its relay as a coroutine."""

    relay: Callable[[WebSocket, dict[str, Any]], Awaitable[None]]
    address: str = ""
    twiml_url: str = ""
    twiml_options: dict[str, str] = field(default_factory=dict)
    twiml_answer: Response | None = None
    refuses_socket: bool = False
    decisions: list[str] | None = None
    action_answer: str = "<Response/>"
    requests: dict[str, RecordedRequest] = field(default_factory=dict)
    received: list[dict[str, Any]] = field(default_factory=list)

    async def post_twiml(self, request: Request) -> Response:
        """The voice webhook."""
        await self._record("twiml", request)
        url = self.twiml_url or self.address.replace("http", "wss") + "/ws"
        parameter = '<Parameter name="token" value="secret"/>'
        body = twiml(url, children=parameter, **self.twiml_options)
        return self.twiml_answer or Response(body, media_type="application/xml")

    async def action(self, request: Request) -> Response:
        """The end of the call."""
        await self._record("action", request)
        return Response(self.action_answer, media_type="application/xml")

    async def stream_decisions(self, request: Request) -> Response:
        """The decision feed, if this app has one."""
        await self._record("decisions", request)
        if self.decisions is None:
            return PlainTextResponse("no such page", status_code=404)
        return StreamingResponse(iter(self.decisions), media_type="text/event-stream")

    async def health(self, _request: Request) -> Response:
        """The health check."""
        return PlainTextResponse("{}")

    async def ws(self, upgrade: WebSocket) -> None:
        """The relay's socket: reads `setup`, then runs the test's coroutine."""
        self.requests["ws"] = RecordedRequest(str(upgrade.url), {}, dict(upgrade.headers))
        if self.refuses_socket:
            await upgrade.close()
            return
        await upgrade.accept()
        with suppress(WebSocketDisconnect):
            await self.relay(upgrade, await self.frame(upgrade))

    async def frame(self, relay: WebSocket) -> dict[str, Any]:
        """The next frame from the emulator."""
        frame: dict[str, Any] = json.loads(await relay.receive_text())
        self.received.append(frame)
        return frame

    async def frames(self, relay: WebSocket) -> AsyncIterator[dict[str, Any]]:
        """All further frames."""
        while True:
            yield await self.frame(relay)

    async def _record(self, name: str, request: Request) -> None:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        self.requests[name] = RecordedRequest(str(request.url), form, dict(request.headers))


class EchoApp(SmallApp):
    """Answers each final prompt by repeating it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(self.echo, **options)

    async def echo(self, socket: WebSocket, _setup: dict[str, Any]) -> None:
        """The relay."""
        async for frame in self.frames(socket):
            if frame["type"] == "prompt" and frame["last"]:
                token = f"you said {frame['voicePrompt']}"
                await socket.send_json({"type": "text", "token": token, "last": True})


@asynccontextmanager
async def serving(app: SmallApp) -> AsyncIterator[SmallApp]:
    """Serve a small app on a free loopback port."""
    routes = [
        Route("/twiml", app.post_twiml, methods=["POST"]),
        Route("/action", app.action, methods=["GET", "POST"]),
        Route("/calls/{sid}/decisions", app.stream_decisions),
        Route("/health", app.health),
        WebSocketRoute("/ws", app.ws),
    ]
    listener = socket.create_server(("127.0.0.1", 0))
    app.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        Starlette(routes=routes), log_config=None, ws="websockets-sansio", lifespan="off"
    )
    server = uvicorn.Server(config)
    # The socket is already listening: a call placed now waits until the server accepts it.
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield app
    finally:
        server.should_exit = True
        await task
        listener.close()
