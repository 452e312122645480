"""How much of a reply was heard, where the voice spells out what is written."""

import random

import pytest

from tests.respelling import CLAUSES, SpellingVoice
from tests.turn.replies import heard, left, sent

PRICES = "The room is $120.50. Breakfast is included. Checkout is at 11:00. See you then."
SPELLED_OUT = "The room is one hundred twenty dollars and fifty cents."

# A clause, how it is read, and what follows.
READINGS = [
    ("It costs $120.50.", "It costs one hundred twenty dollars and fifty cents."),
    ("$120.50.", "one hundred and twenty dollars fifty."),
    ("On 11/27/2026.", "On November twenty seventh twenty twenty six."),
    ("At 10:30 a.m.", "At half past ten a m."),
    ("Call +1 (555) 010-9999.", "Call plus one five five five zero one zero nine nine nine nine."),
    ("It weighs 12 kg.", "It weighs twelve kilograms."),
    ("Ask Dr. Smith.", "Ask Doctor Smith."),
    ("At 12 Main St.", "At twelve Main Street."),
    ("Write to info@example.com.", "Write to info at example dot com."),
    ("Cuesta 120,50 €.", "Cuesta ciento veinte euros con cincuenta."),
    ("Il est 14h30.", "Il est quatorze heures trente."),
    ("Es kostet 120,50 €.", "Es kostet hundertzwanzig Euro fünfzig."),
    ("Il Dott. Rossi.", "Il dottor Rossi."),
    ("Custa 120,50 €.", "Custa cento e vinte euros e cinquenta."),
    ("土曜日は10時から15時までです。", "土曜日は十時から十五時までです"),
    ("Open from nine to six.", "Open from to nine six."),
    ("Open from nine to six.", "Open from nine nine to six."),
    ("Open from nine to six.", "Open nine to six."),
    ("Open from nine to six.", "Open from nine to."),
    ("The colour is grey.", "The color is gray."),
    ("Your e-mail.", "Your email."),
]


@pytest.mark.parametrize(("written", "read"), READINGS)
def test_clause_is_followed_however_it_is_read(written: str, read: str) -> None:
    """The next report goes on after it, and a cut there resumes there."""
    playback = sent(f"{written} Parking is free. See you.")
    playback.played(read)
    playback.played(" Parking")
    assert heard(playback) == f"{written} Parking"
    assert left(playback) == "Parking is free. See you."


@pytest.mark.parametrize(("written", "read"), READINGS)
def test_cut_is_found_however_the_clause_before_is_read(written: str, read: str) -> None:
    """Without events of playback, too: whole, or from that clause on."""
    for before in ("", "Good morning. "):
        playback = sent(f"Good morning. {written} Parking is free. See you.")
        playback.find_cut(f"{before}{read} Parking is", 0)
        assert left(playback) == "Parking is free. See you."


def test_report_past_what_was_spelled_out_is_progress() -> None:
    """It was spelled out over more clauses than one."""
    playback = sent(PRICES)
    playback.played("The room is one hundred twenty dollars and fifty cents, breakfast is in it.")
    playback.played(" Checkout is")
    assert left(playback) == "Checkout is at 11:00. See you then."


def test_report_past_more_than_was_assumed_is_progress() -> None:
    """A number may have been two clauses."""
    playback = sent("$120. $10. We close at noon.")
    playback.played("one hundred twenty dollars, ten dollars.")
    playback.played(" We close")
    assert left(playback) == "We close at noon."


def test_report_within_what_was_assumed_goes_back_to_it() -> None:
    """The words in between are yet to come."""
    playback = sent("$120 a night or less on Mondays. See you.")
    playback.played("one hundred and twenty")
    assert playback.has_unconfirmed
    playback.played(" a night")
    assert (heard(playback), playback.has_unconfirmed) == ("$120 a night", False)


def test_number_that_was_cut_is_said_again_with_its_clause() -> None:
    """Nobody knows how much of it was heard."""
    for played_before in (True, False):
        playback = sent(PRICES)
        if played_before:
            playback.played("The room is one hundred")
        playback.cut_after("The room is one hundred")
        assert heard(playback) == "The room is"
        assert left(playback) == PRICES


def test_cut_that_was_not_reported_is_found_after_what_was_spelled_out() -> None:
    """The line reports playback, but not the part that was cut."""
    playback = sent(PRICES)
    playback.played(SPELLED_OUT)
    playback.cut_after("Breakfast is")
    assert left(playback) == "Breakfast is included. Checkout is at 11:00. See you then."


def test_cut_is_found_in_all_that_was_said_since_the_talk_cycle_began() -> None:
    """Some lines report that, whatever they have reported before."""
    playback = sent(PRICES)
    playback.played(SPELLED_OUT)
    playback.cut_after(f"{SPELLED_OUT} Breakfast is")
    assert left(playback) == "Breakfast is included. Checkout is at 11:00. See you then."


def test_words_from_just_after_a_cut_are_no_progress() -> None:
    """However near they are to what was heard."""
    playback = sent("one two three four five six. Then not.")
    playback.played("one two")
    left(playback)
    playback.played("four five six.")
    assert heard(playback) == "one two"


def test_report_that_is_whole_further_on_is_not_in_part_what_comes_next() -> None:
    """Beginnings are alike by chance."""
    playback = sent("We are closed. It is a holiday, and nobody will be there. We are open.")
    playback.played("We are open.")
    assert heard(playback) == ""


def test_cut_in_other_words_from_somewhere_else_changes_nothing() -> None:
    """It has too little in common with what comes next."""
    playback = sent(PRICES)
    playback.cut_after("Checkout was at eleven")
    assert not playback.any_heard


def test_strays_in_step_with_what_was_heard_are_no_strays() -> None:
    """After a resume the voice may leave out the first word of the clause."""
    playback = sent()
    playback.played("We are open from nine to six. On Saturdays we")
    playback.cut_after("")
    playback.rewind()
    playback.send()
    playback.played("close at noon,")
    assert heard(playback) == "We are open from nine to six. On Saturdays we"
    playback.played("Saturdays we close at noon,")
    assert heard(playback) == "We are open from nine to six. On Saturdays we close at noon,"


def test_cut_is_the_best_fit_of_several() -> None:
    """The words at its end are said in other places, too."""
    playback = sent("Tea is $2. Coffee is $3.50. Juice is $4. Milk is free.")
    playback.find_cut("Coffee is three dollars fifty. Juice is", 0)
    assert heard(playback) == "Tea is $2. Coffee is $3.50. Juice is"


def test_word_in_common_is_no_fit() -> None:
    """A fit has more letters alike than not."""
    playback = sent("We have 10 and 11. Then not.")
    playback.find_cut("one hundred twenty dollars and fifty cents", 0)
    assert playback.heard == 0


def test_reply_knows_what_it_plays_after_what_was_spelled_out() -> None:
    """The place is assumed until a report confirms it."""
    playback = sent(PRICES)
    playback.played(SPELLED_OUT)
    assert playback.matches_next("Breakfast is")
    assert playback.matches_next("breakfast is")
    assert playback.resembles_next("breakfast was included")
    assert not playback.resembles_next("See you")


@pytest.mark.parametrize("slips", [0, 3])
@pytest.mark.parametrize("lang", CLAUSES)
def test_reply_resumes_at_the_cut_clause_however_it_is_spelled(slips: int, lang: str) -> None:
    """Nothing unheard is lost, and no clause before the last one is said again."""
    for seed in range(100):
        rng = random.Random(seed)
        clauses = rng.sample(CLAUSES[lang], rng.randint(2, 6))
        voice, cut = SpellingVoice(rng, lang, slips), rng.randrange(1, len(clauses))
        words = clauses[cut].split()
        begun = " ".join(words[: rng.randint(2, max(2, len(words) - 1))])
        before = " ".join(clauses[:cut])
        playback = sent(" ".join(clauses))
        if rng.random() < 0.5:
            for clause in clauses[:cut]:
                playback.played(voice.report(clause))
            report = voice.report(begun)
            playback.played(report)
            playback.cut_after(report)
        else:
            playback.find_cut(voice.report(f"{before} {begun}"), 0)
        playback.rewind()
        earliest = before if not slips else " ".join(clauses[: cut - 1])
        assert len(earliest) <= playback.sent <= len(f"{before} {begun}") + 1, seed
