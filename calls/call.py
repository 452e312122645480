"""One phone call: carries events from the relay, the guide and the clock into the machine, and its
actions out.

Everything that happens is handed to `BargeIn` as it happens, with its time, and what that returns
is performed before anything else can happen. Nothing here waits: neither the relay for the guide,
nor the guide for the relay.

Times are seconds since the call began. What the machine is told, and when, is all that its
decisions rest on: recorded in the same order with the same times, they can be made again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from math import inf
from typing import Any, Final, assert_never

import structlog

import relay_protocol as relay
from barge_in import BargeIn
from call_log.format import Direction, Frame, Noted, call_note, decision_fields, note_of
from call_log.writer import AddEntry
from calls.decision_feed import Decisions
from calls.relay_events import event_of
from guide.answer import GuideError
from guide_client import GuideClient, Request
from turn.events import (
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
)
from turn.history import Message
from turn.options import Options

LOGGED_BAD_FRAMES: Final = 10
"""A peer that sends nothing but rubbish must not fill the log."""

Log = Any  # structlog's loggers are typed as Any


class Call:
    """A call from its setup to its end."""

    def __init__(
        self,
        guide: GuideClient,
        options: Options,
        send: Callable[[str], None],
        *,
        log: Log = None,
        log_transcripts: bool = False,
        record: AddEntry | None = None,
        decisions: Decisions | None = None,
    ) -> None:
        """`send` puts one text frame on the relay's socket; `record` takes the call down, and
        `decisions` tells what was decided."""
        self._guide = guide
        self._options = options
        self._machine = BargeIn(options)
        self._send = send
        self._record = record
        self._decisions = decisions
        self._log = log or structlog.get_logger()
        self._log_transcripts = log_transcripts
        self._request: Request | None = None
        self._asked_at: float | None = None  # until the guide begins to write
        self._bad_frames = 0
        self._loop = asyncio.get_running_loop()
        self._began_at = 0.0  # on the event loop's clock
        self._at = 0.0  # the time the machine has been brought to
        self._deadline = inf  # the machine's
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = inf
        self._holder: asyncio.Task[None] | None = None
        self._bug: Exception | None = None

    async def run(self, frames: AsyncIterator[str]) -> None:
        """Hold the call until `frames`, what the relay sends after its setup, end."""
        self._holder = asyncio.current_task()
        self._began_at = self._loop.time()
        self._take_down("note", call_note(self._options))
        self._guide.warm()
        try:
            async for raw in frames:
                self.receive(raw)
        except asyncio.CancelledError:
            if self._bug is None:
                raise
            raise self._bug from None
        except Exception:
            self._log.exception("relay cannot be read")
        finally:
            self._holder = None
            self._happen(CallEnded(), "note", CallEnded())
            self._request = None  # which holds us
            if self._alarm is not None:
                self._alarm.cancel()
            if self._decisions is not None:
                self._decisions.close()

    def _take_down(self, direction: Direction, frame: str | Frame | Noted) -> None:
        if self._record is not None:
            note = note_of(frame) if isinstance(frame, Noted) else frame
            self._record(self._at, direction, note)

    # --- the machine ----------------------------------------------------------------------

    def _happen(
        self, event: Event | None, direction: Direction, frame: str | Frame | Noted
    ) -> None:
        """Something has happened: what it is to the machine, and what is recorded of it."""
        try:
            now = self._loop.time() - self._began_at
            if self._deadline <= now:
                self._pass_deadlines(now)
            self._at = max(self._at, now)
            if self._record is not None:
                self._take_down(direction, frame)
            if event is not None:
                self._receive(event)
            if self._deadline < self._alarm_at:
                self._set_alarm()
        except Exception as bug:
            self._break_down(bug)

    def _pass_deadlines(self, until: float) -> None:
        """Deadlines before this time pass, each at its own, however late we wake up."""
        while self._deadline <= until:
            self._at = max(self._at, self._deadline)
            self._receive(DeadlinePassed())

    def _receive(self, event: Event) -> None:
        for action in self._machine.receive(event, self._at):
            frame = self._perform(action)
            if frame:
                self._send(frame)
                if self._record is not None:
                    self._take_down("out", frame)
        deadline = self._machine.deadline
        self._deadline = inf if deadline is None else deadline

    def _set_alarm(self) -> None:
        """Wake up at the deadline. One that moves on leaves the alarm, which is set anew then."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = self._deadline
        self._alarm = self._loop.call_at(self._began_at + self._alarm_at, self._ring)

    def _ring(self) -> None:
        # The loop may be early, by less than it can tell.
        now = self._loop.time() - self._began_at
        until, self._alarm_at = max(now, self._alarm_at), inf
        try:
            self._pass_deadlines(until)
            if self._deadline < self._alarm_at:
                self._set_alarm()
        except Exception as bug:
            self._break_down(bug)

    def _break_down(self, bug: Exception) -> None:
        """Whoever told us what happened can do nothing about a bug of ours: `run` ends with it."""
        self._bug = bug
        if self._request is not None:
            self._request.drop()
        if self._holder is not None:
            self._holder.cancel()

    def _perform(self, action: Action) -> str:
        """Do what is to be done; returns the frame to send for it, if it is one to be heard."""
        match action:
            case Say(text):
                return relay.Text(text).encode()
            case CloseTalkCycle():
                return relay.Text("", last=True).encode()
            case AskGuide(reply, messages):
                self._ask(reply, messages)
            case DropGuide():
                if self._request is not None:
                    self._request.drop()
            case Decided():
                self._note(action)
            case _ as never:
                assert_never(never)
        return ""

    def _note(self, decided: Decided) -> None:
        made = decision_fields(self._at, decided, self._machine.state)
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
        if self._decisions is not None:
            self._decisions.add(made)

    # --- the relay ------------------------------------------------------------------------

    def receive(self, raw: str) -> None:
        """A text frame has come from the relay, after its setup."""
        try:
            frame = relay.parse_frame(raw)
        except relay.FrameError as error:
            self._note_bad_frame(str(error))
            self._happen(None, "note", {"type": "dropped", "problem": str(error)})
            return
        event = event_of(frame)
        if event is None:
            self._log_what_is_no_event(frame)
        self._happen(event, "in", raw)

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

    def _ask(self, reply: int, messages: Sequence[Message]) -> None:
        self._asked_at = self._at
        said, ended = partial(self._hear, reply), partial(self._hear_end, reply)
        self._request = self._guide.ask(messages, said, ended)

    def _hear(self, reply: int, text: str) -> None:
        token = GuideToken(reply, text)
        self._happen(token, "note", token)
        if self._asked_at is not None:
            waited_ms = round((self._at - self._asked_at) * 1000)
            self._log.info("guide began", reply=reply, waited_ms=waited_ms)
            self._asked_at = None

    def _hear_end(self, reply: int, error: GuideError | None) -> None:
        ended = GuideFinished(reply) if error is None else GuideFailed(reply)
        if error is not None:
            self._log.warning("guide failed", reason=error.reason, advice=error.advice)
        self._happen(ended, "note", ended)
