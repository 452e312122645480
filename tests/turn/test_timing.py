"""What the clock says about a reply, at two words a second."""

import pytest

from turn.options import Options
from turn.playback import Playback
from turn.timing import SLOW_VOICE, Timing

OPTIONS = Options(words_per_second=2.0, heard_grace_s=0.5, playback_margin_s=3.0)


def timing(*sent: tuple[str, float]) -> Timing:
    """A reply of which these words went out, each at its time."""
    clock = Timing(OPTIONS)
    for words, now in sent:
        clock.sent(words, now)
    return clock


def test_reply_is_audible_a_moment_after_its_first_clause() -> None:
    """A voice does not begin before the clause is whole."""
    clock = timing(("We are", 1.0))
    assert (clock.first_sent_at, clock.audible_at) == (1.0, None)
    clock.sent(" open.", 2.0)
    clock.sent(" Come by.", 3.0)
    assert (clock.first_sent_at, clock.audible_at) == (1.0, 2.5)


def test_end_of_the_talk_cycle_ends_the_last_clause() -> None:
    """Without a mark at its end, too. Closing it again adds nothing."""
    clock = timing(("We are open", 1.0))
    for now in (2.0, 9.0):
        clock.cycle_closed(now)
        assert clock.audible_at == 2.5
        assert clock.ended_at(60.0) == 2.5 + 3 / 2.0


def test_clauses_are_played_one_after_the_other() -> None:
    """The second begins when the first has ended, however early it came."""
    clock = timing(("One two three four,", 1.0), (" five six.", 1.0))
    assert not clock.could_have_played_all(1.5 + 5.9 / 2.0)
    assert clock.could_have_played_all(1.5 + 6 / 2.0)


def test_clause_after_a_gap_takes_a_moment_to_begin() -> None:
    """The voice had fallen silent."""
    clock = timing(("One two.", 1.0), (" Three four.", 10.0))
    assert clock.ended_at(60.0) == 10.5 + 2 / 2.0


def test_report_corrects_the_estimate() -> None:
    """From the report on, only what is unplayed takes time."""
    clock = timing(("One two three four.", 1.0))
    clock.reported(" three four.", 5.0)
    assert clock.ended_at(60.0) == 5.0 + 2 / 2.0


def test_playback_has_ended_by_now_at_the_latest() -> None:
    """The estimate may be too long."""
    assert timing(("One two three four.", 1.0)).ended_at(2.0) == 2.0


def test_slow_voice_is_waited_for_from_the_last_progress() -> None:
    """What is left may take half as long again, and the margin is added."""
    clock = timing(("One two three four.", 1.0))
    assert clock.must_end_by == pytest.approx(1.0 + SLOW_VOICE * 2.5 + 3.0)
    clock.reported(" four.", 5.0)
    assert clock.must_end_by == pytest.approx(5.0 + SLOW_VOICE * 0.5 + 3.0)
    clock.sent(" Five", 30.0)
    assert clock.must_end_by == 30.0 + 3.0


def test_sound_counts_once_a_clause_is_out() -> None:
    """Before, it is the sound of the reply before."""
    clock = timing(("We are", 1.0))
    clock.became_audible()
    assert not clock.is_known_audible
    clock.sent(" open.", 2.0)
    clock.became_audible()
    assert clock.is_known_audible


def test_words_just_sent_are_not_audible_yet() -> None:
    """Silence until then says nothing about them."""
    clock = timing(("One.", 1.0), (" Two.", 5.0))
    assert not clock.latest_is_audible(5.5)
    assert clock.latest_is_audible(5.6)


def test_rewound_reply_starts_anew() -> None:
    """Nothing that the line did before says anything about what is said again."""
    clock = timing(("One two three four five six seven eight.", 1.0), (" Nine", 1.0))
    clock.became_audible()
    clock.reported("three four five six seven eight. Nine", 2.0)
    clock.rewound(3.0)
    assert (clock.first_sent_at, clock.audible_at, clock.is_known_audible) == (None, None, False)
    assert clock.words_unreported(60.0) == 0
    assert clock.could_have_played_all(3.0)
    clock.sent("Two.", 4.0)
    assert clock.ended_at(60.0) == 4.5 + 1 / 2.0


def test_unreported_words_are_counted_from_the_last_report() -> None:
    """Or from when the reply became audible; a word half spoken does not count."""
    clock = timing(("One two three four.", 1.0))
    assert [clock.words_unreported(now) for now in (1.0, 1.9, 2.0)] == [0, 0, 1]
    clock.reported(" three four.", 5.0)
    assert clock.words_unreported(5.9) == 1


def test_words_of_a_clause_are_played_as_time_goes() -> None:
    """Those that there was no time for yet do not count, and none of an unfinished clause."""
    clock = timing(("One two three four,", 1.0), (" five", 1.0))
    unplayed = "One two three four, five"
    played = [clock.words_played(unplayed, now) for now in (1.0, 2.4, 2.5, 60.0)]
    assert played == [0, 1, 2, 4]


def test_characters_are_played_as_time_goes() -> None:
    """Two of Japanese take as long as a word, for what is said and for what is heard."""
    clause = "土曜日は十時、"
    clock = timing((clause, 1.0), ("日曜", 1.0))
    assert clock.audible_at == 1.5
    assert clock.could_have_played_all(1.5 + 3 / 2.0)
    playback = Playback(clause + "日曜", sent=len(clause) + 2)
    playback.advance(clock.words_played(playback.text, 2.5))
    assert playback.text[: playback.heard] == "土曜日は"
