"""Whether the caller is speaking, as far as the line tells."""

from turn.caller_activity import CallerActivity
from turn.options import Options

OPTIONS = Options(resume_timeout_s=2.0, caller_speech_ceiling_s=10.0)


def caller() -> CallerActivity:
    return CallerActivity(OPTIONS)


def test_quiet_is_measured_from_the_end_of_the_sound() -> None:
    """A long utterance is followed by as much patience as a short one."""
    activity = caller()
    activity.speaking_changed(on=True, now=1.0)
    activity.speaking_changed(on=False, now=5.0)
    assert activity.quiet_at == 7.0


def test_caller_counts_as_speaking_up_to_the_ceiling() -> None:
    """The report that they stopped may be lost."""
    activity = caller()
    activity.speaking_changed(on=True, now=1.0)
    assert activity.quiet_at == 11.0
    activity.presume_silent()
    assert activity.quiet_at == 3.0


def test_each_sign_of_speech_restarts_the_quiet() -> None:
    """Words and a barge-in count, also on a line that does not report sound."""
    activity = caller()
    activity.said_something(3.0)
    assert activity.quiet_at == 5.0
    activity.barged_in(4.0)
    assert activity.quiet_at == 6.0


def test_caller_who_makes_sound_has_spoken_since_it_began() -> None:
    """However long ago; but not since before."""
    activity = caller()
    activity.speaking_changed(on=True, now=1.0)
    activity.said_something(2.0)
    assert activity.has_spoken_since_before(1.1, now=60.0)
    assert not activity.has_spoken_since_before(1.0, now=60.0)


def test_words_alone_show_speech_until_they_are_old() -> None:
    """A line without sound reports shows nothing else."""
    activity = caller()
    activity.said_something(1.0)
    assert activity.has_spoken_since_before(2.0, now=2.9)
    assert not activity.has_spoken_since_before(2.0, now=3.0)


def test_final_words_end_the_utterance() -> None:
    """What is said next begins another."""
    activity = caller()
    activity.said_something(1.0)
    activity.finished_utterance()
    assert not activity.has_spoken_since_before(2.0, now=2.0)


def test_sound_after_a_cough_begins_anew() -> None:
    """A cough is never transcribed, so nothing else ends its utterance."""
    activity = caller()
    activity.speaking_changed(on=True, now=1.0)
    activity.speaking_changed(on=False, now=1.2)
    activity.speaking_changed(on=True, now=5.0)
    assert not activity.has_spoken_since_before(4.0, now=6.0)
