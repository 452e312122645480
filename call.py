"""One phone call: carries events from the relay, the guide and the clock into the machine, and its
actions out.

Everything that happens goes through one queue and is handed to `BargeIn` in order, with the time
it happened; what it returns is performed in order. The reader of the relay never waits for the
guide, and the guide never waits for the reader.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from typing import Any, Final, assert_never

import structlog

import relay_protocol as relay
from barge_in import BargeIn
from guide_client import GuideClient, GuideError
from turn_events import (
    Action,
    AgentSpeaking,
    AskGuide,
    CallEnded,
    CallerSaid,
    CallerSpeaking,
    CloseTalkCycle,
    DeadlinePassed,
    Decided,
    DropGuide,
    Event,
    GuideFailed,
    GuideFinished,
    GuideToken,
    Interrupted,
    Options,
    Say,
    State,
    TokensPlayed,
)

QUEUED_EVENTS: Final = 256
"""How far the relay and the guide may run ahead before they have to wait."""

LOGGED_BAD_FRAMES: Final = 10
"""A peer that sends nothing but rubbish must not fill the log."""

Log = Any  # structlog's loggers are typed as Any


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
    ) -> None:
        """`send` puts one text frame on the relay's socket."""
        self.decisions = Decisions()
        self._guide = guide
        self._machine = BargeIn(options)
        self._send = send
        self._log = log or structlog.get_logger()
        self._log_transcripts = log_transcripts
        self._events: asyncio.Queue[tuple[Event, float]] = asyncio.Queue(QUEUED_EVENTS)
        self._stream: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._bad_frames = 0
        self._began_at = 0.0

    async def run(self, frames: AsyncIterator[str]) -> None:
        """Hold the call until `frames`, what the relay sends after its setup, end."""
        self._began_at = self._now()
        self._start(self._read(frames))
        try:
            while self._machine.state is not State.ENDED:
                await self._take_next_event()
        finally:
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
        return asyncio.get_running_loop().time()

    # --- the machine ----------------------------------------------------------------------

    async def _take_next_event(self) -> None:
        deadline = self._machine.deadline
        try:
            async with asyncio.timeout_at(deadline):
                event, at = await self._events.get()
        except TimeoutError:
            await self._receive(DeadlinePassed(), self._now())
            return
        while (deadline := self._machine.deadline) is not None and deadline <= at:
            await self._receive(DeadlinePassed(), deadline)  # it passed before the event happened
        await self._receive(event, at)

    async def _receive(self, event: Event, at: float) -> None:
        for action in self._machine.receive(event, at):
            await self._perform(action, at)

    async def _perform(self, action: Action, at: float) -> None:
        match action:
            case Say(text):
                await self._send(relay.Text(text).encode())
            case CloseTalkCycle():
                await self._send(relay.Text("", last=True).encode())
            case AskGuide(reply, messages):
                asked = [message._asdict() for message in messages]
                self._stream = self._start(self._ask(reply, asked))
            case DropGuide():
                if self._stream is not None:
                    self._stream.cancel()
            case Decided():
                self._note(action, at)
            case _ as never:
                assert_never(never)

    def _note(self, decided: Decided, at: float) -> None:
        act = decided.act.value if decided.act else ""
        after = self._machine.state
        words = {"said": decided.said, "heard": decided.heard}
        self._log.info(
            "decided",
            outcome=decided.outcome.value,
            act=act,
            rule=decided.rule,
            before=decided.before.value,
            after=after.value,
            **(words if self._log_transcripts else {}),
        )
        self.decisions.add(
            {
                "t": round(at - self._began_at, 3),
                **words,
                "act": act,
                "rule": decided.rule,
                "outcome": decided.outcome.value,
                "state_before": decided.before.value,
                "state_after": after.value,
            }
        )

    # --- the relay ------------------------------------------------------------------------

    async def _read(self, frames: AsyncIterator[str]) -> None:
        try:
            async for raw in frames:
                event = self._parse(raw)
                if event is not None:
                    await self._events.put((event, self._now()))
        except Exception:
            self._log.exception("relay cannot be read")
        await self._events.put((CallEnded(), self._now()))

    def _parse(self, raw: str) -> Event | None:
        try:
            return self._event_of(relay.parse_frame(raw))
        except relay.FrameError as error:
            self._note_bad_frame(str(error))
            return None

    def _event_of(self, frame: relay.Incoming) -> Event | None:
        """What a frame means for turn-taking, or None where it means nothing."""
        match frame:
            case relay.Prompt(text, final, lang):
                return CallerSaid(text, final, lang)
            case relay.Interrupt(heard, duration_ms):
                return Interrupted(heard, duration_ms)
            case relay.AgentSpeaking(on):
                return AgentSpeaking(on)
            case relay.ClientSpeaking(on):
                return CallerSpeaking(on)
            case relay.TokensPlayed(text):
                return TokensPlayed(text)
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
            case _ as never:
                assert_never(never)
        return None

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
                    await self._events.put((GuideToken(reply, text), self._now()))
                    if asked_at is not None:
                        waited_ms = round((self._now() - asked_at) * 1000)
                        self._log.info("guide began", reply=reply, waited_ms=waited_ms)
                        asked_at = None
            end: Event = GuideFinished(reply)
        except GuideError as error:
            self._log.warning("guide failed", reason=error.reason, advice=error.advice)
            end = GuideFailed(reply)
        except Exception:
            self._log.exception("guide failed")
            end = GuideFailed(reply)
        await self._events.put((end, self._now()))


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
