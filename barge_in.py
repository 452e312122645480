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
    listening  TokensPlayed      speaking   the reply was not over after all
    listening  Interrupted       paused     ... and the caller spoke over it
    thinking   CallerSaid        thinking   more of the turn: the guide is asked again
    thinking   TokensPlayed      speaking   the caller has begun to hear the reply
    thinking   TokensPlayed      listening  ... and has heard all of it
    thinking   Interrupted       paused     the caller spoke over its first words, or the last reply
    thinking   Interrupted       listening  ... and had heard all of it
    thinking   AgentSpeaking     listening  it fell silent at the end
    thinking   DeadlinePassed    speaking   on a line without reports: it must be audible by now
    thinking   DeadlinePassed    listening  it must be over by now
    thinking   GuideFinished     listening  there was nothing to say
    thinking   GuideFailed       listening  ... not even that it failed
    speaking   CallerSaid        thinking   the words take the floor, or the reply was over
    speaking   CallerSaid        listening  the reply was over, and the words are no turn
    speaking   Interrupted       paused     the caller spoke over the agent
    speaking   Interrupted       listening  ... and had heard all of it
    speaking   TokensPlayed      listening  the caller has heard all of it
    speaking   AgentSpeaking     listening  it fell silent at the end
    speaking   DeadlinePassed    listening  it must be over by now
    speaking   GuideFinished     listening  the caller had heard all of it
    speaking   GuideFailed       listening  ... and nothing is said of the failure
    paused     CallerSaid        thinking   cancelled: the words take the floor
    paused     CallerSaid        speaking   resumed: they do not
    paused     CallerSaid        listening  ... and nothing is left to say
    paused     DeadlinePassed    speaking   resumed: nothing was said
    paused     DeadlinePassed    thinking   ... and nothing of the reply was out yet
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
  is not yet audible for half a second, and over when the caller speaks after that. The half second
  counts from the first clause, for a voice does not begin before it knows how a clause ends.
* A turn answers the question before it. What is said next, while the guide thinks, is no answer to
  that question any more, or every "okay" after an answer would ask the guide again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, get_args

from history import History
from playback import Playback, spoken_length
from playout import Playout
from reply import Reply
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
from turn_options import Options
from utterance import Act, Verdict, classify, is_bare_hello, is_clear_stop

_Row = tuple[Callable[["BargeIn", Any], Iterable[Action]], set[State]]
"""What to do about an event, and the other states that it can lead to."""


@dataclass(frozen=True, slots=True)
class _Pause:
    """A reply that was spoken over, and is not decided on."""

    since: float
    talked_into: bool
    """Whether the caller was still speaking from before, and can have heard nothing of it."""


class BargeIn:
    """Turn-taking on one call."""

    def __init__(self, options: Options) -> None:
        self.state = State.LISTENING
        self._options = options
        self._now = 0.0
        self._history = History()
        # Reply 0 is the greeting, which the line speaks by itself.
        greeting = Playback(options.greeting, sent=len(options.greeting))
        self._reply = Reply(0, greeting, options, guide_writes=False)
        self._playout = Playout(greeting)
        self._pause = _Pause(0.0, talked_into=False)
        self._acknowledge_at: float | None = None
        self._ended_at: float | None = None  # the last reply
        self._caller_speaks = False
        self._caller_active_at = 0.0  # the last sign of the caller
        self._utterance_began_at: float | None = None  # the one not yet final

    def receive(self, event: Event, now: float) -> tuple[Action, ...]:
        """Take note of what happened at `now` (seconds, any origin); returns what to do, in order.

        Nothing that can happen is an error, and after `CallEnded` nothing has any effect.
        """
        self._now = max(self._now, now)
        if isinstance(event, CallerSaid) and not event.text.strip():
            return ()  # lines send blank transcripts; they tell nothing
        observe = self._OBSERVERS.get(type(event))
        if observe is not None:
            observe(self, event)
        actions: list[Action] = []
        is_late = self.state is State.THINKING and self._grace_is_over
        for each in (DeadlinePassed(), event) if is_late else (event,):
            handle, _ = self.TRANSITIONS[self.state][type(each)]
            actions += handle(self, each)
        if isinstance(event, CallerSaid) and event.final:
            self._utterance_began_at = None
        return tuple(actions)

    @property
    def deadline(self) -> float | None:
        """When to report `DeadlinePassed`, in seconds on the same clock; None is never."""
        state = self.state
        if state is State.SPEAKING:
            return self._reply.deadline
        if state is State.LISTENING or state is State.ENDED:
            return None
        if state is State.PAUSED:
            options, speaks = self._options, self._caller_speaks
            patience = options.caller_speech_ceiling_s if speaks else options.resume_timeout_s
            return self._caller_active_at + patience
        times = (self._reply.deadline, self._acknowledge_at, self._audible_at)
        return min([time for time in times if time is not None])

    # --- the caller's words ---------------------------------------------------------------

    def _hear_in_silence(self, said: CallerSaid) -> Iterator[Action]:
        if not said.final:
            return
        verdict = self._classify(said)
        late = verdict.act is Act.BACKCHANNEL and self._reply_ended_just_now
        if verdict.act is Act.NOISE or late:
            yield self._decided(Outcome.IGNORED, said, verdict)
        else:
            yield from self._take_turn(Outcome.ASKED, said, verdict)

    def _hear_while_thinking(self, said: CallerSaid) -> Iterator[Action]:
        if not said.final:
            return
        verdict = self._classify(said)
        if verdict.act in {Act.NOISE, Act.BACKCHANNEL}:
            yield self._decided(Outcome.IGNORED, said, verdict)
        elif is_bare_hello(said.text, lang=self._language(said)):
            # To ask again would only make the caller wait longer.
            yield self._decided(Outcome.KEPT, said, verdict)
            self._history.caller_remarked(said.text)
        else:
            yield from self._take_turn(Outcome.EXTENDED, said, verdict)

    def _hear_while_speaking(self, said: CallerSaid) -> Iterator[Action]:
        """Words for which the line did not interrupt us: it may not, or we were not audible."""
        if not said.final:
            yield from self._give_up_at_clear_stop(said)
            return
        if self._is_over:
            self._end_reply()
            yield from self._hear_in_silence(said)
            return
        if self._grace_is_over and not self._playout.reports:
            self._reply.suppose_heard(self._now)
        verdict = self._classify(said)
        if self._takes_the_floor(verdict):
            yield from self._take_turn(Outcome.CANCELLED, said, verdict)
        elif verdict.act is Act.REMARK:
            yield self._decided(Outcome.KEPT, said, verdict)
            self._history.caller_remarked(said.text)
        else:
            yield self._decided(Outcome.IGNORED, said, verdict)

    def _hear_while_paused(self, said: CallerSaid) -> Iterator[Action]:
        if not said.final:
            yield from self._give_up_at_clear_stop(said)
            return
        verdict = self._classify(said)
        if self._pause.talked_into and verdict.act not in {Act.NOISE, Act.BACKCHANNEL}:
            yield from self._take_turn(Outcome.EXTENDED, said, verdict)
        elif self._takes_the_floor(verdict):
            yield from self._take_turn(Outcome.CANCELLED, said, verdict)
        elif self._reply.gave_up:
            yield self._decided(Outcome.IGNORED, said, verdict)
            yield from self._let_go()
        else:
            yield self._decided(Outcome.RESUMED, said, verdict)
            if verdict.act is Act.REMARK:
                self._history.caller_remarked(said.text)
            yield from self._resume()

    def _takes_the_floor(self, verdict: Verdict) -> bool:
        """Whether words cancel the reply; any do once its rest was given up for them."""
        return verdict.cancels or (self._reply.gave_up and verdict.act is not Act.NOISE)

    def _give_up_at_clear_stop(self, said: CallerSaid) -> Iterator[Action]:
        """A stop that is clear before it is final ends what the guide writes, and no more yet."""
        reply = self._reply
        has_more = self.state is State.PAUSED or reply.guide_writes
        if has_more and not reply.gave_up and is_clear_stop(said.text, lang=self._language(said)):
            reply.gave_up = True
            yield self._decided(Outcome.GAVE_UP, said, self._classify(said))
            yield from self._drop_guide()
            if self.state is State.SPEAKING:
                yield from self._close_cycle()

    def _classify(self, said: CallerSaid) -> Verdict:
        return classify(said.text, self._heard(), lang=self._language(said))

    def _heard(self) -> str:
        """What the caller has in mind of the agent's words: of those since their last turn."""
        reply = self._reply
        if reply.number == 0:
            return self._options.greeting
        # A line that was not interrupted reports a clause only when it has ended.
        speaks = self.state is State.SPEAKING
        return reply.playback.context(ahead=reply.spoken_unreported(self._now) if speaks else 0)

    def _language(self, said: CallerSaid) -> str:
        return said.lang or self._options.language

    def _decided(
        self, outcome: Outcome, said: CallerSaid | None = None, verdict: Verdict | None = None
    ) -> Decided:
        return Decided(
            outcome,
            rule=verdict.rule if verdict else "silence",
            said=said.text if said else "",
            heard=self._heard(),
            act=verdict.act if verdict else None,
            before=self.state,
            paused_for_s=self._now - self._pause.since if self.state is State.PAUSED else None,
        )

    # --- turns and replies ----------------------------------------------------------------

    def _take_turn(self, outcome: Outcome, said: CallerSaid, verdict: Verdict) -> Iterator[Action]:
        """The caller has the floor: whatever was being said ends, and the guide is asked."""
        yield self._decided(outcome, said, verdict)
        yield from self._drop_guide()
        yield from self._close_cycle()
        self._history.caller_said(said.text)
        messages = self._history.messages(self._options.history_turns)
        number, playback = self._reply.number + 1, Playback()
        self._reply = Reply(
            number, playback, self._options, guide_writes=True, written_at=self._now
        )
        self._history.agent_says(playback)
        self._playout.begin(playback, after_cut=self.state is State.PAUSED)
        self._acknowledge_at = None
        if self._options.talkover and self._options.talkover_ack and self._playout.plays_earlier:
            self._acknowledge_at = self._now + self._options.talkover_ack_after_s
        self.state = State.THINKING
        yield AskGuide(number, messages)

    def _acknowledge(self) -> Iterator[Action]:
        """Let the caller know that they have the floor, while the guide has yet to begin.

        The line plays on for as long as nothing replaces what it plays. The reply will go on in
        the same talk cycle, for it would cut these words short from one of its own.
        """
        self._acknowledge_at = None
        if self._playout.plays_earlier:
            words = Playback(self._options.talkover_ack)
            self._history.agent_says_first(words)
            self._playout.interject(words)
            self._reply.cycle_open = True
            yield Say(f"{words.send()} ")

    def _resume(self) -> Iterator[Action]:
        """Go on with a reply, or with waiting for one of which nothing was out yet."""
        begun = self._reply.playback.sent > 0
        self.state = State.SPEAKING if begun else State.THINKING
        # What reached the line just after the cut waits there, out of place. In a cycle of its
        # own it is replaced by the next, like all that waits.
        yield from self._close_cycle()
        self._reply.rewind(self._now)
        yield from self._say()
        if not self._reply.guide_writes:
            yield from self._finish_reply()

    def _let_go(self) -> Iterator[Action]:
        """End a reply whose rest was given up."""
        yield from self._close_cycle()
        self._reply.playback.give_up()
        self._ended_at = self._now
        self.state = State.LISTENING

    def _end_reply(self) -> None:
        """The reply is over. A line that reports nothing would have told of an interruption."""
        playback = self._reply.playback
        playback.confirm()
        if not self._playout.reports:
            playback.all_played()
        self._ended_at = self._reply.ended_at(self._now)
        self.state = State.LISTENING

    def _say(self) -> tuple[Action, ...]:
        words = self._reply.say(self._now)
        if not words:
            return ()
        self._acknowledge_at = None
        return (Say(words),)

    def _close_cycle(self) -> Iterator[Action]:
        if self._reply.close_cycle(self._now):
            yield CloseTalkCycle()

    def _drop_guide(self) -> Iterator[Action]:
        if self._reply.guide_writes:
            self._reply.guide_writes = False
            yield DropGuide(self._reply.number)

    # --- the guide ------------------------------------------------------------------------

    def _write(self, token: GuideToken) -> Iterable[Action]:
        if not self._is_current(token.reply):
            return ()
        self._reply.write(token.text, self._now)
        return () if self.state is State.PAUSED else self._say()

    def _finish(self, finished: GuideFinished) -> Iterator[Action]:
        if self._is_current(finished.reply):
            if spoken_length(self._reply.playback.text):
                self._reply.guide_writes = False
            else:
                self._reply.break_off()
            if self.state is not State.PAUSED:
                yield from self._finish_reply()

    def _fail(self, failed: GuideFailed) -> Iterator[Action]:
        if self._is_current(failed.reply):
            self._reply.break_off()
            if self.state is not State.PAUSED:
                yield from self._finish_reply()

    def _is_current(self, reply: int) -> bool:
        return reply == self._reply.number and self._reply.guide_writes

    def _finish_reply(self) -> Iterator[Action]:
        """Say the last of it."""
        yield from self._say()
        yield from self._close_cycle()
        if not self._reply.pending:
            self._end_reply()

    # --- playback -------------------------------------------------------------------------

    def _observe_speech(self, caller: CallerSpeaking) -> None:
        self._caller_speaks = caller.on
        self._caller_active_at = self._now
        if caller.on:
            self._utterance_began_at = self._now

    def _observe_words(self, _: CallerSaid) -> None:
        self._caller_active_at = self._now
        if self._utterance_began_at is None:
            self._utterance_began_at = self._now

    def _observe_agent(self, agent: AgentSpeaking) -> None:
        if agent.on and self._reply.said_at is not None:
            self._reply.was_audible = True

    def _observe_playback(self, played: TokensPlayed) -> None:
        self._playout.played(played.text, after_cut=self.state is State.PAUSED)

    def _stop_speaking(self, cut: Interrupted) -> Iterable[Action]:
        """Pause, from this moment on; unless what was cut is no matter of this reply."""
        reply, state = self._reply, self.state
        if state is State.LISTENING and not self._was_taken_to_be_over:
            return ()
        spoken_words = (cut.duration_ms or 0) / 1000 * self._options.words_per_second
        if not self._playout.cut(cut.heard, int(spoken_words)):
            return ()
        if reply.pending:
            self.state = State.PAUSED
            self._pause = _Pause(self._now, self._is_talked_into)
            self._caller_active_at = self._now
        else:
            reply.follow(self._now)
            self._end_reply()
        return ()

    @property
    def _is_talked_into(self) -> bool:
        """Whether the caller began to speak before the reply did, and heard nothing of it."""
        out_at = self._reply.out_at
        if not self._reply.playback.sent or out_at is None:
            return True
        return not self._reply.playback.begun and self._is_in_utterance_since_before(out_at)

    def _follow(self, _: TokensPlayed) -> Iterable[Action]:
        reply = self._reply
        if self.state is State.LISTENING and not self._was_taken_to_be_over:
            return ()
        if reply.playback.begun:
            reply.follow(self._now)
            if reply.pending:
                self.state = State.SPEAKING
            else:
                self._end_reply()
        return ()

    @property
    def _was_taken_to_be_over(self) -> bool:
        """Whether the last reply still has words to be heard, though it was given up on."""
        return self._reply.number > 0 and self._reply.pending

    def _fall_silent(self, agent: AgentSpeaking) -> Iterable[Action]:
        """Silence after all was said is the end, unless words went out just now."""
        reply, playback = self._reply, self._reply.playback
        done = reply.was_audible and not agent.on and not reply.guide_writes
        if done and reply.has_settled(self._now):
            overdue = reply.may_be_over(self._now)  # a report was lost
            if playback.supposes or overdue or not self._playout.reports:
                playback.all_played()
            if playback.all_heard:
                reply.follow(self._now)
                self._end_reply()
        return ()

    # --- time -----------------------------------------------------------------------------

    def _wait_no_longer(self, _: DeadlinePassed) -> Iterator[Action]:
        """The guide is too slow, or the caller must have heard what was said."""
        if self._acknowledge_at is not None and self._now >= self._acknowledge_at:
            yield from self._acknowledge()
        if self._grace_is_over:
            self.state = State.SPEAKING
        if self._now < self._reply.deadline:
            return
        if self._reply.guide_writes:
            yield from self._drop_guide()
            self._reply.break_off()
            yield from self._finish_reply()
        else:
            self._end_reply()

    def _go_on_after_silence(self, _: DeadlinePassed) -> Iterator[Action]:
        if self.deadline is None or self._now < self.deadline:
            return
        self._caller_speaks = False  # it ended long ago, and the event that says so was lost
        if self._reply.gave_up:
            yield from self._let_go()
        else:
            yield self._decided(Outcome.RESUMED)
            yield from self._resume()

    def _end(self, _: CallEnded) -> Iterator[Action]:
        yield from self._drop_guide()
        self.state = State.ENDED

    def _nothing(self, _: Event) -> Iterable[Action]:
        """Too late, too early, or of no consequence beyond what `_observe` has noted."""
        return ()

    @property
    def _audible_at(self) -> float | None:
        """When words count as audible before they are reported: on a line that reports nothing, and
        on one that is never interrupted, for it reports a clause only when it has ended.

        Not while the caller is in an utterance that began before: they are being talked into.
        """
        said_at = self._reply.said_at
        if said_at is None or (self._playout.reports and not self._options.talkover):
            return None
        at = said_at + self._options.heard_grace_s
        return None if self._is_in_utterance_since_before(at) else at

    def _is_in_utterance_since_before(self, at: float) -> bool:
        """Whether the caller began to speak before a time, and is not known to have ended."""
        began_at = self._utterance_began_at
        quiet_for_s = 0.0 if self._caller_speaks else self._now - self._caller_active_at
        ended = quiet_for_s >= self._options.resume_timeout_s
        return began_at is not None and began_at < at and not ended

    @property
    def _grace_is_over(self) -> bool:
        audible_at = self._audible_at
        return audible_at is not None and self._now >= audible_at

    @property
    def _is_over(self) -> bool:
        """Whether a reply that was not interrupted has nothing more to play.

        A line that stops for the caller, did not, and reports nothing, had nothing to stop. One
        that reports will tell.
        """
        if self._playout.reports:
            return False
        if self._options.talkover:
            return self._reply.may_be_over(self._now)
        return self._grace_is_over and not self._reply.guide_writes

    @property
    def _reply_ended_just_now(self) -> bool:
        ended_at = self._ended_at
        return ended_at is not None and self._now - ended_at <= self._options.late_backchannel_s

    # --- the tables -----------------------------------------------------------------------

    _OBSERVERS: ClassVar[Mapping[type[Event], Callable[["BargeIn", Any], None]]] = {
        CallerSpeaking: _observe_speech,
        CallerSaid: _observe_words,
        AgentSpeaking: _observe_agent,
        TokensPlayed: _observe_playback,
    }
    """What an event tells whatever the state is."""

    TRANSITIONS: ClassVar[Mapping[State, Mapping[type[Event], _Row]]] = {
        State.LISTENING: {
            CallerSaid: (_hear_in_silence, {State.THINKING}),
            CallerSpeaking: (_nothing, set()),
            AgentSpeaking: (_nothing, set()),
            TokensPlayed: (_follow, {State.SPEAKING}),
            Interrupted: (_stop_speaking, {State.PAUSED}),
            GuideToken: (_nothing, set()),
            GuideFinished: (_nothing, set()),
            GuideFailed: (_nothing, set()),
            DeadlinePassed: (_nothing, set()),
            CallEnded: (_end, {State.ENDED}),
        },
        State.THINKING: {
            CallerSaid: (_hear_while_thinking, {State.THINKING}),
            CallerSpeaking: (_nothing, set()),
            AgentSpeaking: (_fall_silent, {State.LISTENING}),
            TokensPlayed: (_follow, {State.SPEAKING, State.LISTENING}),
            Interrupted: (_stop_speaking, {State.PAUSED, State.LISTENING}),
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
            Interrupted: (_stop_speaking, {State.PAUSED, State.LISTENING}),
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
            DeadlinePassed: (
                _go_on_after_silence,
                {State.THINKING, State.SPEAKING, State.LISTENING},
            ),
            CallEnded: (_end, {State.ENDED}),
        },
        State.ENDED: dict.fromkeys(get_args(Event), (_nothing, set())),
    }
