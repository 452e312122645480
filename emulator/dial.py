"""Places a call to a server, over HTTP and a WebSocket, in real time or a multiple of it.

Twilio's side of a whole call: post the voice webhook, read the TwiML, open the socket, run the line
until either side ends the call, request the action. `line.Line` is the line itself; this module
connects it to a clock, a socket and a caller.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, assert_never

from websockets.exceptions import ConnectionClosed

from emulator import decision_feed
from emulator.app_server import AppServer, http_client
from emulator.call_log import app_frame, notes
from emulator.leg import CALLED, CALLER, CallLog, Leg, new_identity
from emulator.line import Line, Manner
from emulator.script import Cough, Cue, HangUp, Press, Speak

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from emulator.call_log import Entry
    from emulator.frames import Frame
    from emulator.leg import ActionAnswer
    from emulator.line import Closing
    from emulator.line_events import Cut, Heard, Said
    from emulator.script import Action

_LAST_DECISIONS_S = 0.5
"""How long to wait for the app to end its decision feed, in real seconds."""


class Caller(Protocol):
    """The caller: asked for an action after every event on the line."""

    @property
    def deadline(self) -> float | None:
        """When to ask again, on the line's clock, if nothing happens before."""

    def next_action(self, line: Line, now: float) -> Cue | None:
        """What the caller does now, if anything."""


@dataclass(frozen=True, slots=True)
class _AppGone:
    """The app has closed the socket."""

    code: int
    reason: str


_Arrival: TypeAlias = "str | bytes | _AppGone | Speak | Cough | Press | HangUp"


class SilentCaller:
    """Does nothing by itself; for calls whose actions are typed."""

    deadline: float | None = None

    def next_action(self, line: Line, now: float) -> Cue | None:  # noqa: ARG002 - the protocol's
        """Return None."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """A finished call, as seen from both ends."""

    leg: Leg
    line: Line
    entries: list[Entry]
    """The call log: frames in both directions and notes, in order."""
    closing: Closing
    close_code: int | None
    """The socket's close code."""
    action: ActionAnswer

    @property
    def heard(self) -> list[Heard]:
        """Every word of the agent that the caller heard."""
        return self.line.heard

    @property
    def cuts(self) -> list[Cut]:
        """What the caller never heard, and why."""
        return self.line.cuts

    @property
    def said(self) -> list[Said]:
        """What the caller said and did."""
        return self.line.said

    @property
    def sent_to_app(self) -> list[Frame]:
        """The frames sent to the app, in order."""
        return [entry.frame for entry in self.entries if entry.dir == "in"]

    @property
    def sent_by_app(self) -> list[Frame]:
        """The frames sent by the app, in order."""
        return [entry.frame for entry in self.entries if entry.dir == "out"]

    @property
    def decisions(self) -> list[Frame]:
        """The app's decisions; empty if it sends none."""
        return [e.frame for e in self.entries if e.dir == "note" and e.frame["type"] == "decision"]


async def place_call(
    server: str,
    caller: Caller,
    *,
    auth_token: str | None = None,
    public_url: str | None = None,
    speed: float = 1.0,
    from_number: str = CALLER,
    to_number: str = CALLED,
    manner: Manner | None = None,
    typed: AsyncIterator[Action] | None = None,
    on_entry: Callable[[Entry], None] | None = None,
) -> CallResult:
    """Call the app at `server` and stay on the line until either side ends the call.

    `speed` multiplies the line's clock: at 10, a minute of talk takes six seconds, and the app's
    timeouts must be scaled to match. `public_url` is the app's public address, if it differs from
    `server`. `typed` yields further actions of the caller. `on_entry` receives every frame and note
    as it happens. Cancelling hangs up properly.

    Raises:
        CallFailedError: the call could not be placed; the message says what to do.
    """
    app = AppServer(address=server, public_url=public_url, auth_token=auth_token)
    identity = new_identity(from_number, to_number)
    log = CallLog(on_entry)
    async with http_client() as client:
        leg = await Leg.open(app, client, identity)
        line = Line(identity, leg.relay, manner)
        call = _LiveCall(leg, line, caller, log, speed)
        async with leg.socket:
            await call.begin()
            async with _alongside(call.note_decisions(), patience_s=_LAST_DECISIONS_S):
                cancelled = await call.converse(typed)
                action = await leg.close(call.closing)
    if cancelled:
        raise asyncio.CancelledError
    return CallResult(
        leg=leg,
        line=line,
        entries=log.entries,
        closing=call.closing,
        close_code=leg.socket.close_code,
        action=action,
    )


class _LiveCall:
    """A line with a clock, a socket and a caller."""

    def __init__(self, leg: Leg, line: Line, caller: Caller, log: CallLog, speed: float) -> None:
        self._leg = leg
        self._line = line
        self._caller = caller
        self._log = log
        self._speed = speed
        self._inbox: asyncio.Queue[_Arrival] = asyncio.Queue()
        self._noted = 0
        self._began = 0.0

    @property
    def now(self) -> float:
        """Seconds since setup, on the line's clock."""
        return (asyncio.get_running_loop().time() - self._began) * self._speed

    @property
    def closing(self) -> Closing:
        """How the call ended; only available after `converse`."""
        if self._line.closing is None:
            raise RuntimeError("the call is still in progress")
        return self._line.closing

    async def begin(self) -> None:
        """Start the line's clock and send `setup`."""
        self._began = asyncio.get_running_loop().time()
        await self._deliver(self._line.start(0.0), 0.0)

    async def converse(self, typed: AsyncIterator[Action] | None) -> bool:
        """Run the call to its end. Returns whether it was cancelled, and so hung up."""
        sources = [self._read_socket()]
        if typed is not None:
            sources.append(self._read_typed(typed))
        try:
            async with _alongside(*sources):
                while self._line.closing is None:
                    await self._let_caller_act()
                    if self._line.closing is None:
                        await self._take(await self._next_arrival())
        except asyncio.CancelledError:
            await self._perform(HangUp())
            return True
        return False

    async def note_decisions(self) -> None:
        """Note the app's decisions until their feed ends."""
        token = self._leg.relay.parameters.get("token")
        if token:
            address, call_sid = self._leg.server.address, self._leg.identity.call_sid
            async for decision in decision_feed.follow(self._leg.client, address, call_sid, token):
                self._log.add(self.now, "note", {"type": "decision", **decision})

    async def _let_caller_act(self) -> None:
        while self._line.closing is None:
            now = self.now
            cue = self._caller.next_action(self._line, now)
            if cue is None:
                return
            if cue.note:
                self._log.add(now, "note", {"type": "script", "text": cue.note})
            await self._perform(cue.action)

    async def _next_arrival(self) -> _Arrival | None:
        """The next frame or action; None if the line's or the caller's deadline comes first."""
        wanted = [at for at in (self._line.deadline, self._caller.deadline) if at is not None]
        delay = (min(wanted) - self.now) / self._speed if wanted else None
        try:
            async with asyncio.timeout(delay):
                return await self._inbox.get()
        except TimeoutError:
            return None

    async def _take(self, arrival: _Arrival | None) -> None:
        now = self.now
        await self._deliver(self._line.advance(now), now)
        match arrival:
            case None:
                pass
            case str() | bytes():
                self._log.add(now, "out", app_frame(arrival))
                await self._deliver(self._line.receive(arrival, now), now)
            case _AppGone():
                await self._deliver(self._line.loses_app(now, arrival.code, arrival.reason), now)
            case _:
                await self._perform(arrival)

    async def _perform(self, action: Action) -> None:
        now = self.now
        match action:
            case Speak(text):
                out = self._line.speaks(text, now)
            case Cough():
                out = self._line.coughs(now)
            case Press(digit):
                out = self._line.presses(digit, now)
            case HangUp():
                out = self._line.hangs_up(now)
            case _:
                assert_never(action)
        await self._deliver(out, now)

    async def _deliver(self, out: list[Frame], now: float) -> None:
        """Note what happened on the line, then send frames to the app."""
        for note in notes(self._line.events[self._noted :]):
            self._log.add(note.t, "note", note.frame)
        self._noted = len(self._line.events)
        for frame in out:
            self._log.add(now, "in", frame)
            with suppress(ConnectionClosed):  # `_read_socket` reports it
                await self._leg.socket.send(json.dumps(frame))

    # -- input ---------------------------------------------------------------------------------

    async def _read_socket(self) -> None:
        with suppress(ConnectionClosed):
            async for raw in self._leg.socket:
                self._inbox.put_nowait(raw)
        socket = self._leg.socket
        self._inbox.put_nowait(_AppGone(socket.close_code or 1006, socket.close_reason or ""))

    async def _read_typed(self, typed: AsyncIterator[Action]) -> None:
        async for action in typed:
            self._inbox.put_nowait(action)


@asynccontextmanager
async def _alongside(
    *coroutines: Coroutine[None, None, None], patience_s: float = 0.0
) -> AsyncIterator[None]:
    """Run these alongside the body; afterwards, cancel them if they take over `patience_s`."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
        await asyncio.wait(tasks, timeout=patience_s)
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
