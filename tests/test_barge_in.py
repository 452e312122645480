"""The machine, story by story: each test is a call, on a clock that the test sets."""

from typing import Any, get_args

import pytest

from barge_in import BargeIn
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
from turn.history import Message
from turn.options import Options
from turn.transitions import TransitionError

HOURS = "We are open from nine to six. On Saturdays we close at noon, and on Sundays all day."


class Talk:
    """A machine, its clock, and the actions it returned."""

    def __init__(self, **options: object) -> None:
        self.machine = BargeIn(Options(**options))  # type: ignore[arg-type]
        self.now = 0.0
        self.done: list[Action] = []

    def at(self, now: float, *events: Event) -> list[Action]:
        """Let things happen at a time. Returns the actions, without the records."""
        self.now = now
        actions = [action for event in events for action in self.machine.receive(event, now)]
        self.done += actions
        return [action for action in actions if not isinstance(action, Decided)]

    def wait(self) -> list[Action]:
        """Let the machine's deadline pass."""
        assert self.machine.deadline is not None
        return self.at(max(self.now, self.machine.deadline), DeadlinePassed())

    @property
    def state(self) -> State:
        return self.machine.state

    def is_in(self, state: State) -> bool:
        return self.machine.state is state

    @property
    def asked(self) -> tuple[Message, ...]:
        """What the guide was asked last."""
        return [action for action in self.done if isinstance(action, AskGuide)][-1].messages

    @property
    def outcome(self) -> Outcome:
        """What was decided last."""
        return [action for action in self.done if isinstance(action, Decided)][-1].outcome


def asked_for_hours(**options: object) -> Talk:
    """A call on a line that reports playback, in which the guide has been asked."""
    talk = Talk(**{"greeting": "Hello.", **options})
    talk.at(0.5, TokensPlayed("Hello."))
    talk.at(2.0, CallerSaid("what are your hours"))
    return talk


def being_told_hours(*, finished: bool = True, **options: object) -> Talk:
    """... and the caller has heard the first sentence of the reply."""
    talk = asked_for_hours(**options)
    talk.at(2.5, GuideToken(1, HOURS))
    if finished:
        talk.at(2.6, GuideFinished(1))
    talk.at(6.0, TokensPlayed("We are open from nine to six."))
    return talk


def interrupted_telling_hours(*, finished: bool = True, **options: object) -> Talk:
    """... and spoke over it two words later."""
    talk = being_told_hours(finished=finished, **options)
    talk.at(7.0, CallerSpeaking(True), TokensPlayed(" On Saturdays"), Interrupted("On Saturdays"))
    return talk


# --- the table ----------------------------------------------------------------------------------


def test_every_state_has_a_row() -> None:
    """No state is forgotten, and the table has no event that cannot happen."""
    assert set(BargeIn.TRANSITIONS.rows) == set(State)
    assert {event for rows in BargeIn.TRANSITIONS.rows.values() for event in rows} < set(
        get_args(Event)
    )


def test_step_outside_the_table_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler cannot lead to a state that its row does not name."""
    rows = BargeIn.TRANSITIONS.rows[State.LISTENING]
    monkeypatch.setitem(rows, CallerSpeaking, (lambda *_: (State.PAUSED, ()), {}))
    with pytest.raises(TransitionError, match="listening -> paused on CallerSpeaking"):
        BargeIn(Options()).receive(CallerSpeaking(True), 0.0)


# --- a turn and its reply -----------------------------------------------------------------------


def test_caller_says_something_and_the_guide_is_asked() -> None:
    """The caller's words become a turn at once."""
    talk = Talk()
    actions = talk.at(1.0, CallerSaid("what are your hours"))
    assert actions == [AskGuide(1, (Message("user", "what are your hours"),))]
    assert talk.is_in(State.THINKING)


def test_guide_writes_and_each_piece_goes_out_as_it_comes() -> None:
    """No pacing, no holding back; the talk cycle is closed once, at the end."""
    talk = asked_for_hours()
    assert talk.at(2.5, GuideToken(1, "We are")) == [Say("We are")]
    assert talk.at(2.6, GuideToken(1, " open.")) == [Say(" open.")]
    assert talk.at(2.7, GuideFinished(1)) == [CloseTalkCycle()]


def test_caller_hears_the_reply_to_its_end_and_nobody_has_the_floor() -> None:
    """Speaking begins with the first report and ends with the last."""
    talk = being_told_hours()
    assert talk.is_in(State.SPEAKING)
    talk.at(9.0, TokensPlayed(" On Saturdays we close at noon,"))
    assert talk.is_in(State.SPEAKING)
    talk.at(10.5, TokensPlayed(" and on Sundays all day."))
    assert talk.is_in(State.LISTENING)
    assert talk.machine.deadline is None


def test_next_turn_tells_the_guide_what_was_said_and_heard() -> None:
    """The history alternates, and the greeting is not in it."""
    talk = being_told_hours()
    talk.at(10.0, TokensPlayed(" On Saturdays we close at noon, and on Sundays all day."))
    talk.at(15.0, CallerSaid("where are you"))
    assert talk.asked == (
        Message("user", "what are your hours"),
        Message("assistant", HOURS),
        Message("user", "where are you"),
    )


def test_history_is_limited_to_the_turns_that_the_owner_wants() -> None:
    """`history_turns` counts the caller's messages."""
    talk = being_told_hours(history_turns=2)
    talk.at(10.0, TokensPlayed(" On Saturdays we close at noon, and on Sundays all day."))
    talk.at(15.0, CallerSaid("where are you"))
    talk.at(16.0, GuideToken(2, "Here."), GuideFinished(2), TokensPlayed("Here."))
    talk.at(20.0, CallerSaid("what does it cost"))
    assert [message.content for message in talk.asked] == [
        "where are you",
        "Here.",
        "what does it cost",
    ]


@pytest.mark.parametrize("words", ["um", "uh", "the"])
def test_noise_in_a_silence_is_no_turn(words: str) -> None:
    """The guide is not asked to respond to it."""
    talk = Talk()
    assert talk.at(1.0, CallerSaid(words)) == []
    assert (talk.state, talk.outcome) == (State.LISTENING, Outcome.IGNORED)


def test_partial_words_in_a_silence_are_no_turn_yet() -> None:
    """A turn waits for the final transcript."""
    talk = Talk()
    assert talk.at(1.0, CallerSaid("what are", final=False)) == []
    assert talk.is_in(State.LISTENING)


# --- rule 1: pause at once ----------------------------------------------------------------------


def test_interruption_keeps_every_further_word_back() -> None:
    """The guide writes on, and not a word is sent before the decision."""
    talk = interrupted_telling_hours(finished=False)
    assert talk.is_in(State.PAUSED)
    assert talk.at(7.1, GuideToken(1, " Come by."), GuideFinished(1)) == []
    assert talk.at(7.2, TokensPlayed(" On Saturdays"), AgentSpeaking(False)) == []
    assert talk.is_in(State.PAUSED)


# --- rules 2 and 3: cancel ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["what about friday", "stop", "no, Tuesday", "i'd like to book", "okay bye"]
)
def test_words_that_take_the_floor_cancel_the_reply(words: str) -> None:
    """The stream is dropped, the cycle closed, and the guide asked with what was heard."""
    talk = interrupted_telling_hours(finished=False)
    assert talk.at(8.0, CallerSaid(words)) == [
        DropGuide(1),
        CloseTalkCycle(),
        AskGuide(
            2,
            (
                Message("user", "what are your hours"),
                Message("assistant", "We are open from nine to six. On Saturdays"),
                Message("user", words),
            ),
        ),
    ]
    assert (talk.state, talk.outcome) == (State.THINKING, Outcome.CANCELLED)


def test_cancelling_a_reply_whose_guide_is_done_closes_nothing_twice() -> None:
    """The talk cycle is closed already, and there is no stream to drop."""
    talk = interrupted_telling_hours()
    (action,) = talk.at(8.0, CallerSaid("what about friday"))
    assert isinstance(action, AskGuide)


def test_partial_words_decide_nothing() -> None:
    """What begins as a question may end as a remark."""
    talk = interrupted_telling_hours()
    assert talk.at(7.3, CallerSaid("what about", final=False)) == []
    assert talk.is_in(State.PAUSED)


def test_clear_stop_on_a_partial_gives_up_the_rest_but_asks_only_on_the_final() -> None:
    """The stream is dropped early, but the turn is what was said in the end."""
    talk = interrupted_telling_hours(finished=False)
    assert talk.at(7.3, CallerSaid("stop", final=False)) == [DropGuide(1)]
    assert talk.at(7.4, CallerSaid("stop please", final=False)) == []
    assert talk.at(7.5, GuideToken(1, " more")) == []
    close, ask = talk.at(8.0, CallerSaid("stop please"))
    assert (close, type(ask)) == (CloseTalkCycle(), AskGuide)


def test_reply_given_up_is_not_resumed_whatever_the_final_words_are() -> None:
    """There is nothing left to resume, so the words are answered."""
    talk = interrupted_telling_hours()
    talk.at(7.3, CallerSaid("stop", final=False))
    (ask,) = talk.at(8.0, CallerSaid("stop by my shop yes i did that last week"))
    assert isinstance(ask, AskGuide)


def test_reply_given_up_for_words_that_turn_out_to_be_noise_ends_there() -> None:
    """Nobody has the floor."""
    talk = interrupted_telling_hours(finished=False)
    talk.at(7.3, CallerSaid("stop", final=False))
    assert talk.at(8.0, CallerSaid("um")) == [CloseTalkCycle()]
    assert (talk.state, talk.outcome) == (State.LISTENING, Outcome.IGNORED)


def test_reply_given_up_for_words_that_never_become_final_ends_there() -> None:
    """Silence leads back to listening, and nothing is said again."""
    talk = interrupted_telling_hours()
    talk.at(7.3, CallerSaid("stop", final=False), CallerSpeaking(False))
    assert talk.wait() == []
    assert talk.is_in(State.LISTENING)


# --- rules 2 and 4: resume ----------------------------------------------------------------------


def test_backchannel_resumes_the_reply_at_the_clause_that_was_cut() -> None:
    """What was not heard is said, from the start of its clause, in a new talk cycle."""
    talk = interrupted_telling_hours()
    assert talk.at(8.0, CallerSaid("uh-huh")) == [
        Say("On Saturdays we close at noon, and on Sundays all day."),
        CloseTalkCycle(),
    ]
    assert (talk.state, talk.outcome) == (State.SPEAKING, Outcome.RESUMED)


def test_resumed_reply_continues_with_what_the_guide_still_writes() -> None:
    """What it wrote during the pause goes out with the rest, later words as they come."""
    talk = interrupted_telling_hours(finished=False)
    talk.at(7.1, GuideToken(1, " Come"))
    close, say = talk.at(8.0, CallerSaid("uh-huh"))
    assert close == CloseTalkCycle()  # of what reached the line after it was cut
    assert say == Say("On Saturdays we close at noon, and on Sundays all day. Come")
    assert talk.at(8.1, GuideToken(1, " by.")) == [Say(" by.")]
    assert talk.at(8.2, GuideFinished(1)) == [CloseTalkCycle()]


def test_remark_resumes_and_is_kept_where_it_was_said() -> None:
    """The guide is told of it between what was heard before and after."""
    talk = interrupted_telling_hours()
    talk.at(8.0, CallerSaid("my wife loves that place"))
    assert talk.outcome is Outcome.RESUMED
    talk.at(9.0, TokensPlayed("On Saturdays we close at noon,"))
    talk.at(10.0, TokensPlayed(" and on Sundays all day."))
    talk.at(20.0, CallerSaid("where are you"))
    assert talk.asked == (
        Message("user", "what are your hours"),
        Message("assistant", "We are open from nine to six. On Saturdays"),
        Message("user", "my wife loves that place"),
        Message("assistant", "we close at noon, and on Sundays all day."),
        Message("user", "where are you"),
    )


def test_silence_after_an_interruption_resumes() -> None:
    """It was only a cough."""
    talk = interrupted_telling_hours()
    talk.at(7.2, CallerSpeaking(False))
    assert talk.machine.deadline == 7.2 + 2.0
    say, close = talk.wait()
    assert isinstance(say, Say)
    assert close == CloseTalkCycle()
    assert talk.outcome is Outcome.RESUMED


def test_deadline_reported_too_early_resumes_nothing() -> None:
    """The shell's clock need not be exact."""
    talk = interrupted_telling_hours()
    assert talk.at(7.1, DeadlinePassed()) == []
    assert talk.is_in(State.PAUSED)


def test_caller_who_is_speaking_is_not_talked_over_by_a_timer() -> None:
    """Ongoing speech delays the resume, and so does each partial."""
    talk = interrupted_telling_hours()
    assert talk.machine.deadline == 7.0 + 10.0
    talk.at(9.0, CallerSaid("and then I", final=False))
    assert talk.machine.deadline == 9.0 + 10.0


def test_lost_end_of_speech_delays_a_reply_no_longer_than_the_ceiling() -> None:
    """Nobody waits for ever."""
    talk = interrupted_telling_hours()
    say, _ = talk.wait()
    assert talk.now == 17.0
    assert isinstance(say, Say)


def test_partials_alone_delay_the_resume_on_a_line_without_speaker_events() -> None:
    """Each one restarts the wait for silence."""
    talk = being_told_hours()
    talk.at(7.0, TokensPlayed(" On Saturdays"), Interrupted("On Saturdays"))
    assert talk.machine.deadline == 9.0
    talk.at(8.5, CallerSaid("well", final=False))
    assert talk.machine.deadline == 10.5


def test_interruption_with_nothing_left_to_say_ends_the_reply() -> None:
    """There is nothing to resume, so what is said next is a turn."""
    talk = on_a_bare_line()
    talk.at(9.1, Interrupted("and on Sundays all day."))
    assert talk.is_in(State.LISTENING)
    (ask,) = talk.at(9.9, CallerSaid("my number is 555 0100"))
    assert isinstance(ask, AskGuide)


def test_blank_transcript_decides_nothing() -> None:
    """Lines send them, even while the caller is speaking."""
    talk = interrupted_telling_hours()
    deadline = talk.machine.deadline
    for blank in (CallerSaid(""), CallerSaid(" ", final=False)):
        assert talk.at(7.5, blank) == []
    assert (talk.state, talk.machine.deadline) == (State.PAUSED, deadline)


def test_resume_that_has_nothing_to_say_ends_the_reply() -> None:
    """The caller had heard it all, and the guide finished during the pause."""
    talk = asked_for_hours()
    talk.at(2.5, GuideToken(1, "We are open."))
    talk.at(3.5, TokensPlayed("We are open."))
    talk.at(3.6, Interrupted("We are open."))
    assert talk.is_in(State.PAUSED)
    talk.at(3.8, GuideFinished(1))
    assert talk.at(4.0, CallerSaid("uh-huh")) == [CloseTalkCycle()]
    assert talk.is_in(State.LISTENING)


# --- rule 6: a turn in pieces -------------------------------------------------------------------


def test_more_words_before_anything_is_heard_extend_the_turn() -> None:
    """The guide is asked again with the whole turn, and what was sent is replaced."""
    talk = asked_for_hours()
    talk.at(2.5, GuideToken(1, "We are"))
    assert talk.at(2.8, CallerSaid("on Sundays I mean")) == [
        DropGuide(1),
        CloseTalkCycle(),
        AskGuide(2, (Message("user", "what are your hours on Sundays I mean"),)),
    ]
    assert talk.outcome is Outcome.EXTENDED


def test_words_of_a_withdrawn_reply_that_were_heard_after_all_are_in_the_history() -> None:
    """They were played until the next reply's first word."""
    talk = asked_for_hours()
    talk.at(2.5, GuideToken(1, "We are open,"))
    talk.at(2.8, CallerSaid("on Sundays I mean"))
    talk.at(3.0, TokensPlayed("We are"))
    talk.at(3.5, GuideToken(2, "Closed."), GuideFinished(2), TokensPlayed("Closed."))
    talk.at(9.0, CallerSaid("where are you"))
    assert talk.asked == (
        Message("user", "what are your hours"),
        Message("assistant", "We are"),
        Message("user", "on Sundays I mean"),
        Message("assistant", "Closed."),
        Message("user", "where are you"),
    )


@pytest.mark.parametrize("words", ["uh-huh", "um"])
def test_backchannel_and_noise_never_extend_a_turn(words: str) -> None:
    """The guide's reply goes on."""
    talk = asked_for_hours()
    assert talk.at(2.2, CallerSaid(words)) == []
    assert (talk.state, talk.outcome) == (State.THINKING, Outcome.IGNORED)


def test_hello_while_the_guide_is_slow_is_kept_and_restarts_nothing() -> None:
    """Asking again would only take longer."""
    talk = asked_for_hours()
    assert talk.at(5.0, CallerSaid("hello?")) == []
    assert talk.outcome is Outcome.KEPT
    talk.at(6.0, GuideToken(1, "Nine."), GuideFinished(1), TokensPlayed("Nine."))
    talk.at(9.0, CallerSaid("where are you"))
    assert talk.asked[0] == Message("user", "what are your hours hello?")


def test_partial_words_extend_nothing() -> None:
    """A turn is extended only by final words."""
    talk = asked_for_hours()
    assert talk.at(2.2, CallerSaid("on Sundays", final=False)) == []


def test_interruption_with_empty_text_counts_as_heard() -> None:
    """The reply was playing, so a backchannel resumes it."""
    talk = asked_for_hours()
    talk.at(2.5, GuideToken(1, HOURS), GuideFinished(1))
    talk.at(3.0, Interrupted("", 15))
    assert talk.is_in(State.PAUSED)
    assert talk.at(3.5, CallerSaid("okay")) == [Say(HOURS), CloseTalkCycle()]


# --- rules 6 and 11: a line that reports nothing ------------------------------------------------


def on_a_bare_line() -> Talk:
    """A call on a line without speaker events, tokens-played and partials, mid-reply."""
    talk = Talk()
    talk.at(1.0, CallerSaid("what are your hours"))
    talk.at(2.0, GuideToken(1, HOURS), GuideFinished(1))
    return talk


def test_bare_line_counts_nothing_as_heard_in_the_first_half_second() -> None:
    """More words extend the turn."""
    talk = on_a_bare_line()
    talk.at(2.4, CallerSaid("on Sundays I mean"))
    assert talk.asked == (Message("user", "what are your hours on Sundays I mean"),)


def test_bare_line_counts_a_reply_as_over_when_the_caller_speaks_later() -> None:
    """The line would have reported an interruption."""
    talk = on_a_bare_line()
    talk.at(9.0, CallerSaid("my number is 555 0100"))
    assert talk.asked[1] == Message("assistant", HOURS)
    assert talk.outcome is Outcome.ASKED


def test_bare_line_interrupted_is_paused_and_resumed_by_the_reported_words() -> None:
    """The fragment is found in what was sent."""
    talk = on_a_bare_line()
    talk.at(6.0, Interrupted("On Saturdays we", 900))
    assert talk.at(7.0, CallerSaid("right")) == [
        Say("On Saturdays we close at noon, and on Sundays all day."),
        CloseTalkCycle(),
    ]


def test_bare_line_estimates_where_it_was_cut_from_the_time_that_was_spoken() -> None:
    """Without words, the duration and the speaking rate are used."""
    talk = on_a_bare_line()
    talk.at(6.0, Interrupted("", 4000))  # ten words at 2.5 a second
    talk.at(7.0, CallerSaid("what about Friday"))
    heard = talk.asked[1].content
    assert heard == "We are open from nine to six. On Saturdays we"


def test_bare_line_resumes_the_clause_in_a_script_without_blanks() -> None:
    """However often the caller says "yes", and the guide is told of what was heard alone."""
    text = "平日は九時からです。土曜日は午前十時から午後三時までで、日曜日はお休みです。"
    talk = Talk(language="ja-JP")
    talk.at(1.0, CallerSaid("営業時間は"))
    talk.at(2.0, GuideToken(1, text), GuideFinished(1))
    for now in (6.0, 10.0):
        talk.at(now, Interrupted("土曜日は午前十時", 900))
        resumed = talk.at(now + 1.0, CallerSaid("はい"))
        assert resumed == [Say(text[text.index("土") :]), CloseTalkCycle()]
    talk.at(14.0, Interrupted("土曜日は午前十時", 900))
    talk.at(15.0, CallerSaid("日曜日は？"))
    assert talk.asked[1] == Message("assistant", "平日は九時からです。土曜日は午前十時")


def test_bare_line_resumed_just_now_is_not_taken_to_be_over() -> None:
    """An utterance may come in two pieces, the second just after the resume."""
    talk = on_a_bare_line()
    talk.at(6.0, Interrupted("On Saturdays we", 900))
    talk.at(7.0, CallerSaid("right"))
    talk.at(7.3, CallerSaid("my wife loves that place"))
    assert (talk.state, talk.outcome) == (State.SPEAKING, Outcome.KEPT)


def test_bare_line_has_played_all_that_a_slow_guide_wrote() -> None:
    """A question cancels the reply, and every word so far was heard."""
    talk = Talk()
    talk.at(1.0, CallerSaid("what are your hours"))
    talk.at(2.0, GuideToken(1, "Let me look."))
    talk.at(5.0, CallerSaid("what about Friday"))
    assert talk.asked[1] == Message("assistant", "Let me look.")
    assert talk.outcome is Outcome.CANCELLED


def test_reply_on_a_bare_line_ends_by_the_clock() -> None:
    """It is audible after half a second, and over after its length and a margin."""
    talk = on_a_bare_line()
    talk.wait()
    assert (talk.state, talk.now) == (State.SPEAKING, 2.5)
    talk.wait()
    assert talk.is_in(State.LISTENING)
    words = len(HOURS.split())
    assert talk.now == pytest.approx(2.0 + 1.5 * (0.5 + words / 2.5) + 2.0)


def test_caller_who_was_speaking_before_the_reply_began_extends_the_turn() -> None:
    """The reply began over their words, however long their sentence took."""
    talk = Talk()
    talk.at(1.0, CallerSaid("what are your hours"))
    talk.at(1.8, CallerSpeaking(True))
    talk.at(2.0, GuideToken(1, HOURS), GuideFinished(1))
    assert talk.at(4.0, DeadlinePassed()) == []
    talk.at(5.0, CallerSpeaking(False), CallerSaid("on Sundays and on holidays I mean"))
    assert talk.outcome is Outcome.EXTENDED


def test_silence_after_all_was_sent_ends_the_reply_on_a_line_with_speaker_events() -> None:
    """It was audible and no longer is."""
    talk = on_a_bare_line()
    talk.at(2.6, AgentSpeaking(True))
    talk.at(8.0, AgentSpeaking(False))
    assert talk.is_in(State.LISTENING)


def test_silence_of_an_older_reply_ends_nothing() -> None:
    """This reply has not been audible yet."""
    talk = on_a_bare_line()
    talk.at(2.6, AgentSpeaking(False))
    assert talk.is_in(State.SPEAKING)


def test_silence_between_two_stretches_of_a_slow_reply_ends_nothing() -> None:
    """Words sent just now are about to be heard."""
    talk = Talk()
    talk.at(1.0, CallerSaid("what are your hours"))
    talk.at(2.0, GuideToken(1, "Let me look."))
    talk.at(2.6, AgentSpeaking(True))
    talk.at(5.0, GuideToken(1, " At nine."), GuideFinished(1), AgentSpeaking(False))
    assert talk.is_in(State.SPEAKING)


# --- rules 7 and 8: questions, and what comes late ----------------------------------------------


def asked_back(reply: str, heard: str) -> Talk:
    """A call in which the caller has heard part of a reply and speaks."""
    talk = asked_for_hours()
    talk.at(2.5, GuideToken(1, reply), GuideFinished(1), TokensPlayed(heard))
    return talk


@pytest.mark.parametrize("words", ["yes", "uh-huh", "nine"])
def test_answer_to_a_question_just_heard_is_a_turn(words: str) -> None:
    """Even if it would be a backchannel otherwise, and however late."""
    talk = asked_back("Shall I book it?", "Shall I book it?")
    talk.at(3.0, CallerSaid(words))
    assert talk.outcome is Outcome.ASKED


def test_answer_over_the_last_words_of_a_question_cancels() -> None:
    """With four words to go, the caller knows what is asked."""
    talk = asked_back("Would you like nine or ten in the morning?", "Would you like nine or ten")
    talk.at(3.5, Interrupted("Would you like nine or ten"))
    talk.at(4.0, CallerSaid("yes"))
    assert talk.outcome is Outcome.CANCELLED


def test_backchannel_before_the_last_words_of_a_question_resumes() -> None:
    """They cannot know the question yet."""
    talk = asked_back("We have time. Would you like nine or ten tomorrow?", "We have time.")
    talk.at(3.5, Interrupted("We have time."))
    talk.at(4.0, CallerSaid("okay"))
    assert talk.outcome is Outcome.RESUMED


def test_late_backchannel_is_no_turn_and_a_later_one_is() -> None:
    """For two seconds after a reply, it is still about that reply."""
    for wait_s, outcome in ((2.0, Outcome.IGNORED), (2.1, Outcome.ASKED)):
        talk = asked_back("At nine.", "At nine.")
        talk.at(2.5 + wait_s, CallerSaid("okay"))
        assert talk.outcome is outcome


# --- rule 9: the guide's deadlines --------------------------------------------------------------


def test_guide_that_says_nothing_in_time_is_dropped_with_an_apology() -> None:
    """The caller is told, and the call goes on."""
    talk = asked_for_hours(apology="Sorry.")
    assert talk.machine.deadline == 2.0 + 8.0
    assert talk.wait() == [DropGuide(1), Say("Sorry."), CloseTalkCycle()]


def test_guide_that_stalls_is_dropped_with_an_apology() -> None:
    """The apology follows what was said."""
    talk = asked_for_hours(apology="Sorry.")
    talk.at(3.0, GuideToken(1, "We are"))
    assert talk.machine.deadline == 3.0 + 6.0
    assert talk.wait() == [DropGuide(1), Say(" Sorry."), CloseTalkCycle()]


def test_failure_of_the_guide_is_apologised_for() -> None:
    """There is no stream to drop, and a blank that was written is not doubled."""
    talk = asked_for_hours(apology="Sorry.")
    talk.at(3.0, GuideToken(1, "We are "))
    assert talk.at(3.5, GuideFailed(1)) == [Say("Sorry."), CloseTalkCycle()]


def test_failure_during_a_pause_is_apologised_for_after_it() -> None:
    """Not one word is sent during a pause."""
    talk = interrupted_telling_hours(finished=False, apology="Sorry.")
    assert talk.at(7.1, GuideFailed(1)) == []
    _, say, _ = talk.at(8.0, CallerSaid("uh-huh"))
    assert say == Say("On Saturdays we close at noon, and on Sundays all day. Sorry.")


def test_empty_reply_is_apologised_for() -> None:
    """Dead air is the worst answer."""
    talk = asked_for_hours(apology="Sorry.")
    assert talk.at(3.0, GuideFinished(1)) == [Say("Sorry."), CloseTalkCycle()]


def test_failure_without_an_apology_ends_the_reply() -> None:
    """The owner prefers silence."""
    talk = asked_for_hours(apology="")
    assert talk.at(3.0, GuideFailed(1)) == []
    assert talk.is_in(State.LISTENING)


def test_guide_that_finishes_after_all_was_heard_ends_the_reply() -> None:
    """It had nothing more to say."""
    talk = asked_for_hours()
    talk.at(3.0, GuideToken(1, "At nine."), TokensPlayed("At nine."))
    assert talk.is_in(State.SPEAKING)
    assert talk.at(5.0, GuideFinished(1)) == [CloseTalkCycle()]
    assert talk.is_in(State.LISTENING)


def test_reply_ends_by_the_clock_if_its_reports_are_lost() -> None:
    """Only what was reported counts as heard."""
    talk = being_told_hours()
    talk.wait()
    assert talk.is_in(State.LISTENING)
    talk.at(60.0, CallerSaid("where are you"))
    assert talk.asked[1].content == "We are open from nine to six."


# --- words that did not interrupt ---------------------------------------------------------------


def test_question_that_did_not_interrupt_still_cancels() -> None:
    """The line may be told not to stop the agent."""
    talk = being_told_hours()
    (ask,) = talk.at(6.5, CallerSaid("what about Friday"))
    assert isinstance(ask, AskGuide)
    assert talk.outcome is Outcome.CANCELLED


@pytest.mark.parametrize(
    ("words", "outcome"),
    [("uh-huh", Outcome.IGNORED), ("my wife loves that place", Outcome.KEPT)],
)
def test_words_that_did_not_interrupt_and_do_not_take_the_floor(
    words: str, outcome: Outcome
) -> None:
    """The reply simply goes on."""
    talk = being_told_hours()
    assert talk.at(6.5, CallerSaid(words)) == []
    assert (talk.state, talk.outcome) == (State.SPEAKING, outcome)


def test_partial_words_that_did_not_interrupt_do_nothing() -> None:
    """They are not final yet."""
    talk = being_told_hours()
    assert talk.at(6.5, CallerSaid("what about", final=False)) == []


def test_reply_that_takes_longer_than_estimated_is_not_over() -> None:
    """A line that reports says when it ends. Until then, words are spoken over the reply."""
    talk = being_told_hours()
    talk.at(13.0, CallerSaid("my number is 555 0100"))
    assert (talk.state, talk.outcome) == (State.SPEAKING, Outcome.KEPT)


def test_reply_that_counted_as_over_too_soon_is_spoken_again() -> None:
    """A report or an interruption shows that it is still playing."""
    for event in (TokensPlayed(" On Saturdays"), Interrupted("On Saturdays")):
        talk = being_told_hours()
        talk.wait()
        assert talk.is_in(State.LISTENING)
        talk.at(20.0, TokensPlayed(" On"), event)
        assert not talk.is_in(State.LISTENING)


def test_backchannel_after_an_answer_is_no_answer() -> None:
    """The turn has already answered the question."""
    talk = asked_back("For which day?", "For which day?")
    talk.at(4.0, CallerSaid("Tuesday please"))
    assert talk.at(4.5, CallerSaid("okay")) == []
    assert (talk.state, talk.outcome) == (State.THINKING, Outcome.IGNORED)


# --- the voice spells it differently -------------------------------------------------------------


@pytest.mark.parametrize(
    "number", ["5550199.", "$1,299.", "It is 10:30 on 12/04.", "Yes, 24/7.", "Call 020 7946 0958."]
)
def test_reply_spoken_in_other_words_is_heard(number: str) -> None:
    """The silence after it confirms that."""
    talk = asked_for_hours()
    talk.at(2.5, GuideToken(1, number), GuideFinished(1), AgentSpeaking(True))
    talk.at(5.0, TokensPlayed("five five five zero one nine nine."), AgentSpeaking(False))
    assert talk.is_in(State.LISTENING)
    talk.at(6.0, CallerSaid("and the address"))
    assert talk.asked[1] == Message("assistant", number)


def test_number_cut_in_its_middle_is_said_again() -> None:
    """Nobody can say how much of it was heard."""
    talk = asked_for_hours()
    talk.at(2.5, GuideToken(1, "Yes. Our number is 5550199. Call us."), GuideFinished(1))
    talk.at(5.0, TokensPlayed("Yes."), TokensPlayed(" Our number is five five"))
    talk.at(5.0, Interrupted("Our number is five five"))
    assert talk.is_in(State.PAUSED)
    assert talk.at(6.0, CallerSaid("okay")) == [
        Say("Our number is 5550199. Call us."),
        CloseTalkCycle(),
    ]


def test_interruption_in_other_words_is_of_the_reply_that_was_just_reported() -> None:
    """Even if an older reply contains those very words."""
    talk = asked_back("We open at nine.", "We open at nine.")
    talk.at(9.0, CallerSaid("and on Saturdays"))
    talk.at(9.5, GuideToken(2, "Saturdays are short. 9 to noon is when we are open."))
    talk.at(11.0, TokensPlayed("Saturdays are short."))
    talk.at(11.5, TokensPlayed(" nine"), Interrupted("nine"))
    assert talk.is_in(State.PAUSED)


def test_word_that_is_reported_and_cut_counts_once() -> None:
    """It is reported twice, and occurs several times."""
    talk = asked_for_hours()
    talk.at(2.5, GuideToken(1, "No, no, no, it is very bad."), GuideFinished(1))
    talk.at(3.0, TokensPlayed("No,"), Interrupted("No"))
    say, _ = talk.at(4.0, CallerSaid("okay"))
    assert say == Say("no, no, it is very bad.")


# --- the caller who speaks on as the reply begins -----------------------------------------------


def spoken_through(*, reply: str = HOURS) -> Talk:
    """A call in which the caller spoke on, and the reply began over their words."""
    talk = asked_for_hours()
    talk.at(2.3, CallerSpeaking(True))
    talk.at(2.5, GuideToken(1, reply), GuideFinished(1))
    talk.at(3.0, CallerSaid("on sundays", final=False), Interrupted("", 15))
    return talk


def test_caller_who_speaks_on_as_the_reply_begins_is_heard_out() -> None:
    """What would be a remark is more of the turn: they were not listening yet."""
    talk = spoken_through()
    assert talk.is_in(State.PAUSED)
    (ask,) = talk.at(4.0, CallerSaid("on Sundays and holidays I mean"))
    assert ask == AskGuide(
        2, (Message("user", "what are your hours on Sundays and holidays I mean"),)
    )
    assert talk.outcome is Outcome.EXTENDED


def test_backchannel_of_a_caller_who_spoke_on_resumes() -> None:
    """It adds nothing to the turn."""
    talk = spoken_through()
    assert talk.at(4.0, CallerSaid("yeah")) == [Say(HOURS), CloseTalkCycle()]
    assert talk.outcome is Outcome.RESUMED


def test_caller_who_heard_some_of_the_reply_is_responding_to_it() -> None:
    """Even if they had spoken on as it began."""
    talk = asked_for_hours()
    talk.at(2.3, CallerSpeaking(True))
    talk.at(2.5, GuideToken(1, HOURS), GuideFinished(1))
    talk.at(3.5, TokensPlayed("We are open"), Interrupted("We are open"))
    talk.at(4.0, CallerSaid("my wife loves that place"))
    assert talk.outcome is Outcome.RESUMED


# --- talkover: the line never stops the agent -----------------------------------------------------


def talked_over(words: str, **options: object) -> Talk:
    """A call in talkover, in which the caller has said something over the agent."""
    talk = being_told_hours(finished=False, talkover=True, talkover_ack="Sure.", **options)
    talk.at(6.5, CallerSaid(words))
    return talk


@pytest.mark.parametrize(
    ("words", "outcome"),
    [("uh-huh", Outcome.IGNORED), ("my wife loves that place", Outcome.KEPT)],
)
def test_talkover_goes_on_without_a_gap(words: str, outcome: Outcome) -> None:
    """Words still go out as they come."""
    talk = talked_over(words)
    assert (talk.state, talk.outcome) == (State.SPEAKING, outcome)
    assert talk.at(6.6, GuideToken(1, " Come by.")) == [Say(" Come by.")]


def test_talkover_lets_the_new_reply_replace_the_old() -> None:
    """Its first words do. What is heard of the old one until then is in the history."""
    talk = talked_over("what about Friday")
    assert talk.outcome is Outcome.CANCELLED
    talk.at(6.7, TokensPlayed(" On Saturdays we"))
    assert talk.at(6.8, GuideToken(2, "At nine."), GuideFinished(2)) == [
        Say("At nine."),
        CloseTalkCycle(),
    ]
    talk.at(8.0, TokensPlayed("At nine."))
    talk.at(15.0, CallerSaid("where are you"))
    assert [message.content for message in talk.asked[1:4]] == [
        "We are open from nine to six. On Saturdays we",
        "what about Friday",
        "At nine.",
    ]


def test_talkover_acknowledges_when_the_guide_takes_its_time() -> None:
    """In the reply's own talk cycle. Once heard, it is in the history."""
    talk = talked_over("what about Friday")
    assert talk.machine.deadline == 7.0
    assert talk.wait() == [Say("Sure. ")]
    assert talk.at(7.2, TokensPlayed(" On"), TokensPlayed("Sure.")) == []
    assert talk.is_in(State.THINKING)
    assert talk.at(8.0, GuideToken(2, "At nine."), GuideFinished(2)) == [
        Say("At nine."),
        CloseTalkCycle(),
    ]
    talk.at(9.0, TokensPlayed("At nine."))
    talk.at(15.0, CallerSaid("where are you"))
    assert [message.content for message in talk.asked[1:4]] == [
        "We are open from nine to six. On",
        "what about Friday",
        "Sure. At nine.",
    ]


def test_talkover_acknowledges_nothing_once_the_old_reply_has_ended() -> None:
    """There is nothing to replace."""
    talk = talked_over("what about Friday")
    talk.at(6.9, TokensPlayed(" On Saturdays we close at noon, and on Sundays all day."))
    assert talk.wait() == []
    assert talk.machine.deadline == 6.5 + 8.0


@pytest.mark.parametrize("options", [{"talkover_ack": ""}, {"talkover": False}])
def test_nothing_is_acknowledged_unless_the_owner_wants_it(options: dict[str, object]) -> None:
    """Nor if the line stops the agent."""
    given: Any = {"talkover": True, "talkover_ack": "Sure.", **options}
    talk = being_told_hours(**given)
    talk.at(6.5, CallerSaid("what about Friday"))
    assert talk.machine.deadline == 6.5 + 8.0


def test_talkover_gives_up_what_is_not_yet_written_at_a_clear_stop() -> None:
    """The guide is asked only once the words are final."""
    talk = being_told_hours(finished=False, talkover=True)
    assert talk.at(6.4, CallerSaid("stop", final=False)) == [DropGuide(1), CloseTalkCycle()]
    assert talk.at(6.5, CallerSaid("stop", final=False)) == []
    (ask,) = talk.at(6.9, CallerSaid("stop please"))
    assert isinstance(ask, AskGuide)


def in_the_first_clause(reply: str) -> Talk:
    """A talkover call, two seconds into a clause of which the line has reported nothing."""
    talk = asked_for_hours(talkover=True)
    talk.at(2.5, GuideToken(1, reply), GuideFinished(1))
    talk.now = 5.0
    return talk


def test_talkover_goes_on_over_a_remark_in_the_first_clause() -> None:
    """The line reports a clause only at its end; by the clock it is being heard."""
    talk = in_the_first_clause("We close at noon on Saturdays and at six on other days.")
    assert talk.at(5.0, CallerSaid("my wife loves that place")) == []
    assert (talk.state, talk.outcome) == (State.SPEAKING, Outcome.KEPT)


def test_talkover_hears_an_answer_over_the_tail_of_a_single_clause() -> None:
    """By the clock, the question is about to end."""
    talk = in_the_first_clause("Is nine or ten better for you?")
    talk.at(5.0, CallerSaid("yes"))
    assert talk.outcome is Outcome.CANCELLED


def test_talkover_hears_no_answer_before_the_question_is_known() -> None:
    """Only words that there was time for count, and none beyond the clause."""
    for reply in ("Is nine or ten or eleven or noon better for you?", "We do. Is nine fine?"):
        talk = in_the_first_clause(reply)
        talk.at(4.0 if "noon" in reply else 30.0, CallerSaid("okay"))
        assert talk.outcome is not Outcome.CANCELLED


def test_talkover_without_reports_estimates_what_was_heard() -> None:
    """By the clock, which is all there is."""
    talk = Talk(talkover=True)
    talk.at(1.0, CallerSaid("what are your hours"))
    talk.at(2.0, GuideToken(1, HOURS), GuideFinished(1))
    talk.at(4.5, CallerSaid("what about Friday"))
    assert talk.outcome is Outcome.CANCELLED
    talk.at(20.0, DeadlinePassed())
    assert talk.asked[1] == Message("assistant", "We are open from nine")


# --- rule 10: stale events ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "stale",
    [
        Interrupted("Hello."),
        GuideToken(0, "x"),
        GuideToken(2, "x"),
        GuideFinished(0),
        GuideFailed(2),
        AgentSpeaking(False),
        DeadlinePassed(),
    ],
)
def test_stale_event_while_words_are_out_changes_nothing(stale: Event) -> None:
    """Interrupts of the greeting, tokens of another reply, and the like."""
    talk = asked_for_hours()
    talk.at(2.5, GuideToken(1, HOURS))
    assert talk.at(2.6, stale) == []
    assert talk.is_in(State.THINKING)
    assert talk.at(2.7, GuideToken(1, " More.")) == [Say(" More.")]


def test_interruption_before_the_reply_is_sent_changes_nothing() -> None:
    """It was something else that was cut."""
    talk = asked_for_hours()
    assert talk.at(2.2, Interrupted("", 15)) == []
    assert talk.is_in(State.THINKING)


def test_interruption_of_a_reply_already_over_changes_nothing() -> None:
    """Not even for the next reply."""
    talk = being_told_hours()
    talk.at(10.0, TokensPlayed(" On Saturdays we close at noon, and on Sundays all day."))
    talk.at(10.1, Interrupted("and on Sundays all day."))
    assert talk.is_in(State.LISTENING)
    talk.at(15.0, CallerSaid("where are you"), GuideToken(2, "In Mill Lane."))
    talk.at(15.1, Interrupted("and on Sundays all day."))
    assert talk.is_in(State.THINKING)


def test_interruption_of_a_withdrawn_reply_also_cuts_the_next() -> None:
    """The line forgot everything queued, so the new reply is paused at its first word."""
    talk = asked_for_hours()
    talk.at(2.5, GuideToken(1, "We are open,"))
    talk.at(2.8, CallerSaid("on Sundays I mean"))
    talk.at(3.2, GuideToken(2, "Closed then."), GuideFinished(2))
    talk.at(3.3, TokensPlayed("We are"), Interrupted("We are"))
    assert talk.is_in(State.PAUSED)
    assert talk.at(4.0, CallerSaid("okay")) == [Say("Closed then."), CloseTalkCycle()]


def test_interruption_of_a_withdrawn_reply_pauses_the_next() -> None:
    """They heard none of the next one, so what they say is more of the turn."""
    talk = Talk()
    talk.at(1.0, CallerSaid("what are your hours"))
    talk.at(2.0, GuideToken(1, "We are open,"))
    talk.at(2.3, CallerSaid("on Sundays I mean"))
    talk.at(2.6, Interrupted("We are", 500))
    assert talk.is_in(State.PAUSED)
    assert talk.at(2.7, GuideToken(2, "Closed.")) == []
    talk.at(3.0, CallerSaid("and on Mondays"))
    assert talk.outcome is Outcome.EXTENDED
    assert [message.content for message in talk.asked] == [
        "what are your hours",
        "We are",
        "on Sundays I mean and on Mondays",
    ]


def test_silence_after_a_withdrawn_reply_was_cut_goes_on_with_the_next() -> None:
    """By waiting for its first word, or saying what came meanwhile."""
    for token, said in ((None, []), (GuideToken(2, "Closed."), [Say("Closed.")])):
        talk = Talk()
        talk.at(1.0, CallerSaid("what are your hours"))
        talk.at(2.0, GuideToken(1, "We are open,"))
        talk.at(2.3, CallerSaid("on Sundays I mean"))
        talk.at(2.6, Interrupted("We are", 500))
        if token:
            talk.at(3.0, token)
        assert talk.wait() == said
        assert talk.is_in(State.THINKING)
        assert talk.at(4.9, GuideToken(2, " Sorry.")) == [Say(" Sorry.")]


ALPHA = "Alpha bravo charlie, delta echo foxtrot, golf hotel india, juliet kilo lima."


def being_told_alpha() -> Talk:
    """A call in which the caller has heard the first clause of a reply."""
    talk = asked_for_hours()
    talk.at(2.5, GuideToken(1, ALPHA), GuideFinished(1), TokensPlayed("Alpha bravo charlie,"))
    return talk


@pytest.mark.parametrize("stale", ["Alpha bravo charlie,", "Hello."])
def test_report_that_comes_twice_moves_nothing(stale: str) -> None:
    """Whether of this reply or of the greeting."""
    talk = being_told_alpha()
    talk.at(5.0, TokensPlayed(" delta echo foxtrot,"), TokensPlayed(stale))
    talk.at(6.0, TokensPlayed(" golf"), Interrupted("golf"))
    say, _ = talk.at(7.0, CallerSaid("right"))
    assert say == Say("golf hotel india, juliet kilo lima.")


def test_silence_reported_twice_does_not_end_a_resumed_reply() -> None:
    """It is not audible again yet."""
    talk = on_a_bare_line()
    talk.at(2.2, AgentSpeaking(True))
    talk.at(5.0, Interrupted("We are open from nine to six. On"), AgentSpeaking(False))
    talk.at(6.0, CallerSaid("right"))
    talk.at(6.6, AgentSpeaking(False))
    talk.at(7.5, Interrupted("On Saturdays"))
    assert talk.is_in(State.PAUSED)


def test_silence_after_the_last_report_was_lost_ends_the_reply() -> None:
    """There was time to play it, and the caller wants an answer."""
    talk = being_told_hours()
    talk.at(6.1, AgentSpeaking(True))
    talk.at(11.5, AgentSpeaking(False))
    talk.at(12.0, CallerSaid("my number is 555 0100"))
    assert talk.outcome is Outcome.ASKED


def test_cough_before_the_reply_does_not_begin_the_next_utterance() -> None:
    """A remark over the reply is a remark, not more of the turn."""
    talk = asked_for_hours()
    talk.at(2.1, CallerSpeaking(True))
    talk.at(2.2, CallerSpeaking(False))
    talk.at(4.0, GuideToken(1, HOURS), GuideFinished(1))
    talk.at(5.0, Interrupted("", 15), CallerSpeaking(True))
    talk.at(6.0, CallerSaid("my wife loves that place"))
    assert talk.outcome is Outcome.RESUMED


def test_caller_who_speaks_over_an_unfinished_clause_is_responding_to_it() -> None:
    """The words were sent before they spoke."""
    talk = asked_for_hours()
    talk.at(2.5, GuideToken(1, "We are open from nine"))
    talk.at(6.0, CallerSpeaking(True), Interrupted("", 15))
    talk.at(7.0, CallerSaid("my wife loves that place"))
    assert talk.outcome is Outcome.RESUMED


def test_bare_line_has_played_what_there_was_time_for() -> None:
    """Even if the guide writes a word every 0.3 s, without a gap."""
    talk = Talk()
    talk.at(1.0, CallerSaid("what are your hours"))
    for index, word in enumerate(HOURS.split()):
        talk.at(2.0 + 0.3 * index, GuideToken(1, f" {word}"))
    talk.at(8.0, CallerSaid("what about Friday"))
    assert talk.asked[1] == Message("assistant", "We are open from nine to six. On Saturdays")


@pytest.mark.parametrize("text", ["...", " ", "-"])
def test_reply_without_words_is_apologised_for(text: str) -> None:
    """There is nothing to hear."""
    talk = asked_for_hours(apology="Sorry.")
    talk.at(3.0, GuideToken(1, text))
    said = talk.at(3.1, GuideFinished(1))
    assert any(isinstance(action, Say) and "Sorry." in action.text for action in said)


def test_blank_opens_no_talk_cycle() -> None:
    """There is nothing to speak."""
    talk = asked_for_hours()
    talk.at(2.5, GuideToken(1, "Alpha bravo, charlie "))
    talk.at(4.0, TokensPlayed("Alpha bravo, charlie"), Interrupted("charlie"))
    assert talk.at(5.0, CallerSaid("right")) == [CloseTalkCycle()]
    assert talk.at(5.1, GuideToken(1, "delta.")) == [Say("delta.")]


def test_second_interruption_during_a_pause_changes_nothing() -> None:
    """Neither where the reply resumes nor when."""
    talk = interrupted_telling_hours()
    deadline = talk.machine.deadline
    assert talk.at(7.5, Interrupted("On Saturdays we close")) == []
    assert talk.machine.deadline == deadline
    say, _ = talk.at(8.0, CallerSaid("uh-huh"))
    assert say == Say("On Saturdays we close at noon, and on Sundays all day.")


def test_nothing_happens_after_the_end() -> None:
    """The guide's stream is dropped, and every event is ignored."""
    talk = asked_for_hours()
    assert talk.at(3.0, CallEnded()) == [DropGuide(1)]
    for event in (CallEnded(), CallerSaid("hello"), GuideToken(1, "x"), DeadlinePassed()):
        assert talk.at(4.0, event) == []
    assert (talk.state, talk.machine.deadline) == (State.ENDED, None)


def test_time_never_goes_back() -> None:
    """An event with an older time counts as happening now."""
    talk = interrupted_telling_hours()
    talk.at(1.0, CallerSaid("well", final=False), CallerSpeaking(False))
    assert talk.machine.deadline == 7.0 + 2.0
