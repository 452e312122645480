"""Where the words of a report are among the words of a reply."""

import pytest

from turn.alignment import COMPARED_WORDS, find, follow, locate, stands_at
from turn.words import Words, words_in

HOURS = "We are open from 9 to 6 on weekdays. On Saturdays we close at noon."


def test_words_stand_where_they_sound_alike() -> None:
    """All of them, at that index."""
    words = Words().of(HOURS)
    assert stands_at(["are", "open"], words, 1)
    assert not stands_at(["are", "closed"], words, 1)
    assert not stands_at(["noon", "then"], words, len(words) - 1)
    assert not stands_at([], words, 0)


def test_words_are_found_from_an_index_on() -> None:
    """The first that are, or none."""
    words = Words().of("ha ha ho ha")
    assert [find(["ha"], words, start) for start in range(5)] == [0, 1, 3, 3, None]
    assert find([], words, 0) is None


@pytest.mark.parametrize(
    ("report", "end", "rest"),
    [
        ("we are open from nine to six on weekdays", "weekdays", 0),
        ("we are open from nine", "from", 1),
        ("we were open from nine to six", "to", 1),
        ("open from nine to six on", "on", 0),
    ],
)
def test_report_follows_as_far_as_it_is_alike(report: str, end: str, rest: int) -> None:
    """What it has beyond that may be how the next word is read."""
    words = Words().of(HOURS)
    fit = follow(words_in(report), words, 0, 0)
    assert fit is not None
    assert (words[fit.end - 1].sound, fit.rest) == (end, rest)


@pytest.mark.parametrize("report", ["", "nine", "close at noon", "nothing of the kind"])
def test_report_does_not_follow_past_more_than_it_weighs(report: str) -> None:
    """What it passes over would have been reported."""
    assert follow(words_in(report), Words().of(HOURS), 0, 0) is None


def test_report_may_begin_anywhere_in_what_is_only_assumed() -> None:
    """Passing over that costs nothing."""
    words = Words().of(HOURS)
    report = words_in("on Saturdays we closed")
    assert follow(report, words, 0, 0) is None
    fit = follow(report, words, 0, 9)
    assert fit is not None
    assert words[fit.end - 1].sound == "we"


def test_report_is_located_by_what_is_alike() -> None:
    """The more, the better."""
    words = Words().of(f"On Sundays we are closed. {HOURS} On Mondays we are open.")
    fit = locate(words_in("open from nine to six on weekdays on Saturdays we"), words, 0)
    assert fit is not None
    assert [word.sound for word in words[fit.end - 2 : fit.end]] == ["saturdays", "we"]
    assert locate(words_in("nothing like this"), words, 0) is None
    assert locate([], words, 0) is None
    assert locate(["we"], words, len(words)) is None


def test_abbreviation_is_what_it_stands_for() -> None:
    """It has the letters of the word, in order."""
    assert follow(["doctor", "lee"], Words().of("Dr. Lee"), 0, 0) is not None
    assert follow(["sister", "lee"], Words().of("Dr. Lee"), 0, 0) is None


def test_chance_likeness_before_a_fit_does_not_spoil_it() -> None:
    """It may begin after that."""
    words = Words().of("Is the elephant considerably heavier? See you soon.")
    fit = locate(["is", "see", "you"], words, 0)
    assert fit is not None
    assert (words[fit.end - 1].sound, fit.gain) == ("you", 4)


def test_end_of_a_report_tells_where_most_of_it_is_a_number() -> None:
    """Elsewhere, more of its words are in a row."""
    words = Words().of("Bread and butter and jam is here. It costs $120.50. Breakfast is free.")
    fit = locate(words_in("one hundred and twenty dollars and fifty cents breakfast is"), words, 0)
    assert fit is not None
    assert [word.sound for word in words[fit.end - 2 : fit.end]] == ["breakfast", "is"]


def test_place_with_more_letters_alike_is_the_better_one() -> None:
    """Of two that have as many words of the report."""
    words = Words().of(f"A is {'12 ' * 12}take wonderful breakfast.")
    fit = locate(["a", "is", "wonderful", "breakfast"], words, 0)
    assert fit is not None
    assert fit.end == len(words)


def test_number_stands_for_a_word_at_least() -> None:
    """A voice does not leave out numbers without a word for them."""
    report = words_in("call five now")
    assert follow(report, Words().of("call 5 now"), 0, 0) is not None
    far = follow(report, Words().of("call 5 6666666666 7777777777 now"), 0, 0)
    assert far is not None
    assert (far.end, far.rest) == (1, 2)


def test_number_may_be_in_the_report() -> None:
    """A transcript has digits for words, as well."""
    words = Words().of("at nine thirty in the morning")
    fit = follow(words_in("at 9:30 in"), words, 0, 0)
    assert fit is not None
    assert words[fit.end - 1].sound == "in"


def test_long_report_is_located_by_its_end() -> None:
    """The end is what matters, and comparing all of it would take long."""
    spoken = [f"{letter}{other}" for letter in "abcdefghijklmno" for other in "abcdefghijklmno"]
    words = Words().of(" ".join(spoken))
    report = ["ho", *spoken[: 2 * COMPARED_WORDS], "hum"]
    fit = locate(report, words, 0)
    assert fit is not None
    assert (fit.end, fit.rest) == (2 * COMPARED_WORDS, 1)
    assert fit.gain <= 2 * COMPARED_WORDS
