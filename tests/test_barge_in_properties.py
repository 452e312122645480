"""The machine under any order of events, possible on a line or not.

The model beside it is simpler than the machine: it knows what the machine said, asked and dropped,
and its state.
"""

import os
import random
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from barge_in import BargeIn
from tests.simulation import legal_next
from turn.events import (
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
    Outcome,
    Say,
    State,
    TokensPlayed,
)
from turn.options import Options

INTERLEAVINGS = int(os.environ.get("INTERLEAVINGS", "20000"))

UTTERANCES = [
    "uh-huh",
    "okay",
    "um",
    "",
    "stop",
    "hello?",
    "what about {}",
    "my wife loves {} a lot",
]


class Observer:
    """Checks what must be true of a machine after every single event."""

    def __init__(self, options: Options) -> None:
        self.machine = BargeIn(options)
        self.now = 0.0
        self.open_guide: int | None = None
        self.asked = 0
        self.cycle_open = False
        self.spoken: dict[int, str] = {}
        self.tags = count(1)
        self.fates: dict[str, Outcome] = {}
        self.history = ""

    def happens(self, event: Event, after: float = 0.0) -> tuple[Action, ...]:
        """Let an event happen, and check everything."""
        self.now += after
        before = self.machine.state
        actions = self.machine.receive(event, self.now)
        verdicts = [action for action in actions if isinstance(action, Decided)]
        self._check_decisions(event, before, verdicts)
        for action in actions:
            self._check(action, before, verdicts)
        state, deadline = self.machine.state, self.machine.deadline
        assert (deadline is None) == (state in {State.LISTENING, State.ENDED})
        assert (self.open_guide is not None) <= (state not in {State.LISTENING, State.ENDED})
        if before is State.ENDED:
            assert not actions
        assert state in legal_next(before, event), f"{before} -> {state} on {event!r}"
        return actions

    def _check(self, action: Action, before: State, verdicts: list[Decided]) -> None:
        match action:
            case Say(text):
                assert text
                if before is State.PAUSED:
                    assert [made.outcome for made in verdicts] == [Outcome.RESUMED]
                self.spoken[self.asked] = self.spoken.get(self.asked, "") + text
                self.cycle_open = True
            case CloseTalkCycle():
                assert self.cycle_open, "a cycle is closed twice"
                self.cycle_open = False
            case AskGuide(reply, messages):
                assert self.open_guide is None, "two requests at once"
                assert not self.cycle_open, "the next reply would be glued to this one"
                assert reply == self.asked + 1
                self.asked = self.open_guide = reply
                roles = [message.role for message in messages]
                assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
                assert all(message.content.strip() for message in messages)
                self.history = "\n".join(message.content for message in messages)
            case DropGuide(reply):
                assert reply == self.open_guide
                self.open_guide = None

    def _check_decisions(self, event: Event, before: State, verdicts: list[Decided]) -> None:
        """Each final transcript is decided on once; else only a silence or a clear stop is."""
        if before is State.ENDED or (isinstance(event, CallerSaid) and not event.text):
            assert not verdicts
        elif isinstance(event, CallerSaid) and event.final:
            (made,) = verdicts
            assert made.outcome is not Outcome.GAVE_UP
            assert made.said == event.text
            self.fates[event.text] = made.outcome
        elif isinstance(event, CallerSaid):
            assert [made.outcome for made in verdicts] in ([], [Outcome.GAVE_UP])
        else:
            assert [made.rule for made in verdicts] in ([], ["silence"])

    def guide_ends(self, ended: Callable[[int], Event]) -> None:
        """The guide's stream ends by itself."""
        if self.open_guide is not None:
            number, self.open_guide = self.open_guide, None
            self.happens(ended(number))

    def utterance(self, kind: str) -> str:
        """Words of this kind, with a tag of their own if they have one."""
        return kind.format(f"tag{next(self.tags)}")

    def check_fates(self) -> None:
        """What should be in the history is there once, in the last request."""
        self.happens(CallerSaid("so what about the end"), after=60.0)
        for said, outcome in self.fates.items():
            if "tag" in said:
                is_kept = outcome is not Outcome.IGNORED
                tag = next(word for word in said.split() if word.startswith("tag"))
                assert self.history.split().count(tag) == is_kept, (said, outcome)

    def wait_until_idle(self) -> None:
        """Silence alone leads back to listening, within a bounded number of deadlines."""
        for _ in range(12):
            deadline = self.machine.deadline
            if deadline is None:
                return
            self.now = max(self.now, deadline)
            waiting = (self.machine.state, self.machine.deadline)
            self.happens(DeadlinePassed())
            assert (self.machine.state, self.machine.deadline) != waiting, "nothing moves"
            if self.open_guide is not None and self.machine.state is State.LISTENING:
                raise AssertionError("a request is left open")
        assert self.machine.deadline is None, self.machine.state


class Conversation(RuleBasedStateMachine):
    """Any events in any order, with a bias to the happy path so that deep states are reached."""

    replies = Bundle("replies")

    @initialize(
        greeting=st.sampled_from(["", "Hello caller."]),
        turns=st.sampled_from([None, None, 50]),
        talkover=st.booleans(),
    )
    def begin(self, greeting: str, turns: int | None, talkover: bool) -> None:
        options = Options(
            greeting=greeting, history_turns=turns, apology="Sorry.", talkover=talkover
        )
        self.call = Observer(options)
        self.steps = 0
        self.words = count(1)

    @rule(
        target=replies,
        kind=st.sampled_from(UTTERANCES),
        after=st.sampled_from([0.0, 0.1, 0.6, 2.5]),
    )
    def caller_says(self, kind: str, after: float) -> int:
        self.call.happens(CallerSaid(self.call.utterance(kind)), after)
        return self.call.asked

    @rule(text=st.sampled_from(["stop", "what", "my", "okay"]))
    def caller_is_saying(self, text: str) -> None:
        self.call.happens(CallerSaid(text, final=False), 0.1)

    @rule(on=st.booleans())
    def caller_sounds(self, on: bool) -> None:
        self.call.happens(CallerSpeaking(on), 0.1)

    @rule(on=st.booleans())
    def agent_sounds(self, on: bool) -> None:
        self.call.happens(AgentSpeaking(on), 0.1)

    @rule(words=st.integers(1, 5), mark=st.sampled_from([",", ".", "", "?"]))
    def guide_writes(self, words: int, mark: str) -> None:
        """To the reply in progress: the happy path."""
        if self.call.open_guide is not None:
            text = "".join(f" word{next(self.words)}" for _ in range(words)) + mark
            self.call.happens(GuideToken(self.call.open_guide, text), 0.05)

    @rule(reply=replies)
    def guide_writes_to_any_reply(self, reply: int) -> None:
        said = self.call.spoken.get(reply)
        if reply != self.call.open_guide:
            assert not self.call.happens(GuideToken(reply, " stale"))
            assert self.call.spoken.get(reply) == said

    @rule()
    def guide_finishes(self) -> None:
        self.call.guide_ends(GuideFinished)

    @rule()
    def guide_fails(self) -> None:
        self.call.guide_ends(GuideFailed)

    @rule(share=st.floats(0.0, 1.0), whole=st.booleans())
    def line_cuts(self, share: float, whole: bool) -> None:
        """An interrupt anywhere in what was said last."""
        words = self.call.spoken.get(self.call.asked, "").split()
        heard = words[: round(share * len(words))]
        fragment = heard if whole else heard[-3:]
        self.call.happens(Interrupted(" ".join(fragment), 100 * len(fragment)), 0.2)

    @rule(reply=replies)
    def line_cuts_any_reply(self, reply: int) -> None:
        self.call.happens(Interrupted(self.call.spoken.get(reply, "")), 0.2)

    @rule(share=st.floats(0.0, 1.0))
    def line_plays(self, share: float) -> None:
        words = self.call.spoken.get(self.call.asked, "").split()
        self.call.happens(TokensPlayed(" ".join(words[: round(share * len(words))])), 0.3)

    @rule(reply=replies)
    def line_plays_any_reply(self, reply: int) -> None:
        self.call.happens(TokensPlayed(self.call.spoken.get(reply, "")), 0.3)

    @rule()
    def time_passes(self) -> None:
        deadline = self.call.machine.deadline
        if deadline is not None:
            self.call.now = max(self.call.now, deadline)
        self.call.happens(DeadlinePassed())

    @rule()
    def clock_is_early(self) -> None:
        self.call.happens(DeadlinePassed())

    @precondition(lambda self: self.steps > 30)
    @rule()
    def caller_hangs_up(self) -> None:
        self.call.happens(CallEnded())

    @invariant()
    def place_is_within_what_was_sent(self) -> None:
        if hasattr(self, "call"):
            self.steps += 1
            playback = self.call.machine._reply.playback
            assert 0 <= playback.heard <= len(playback.text)
            assert 0 <= playback.sent <= len(playback.text)

    def teardown(self) -> None:
        if hasattr(self, "call") and self.call.machine.state is not State.ENDED:
            self.call.wait_until_idle()
            assert self.call.machine.state is State.LISTENING
            assert not self.call.cycle_open
            self.call.check_fates()


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=150, stateful_step_count=50)


# --- tens of thousands of interleavings -----------------------------------------------------------


def _play_at_random(seed: int) -> None:
    rng = random.Random(seed)
    greeting = rng.choice(["", "Hello caller."])
    talkover = rng.random() < 0.3
    call = Observer(Options(greeting=greeting, apology="Sorry.", talkover=talkover))
    words = count(1)
    line = rng.choices(["bare", "reports", "speaker", "everything"], k=1)[0]
    for _ in range(rng.randint(5, 40)):
        _step_at_random(rng, call, words, line)
    call.wait_until_idle()
    assert call.machine.state is State.LISTENING
    assert not call.cycle_open
    call.check_fates()


def _step_at_random(rng: random.Random, call: Observer, words: Any, line: str) -> None:
    after = rng.choice([0.0, 0.0, 0.1, 0.4, 0.8, 2.2])
    spoken = call.spoken.get(call.asked, "").split()
    heard = " ".join(spoken[: rng.randint(0, len(spoken))])
    kinds = ["says", "says", "writes", "writes", "writes", "cut", "waits", "ends", "stale"]
    kinds += ["plays", "plays"] if line in {"reports", "everything"} else []
    kinds += ["sounds", "partial"] if line in {"speaker", "everything"} else []
    match rng.choice(kinds):
        case "says":
            call.happens(CallerSaid(call.utterance(rng.choice(UTTERANCES))), after)
        case "partial":
            call.happens(CallerSaid(rng.choice(["stop", "what", "my"]), final=False), after)
        case "writes" if call.open_guide is not None:
            piece = f" word{next(words)}" + rng.choice(["", "", ",", "."])
            call.happens(GuideToken(call.open_guide, piece), after)
        case "ends":
            call.guide_ends(GuideFailed if rng.random() < 0.3 else GuideFinished)
        case "cut":
            report = rng.choice([heard, " ".join(heard.split()[-3:]), ""])
            call.happens(Interrupted(report, rng.randint(0, 3000)), after)
        case "plays":
            call.happens(TokensPlayed(heard), after)
        case "sounds":
            on = rng.random() < 0.5
            sounds = CallerSpeaking(on) if rng.random() < 0.5 else AgentSpeaking(on)
            call.happens(sounds, after)
        case "waits" if call.machine.deadline is not None:
            call.now = max(call.now, call.machine.deadline)
            call.happens(DeadlinePassed())
        case "stale":
            number = rng.randint(0, call.asked + 1)
            if number != call.open_guide:
                assert not call.happens(GuideToken(number, " stale"), after)
                assert not call.happens(GuideFinished(number))


@pytest.mark.parametrize("part", range(4))
def test_machine_holds_under_tens_of_thousands_of_interleavings(part: int) -> None:
    """Many cheap ones reach what Hypothesis does not. A failure names its seed."""
    for seed in range(part, INTERLEAVINGS, 4):
        try:
            _play_at_random(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
