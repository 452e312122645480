"""Whether the agent can be heard, on lines that tell more or less."""

from dataclasses import dataclass

import pytest

from turn.attribution import Attribution
from turn.audibility import Audibility
from turn.caller_activity import CallerActivity
from turn.options import Options
from turn.playback import Playback
from turn.reply import Reply

TEXT = "One two three four five."
OVER_AT = 1.5 + 5 / 2.0
"""When all of it was played, at two words a second, if it went out at 1.0."""


@dataclass
class Line:
    """A reply that went out at 1.0, what the line has reported, and what follows."""

    reply: Reply
    attribution: Attribution
    caller: CallerActivity
    audibility: Audibility


def line(*, reports: bool = False, talkover: bool = False, writes: bool = False) -> Line:
    """A line that was given the reply, which the guide may still be writing."""
    options = Options(
        words_per_second=2.0, heard_grace_s=0.5, resume_timeout_s=2.0, talkover=talkover
    )
    playback, greeting = Playback(), Playback("Hello.", sent=len("Hello."))
    reply = Reply(1, playback, options, guide_writes=True)
    attribution, caller = Attribution(greeting), CallerActivity(options)
    if reports:
        attribution.played("Hello.", after_cut=False)
    attribution.begin(playback, after_cut=False)
    reply.write(TEXT, 1.0)
    reply.say(1.0)
    reply.guide_writes = writes
    return Line(reply, attribution, caller, Audibility(reply, attribution, caller, options))


def test_reply_is_audible_by_the_clock_on_a_line_without_reports() -> None:
    """A moment after its first clause went out."""
    audibility = line().audibility
    assert audibility.audible_at(1.0) == 1.5
    assert [audibility.is_audible(now) for now in (1.4, 1.5)] == [False, True]


@pytest.mark.parametrize(("talkover", "at"), [(False, None), (True, 1.5)])
def test_line_that_reports_is_waited_for_unless_in_talkover(
    at: float | None, *, talkover: bool
) -> None:
    """In talkover the first report comes only at the end of a clause."""
    assert line(reports=True, talkover=talkover).audibility.audible_at(1.0) == at


def test_reply_that_starts_over_the_callers_voice_is_not_audible() -> None:
    """Until they pause."""
    given = line()
    given.caller.speaking_changed(on=True, now=0.8)
    assert not given.audibility.is_audible(5.0)
    given.caller.speaking_changed(on=False, now=5.0)
    assert given.audibility.is_audible(7.0)


def test_caller_who_was_speaking_as_the_reply_began_has_heard_none() -> None:
    """One who began after it, or had heard some of it, has."""
    given = line()
    assert not given.audibility.caller_heard_none(2.0)
    given.caller.speaking_changed(on=True, now=0.8)
    assert given.audibility.caller_heard_none(2.0)
    given.reply.playback.played("One")
    assert not given.audibility.caller_heard_none(2.0)


def test_caller_has_heard_none_of_a_reply_that_is_not_out() -> None:
    """What they spoke over was another one; a resumed reply is not out again at once."""
    given = line()
    given.reply.playback.played("One two")
    given.reply.rewind(3.0)
    assert given.audibility.caller_heard_none(3.0)
    given.audibility.reply = Reply(2, Playback(), Options(), guide_writes=True)
    assert given.audibility.caller_heard_none(3.0)


def test_reply_that_was_not_interrupted_was_over() -> None:
    """The line stops the agent for any speech, so there was nothing to stop."""
    audibility = line().audibility
    assert [audibility.was_over(now) for now in (1.4, 1.5)] == [False, True]


@pytest.mark.parametrize("given", [{"reports": True, "talkover": True}, {"writes": True}])
def test_reply_was_not_over_while_more_is_to_come(given: dict[str, bool]) -> None:
    """From the guide, or in the line's reports."""
    assert not line(**given).audibility.was_over(60.0)


def test_talkover_reply_was_over_once_there_was_time_for_it() -> None:
    """There the line stops the agent for nothing."""
    audibility = line(talkover=True).audibility
    assert [audibility.was_over(now) for now in (OVER_AT - 0.1, OVER_AT)] == [False, True]


def test_silence_after_the_reply_was_audible_is_its_end() -> None:
    """On a line without reports it has then been heard."""
    given = line()
    given.reply.timing.became_audible()
    assert given.audibility.fell_silent_at_end(2.0)
    assert given.reply.playback.all_heard


def test_silence_before_the_reply_was_audible_is_not_its_end() -> None:
    """It is the end of the one before."""
    assert not line().audibility.fell_silent_at_end(2.0)


def test_silence_while_the_guide_writes_is_a_gap() -> None:
    """So is silence before the words sent last can be heard."""
    writing = line(writes=True)
    writing.reply.timing.became_audible()
    assert not writing.audibility.fell_silent_at_end(2.0)
    given = line()
    given.reply.timing.became_audible()
    given.reply.timing.sent(" Six.", 1.9)
    assert not given.audibility.fell_silent_at_end(2.0)


def test_silence_before_the_last_report_is_a_gap_until_the_reply_is_overdue() -> None:
    """Then the report was lost."""
    given = line(reports=True)
    given.reply.timing.became_audible()
    given.reply.playback.played("One two")
    assert not given.audibility.fell_silent_at_end(OVER_AT - 0.1)
    assert given.audibility.fell_silent_at_end(OVER_AT)


def test_silence_confirms_a_report_in_other_words() -> None:
    """What the voice spelled its own way was heard to its end."""
    given = line(reports=True)
    given.reply.timing.became_audible()
    given.reply.playback.played("1 2 3 4 5")
    assert given.audibility.fell_silent_at_end(2.0)


@pytest.mark.parametrize(("reports", "words"), [(False, "One two three"), (True, "")])
def test_heard_words_are_estimated_only_without_reports(words: str, *, reports: bool) -> None:
    """A line that reports will tell."""
    given = line(reports=reports)
    given.audibility.estimate_heard(1.4)
    assert given.reply.playback.heard == 0
    given.audibility.estimate_heard(3.0)
    assert given.reply.playback.text[: given.reply.playback.heard] == words


def test_nothing_is_estimated_of_a_reply_over_the_callers_voice() -> None:
    """It does not count as audible."""
    given = line()
    given.caller.speaking_changed(on=True, now=0.8)
    given.audibility.estimate_heard(3.0)
    assert given.reply.playback.heard == 0


@pytest.mark.parametrize(("reports", "heard"), [(False, len(TEXT)), (True, 0)])
def test_reply_that_is_over_was_heard_as_far_as_the_line_would_tell(
    heard: int, *, reports: bool
) -> None:
    """Without reports there would have been an interrupt."""
    given = line(reports=reports)
    assert given.audibility.end(60.0) == OVER_AT
    assert given.reply.playback.heard == heard


def test_end_confirms_a_report_in_other_words() -> None:
    """Nothing showed that it was cut."""
    given = line(reports=True)
    given.reply.playback.played("1 2 3 4 5")
    given.audibility.end(60.0)
    assert given.reply.playback.all_heard


@pytest.mark.parametrize(
    ("number", "heard", "may_play"), [(1, "One two", True), (1, TEXT, False), (0, "One", False)]
)
def test_reply_with_unheard_words_may_still_play(
    number: int, heard: str, *, may_play: bool
) -> None:
    """It only counts as over. The greeting is not waited for."""
    given = line(reports=True)
    given.reply.number = number
    given.reply.playback.played(heard)
    given.audibility.end(60.0)
    assert given.audibility.may_still_play is may_play
