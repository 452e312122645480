"""Whose turn it is on a call: the machine that pauses, cancels or resumes a reply.

Rules for whoever changes this module:

1. It is pure. No I/O, no clock, no task, no log: an event and the time go in, actions come out.
2. It speaks of the caller, the agent and the guide, never of a vendor's frames.
3. What is late is not wrong. On a telephone line reports cross each other, so every event is legal
   in every state, and one that comes too late changes nothing.

How it works. The caller's words become a turn, and the *guide* is asked for a reply. Its words go
out as they come. When the caller speaks over them, the line stops the agent at once and tells us;
from then on nothing is sent until it is known what was said. Then the reply is either *cancelled*
(a stop, a question, a request, a correction, an answer, a goodbye: these take the floor) or
*resumed* at the first word not heard (a backchannel, a remark, noise: these do not). A turn may
come in pieces: until the caller has heard any of the reply, more words withdraw it, and the guide
is asked again with the whole.

    state      event             next       because
    ---------  ----------------  ---------  -----------------------------------------------
    listening  CallerSaid        thinking   a turn: the guide is asked
    thinking   CallerSaid        thinking   more of the turn: the guide is asked again
    thinking   TokensPlayed      speaking   the caller has begun to hear the reply
    thinking   TokensPlayed      listening  ... and has heard all of it
    thinking   Interrupted       paused     the caller spoke over its first words
    thinking   Interrupted       listening  ... and had heard all of it
    thinking   DeadlinePassed    speaking   on a line without reports: it must be audible by now
    thinking   DeadlinePassed    listening  it must be over by now
    thinking   GuideFinished     listening  there was nothing to say
    thinking   GuideFailed       listening  ... not even that it failed
    speaking   CallerSaid        thinking   the words take the floor, or the reply was over
    speaking   CallerSaid        listening  the reply was over, and the words are no turn
    speaking   Interrupted       paused     the caller spoke over the agent
    speaking   Interrupted       listening  ... and had heard all of it
    speaking   TokensPlayed      listening  the caller has heard all of it
    speaking   AgentSpeaking     listening  on a line without reports: it fell silent at the end
    speaking   DeadlinePassed    listening  it must be over by now
    speaking   GuideFinished     listening  the caller had heard all of it
    speaking   GuideFailed       listening  ... and nothing is said of the failure
    paused     CallerSaid        thinking   cancelled: the words take the floor
    paused     CallerSaid        speaking   resumed: they do not
    paused     CallerSaid        listening  ... and nothing is left to say
    paused     DeadlinePassed    speaking   resumed: nothing was said
    paused     DeadlinePassed    listening  ... and nothing is left to say
    any        CallEnded         ended      and nothing else leaves a state

`receive` takes an event and returns the actions to perform, in order. `deadline` is when it wants
`DeadlinePassed` if nothing else happens; ask for it again after every event. Every state but
listening and ended has one, so silence alone always leads back to listening.

Traps that shaped it:

* What interrupts may be the reply before this one, or the greeting. It is told by its words.
* A report of what was played may come after the interrupt that it explains, or after the reply has
  been replaced. It still belongs to its own reply.
* A line without any reports says nothing but what the caller said. There, a reply not interrupted
  is not yet audible for half a second, and over when the caller speaks after that.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, get_args

from history import History
from playback import CLAUSE_ENDS, Playback
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
    Outcome,
    Say,
    State,
    TokensPlayed,
)
from utterance import Act, Verdict, classify, is_bare_hello, is_clear_stop


@dataclass(frozen=True, slots=True)
class Options:
    """Times in seconds, and what differs from call to call."""

    language: str = "en-US"
    greeting: str = ""
    apology: str = "I'm sorry, I'm having trouble answering. Could you say that again?"
    history_turns: int | None = None
    resume_timeout_s: float = 2.0
    caller_speech_ceiling_s: float = 10.0
    first_token_timeout_s: float = 8.0
    stall_timeout_s: float = 6.0
    late_backchannel_s: float = 2.0
    heard_grace_s: float = 0.5
    playback_margin_s: float = 2.0
    words_per_second: float = 2.5


PLAYBACK_SLACK: Final = 1.5
"""How much slower than `words_per_second` a voice may be before a reply is taken to be over."""


@dataclass(slots=True)
class _Reply:
    """One reply, and how far it has come. Reply 0 is the greeting, which the line speaks itself."""

    number: int
    playback: Playback
    guide_writes: bool
    written_at: float = 0.0  # when the guide was asked, or last wrote
    progress_at: float = 0.0  # when words last went out, or were played
    plays_until: float = 0.0  # estimated
    begun_clause: str = ""  # said, but not spoken before its end is known
    said_at: float | None = None  # its first clause, since it was asked for or resumed
    cycle_open: bool = False
    audible: bool = False

    @property
    def pending(self) -> bool:
        """Whether there is more of it to come than the caller has heard."""
        return self.guide_writes or not self.playback.all_heard


_Row = tuple[Callable[["BargeIn", Any], Iterator[Action]], set[State]]
"""What to do about an event, and the other states that it can lead to."""


class BargeIn:
    """Turn-taking on one call."""

    def __init__(self, options: Options) -> None:
        self.state = State.LISTENING
        self._options = options
        self._now = 0.0
        self._history = History()
        greeting = Playback(options.greeting, sent=len(options.greeting))
        self._reply = _Reply(0, greeting, guide_writes=False)
        self._previous = greeting  # the last of which anything was sent
        self._previous_plays = False  # it may, while the present one waits
        self._ended_at: float | None = None  # the last reply
        self._line_reports = False  # whether it tells what it has played
        self._caller_speaks = False
        self._caller_active_at = 0.0  # the last sign of the caller
        self._utterance_began_at: float | None = None  # the one not yet final, where the line tells
        self._gave_up = False  # the rest of the reply that is paused

    def receive(self, event: Event, now: float) -> tuple[Action, ...]:
        """Take note of what happened at `now` (seconds, any origin); returns what to do, in order.

        Nothing that can happen is an error, and after `CallEnded` nothing has any effect.
        """
        self._now = max(self._now, now)
        self._observe(event)
        if self.state is State.THINKING and self._grace_is_over:
            self.state = State.SPEAKING
        handle, leads_to = self.TRANSITIONS[self.state][type(event)]
        before = self.state
        actions = tuple(handle(self, event))
        if isinstance(event, CallerSaid) and event.final:
            self._utterance_began_at = None
        assert self.state in (before, *leads_to), f"{before} -> {self.state} on {event!r}"
        return actions

    @property
    def deadline(self) -> float | None:
        """When to report `DeadlinePassed`, in seconds on the same clock; None is never."""
        if self.state in {State.LISTENING, State.ENDED}:
            return None
        if self.state is State.PAUSED:
            options, speaks = self._options, self._caller_speaks
            patience = options.caller_speech_ceiling_s if speaks else options.resume_timeout_s
            return self._caller_active_at + patience
        audible_at = self._audible_at if self.state is State.THINKING else None
        over_at = self._reply_deadline
        return over_at if audible_at is None else min(audible_at, over_at)

    # --- the caller's words ---------------------------------------------------------------

    def _hear_in_silence(self, said: CallerSaid) -> Iterator[Action]:
        if not said.final:
            return
        verdict, heard = self._classify(said)
        late = verdict.act is Act.BACKCHANNEL and self._reply_ended_just_now
        if verdict.act is Act.NOISE or late:
            yield self._decided(Outcome.IGNORED, said, verdict, heard)
        else:
            yield self._decided(Outcome.ASKED, said, verdict, heard)
            yield from self._take_turn(said.text)

    def _hear_while_thinking(self, said: CallerSaid) -> Iterator[Action]:
        if not said.final:
            return
        verdict, heard = self._classify(said)
        if verdict.act in {Act.NOISE, Act.BACKCHANNEL}:
            yield self._decided(Outcome.IGNORED, said, verdict, heard)
        elif is_bare_hello(said.text, lang=self._language(said)):
            # To ask again would only make the caller wait longer.
            yield self._decided(Outcome.KEPT, said, verdict, heard)
            self._history.caller_remarked(said.text)
        else:
            yield self._decided(Outcome.EXTENDED, said, verdict, heard)
            yield from self._take_turn(said.text)

    def _hear_while_speaking(self, said: CallerSaid) -> Iterator[Action]:
        """Words for which the line did not interrupt us: it may not, or we were not audible."""
        if not said.final:
            return
        if self._is_over:
            self._end_reply()
            yield from self._hear_in_silence(said)
            return
        verdict, heard = self._classify(said)
        if verdict.cancels:
            if self._grace_is_over:  # the guide is slow, and what can be spoken has been
                self._reply.playback.all_played(but=self._reply.begun_clause)
            yield self._decided(Outcome.CANCELLED, said, verdict, heard)
            yield from self._take_turn(said.text)
        elif verdict.act is Act.REMARK:
            yield self._decided(Outcome.KEPT, said, verdict, heard)
            self._history.caller_remarked(said.text)
        else:
            yield self._decided(Outcome.IGNORED, said, verdict, heard)

    def _hear_while_paused(self, said: CallerSaid) -> Iterator[Action]:
        verdict, heard = self._classify(said)
        if not said.final:
            if not self._gave_up and is_clear_stop(said.text, lang=self._language(said)):
                self._gave_up = True
                yield self._decided(Outcome.GAVE_UP, said, verdict, heard)
                yield from self._drop_guide()
        elif verdict.cancels or (self._gave_up and verdict.act is not Act.NOISE):
            yield self._decided(Outcome.CANCELLED, said, verdict, heard)
            yield from self._take_turn(said.text)
        elif self._gave_up:
            yield self._decided(Outcome.IGNORED, said, verdict, heard)
            yield from self._let_go()
        else:
            yield self._decided(Outcome.RESUMED, said, verdict, heard)
            if verdict.act is Act.REMARK:
                self._history.caller_remarked(said.text)
            yield from self._resume()

    def _classify(self, said: CallerSaid) -> tuple[Verdict, str]:
        """What the words are, and what the caller had heard last when saying them.

        The greeting is that only until the first reply is asked for: the turn that answers it
        must not make an answer of every "okay" that follows.
        """
        last = self._history.last_heard()
        greeting = self._options.greeting if self._reply.number == 0 else ""
        heard = greeting if last is None else last.context()
        return classify(said.text, heard, lang=self._language(said)), heard

    def _language(self, said: CallerSaid) -> str:
        return said.lang or self._options.language

    def _decided(self, outcome: Outcome, said: CallerSaid, verdict: Verdict, heard: str) -> Decided:
        return Decided(outcome, verdict.rule, said.text, heard, verdict.act, self.state)

    # --- turns and replies ----------------------------------------------------------------

    def _take_turn(self, text: str) -> Iterator[Action]:
        """The caller has the floor: whatever was being said ends, and the guide is asked."""
        yield from self._drop_guide()
        yield from self._close_cycle()
        old = self._reply
        if old.playback.sent:
            self._previous = old.playback
            # Where the line did not interrupt it, it plays on until the next reply's first word.
            cut, unheard = self.state is State.PAUSED, old.playback.heard < old.playback.sent
            self._previous_plays = old.number > 0 and unheard and not cut
        self._history.caller_said(text)
        messages = self._history.messages(self._options.history_turns)
        number = self._reply.number + 1
        self._reply = _Reply(number, Playback(), guide_writes=True, written_at=self._now)
        self._history.agent_says(self._reply.playback)
        self.state = State.THINKING
        yield AskGuide(number, messages)

    def _resume(self) -> Iterator[Action]:
        reply = self._reply
        self.state = State.SPEAKING
        # What reached the line just after the cut waits there, out of place. In a cycle of its
        # own it is replaced by the next, like all that waits.
        yield from self._close_cycle()
        reply.playback.rewind()
        reply.said_at = None
        reply.begun_clause = ""
        reply.plays_until = self._now
        yield from self._say()
        if not reply.guide_writes:
            yield from self._finish_reply()

    def _let_go(self) -> Iterator[Action]:
        """End a reply whose rest was given up."""
        yield from self._close_cycle()
        self._ended_at = self._now
        self.state = State.LISTENING

    def _end_reply(self) -> None:
        """The reply is over. A line that reports nothing would have told of an interruption."""
        if not self._line_reports:
            self._reply.playback.all_played()
        self._ended_at = min(self._now, self._reply.plays_until)
        self.state = State.LISTENING

    def _say(self) -> Iterator[Action]:
        """Send what is written."""
        reply = self._reply
        words = reply.playback.send()
        if words:
            reply.begun_clause += words
            if CLAUSE_ENDS.intersection(words):
                self._expect_to_hear_clause()
            reply.progress_at = self._now
            reply.cycle_open = True
            yield Say(words)

    def _expect_to_hear_clause(self) -> None:
        """What is said can be spoken now, after what is being spoken."""
        reply = self._reply
        seconds = len(reply.begun_clause.split()) / self._options.words_per_second
        begins_at = max(reply.plays_until, self._now + self._options.heard_grace_s)
        reply.plays_until = begins_at + seconds
        reply.begun_clause = ""
        if reply.said_at is None:
            reply.said_at = self._now

    def _close_cycle(self) -> Iterator[Action]:
        if self._reply.cycle_open:
            self._expect_to_hear_clause()
            self._reply.cycle_open = False
            yield CloseTalkCycle()

    def _drop_guide(self) -> Iterator[Action]:
        if self._reply.guide_writes:
            self._reply.guide_writes = False
            yield DropGuide(self._reply.number)

    # --- the guide ------------------------------------------------------------------------

    def _write(self, token: GuideToken) -> Iterator[Action]:
        if self._is_current(token.reply):
            self._reply.playback.write(token.text)
            self._reply.written_at = self._now
            if self.state is not State.PAUSED:
                yield from self._say()

    def _finish(self, finished: GuideFinished) -> Iterator[Action]:
        if self._is_current(finished.reply):
            if self._reply.playback.text:
                self._reply.guide_writes = False
            else:
                self._apologise()
            if self.state is not State.PAUSED:
                yield from self._finish_reply()

    def _fail(self, failed: GuideFailed) -> Iterator[Action]:
        if self._is_current(failed.reply):
            self._apologise()
            if self.state is not State.PAUSED:
                yield from self._finish_reply()

    def _is_current(self, reply: int) -> bool:
        return reply == self._reply.number and self._reply.guide_writes

    def _apologise(self) -> None:
        """Say of a reply that breaks off that it does."""
        reply = self._reply
        reply.guide_writes = False
        written = reply.playback.text
        between = " " if written and not written[-1].isspace() else ""
        reply.playback.write(between + self._options.apology)

    def _finish_reply(self) -> Iterator[Action]:
        """Say the last of it."""
        yield from self._say()
        yield from self._close_cycle()
        if not self._reply.pending:
            self._end_reply()

    # --- playback -------------------------------------------------------------------------

    def _observe(self, event: Event) -> None:
        """What an event tells whatever the state is."""
        match event:
            case CallerSpeaking(on):
                self._caller_speaks = on
                self._caller_active_at = self._now
                if on:
                    self._utterance_began_at = self._now
            case CallerSaid():
                self._caller_active_at = self._now
                if self._utterance_began_at is None:
                    self._utterance_began_at = self._now
            case AgentSpeaking(True) if self._reply.said_at is not None:
                self._reply.audible = True
            case TokensPlayed(text):
                self._line_reports = True
                self._playback_of(text).played(text)

    def _playback_of(self, report: str) -> Playback:
        """The reply that a report of what was played is about."""
        reply, previous = self._reply.playback, self._previous
        if not reply.sent:
            return previous
        waits = self._previous_plays and not reply.heard
        in_turn = (previous, reply) if waits else (reply, previous)
        return next((playback for playback in in_turn if playback.expects(report)), reply)

    def _pause(self, cut: Interrupted) -> Iterator[Action]:
        yield from ()
        reply = self._reply
        of_previous = self._is_of_previous(cut)
        if of_previous and not self._previous_plays:
            return  # it was over, or had been cut before
        cut_short = self._previous if of_previous else reply.playback
        if self._line_reports:
            cut_short.played(cut.heard)  # as it has told already, or is about to
        else:
            spoken_s = (cut.duration_ms or 0) / 1000
            cut_short.interrupted(cut.heard, int(spoken_s * self._options.words_per_second))
        self._previous_plays = False
        if not reply.playback.sent:
            return
        if reply.pending:
            self.state = State.PAUSED
            self._caller_active_at = self._now
            self._gave_up = False
        else:
            reply.plays_until = self._now
            self._end_reply()

    def _is_of_previous(self, cut: Interrupted) -> bool:
        """Whether what was cut is the reply before this one, or the greeting."""
        reply = self._reply.playback
        elsewhere = self._previous.contains(cut.heard) and not reply.contains(cut.heard)
        return elsewhere or not reply.sent

    def _follow(self, _: TokensPlayed) -> Iterator[Action]:
        yield from ()
        reply = self._reply
        if not reply.playback.heard:
            return
        reply.progress_at = self._now
        reply.plays_until = self._now + reply.playback.words_left() / self._options.words_per_second
        if reply.pending:
            self.state = State.SPEAKING
        else:
            self._end_reply()

    def _fall_silent(self, agent: AgentSpeaking) -> Iterator[Action]:
        """Silence after all was said is the end, on a line that does not report what it played.

        Unless words went out just now, and are about to be heard.
        """
        yield from ()
        reply = self._reply
        done = reply.audible and not agent.on and not reply.guide_writes
        settled = self._now > reply.progress_at + self._options.heard_grace_s
        if done and settled and not self._line_reports:
            reply.plays_until = self._now
            self._end_reply()

    # --- time -----------------------------------------------------------------------------

    def _wait_no_longer(self, _: DeadlinePassed) -> Iterator[Action]:
        """The guide is too slow, or the caller must have heard what was said."""
        if self._now < self._reply_deadline:
            if self._grace_is_over:
                self.state = State.SPEAKING
        elif self._reply.guide_writes:
            yield from self._drop_guide()
            self._apologise()
            yield from self._finish_reply()
        else:
            self._end_reply()

    def _go_on_after_silence(self, _: DeadlinePassed) -> Iterator[Action]:
        if self.deadline is None or self._now < self.deadline:
            return
        self._caller_speaks = False  # it ended long ago, and the event that says so was lost
        if self._gave_up:
            yield from self._let_go()
        else:
            yield Decided(Outcome.RESUMED, "silence", before=self.state)
            yield from self._resume()

    def _end(self, _: CallEnded) -> Iterator[Action]:
        yield from self._drop_guide()
        self.state = State.ENDED

    def _nothing(self, _: Event) -> Iterator[Action]:
        """Too late, too early, or of no consequence beyond what `_observe` has noted."""
        return iter(())

    @property
    def _audible_at(self) -> float | None:
        """When words count as audible on a line that does not report what it has played.

        Not while the caller is in an utterance that began before: they are being talked into.
        """
        said_at = None if self._line_reports else self._reply.said_at
        if said_at is None:
            return None
        at, began_at = said_at + self._options.heard_grace_s, self._utterance_began_at
        return None if began_at is not None and began_at < at else at

    @property
    def _grace_is_over(self) -> bool:
        return self._audible_at is not None and self._now >= self._audible_at

    @property
    def _is_over(self) -> bool:
        """Whether a reply that was not interrupted has nothing more to play."""
        if self._reply.guide_writes:
            return False
        if self._line_reports:
            return self._now >= self._reply.plays_until
        return self._grace_is_over

    @property
    def _reply_ended_just_now(self) -> bool:
        ended_at = self._ended_at
        return ended_at is not None and self._now - ended_at <= self._options.late_backchannel_s

    @property
    def _reply_deadline(self) -> float:
        """When the guide is too slow or, once it is done, when playback must be over."""
        reply, options = self._reply, self._options
        if not reply.guide_writes:
            wait = max(0.0, reply.plays_until - reply.progress_at)
            return reply.progress_at + wait * PLAYBACK_SLACK + options.playback_margin_s
        if reply.playback.text:
            return reply.written_at + options.stall_timeout_s
        return reply.written_at + options.first_token_timeout_s

    # --- the table ------------------------------------------------------------------------

    TRANSITIONS: ClassVar[Mapping[State, Mapping[type[Event], _Row]]] = {
        State.LISTENING: {
            CallerSaid: (_hear_in_silence, {State.THINKING}),
            CallerSpeaking: (_nothing, set()),
            AgentSpeaking: (_nothing, set()),
            TokensPlayed: (_nothing, set()),
            Interrupted: (_nothing, set()),
            GuideToken: (_nothing, set()),
            GuideFinished: (_nothing, set()),
            GuideFailed: (_nothing, set()),
            DeadlinePassed: (_nothing, set()),
            CallEnded: (_end, {State.ENDED}),
        },
        State.THINKING: {
            CallerSaid: (_hear_while_thinking, {State.THINKING}),
            CallerSpeaking: (_nothing, set()),
            AgentSpeaking: (_nothing, set()),
            TokensPlayed: (_follow, {State.SPEAKING, State.LISTENING}),
            Interrupted: (_pause, {State.PAUSED, State.LISTENING}),
            GuideToken: (_write, set()),
            GuideFinished: (_finish, {State.LISTENING}),
            GuideFailed: (_fail, {State.LISTENING}),
            DeadlinePassed: (_wait_no_longer, {State.SPEAKING, State.LISTENING}),
            CallEnded: (_end, {State.ENDED}),
        },
        State.SPEAKING: {
            CallerSaid: (_hear_while_speaking, {State.THINKING, State.LISTENING}),
            CallerSpeaking: (_nothing, set()),
            AgentSpeaking: (_fall_silent, {State.LISTENING}),
            TokensPlayed: (_follow, {State.LISTENING}),
            Interrupted: (_pause, {State.PAUSED, State.LISTENING}),
            GuideToken: (_write, set()),
            GuideFinished: (_finish, {State.LISTENING}),
            GuideFailed: (_fail, {State.LISTENING}),
            DeadlinePassed: (_wait_no_longer, {State.LISTENING}),
            CallEnded: (_end, {State.ENDED}),
        },
        State.PAUSED: {
            CallerSaid: (_hear_while_paused, {State.THINKING, State.SPEAKING, State.LISTENING}),
            CallerSpeaking: (_nothing, set()),
            AgentSpeaking: (_nothing, set()),
            TokensPlayed: (_nothing, set()),
            Interrupted: (_nothing, set()),
            GuideToken: (_write, set()),
            GuideFinished: (_finish, set()),
            GuideFailed: (_fail, set()),
            DeadlinePassed: (_go_on_after_silence, {State.SPEAKING, State.LISTENING}),
            CallEnded: (_end, {State.ENDED}),
        },
        State.ENDED: dict.fromkeys(get_args(Event), (_nothing, set())),
    }
