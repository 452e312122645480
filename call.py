"""One phone call: carries events from the relay, the guide and the clock into the machine, and its
actions out.

Everything that happens goes through one queue and is handed to `BargeIn` in order, with the time
it happened; what it returns is performed in order. The reader of the relay never waits for the
guide, and the guide never waits for the reader.

Times are seconds since the call began. What the machine is told, and when, is all that its
decisions rest on: recorded in the same order with the same times, they can be made again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from math import inf
from typing import Any, Final, NamedTuple, assert_never

import structlog

import recording
import relay_protocol as relay
from barge_in import BargeIn
from guide_answer import GuideError
from guide_client import GuideClient
from recorder import Record
from recording import Direction, Noted
from relay_events import event_of
from turn_events import (
    Action,
    AskGuide,
    CallEnded,
    CloseTalkCycle,
    DeadlinePassed,
    Decided,
    DropGuide,
    Event,
    GuideFailed,
    GuideFinished,
    GuideToken,
    Say,
    State,
)
from turn_options import Options

QUEUED_EVENTS: Final = 256
"""How far the relay may run ahead before it has to wait. A guide need not: replies are bounded."""

LOGGED_BAD_FRAMES: Final = 10
"""A peer that sends nothing but rubbish must not fill the log."""

Log = Any  # structlog's loggers are typed as Any


class _Arrival(NamedTuple):
    """Something that happened: what it is to the machine, and what is recorded of it.

    Without a direction it is the alarm, which is not recorded.
    """

    at: float
    event: Event | None = None
    direction: Direction | None = None
    frame: str | recording.Frame | Noted = ""


class _Arrivals:
    """What has arrived and waits for the machine, in order. A queue with less in it than asyncio's.

    It is passed by every token.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Arrival] = deque()
        self._changed: asyncio.Future[None] | None = None

    def add(self, arrival: _Arrival) -> None:
        """Put it at the end."""
        self._waiting.append(arrival)
        self._wake()

    async def next(self) -> _Arrival:
        """Take the first, or wait for one."""
        while not self._waiting:
            await self._change()
        if len(self._waiting) == QUEUED_EVENTS:
            self._wake()
        return self._waiting.popleft()

    async def room(self) -> None:
        """Wait until there are less than too many."""
        while len(self._waiting) >= QUEUED_EVENTS:
            await self._change()

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    async def _change(self) -> None:
        # Nobody waits for room while somebody waits for an arrival: one of them is enough.
        self._changed = asyncio.get_running_loop().create_future()
        await self._changed


class Call:
    """A call from its setup to its end."""

    def __init__(
        self,
        guide: GuideClient,
        options: Options,
        send: Callable[[str], Awaitable[None]],
        *,
        log: Log = None,
        log_transcripts: bool = False,
        record: Record | None = None,
    ) -> None:
        """`send` puts one text frame on the relay's socket; `record` takes the call down."""
        self.decisions = Decisions()
        self._guide = guide
        self._options = options
        self._machine = BargeIn(options)
        self._send = send
        self._record = record
        self._log = log or structlog.get_logger()
        self._log_transcripts = log_transcripts
        self._arrivals = _Arrivals()
        self._stream: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._bad_frames = 0
        self._began_at = 0.0  # on the event loop's clock
        self._at = 0.0  # the time the machine has been brought to
        self._deadline = inf  # the machine's
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = inf

    async def run(self, frames: AsyncIterator[str]) -> None:
        """Hold the call until `frames`, what the relay sends after its setup, end."""
        self._began_at = asyncio.get_running_loop().time()
        self._take_down("note", recording.call_note(self._options))
        self._start(self._guide.warm())
        self._start(self._read(frames))
        try:
            while self._machine.state is not State.ENDED:
                await self._take(await self._arrivals.next())
        finally:
            if self._alarm is not None:
                self._alarm.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self.decisions.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _now(self) -> float:
        return asyncio.get_running_loop().time() - self._began_at

    def _arrive(
        self, event: Event | None, direction: Direction, frame: str | recording.Frame | Noted
    ) -> None:
        self._arrivals.add(_Arrival(self._now(), event, direction, frame))

    def _take_down(self, direction: Direction, frame: str | recording.Frame | Noted) -> None:
        if self._record is not None:
            note = recording.note_of(frame) if isinstance(frame, Noted) else frame
            self._record(self._at, direction, note)

    # --- the machine ----------------------------------------------------------------------

    async def _take(self, arrival: _Arrival) -> None:
        at = max(self._at, arrival.at)
        while self._deadline <= at:  # it passed before this happened
            await self._receive(DeadlinePassed(), self._deadline)
        self._at = at
        if arrival.direction is not None:
            self._take_down(arrival.direction, arrival.frame)
        if arrival.event is not None:
            await self._receive(arrival.event, at)
        if self._deadline < self._alarm_at:
            self._set_alarm()

    async def _receive(self, event: Event, at: float) -> None:
        """Hand an event to the machine; a deadline with its own time, however late we wake up."""
        self._at = max(self._at, at)
        for action in self._machine.receive(event, at):
            frame = self._perform(action)
            if frame:
                self._take_down("out", frame)
                await self._send(frame)
        deadline = self._machine.deadline
        self._deadline = inf if deadline is None else deadline

    def _set_alarm(self) -> None:
        """Wake up at the deadline. One that moves on leaves the alarm, which is set anew then."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = self._deadline
        loop = asyncio.get_running_loop()
        self._alarm = loop.call_at(self._began_at + self._alarm_at, self._ring)

    def _ring(self) -> None:
        # The loop may be early, by less than it can tell.
        at, self._alarm_at = max(self._now(), self._alarm_at), inf
        self._arrivals.add(_Arrival(at))

    def _perform(self, action: Action) -> str:
        """Do what is to be done; returns the frame to send for it, if it is one to be heard."""
        match action:
            case Say(text):
                return relay.Text(text).encode()
            case CloseTalkCycle():
                return relay.Text("", last=True).encode()
            case AskGuide(reply, messages):
                asked = [message._asdict() for message in messages]
                self._stream = self._start(self._ask(reply, asked))
            case DropGuide():
                if self._stream is not None:
                    self._stream.cancel()
            case Decided():
                self._note(action)
            case _ as never:
                assert_never(never)
        return ""

    def _note(self, decided: Decided) -> None:
        made = recording.decision(self._at, decided, self._machine.state)
        words = {"said": decided.said, "heard": decided.heard}
        paused_for_s = decided.paused_for_s
        self._log.info(
            "decided",
            outcome=made["outcome"],
            act=made["act"],
            rule=made["rule"],
            before=made["state_before"],
            after=made["state_after"],
            paused_ms=None if paused_for_s is None else round(paused_for_s * 1000),
            **(words if self._log_transcripts else {}),
        )
        self._take_down("note", {"type": "decision", **made})
        self.decisions.add(made)

    # --- the relay ------------------------------------------------------------------------

    async def _read(self, frames: AsyncIterator[str]) -> None:
        try:
            async for raw in frames:
                self._take_in(raw)
                await self._arrivals.room()
        except Exception:
            self._log.exception("relay cannot be read")
        self._arrive(CallEnded(), "note", CallEnded())

    def _take_in(self, raw: str) -> None:
        try:
            frame = relay.parse_frame(raw)
        except relay.FrameError as error:
            self._note_bad_frame(str(error))
            self._arrive(None, "note", {"type": "dropped", "problem": str(error)})
            return
        self._log_what_is_no_event(frame)
        self._arrive(event_of(frame), "in", raw)

    def _log_what_is_no_event(self, frame: relay.Incoming) -> None:
        match frame:
            case relay.Dtmf():
                self._log.info("key pressed")  # which one may be part of a card number
            case relay.RelayError(description):
                # It ends with the frame that was refused, which may hold what was said.
                code, _, _ = description.partition(",")
                self._log.warning("relay refused a frame", description=code[:80])
            case relay.Setup():
                self._note_bad_frame("a second setup")
            case relay.Unknown(kind):
                self._log.debug("unknown frame", kind=kind)

    def _note_bad_frame(self, problem: str) -> None:
        self._bad_frames += 1
        if self._bad_frames <= LOGGED_BAD_FRAMES:
            self._log.warning("frame dropped", problem=problem)

    # --- the guide ------------------------------------------------------------------------

    async def _ask(self, reply: int, messages: list[dict[str, str]]) -> None:
        asked_at: float | None = self._now()
        try:
            async with aclosing(self._guide.stream(messages)) as pieces:
                async for text in pieces:
                    self._tell(GuideToken(reply, text))
                    if asked_at is not None:
                        waited_ms = round((self._now() - asked_at) * 1000)
                        self._log.info("guide began", reply=reply, waited_ms=waited_ms)
                        asked_at = None
            end: GuideFinished | GuideFailed = GuideFinished(reply)
        except GuideError as error:
            self._log.warning("guide failed", reason=error.reason, advice=error.advice)
            end = GuideFailed(reply)
        except Exception:
            self._log.exception("guide failed")
            end = GuideFailed(reply)
        self._tell(end)

    def _tell(self, event: GuideToken | GuideFinished | GuideFailed) -> None:
        self._arrive(event, "note", event)


class Decisions:
    """What was decided on a call, for whoever placed it to follow as it happens."""

    def __init__(self) -> None:
        self._made: list[dict[str, Any]] = []
        self._closed = False
        self._changed = asyncio.Event()

    def add(self, decision: dict[str, Any]) -> None:
        """Tell the followers of a decision."""
        self._made.append(decision)
        self._wake()

    def close(self) -> None:
        """No more are made."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self) -> AsyncIterator[dict[str, Any]]:
        """All decisions since the call began, and those to come, until it ends."""
        told = 0
        while True:
            changed = self._changed
            while told < len(self._made):
                told += 1
                yield self._made[told - 1]
            if self._closed:
                return
            await changed.wait()
