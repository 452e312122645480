"""Whole calls on a virtual clock: the machine, an emulated line, and a random guide and caller.

One seed determines everything: what the guide writes and how it fails, what the caller says and
when, how long frames travel. Every word of every reply is unique and everything the caller says has
a tag, so that each word can be accounted for at the end.
"""

import heapq
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from msgspec.structs import replace

import relay_protocol as relay
from barge_in import BargeIn
from calls import relay_events
from emulator.frames import Frame, Identity
from emulator.line import Line, Manner
from emulator.player import InterruptReport
from emulator.twiml import RelayAttributes
from tests.respelling import SpellingVoice
from turn.events import (
    Action,
    AskGuide,
    CallerSaid,
    CloseTalkCycle,
    DeadlinePassed,
    Decided,
    DropGuide,
    Event,
    GuideFailed,
    GuideFinished,
    GuideToken,
    Interrupted,
    Say,
    State,
    TokensPlayed,
)
from turn.history import Message
from turn.options import Options

APOLOGY = "Sorryword pardonword."
ACK = "Ackword."


@dataclass(frozen=True)
class Conditions:
    """What the line reports, and how."""

    speaker_events: bool = True
    tokens_played: bool = True
    partials: bool = True
    reports: InterruptReport = "fragment"
    greeting: str = "Hello caller."
    talkover: bool = False
    respells: bool = False  # the voice spells some words differently
    slips: int = 0  # of a hundred words, how many the voice drops, doubles and swaps

    def attributes(self) -> RelayAttributes:
        """The relay's attributes under these conditions."""
        return RelayAttributes(
            url="wss://test/ws",
            welcome_greeting=self.greeting,
            welcome_greeting_interruptible="speech",
            interruptible="none" if self.talkover else "any",
            report_input_during_agent_speech="any",
            dtmf_detection=True,
            partial_prompts=self.partials,
            speaker_events=self.speaker_events,
            tokens_played=self.tokens_played,
        )


@dataclass
class ScriptedReply:
    """What the guide wrote for one request, and how it ended."""

    number: int
    messages: tuple[Message, ...]
    written: list[str] = field(default_factory=list)
    dropped: bool = False
    failed: bool = False
    finished: bool = False


def legal_next(before: State, event: Event) -> set[State]:
    """The states the table allows after an event, and after a deadline just before it."""
    starts = {before, *(_targets(before, DeadlinePassed) if before is State.THINKING else ())}
    return starts.union(*(_targets(start, type(event)) for start in starts))


def _targets(state: State, event: type[Event]) -> set[State]:
    row = BargeIn.TRANSITIONS.rows[state].get(event)
    return set(row[1]) if row else set()


class Simulation:
    """One call. `run` plays it to its end; the public attributes then say what happened."""

    def __init__(self, seed: int, conditions: Conditions) -> None:
        self.rng = random.Random(seed)
        self.conditions = conditions
        self.options = Options(
            greeting=conditions.greeting,
            apology=APOLOGY,
            talkover=conditions.talkover,
            talkover_ack=ACK,
        )
        self.machine = BargeIn(self.options)
        identity = Identity(
            call_sid="CA1", session_id="VX1", account_sid="AC1", caller="+1", called="+2"
        )
        self.line = Line(
            identity, conditions.attributes(), Manner(interrupt_report=conditions.reports)
        )
        self.replies: dict[int, ScriptedReply] = {}
        self.decided: list[Decided] = []
        self.turns: list[tuple[Decided, int]] = []  # each with the reply asked for
        self.finals = 0
        self.tags: list[str] = []
        self.trace: list[tuple[float, object]] = []
        self.strays: set[str] = set()  # words that reached the line just after it was cut
        self._cuts_made = 0
        self._cuts_known = 0
        self._plans: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._now = 0.0
        self._to_app_at = 0.0
        self._to_line_at = 0.0
        self._tag = count(1)
        self._voice = SpellingVoice(random.Random(seed), slips=conditions.slips)

    # --- time -----------------------------------------------------------------------------

    def plan(self, at: float, step: Callable[[], None]) -> None:
        """Do something at this time."""
        heapq.heappush(self._plans, (at, next(self._order), step))

    def run(self, talk_s: float = 40.0, settle_s: float = 120.0) -> None:
        """Let the caller talk for a while, then wait in silence, then ask one last question."""
        self.from_line(self.line.start(0.0))
        self.plan(self.rng.uniform(0.2, 3.0), lambda: self._caller_acts(talk_s))
        self._run_until(talk_s + settle_s)
        assert self.machine.state is State.LISTENING, self.machine.state
        assert self.line.agent_is_done
        self.from_line(self.line.speaks("so what about the end", self._now))
        self._run_until(talk_s + settle_s + 4.0, replies=False)

    def _run_until(self, end: float, *, replies: bool = True) -> None:
        self._guide_answers = replies
        while True:
            at, who = min(
                (self._plans[0][0] if self._plans else end, 0),
                (self._or(self.line.deadline, end), 1),
                (self._or(self.machine.deadline, end), 2),
            )
            if at >= end:
                self._now = end
                return
            self._now = max(self._now, at)
            if who == 0:
                heapq.heappop(self._plans)[2]()
            elif who == 1:
                self.from_line(self.line.advance(self._now))
            else:
                self.happens(DeadlinePassed())

    @staticmethod
    def _or(at: float | None, end: float) -> float:
        return end if at is None else at

    # --- the app --------------------------------------------------------------------------

    def happens(self, event: Event) -> None:
        """Let the machine handle an event, and perform its actions."""
        before = self.machine.state
        self._cuts_known += isinstance(event, Interrupted)
        actions = self.machine.receive(event, self._now)
        self.trace.append((self._now, event))
        self.finals += isinstance(event, CallerSaid) and event.final
        decides = any(isinstance(action, Decided) for action in actions)
        assert not (self.conditions.talkover and self.machine.state is State.PAUSED)
        assert self.machine.state in legal_next(before, event)
        for action in actions:
            self.trace.append((self._now, action))
            if before is State.PAUSED and not decides:
                assert not isinstance(action, Say), "words were sent during a pause"
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case Say(text):
                self._send(relay.Text(text).encode())
            case CloseTalkCycle():
                self._send(relay.Text("", last=True).encode())
            case AskGuide(reply, messages):
                self.turns.append((self.decided[-1], reply))
                self._guide_is_asked(ScriptedReply(reply, messages))
            case DropGuide(reply):
                assert not self.replies[reply].dropped
                self.replies[reply].dropped = True
            case Decided():
                self.decided.append(action)

    def _send(self, raw: str) -> None:
        self._to_line_at = max(self._to_line_at, self._now + self.rng.uniform(0.0, 0.08))
        known = self._cuts_known

        def arrive() -> None:
            if self._cuts_made > known:
                self.strays.update(str(json.loads(raw)["token"]).split())
            self.from_line(self.line.receive(raw, self._now))

        self.plan(self._to_line_at, arrive)

    # --- the guide ------------------------------------------------------------------------

    def _guide_is_asked(self, reply: ScriptedReply) -> None:
        self.check_messages(reply.messages)
        open_now = [r for r in self.replies.values() if not (r.dropped or r.finished or r.failed)]
        assert not open_now, "two requests at once"
        self.replies[reply.number] = reply
        if not self._guide_answers:
            return
        rng, at = self.rng, self._now + self.rng.choice([0.05, 0.3, 0.8, 2.5])
        text = self._reply_text(reply.number)
        fate = rng.choices(["whole", "fails", "stalls", "empty"], [16, 1, 1, 1])[0]
        tokens = [] if fate == "empty" else re.findall(r"\S{1,6}\s?|\s", text)
        if fate in {"fails", "stalls"}:
            tokens = tokens[: rng.randrange(len(tokens))]
        pace = rng.choice([0.0, 0.02, 0.1, 0.4])
        for token in tokens:
            at += rng.uniform(0.0, 2 * pace)
            self._guide_does(at, reply, GuideToken(reply.number, token))
        if fate in {"whole", "empty"}:
            self._guide_does(at + pace, reply, GuideFinished(reply.number))
        elif fate == "fails":
            self._guide_does(at + pace, reply, GuideFailed(reply.number))

    def _guide_does(self, at: float, reply: ScriptedReply, event: Event) -> None:
        def step() -> None:
            if reply.dropped:
                return
            if isinstance(event, GuideToken):
                reply.written.append(event.text)
            reply.finished |= isinstance(event, GuideFinished)
            reply.failed |= isinstance(event, GuideFailed)
            self.happens(event)

        self.plan(at, step)

    def _reply_text(self, number: int) -> str:
        """Clauses of unique words, and never a question: a "yes" would be an answer."""
        words = (f"r{number}w{index}" for index in count())
        clauses = (
            " ".join(next(words) for _ in range(self.rng.randint(1, 9)))
            + self.rng.choice(",.;:,.!")
            for _ in range(self.rng.randint(1, 5))
        )
        return " ".join(clauses)

    # --- the caller -----------------------------------------------------------------------

    def _caller_acts(self, until: float) -> None:
        if self._now > until:
            return
        rng = self.rng
        if self.line.caller_is_done:
            match rng.choice(["says", "says", "says", "says", "coughs", "presses"]):
                case "says":
                    self.from_line(self.line.speaks(self._utterance(), self._now))
                case "coughs":
                    self.from_line(self.line.coughs(self._now))
                case _:
                    self.from_line(self.line.presses(rng.choice("0123456789*#"), self._now))
        pause = rng.choice([0.3, 1.0, 2.0, 4.0, 8.0])
        self.plan(self._now + rng.uniform(0.0, 2 * pause), lambda: self._caller_acts(until))

    def _utterance(self) -> str:
        kind = self.rng.choice(
            ["uh-huh", "okay", "right right", "um", "stop", "hello?", "Q", "Q", "Q", "R", "R", "S"]
        )
        tag = f"tag{next(self._tag)}"
        sentences = {
            "Q": f"what about {tag}",
            "R": f"my wife loves {tag} a lot",
            "S": f"what about {tag} and then there is also the {tag}b",
        }
        if kind in sentences:
            self.tags.append(tag)
        return sentences.get(kind, kind)

    # --- the line -------------------------------------------------------------------------

    def from_line(self, frames: list[Frame]) -> None:
        """Send frames to the app."""
        self._to_app_at = max(self._to_app_at, self._now + self.rng.uniform(0.0, 0.08))
        for frame in frames:
            event = self._as_spelled_by_the_voice(event_of(frame))
            self._cuts_made += isinstance(event, Interrupted)
            if event is not None:
                self.plan(self._to_app_at, lambda event=event: self.happens(event))  # type: ignore[misc]

    def _as_spelled_by_the_voice(self, event: Event | None) -> Event | None:
        if not self.conditions.respells:
            return event
        if isinstance(event, TokensPlayed):
            return replace(event, text=self._voice.slip(_respelled(event.text)))
        if isinstance(event, Interrupted):
            return replace(event, heard=self._voice.slip(_respelled(event.heard)))
        return event

    # --- what must be true ----------------------------------------------------------------

    def check_messages(self, messages: tuple[Message, ...]) -> None:
        """The chat is one that any guide accepts, with the caller's words last."""
        roles = [message.role for message in messages]
        assert roles == ["user" if i % 2 == 0 else "assistant" for i in range(len(roles))], roles
        assert roles[-1:] == ["user"]
        assert all(message.content.strip() for message in messages)

    @property
    def line_is_known_to_report(self) -> bool:
        """Whether the line had reported playback before the first words went out.

        If it reports playback at all it has, unless the greeting was cut at once.
        """
        happened = (item for _, item in self.trace if isinstance(item, Say | TokensPlayed))
        return isinstance(next(happened, None), TokensPlayed)

    @property
    def last_request(self) -> ScriptedReply:
        """The request at the very end, which has the whole history."""
        return self.replies[max(self.replies)]


def _respelled(text: str) -> str:
    """Some words in three others each, as a number may be."""
    return re.sub(r"(r\d+)w(\d*[37])\b", r"\1 and \2", text)


def event_of(frame: Frame) -> Event | None:
    """What a frame from the line means to the machine."""
    message = relay.parse_frame(json.dumps(frame))
    assert not isinstance(message, relay.RelayError), message.description
    return relay_events.event_of(message)


# --- accounting for every word ------------------------------------------------------------------

_CLAUSE_END = re.compile(r"[,.;:?!]$")


def check_nothing_said_is_lost(sim: Simulation) -> None:
    """Every final transcript was decided on once, and is in the history once if it should be."""
    verdicts = [
        made for made in sim.decided if made.rule != "silence" and made.outcome != "gave up"
    ]
    assert len(verdicts) == sim.finals
    told = " ".join(m.content for m in sim.last_request.messages if m.role == "user")
    for made in verdicts:
        in_history = made.outcome in {"asked", "extended", "cancelled", "kept"} or (
            made.outcome == "resumed" and made.act == "remark"
        )
        for tag in re.findall(r"tag\d+b?\b", made.said):
            assert len(re.findall(rf"\b{tag}\b", told)) == in_history, (made, told)


def check_history_is_what_was_heard(sim: Simulation) -> None:
    """The guide is told each word of the agent that was heard, once, and no other."""
    told = " ".join(m.content for m in sim.last_request.messages if m.role == "assistant").split()
    heard = list(dict.fromkeys(item.word for item in sim.line.heard if item.cycle != 0))
    uncertain = sim.strays.union(APOLOGY.split(), ACK.split())
    certain_told = [word for word in told if word not in uncertain]
    certain_heard = [word for word in heard if word not in uncertain]
    if sim.conditions.respells:
        # If a cut part is spelled differently, nobody can say what was heard of it.
        assert certain_told == [word for word in certain_heard if word in certain_told]
    else:
        assert certain_told == certain_heard


def check_resumed_replies_are_whole(sim: Simulation) -> None:
    """A reply that the caller did not cancel was heard to its end, and in order.

    Only the beginning of a cut clause was heard twice. On a line that does not report playback some
    of this is guesswork: a reply may count as over too soon, and an interrupt without words does
    not say which clause was cut.
    """
    conditions = sim.conditions
    reports = conditions.tokens_played or conditions.reports == "whole"
    places_are_known = reports and not conditions.respells
    for reply in sim.replies.values():
        if reply.dropped or reply.number == sim.last_request.number or _was_replaced(sim, reply):
            continue
        words = "".join(reply.written).split()
        heard = [h.word for h in sim.line.heard if h.word.startswith(f"r{reply.number}w")]
        if words and sim.line_is_known_to_report and not reply.failed:
            assert heard[-1:] == words[-1:], (reply.number, words, heard)
        reached = 0
        for word in heard:
            at = words.index(word)
            if word in sim.strays and at > reached:
                continue
            assert at <= reached, f"{words[reached]} was skipped"
            again = words[at : max(reached - 1, at)] if places_are_known else []
            assert not any(_CLAUSE_END.search(w) for w in again), f"{again} was heard twice"
            reached = max(reached, at + 1)


def _was_replaced(sim: Simulation, reply: ScriptedReply) -> bool:
    """Whether the caller took another turn before the reply's end."""
    return any(
        made.outcome in {"cancelled", "extended"} and asked == reply.number + 1
        for made, asked in sim.turns
    )
