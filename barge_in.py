"""Whose turn it is on a call: pause when the caller speaks over a reply, then cancel or resume it.

    machine = BargeIn(options)
    for action in machine.receive(event, now):  # seconds on any clock
        ...                                     # perform it before anything else happens
    machine.deadline                            # when to report `DeadlinePassed`, or None

The caller's words become a turn, and the *guide* is asked for a reply, which goes out as it comes.
When the caller speaks over it, the line stops the agent at once, and nothing is sent until we know
what was said. Then the reply is *cancelled* (a stop, a question, a request, a correction, an
answer, a goodbye: these take the floor) or *resumed* at the first word not heard (a backchannel, a
remark, noise: these do not). A turn may come in pieces: until the caller has heard any of the
reply, more words withdraw it, and the guide is asked again with the whole turn.

`BargeIn.TRANSITIONS`, at the end, is the machine: what each state does about each event, where that
can lead, and why. A step that is not in it is an error.

Rules for changing this module:

1. It is pure. No I/O, no clock, no task, no log: an event and the time go in, actions come out.
2. It speaks of the caller, the agent and the guide, never of a vendor's frames.
3. Late is not wrong. Reports cross each other on a telephone line, so every event is legal in every
   state, and one that comes too late changes nothing.
4. No state waits for ever. All but listening and ended have a deadline, so silence alone always
   leads back to listening.
"""

from math import inf
from typing import ClassVar, Final

from turn.attribution import Attribution
from turn.audibility import Audibility
from turn.caller_activity import CallerActivity
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
from turn.history import History
from turn.options import Options
from turn.playback import Playback, spoken_length
from turn.reply import Reply
from turn.transitions import Table
from utterance import Act, Verdict, classify, is_bare_hello, is_clear_stop

LISTENING, THINKING, SPEAKING, PAUSED, ENDED = State

Actions = tuple[Action, ...]
Step = tuple[State, Actions]
"""What a handler returns: the next state, and what to do."""

SAYS_NOTHING: Final = frozenset({Act.NOISE, Act.BACKCHANNEL})


class BargeIn:
    """Turn-taking on one call."""

    def __init__(self, options: Options) -> None:
        self.state = LISTENING
        self._options = options
        self._now = 0.0
        self._history = History()
        # The greeting is reply 0. The line speaks it unasked, so it counts as sent.
        greeting = Playback(options.greeting, sent=len(options.greeting))
        self._reply = Reply(0, greeting, options, guide_writes=False)
        self._attribution = Attribution(greeting)
        self._caller = CallerActivity(options)
        self._audibility = Audibility(self._reply, self._attribution, self._caller, options)
        self._paused_at = 0.0
        self._heard_none = False  # whether the caller barged in before hearing any of the reply
        self._acknowledge_at: float | None = None  # unless the guide's first words come before
        self._ended_at = -inf  # when the last reply did

    def receive(self, event: Event, now: float) -> Actions:
        """Handle what happened at `now` (seconds, any origin). Returns what to do, in order.

        No event is an error in any state, and after `CallEnded` none has any effect.
        """
        self._now = max(self._now, now)
        if isinstance(event, CallerSaid) and not event.text.strip():
            return ()  # lines do send blank transcripts
        self._observe(event)
        actions: Actions = ()
        if self.state is THINKING and self._audibility.is_audible(self._now):
            actions = self._step(DeadlinePassed())  # it is due, and not yet reported
        if not isinstance(event, CallerSaid):
            return actions + self._step(event)
        if not event.final:
            return actions + self._give_up_at_clear_stop(event)
        actions += self._step(event)
        self._caller.finished_utterance()
        return actions

    def _step(self, event: Event) -> Actions:
        self.state, actions = self.TRANSITIONS.step(self, self.state, event)
        return actions

    def _observe(self, event: Event) -> None:
        """Note what an event says in any state."""
        match event:
            case CallerSpeaking(on):
                self._caller.speaking_changed(on=on, now=self._now)
            case CallerSaid():
                self._caller.said_something(self._now)
            case AgentSpeaking(True):
                self._reply.timing.became_audible()
            case TokensPlayed(text):
                # It may come after the interrupt that it explains, or after its reply was replaced.
                # It counts for its own reply either way.
                self._attribution.played(text, after_cut=self.state is PAUSED)

    @property
    def deadline(self) -> float | None:
        """When to report `DeadlinePassed`, in seconds on the same clock; None for never."""
        state = self.state
        if state is SPEAKING:
            return self._reply.deadline
        if state is LISTENING or state is ENDED:
            return None
        if state is PAUSED:
            return self._caller.quiet_at
        times = (self._reply.deadline, self._acknowledge_at, self._audibility.audible_at(self._now))
        return min([time for time in times if time is not None])

    # --- the caller's words ---------------------------------------------------------------

    def _hear_listening(self, said: CallerSaid) -> Step:
        verdict = self._classify(said)
        # Transcripts trail speech: an "okay" said over the end of a reply arrives after it.
        late = self._now - self._ended_at <= self._options.late_backchannel_s
        if verdict.act is Act.NOISE or (late and verdict.act is Act.BACKCHANNEL):
            return LISTENING, (self._decided(Outcome.IGNORED, said, verdict, LISTENING),)
        return self._take_turn(Outcome.ASKED, said, verdict, LISTENING)

    def _hear_thinking(self, said: CallerSaid) -> Step:
        # Nothing of the reply was heard, and the turn has answered the question before it. So an
        # "okay" answers nothing; or each one after an answer would ask the guide again.
        verdict = self._classify(said)
        if verdict.act in SAYS_NOTHING:
            return THINKING, (self._decided(Outcome.IGNORED, said, verdict),)
        if is_bare_hello(said.text, lang=self._language(said)):
            # They wonder if anyone is there. Asking again would only make them wait longer.
            return THINKING, self._keep(said, verdict)
        return self._take_turn(Outcome.EXTENDED, said, verdict)

    def _hear_speaking(self, said: CallerSaid) -> Step:
        """Words for which the line did not stop the agent: by its mode, or it was silent."""
        if self._audibility.was_over(self._now):
            self._end_reply()
            return self._hear_listening(said)
        self._audibility.estimate_heard(self._now)
        verdict = self._classify(said)
        if self._takes_the_floor(verdict):
            return self._take_turn(Outcome.CANCELLED, said, verdict)
        if verdict.act is Act.REMARK:
            return SPEAKING, self._keep(said, verdict)
        return SPEAKING, (self._decided(Outcome.IGNORED, said, verdict),)

    def _hear_paused(self, said: CallerSaid) -> Step:
        verdict = self._classify(said)
        # They were still speaking when the reply began, so this is the rest of their turn.
        if self._heard_none and verdict.act not in SAYS_NOTHING:
            return self._take_turn(Outcome.EXTENDED, said, verdict)
        if self._takes_the_floor(verdict):
            return self._take_turn(Outcome.CANCELLED, said, verdict)
        if self._reply.given_up:
            return LISTENING, (self._decided(Outcome.IGNORED, said, verdict), *self._let_go())
        decided = self._decided(Outcome.RESUMED, said, verdict)
        if verdict.act is Act.REMARK:
            self._history.caller_remarked(said.text)
        state, actions = self._resume()
        return state, (decided, *actions)

    def _takes_the_floor(self, verdict: Verdict) -> bool:
        # A reply that was given up has nothing to resume, so all words but noise are a turn.
        return verdict.cancels or (self._reply.given_up and verdict.act is not Act.NOISE)

    def _give_up_at_clear_stop(self, said: CallerSaid) -> Actions:
        """Give up the rest of the reply at a stop that is clear before it is final.

        A partial "stop" can still become "stop by on Tuesday", so it is no turn yet. Giving up is
        safe, because the final words are answered whatever they turn out to be.
        """
        reply = self._reply
        has_more = self.state is PAUSED or (self.state is SPEAKING and reply.guide_writes)
        if reply.given_up or not (has_more and is_clear_stop(said.text, lang=self._language(said))):
            return ()
        reply.given_up = True
        decided = self._decided(Outcome.GAVE_UP, said, self._classify(said))
        closing = self._close_cycle() if self.state is SPEAKING else ()
        return (decided, *self._drop_guide(), *closing)

    def _keep(self, said: CallerSaid, verdict: Verdict) -> Actions:
        """Enter words in the history at the point the reply has reached; change nothing else."""
        self._history.caller_remarked(said.text)
        return (self._decided(Outcome.KEPT, said, verdict),)

    def _classify(self, said: CallerSaid) -> Verdict:
        return classify(said.text, self._heard, lang=self._language(said))

    @property
    def _heard(self) -> str:
        return self._reply.context(self._now, uninterrupted=self.state is SPEAKING)

    def _language(self, said: CallerSaid) -> str:
        return said.lang or self._options.language

    def _decided(
        self, outcome: Outcome, said: CallerSaid, verdict: Verdict, before: State | None = None
    ) -> Decided:
        return Decided(
            outcome,
            rule=verdict.rule,
            said=said.text,
            heard=self._heard,
            act=verdict.act,
            before=before or self.state,
            paused_for_s=self._now - self._paused_at if self.state is PAUSED else None,
        )

    # --- turns and replies ----------------------------------------------------------------

    def _take_turn(
        self, outcome: Outcome, said: CallerSaid, verdict: Verdict, before: State | None = None
    ) -> Step:
        """Give the caller the floor: end the present reply, and ask the guide for the next."""
        decided = self._decided(outcome, said, verdict, before)
        endings = self._drop_guide() + self._close_cycle()
        options, number, playback = self._options, self._reply.number + 1, Playback()
        self._history.caller_said(said.text)
        messages = self._history.messages(options.history_turns)
        self._history.agent_says(playback)
        self._reply = Reply(number, playback, options, guide_writes=True, written_at=self._now)
        self._audibility.reply = self._reply
        self._attribution.begin(playback, after_cut=self.state is PAUSED)
        waits = options.talkover and options.talkover_ack and self._attribution.earlier_is_playing
        self._acknowledge_at = self._now + options.talkover_ack_after_s if waits else None
        return THINKING, (decided, *endings, AskGuide(number, messages))

    def _acknowledge(self) -> Actions:
        """Show the caller that they have the floor, before the guide's first words.

        In talkover only new words stop what the line is playing. The reply goes on in this talk
        cycle, because one of its own would cut the acknowledgement short.
        """
        self._acknowledge_at = None
        if not self._attribution.earlier_is_playing:
            return ()
        words = Playback(self._options.talkover_ack)
        self._history.agent_acknowledges(words)
        self._attribution.acknowledge(words)
        self._reply.cycle_open = True
        return (Say(f"{words.send()} "),)

    def _resume(self) -> Step:
        """Go on with the reply or, if none of it had gone out, with waiting for it."""
        state = SPEAKING if self._reply.playback.sent else THINKING
        # Words that reached the line just after the cut are queued there, out of place. With their
        # cycle closed, the next one replaces them instead of going on from them.
        closing = self._close_cycle()
        self._reply.rewind(self._now)
        if self._reply.guide_writes:
            return state, closing + self._say()
        state, words = self._say_the_last(state)
        return state, closing + words

    def _say_the_last(self, state: State) -> Step:
        """Say the rest of a reply to which the guide adds no more."""
        actions = self._say() + self._close_cycle()
        return state if self._reply.is_pending else self._end_reply(), actions

    def _let_go(self) -> Actions:
        """End a reply that was given up."""
        closing = self._close_cycle()
        self._reply.playback.give_up()
        self._ended_at = self._now
        return closing

    def _end_reply(self) -> State:
        self._ended_at = self._audibility.end(self._now)
        return LISTENING

    def _say(self) -> Actions:
        words = self._reply.say(self._now)
        if not words:
            return ()
        self._acknowledge_at = None
        return (Say(words),)

    def _close_cycle(self) -> Actions:
        return (CloseTalkCycle(),) if self._reply.close_cycle(self._now) else ()

    def _drop_guide(self) -> Actions:
        if not self._reply.guide_writes:
            return ()
        self._reply.guide_writes = False
        return (DropGuide(self._reply.number),)

    # --- the guide ------------------------------------------------------------------------

    def _write(self, token: GuideToken) -> Step:
        state, reply = self.state, self._reply
        if not (token.reply == reply.number and reply.guide_writes):
            return state, ()
        reply.write(token.text, self._now)
        return state, () if state is PAUSED else self._say()

    def _finish(self, ended: GuideFinished | GuideFailed) -> Step:
        state, reply = self.state, self._reply
        if not (ended.reply == reply.number and reply.guide_writes):
            return state, ()
        if isinstance(ended, GuideFinished) and spoken_length(reply.playback.text):
            reply.guide_writes = False
        else:
            reply.break_off()
        return (state, ()) if state is PAUSED else self._say_the_last(state)

    # --- playback -------------------------------------------------------------------------

    def _stop_speaking(self, cut: Interrupted) -> Step:
        reply = self._reply
        # It may be the reply before this one that was cut, or the greeting. The words tell.
        spoken_words = (cut.duration_ms or 0) / 1000 * self._options.words_per_second
        if self._is_settled or not self._attribution.cut(cut.heard, int(spoken_words)):
            return self.state, ()
        if not reply.is_pending:
            reply.note_progress(self._now)
            return self._end_reply(), ()
        self._paused_at = self._now
        self._heard_none = self._audibility.caller_heard_none(self._now)
        self._caller.barged_in(self._now)
        return PAUSED, ()

    def _follow(self, _: TokensPlayed) -> Step:
        reply = self._reply
        if self._is_settled or not reply.playback.any_heard:
            return self.state, ()
        reply.note_progress(self._now)
        return SPEAKING if reply.is_pending else self._end_reply(), ()

    def _fall_silent(self, agent: AgentSpeaking) -> Step:
        if agent.on or not self._audibility.fell_silent_at_end(self._now):
            return self.state, ()
        self._reply.note_progress(self._now)
        return self._end_reply(), ()

    # --- time -----------------------------------------------------------------------------

    def _wait_no_longer(self, _: DeadlinePassed) -> Step:
        """The guide is too slow, or by now the reply must be audible, or over."""
        due = self._acknowledge_at is not None and self._now >= self._acknowledge_at
        actions = self._acknowledge() if due else ()
        state = SPEAKING if self._audibility.is_audible(self._now) else self.state
        if self._now < self._reply.deadline:
            return state, actions
        if not self._reply.guide_writes:
            return self._end_reply(), actions
        dropping = self._drop_guide()
        self._reply.break_off()
        state, last = self._say_the_last(state)
        return state, actions + dropping + last

    def _resume_in_silence(self, _: DeadlinePassed) -> Step:
        if self._now < self._caller.quiet_at:
            return PAUSED, ()
        self._caller.presume_silent()
        if self._reply.given_up:
            return LISTENING, self._let_go()
        paused_for_s = self._now - self._paused_at
        decided = Decided(Outcome.RESUMED, "silence", "", self._heard, "", PAUSED, paused_for_s)
        state, actions = self._resume()
        return state, (decided, *actions)

    def _end(self, _: CallEnded) -> Step:
        return ENDED, self._drop_guide()

    @property
    def _is_settled(self) -> bool:
        """Whether the last reply is over for good, and reports of it come too late."""
        return self.state is LISTENING and not self._audibility.may_still_play

    # --- the table ------------------------------------------------------------------------

    # fmt: off
    TRANSITIONS: ClassVar[Table["BargeIn", State, Action]] = Table({
        #    event           what to do          next       because
        LISTENING: (
            (CallerSaid,     _hear_listening,    THINKING,  "a turn: the guide is asked"),
            (TokensPlayed,   _follow,            SPEAKING,  "the reply was not over after all"),
            (Interrupted,    _stop_speaking,     PAUSED,    "the reply was not over after all"),
            (CallEnded,      _end,               ENDED,     "the caller is gone"),
        ),
        THINKING: (
            (CallerSaid,     _hear_thinking,     THINKING,  "turn continues: guide asked again"),
            (GuideToken,     _write,             THINKING,  "the words go out"),
            (GuideFinished,  _finish,            LISTENING, "there was nothing to say"),
            (GuideFailed,    _finish,            LISTENING, "it failed, and no apology is set"),
            (TokensPlayed,   _follow,            SPEAKING,  "the caller begins to hear the reply"),
            (TokensPlayed,   _follow,            LISTENING, "the caller has heard all of it"),
            (Interrupted,    _stop_speaking,     PAUSED,    "the caller spoke over the agent"),
            (Interrupted,    _stop_speaking,     LISTENING, "the caller had heard all of it"),
            (AgentSpeaking,  _fall_silent,       LISTENING, "the agent finished the reply"),
            (DeadlinePassed, _wait_no_longer,    SPEAKING,  "the estimate says it is audible"),
            (DeadlinePassed, _wait_no_longer,    LISTENING, "the estimate says it is over"),
            (CallEnded,      _end,               ENDED,     "the caller is gone"),
        ),
        SPEAKING: (
            (CallerSaid,     _hear_speaking,     THINKING,  "the words take the floor"),
            (CallerSaid,     _hear_speaking,     LISTENING, "it was over, and this is no turn"),
            (GuideToken,     _write,             SPEAKING,  "the words go out"),
            (GuideFinished,  _finish,            LISTENING, "the caller had heard all of it"),
            (GuideFailed,    _finish,            LISTENING, "it failed, and all was heard"),
            (TokensPlayed,   _follow,            LISTENING, "the caller has heard all of it"),
            (Interrupted,    _stop_speaking,     PAUSED,    "the caller spoke over the agent"),
            (Interrupted,    _stop_speaking,     LISTENING, "the caller had heard all of it"),
            (AgentSpeaking,  _fall_silent,       LISTENING, "the agent finished the reply"),
            (DeadlinePassed, _wait_no_longer,    LISTENING, "the estimate says it is over"),
            (CallEnded,      _end,               ENDED,     "the caller is gone"),
        ),
        PAUSED: (
            (CallerSaid,     _hear_paused,       THINKING,  "cancelled: they take the floor"),
            (CallerSaid,     _hear_paused,       SPEAKING,  "resumed: they do not take the floor"),
            (CallerSaid,     _hear_paused,       LISTENING, "resumed, but nothing is left to say"),
            (GuideToken,     _write,             PAUSED,    "the words are kept"),
            (GuideFinished,  _finish,            PAUSED,    "no more will come"),
            (GuideFailed,    _finish,            PAUSED,    "no more will come"),
            (DeadlinePassed, _resume_in_silence, SPEAKING,  "resumed: nothing was said"),
            (DeadlinePassed, _resume_in_silence, THINKING,  "resumed: none of it was sent yet"),
            (DeadlinePassed, _resume_in_silence, LISTENING, "resumed, but nothing is left to say"),
            (CallEnded,      _end,               ENDED,     "the caller is gone"),
        ),
        ENDED: (),
    })
    # fmt: on
