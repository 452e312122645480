"""One phone call: events from the relay, the guide and the clock into the machine, its actions out.

Each event goes to `BargeIn` as it happens, with its time, and the actions that come back are
performed before anything else can happen. Nothing here waits: neither the relay for the guide, nor
the guide for the relay.

Times are seconds since the call began. Decisions depend only on the events and their times, so a
call log that keeps both, in order, is enough to make every decision again.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from math import inf
from typing import Any, Final, assert_never

import structlog

import relay_protocol as relay
from barge_in import BargeIn
from call_log.format import Direction, Frame, Noted, call_note, decision_fields, note_of
from call_log.writer import AddEntry
from calls.decision_feed import DecisionFeed
from calls.relay_events import event_of
from guide.errors import GuideError
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
"""Bad frames logged per call, so that a peer that sends only garbage cannot fill the log."""

Logger = Any  # structlog's loggers are typed as Any


class Call:
    """A call, from its setup to its end."""

    def __init__(
        self,
        guide: GuideClient,
        options: Options,
        send: Callable[[str], None],
        *,
        logger: Logger = None,
        log_transcripts: bool = False,
        call_log: AddEntry | None = None,
        decision_feed: DecisionFeed | None = None,
    ) -> None:
        """`send` puts one text frame on the relay's socket, at once.

        `call_log` takes the entries of the call log, and `decision_feed` the decisions.
        """
        self._guide = guide
        self._options = options
        self._machine = BargeIn(options)
        self._send = send
        self._call_log = call_log
        self._decision_feed = decision_feed
        self._logger = logger or structlog.get_logger()
        self._log_transcripts = log_transcripts
        self._request: Request | None = None
        self._asked_at: float | None = None  # until the guide begins to write
        self._bad_frames = 0
        self._loop = asyncio.get_running_loop()
        self._began_at = 0.0  # on the event loop's clock
        self._now = 0.0  # the machine's time
        self._deadline = inf  # the machine's
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf
        self._task: asyncio.Task[None] | None = None
        self._bug: Exception | None = None

    @contextmanager
    def in_progress(self) -> Iterator[None]:
        """The call lasts as long as this context, whose task gives each frame to `receive`.

        An exception in it is logged and ends the call. A bug in handling an event, whoever brought
        the event, cancels the task and is raised from here.
        """
        self._task = asyncio.current_task()
        self._began_at = self._loop.time()
        self._log_entry("note", call_note(self._options))
        self._guide.warm()
        try:
            yield
        except asyncio.CancelledError:
            if self._bug is None:
                raise
            raise self._bug from None
        except Exception:
            self._logger.exception("relay cannot be read")
        finally:
            self._task = None
            self._handle(CallEnded(), "note", CallEnded())
            self._request = None  # it refers to us
            if self._timer is not None:
                self._timer.cancel()
            if self._decision_feed is not None:
                self._decision_feed.close()

    def _log_entry(self, direction: Direction, frame: str | Frame | Noted) -> None:
        if self._call_log is not None:
            entry = note_of(frame) if isinstance(frame, Noted) else frame
            self._call_log(self._now, direction, entry)

    # --- the relay ------------------------------------------------------------------------

    def receive(self, raw: str) -> None:
        """Handle a text frame that the relay sent after its setup."""
        try:
            frame = relay.parse_frame(raw)
        except relay.FrameError as error:
            self._log_bad_frame(str(error))
            self._handle(None, "note", {"type": "dropped", "problem": str(error)})
            return
        event = event_of(frame)
        if event is None:
            self._log_other_frame(frame)
        self._handle(event, "in", raw)

    def _log_other_frame(self, frame: relay.Incoming) -> None:
        match frame:
            case relay.Dtmf():
                self._logger.info("key pressed")  # not the digit: it may be part of a card number
            case relay.RelayError(description):
                # It ends with the refused frame, which may hold what was said.
                code, _, _ = description.partition(",")
                self._logger.warning("relay refused a frame", description=code[:80])
            case relay.Setup():
                self._log_bad_frame("a second setup")
            case relay.Unknown(kind):
                self._logger.debug("unknown frame", kind=kind)

    def _log_bad_frame(self, problem: str) -> None:
        self._bad_frames += 1
        if self._bad_frames <= LOGGED_BAD_FRAMES:
            self._logger.warning("frame dropped", problem=problem)

    # --- the guide ------------------------------------------------------------------------

    def _ask_guide(self, reply: int, messages: Sequence[Message]) -> None:
        self._asked_at = self._now
        on_text, on_end = partial(self._on_guide_text, reply), partial(self._on_guide_end, reply)
        self._request = self._guide.ask(messages, on_text, on_end)

    def _on_guide_text(self, reply: int, text: str) -> None:
        token = GuideToken(reply, text)
        self._handle(token, "note", token)
        if self._asked_at is not None:
            waited_ms = round((self._now - self._asked_at) * 1000)
            self._logger.info("guide began", reply=reply, waited_ms=waited_ms)
            self._asked_at = None

    def _on_guide_end(self, reply: int, error: GuideError | None) -> None:
        ended = GuideFinished(reply) if error is None else GuideFailed(reply)
        if error is not None:
            self._logger.warning("guide failed", reason=error.reason, advice=error.advice)
        self._handle(ended, "note", ended)

    # --- the machine ----------------------------------------------------------------------

    def _handle(
        self, event: Event | None, direction: Direction, frame: str | Frame | Noted
    ) -> None:
        """Bring the machine up to date, log what came in, and give the machine the event in it."""
        try:
            now = self._loop.time() - self._began_at
            if self._deadline <= now:
                self._pass_deadlines(now)
            self._now = max(self._now, now)
            if self._call_log is not None:
                self._log_entry(direction, frame)
            if event is not None:
                self._step(event)
            if self._deadline < self._timer_at:
                self._set_timer()
        except Exception as bug:
            self._fail(bug)

    def _step(self, event: Event) -> None:
        for action in self._machine.receive(event, self._now):
            frame = self._perform(action)
            if frame:
                self._send(frame)
                if self._call_log is not None:
                    self._log_entry("out", frame)
        deadline = self._machine.deadline
        self._deadline = inf if deadline is None else deadline

    def _perform(self, action: Action) -> str:
        """Perform an action; returns the frame to send, or "" if there is none."""
        match action:
            case Say(text):
                return relay.Text(text).encode()
            case CloseTalkCycle():
                return relay.Text("", last=True).encode()
            case AskGuide(reply, messages):
                self._ask_guide(reply, messages)
            case DropGuide():
                if self._request is not None:
                    self._request.drop()
            case Decided():
                self._report(action)
            case _ as never:
                assert_never(never)
        return ""

    def _report(self, decided: Decided) -> None:
        decision = decision_fields(self._now, decided, self._machine.state)
        words = {"said": decided.said, "heard": decided.heard}
        paused_for_s = decided.paused_for_s
        self._logger.info(
            "decided",
            outcome=decision["outcome"],
            act=decision["act"],
            rule=decision["rule"],
            before=decision["state_before"],
            after=decision["state_after"],
            paused_ms=None if paused_for_s is None else round(paused_for_s * 1000),
            **(words if self._log_transcripts else {}),
        )
        self._log_entry("note", {"type": "decision", **decision})
        if self._decision_feed is not None:
            self._decision_feed.add(decision)

    # --- the clock ------------------------------------------------------------------------

    def _pass_deadlines(self, until: float) -> None:
        """Report each deadline up to `until` at its own time, however late we wake up."""
        while self._deadline <= until:
            self._now = max(self._now, self._deadline)
            self._step(DeadlinePassed())

    def _set_timer(self) -> None:
        """Wake up at the deadline. If it moves back later, the timer fires early and is reset."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = self._deadline
        self._timer = self._loop.call_at(self._began_at + self._timer_at, self._on_timer)

    def _on_timer(self) -> None:
        # The event loop may fire early, by less than its clock's resolution.
        now = self._loop.time() - self._began_at
        until, self._timer_at = max(now, self._timer_at), inf
        try:
            self._pass_deadlines(until)
            if self._deadline < self._timer_at:
                self._set_timer()
        except Exception as bug:
            self._fail(bug)

    def _fail(self, bug: Exception) -> None:
        """End the call with our own bug, which must not reach whoever brought the event."""
        self._bug = bug
        if self._request is not None:
            self._request.drop()
        if self._task is not None:
            self._task.cancel()
        else:  # the call is over already, so nobody is left to raise it to
            self._logger.error("bug while ending the call", exc_info=bug)
