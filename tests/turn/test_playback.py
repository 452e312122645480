"""How much of a reply was heard, from what the line reports."""

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turn.replies import HOURS, heard, left, sent
from turn.playback import CLAUSE_REPEAT_WORDS, Playback, spoken_length

_PIECES = ["We", " are", " open", "-", " - ", "9", ".", "’s", "  ", "\n", "é", "\u0308"]
_PIECES += ["は", "「", "、", "ｶ", "ﾞ", "10", "ที่", "नमस्ते", "…", "，then"]


@given(st.lists(st.sampled_from(_PIECES)), st.data())
def test_words_are_the_same_however_the_text_grew(pieces: list[str], data: st.DataObject) -> None:
    """Text that grows or is cut off is read as if it had come at once."""
    grown = Playback()
    for piece in pieces:
        grown.text += piece
        grown.send()
        if data.draw(st.booleans()):
            assert list(grown._parsed()) == list(sent(grown.text)._parsed())
        if not data.draw(st.integers(0, 5)):
            grown.advance(data.draw(st.integers(0, 3)))
            grown.give_up()
    assert list(grown._parsed()) == list(sent(grown.text)._parsed())


# --- saying -------------------------------------------------------------------------------------


def test_each_word_is_sent_once() -> None:
    """`send` returns what was written since."""
    playback = Playback()
    playback.text += "We are"
    assert playback.send() == "We are"
    assert playback.send() == ""
    playback.text += " open."
    assert playback.send() == " open."


def test_reply_of_which_nothing_was_heard_is_said_again() -> None:
    """From the first word."""
    assert left(sent()) == HOURS


def test_reply_that_was_heard_whole_is_not_said_again() -> None:
    """Only what is written later follows."""
    playback = sent("At nine.")
    playback.all_played()
    assert (playback.all_heard, left(playback)) == (True, "")
    playback.text += " Or ten."
    assert not playback.all_heard
    assert playback.send() == " Or ten."


def test_cut_clause_is_said_again_from_its_start() -> None:
    """A sentence that resumes in its middle is hard to follow."""
    playback = sent()
    playback.played("We are open from nine to six.")
    playback.played(" On Saturdays we close")
    assert left(playback) == "On Saturdays we close at noon, and on Sundays all day."


def test_long_clause_resumes_at_the_first_word_not_heard() -> None:
    """Nobody wants to hear it all again."""
    text = "one two three four five six seven eight nine ten eleven."
    playback = sent(text)
    playback.played(" ".join(text.split()[: CLAUSE_REPEAT_WORDS + 1]))
    assert left(playback) == "ten eleven."


def test_number_with_a_point_in_it_is_one_word() -> None:
    """Its point ends no clause."""
    playback = sent("It costs 12.50 a day and more.")
    playback.played("It costs 12.50 a")
    assert left(playback) == "It costs 12.50 a day and more."


def test_clause_that_ends_in_a_quotation_mark_ends() -> None:
    """Closing marks may follow the punctuation."""
    playback = sent('He said "come in." Then he left.')
    playback.played('He said "come in." Then')
    assert left(playback) == "Then he left."


# --- tokens played ------------------------------------------------------------------------------


def test_reports_add_up_to_what_was_heard() -> None:
    """Each begins where the last one ended."""
    playback = sent()
    playback.played("We are open from nine to six.")
    assert heard(playback) == "We are open from nine to six."
    playback.played(" On")
    assert heard(playback) == "We are open from nine to six. On"
    assert playback.unplayed.startswith(" Saturdays")


@pytest.mark.parametrize(
    ("written", "reported"),
    [
        ("We are open until 9. Then not.", "we are open until nine"),
        ("Twenty-five, please. Then not.", "Twenty five please"),
        ("That's O’Neill - yes. Then not.", "thats oneill yes"),
        ("“Fine,” she said. Then not.", "fine she said"),
        ("It is $9.50 for each one. Then not.", "it is nine dollars fifty for each one"),
    ],
)
def test_report_is_found_though_it_is_written_differently(written: str, reported: str) -> None:
    """Speech engines change case, punctuation, spacing and numbers."""
    playback = sent(written)
    playback.played(reported)
    playback.confirm()
    assert heard(playback) == written.removesuffix(" Then not.")


def test_report_of_words_further_on_is_not_taken_as_heard() -> None:
    """They reached the line just after a cut, and were played out of place."""
    playback = sent()
    playback.played("all day.")
    assert heard(playback) == ""
    playback.played("We are open from nine to six.")
    assert heard(playback) == "We are open from nine to six."


@pytest.mark.parametrize("report", ["", "..."])
def test_report_without_words_changes_nothing(report: str) -> None:
    """There is nothing to place."""
    playback = sent()
    playback.played(report)
    assert not playback.any_heard


def test_part_that_was_cut_counts_once() -> None:
    """The line reports it twice: as played, before or after the cut, and in the interrupt."""
    for report_first in (Playback.played, Playback.cut_after):
        playback = sent("No no no no. Then not.")
        report_first(playback, "No no")
        playback.cut_after("no no")
        assert heard(playback) == "No no"


@pytest.mark.parametrize(
    "report", ["On Saturdays", "six. On Saturdays", "We are open from nine to six. On Saturdays"]
)
def test_cut_part_that_was_not_reported_is_in_the_interrupt(report: str) -> None:
    """Alone, with what came before it, or with everything since the talk cycle began."""
    playback = sent()
    playback.played("We are open from nine to six.")
    playback.cut_after(report)
    assert heard(playback) == "We are open from nine to six. On Saturdays"


def test_cut_part_in_other_words_does_not_count_as_heard() -> None:
    """Except for the words before it that are spelled alike."""
    playback = sent("It costs $9.50 a day.")
    playback.played("It costs nine")
    assert playback.any_heard
    playback.cut_after("It costs nine")
    assert heard(playback) == "It costs"


def test_cut_part_from_somewhere_else_changes_nothing() -> None:
    """It is found neither where playback is nor before."""
    playback = sent()
    playback.cut_after("on Sundays")
    playback.cut_after("")
    assert not playback.any_heard


def test_clause_in_other_words_is_confirmed_by_the_next_report() -> None:
    """Until then it does not count as heard."""
    playback = sent("$9.50. Or less on Mondays.")
    playback.played("nine dollars and fifty cents.")
    assert (playback.heard, playback.any_heard) == (0, True)
    playback.played(" Or less")
    assert heard(playback) == "$9.50. Or less"


def test_unfinished_clause_in_other_words_reaches_to_the_last_word_sent() -> None:
    """A report after the last word changes nothing."""
    playback = sent("12 34 56")
    playback.played("a b")
    playback.played("c d")
    assert playback.all_heard


def test_report_that_began_before_the_known_place_still_counts() -> None:
    """Its beginning had been reported already."""
    playback = sent()
    playback.played("We are open from nine")
    playback.played("from nine to six.")
    assert heard(playback) == "We are open from nine to six."


def test_report_longer_than_what_was_sent_places_nothing_beyond_it() -> None:
    """Never more than was sent."""
    playback = Playback()
    playback.text += "We are open from nine to six"
    playback.sent = len("We are open fr")
    playback.played("We are open from nine")
    assert playback.heard <= playback.sent


def test_words_said_again_do_not_move_what_was_heard_back() -> None:
    """After a resume, playback is behind what was heard for a while."""
    playback = sent()
    playback.played("We are open from nine to six. On Saturdays we")
    assert left(playback) == "On Saturdays we close at noon, and on Sundays all day."
    playback.played("On Saturdays")
    assert heard(playback) == "We are open from nine to six. On Saturdays we"
    playback.played(" we close at noon,")
    assert heard(playback) == "We are open from nine to six. On Saturdays we close at noon,"


# --- interrupts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        ("We are open from", "We are open from"),
        ("On Saturdays we", "We are open from nine to six. On Saturdays we"),
        (
            "on Sundays",
            "We are open from nine to six. On Saturdays we close at noon, and on Sundays",
        ),
    ],
    ids=["whole", "fragment", "later fragment"],
)
def test_cut_is_found_whole_or_as_a_fragment(report: str, expected: str) -> None:
    """Twilio was seen to report the cut segment alone; others report all of it."""
    playback = sent()
    playback.find_cut(report, 0)
    assert heard(playback) == expected


def test_cut_is_found_as_the_whole_of_a_resumed_cycle() -> None:
    """Since the talk cycle began means since the resume."""
    playback = sent()
    playback.find_cut("We are open from nine to six. On Saturdays", 0)
    playback.rewind()
    playback.send()
    playback.find_cut("On Saturdays we close", 0)
    assert heard(playback).endswith("On Saturdays we close")


def test_cut_is_found_though_it_is_written_differently() -> None:
    """As any report may be."""
    playback = sent("We are open from 9 to 6 on weekdays. Then not.")
    playback.find_cut("We are open from nine to six on", 0)
    assert heard(playback) == "We are open from 9 to 6 on"


def test_cut_of_the_whole_written_differently_is_found_from_its_start() -> None:
    """Even if a part of it was known to be heard."""
    playback = sent("We are open from 9 to 6 on weekdays. Then not.")
    playback.find_cut("We are open", 0)
    playback.find_cut("We are open from nine to six on weekdays", 0)
    assert heard(playback) == "We are open from 9 to 6 on weekdays."


@pytest.mark.parametrize("report", ["", "nothing of the kind"])
def test_cut_that_is_nowhere_to_be_found_is_estimated(report: str) -> None:
    """As the number of words that there was time for."""
    playback = sent()
    playback.find_cut(report, 3)
    assert heard(playback) == "We are open"


def test_estimate_never_goes_beyond_what_was_sent() -> None:
    """However long it was played."""
    playback = sent("At nine.")
    playback.find_cut("", 100)
    assert heard(playback) == "At nine."
    for wordless in ("", "-"):
        playback = sent(wordless)
        playback.find_cut("", 100)
        assert playback.heard == 0


# --- what follows from it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "report", "context"),
    [
        (HOURS, "", ""),
        (HOURS, "We are open", "We are open"),
        ("Nine or ten?", "Nine or ten?", "Nine or ten?"),
        ("Would you like nine or ten?", "Would you like", "Would you like nine or ten?"),
        ("Would you like nine or ten or two?", "Would", "Would"),
        ("Is it twenty-five or thirty-two?", "Is it", "Is it twenty-five or thirty-two?"),
        ("Is it two or twenty-five or no?", "Is it", "Is it"),
        ("We are open. Which day?", "We are open.", "We are open."),
        ("We are open all day. Yes?", "We are open", "We are open"),
        ("We are open", "We are", "We are"),
    ],
)
def test_context_holds_the_question_that_a_caller_can_complete(
    text: str, report: str, context: str
) -> None:
    """They know what is asked four words before its end, but not before it has begun."""
    playback = sent(text)
    playback.played(report)
    assert playback.context() == context


def test_reply_knows_its_words() -> None:
    """Those that it plays next, and those anywhere in it."""
    playback = sent()
    playback.played("We are open")
    assert playback.matches_next("from nine")
    assert not playback.matches_next("On Saturdays")
    assert not playback.matches_next("")
    assert playback.contains("On Saturdays")
    assert not playback.contains("Hello")
    assert not playback.contains("")


def test_rewound_reply_that_counts_as_played_takes_nothing_back() -> None:
    """Until its rest is sent again, less is sent than was heard."""
    playback = sent()
    playback.played("We are open from nine to six. On Saturdays")
    playback.rewind()
    playback.all_played()
    assert heard(playback) == "We are open from nine to six. On Saturdays"


def test_long_report_is_not_compared_word_by_word() -> None:
    """It would take long, and a report is a clause."""
    playback = sent("ha " * 3000)
    playback.played("ha " * 400 + "hum " * 3)
    playback.find_cut("ho " + "ha " * 400, 2)
    assert playback.heard <= playback.sent


def test_rest_that_is_given_up_is_gone() -> None:
    """Nothing is left to hear."""
    playback = sent()
    playback.played("We are open")
    playback.give_up()
    assert (playback.all_heard, left(playback)) == (True, "")


@pytest.mark.parametrize(
    ("text", "words"), [("We are open.", 3), ("Call 020-7946.", 8), ("", 0), ("don't", 2)]
)
def test_number_is_as_long_as_its_digits(text: str, words: int) -> None:
    """That is how it is read at its longest."""
    assert spoken_length(text) == words


def test_dash_by_itself_belongs_to_the_word_before_it() -> None:
    """It is never said, so nothing waits for it."""
    playback = sent("- Well - yes -")
    playback.played("well yes")
    assert playback.all_heard


# --- properties ---------------------------------------------------------------------------------

_TEXTS = st.lists(st.sampled_from(["a", "b", "we", "nine,", "no.", "so?", "-"]), max_size=12)


@given(_TEXTS, st.lists(st.tuples(st.booleans(), _TEXTS), max_size=8), st.integers(0, 5))
def test_place_only_moves_forward_and_never_beyond_what_was_sent(
    text: list[str], reports: list[tuple[bool, list[str]]], spoken: int
) -> None:
    """Whatever is reported."""
    playback = sent(" ".join(text))
    before = 0
    for cut, words in reports:
        if cut:
            playback.find_cut(" ".join(words), spoken)
            playback.rewind()
            playback.send()
        else:
            playback.played(" ".join(words))
        assert before <= playback.heard <= playback.sent
        before = playback.heard


@given(st.integers(1, 30), st.data())
def test_reply_cut_and_resumed_at_any_place_is_heard_whole_and_in_order(
    size: int, data: st.DataObject
) -> None:
    """No word is lost, and none heard twice but for the clause that was cut."""
    words = [f"w{i}" + data.draw(st.sampled_from(["", "", ",", "."])) for i in range(size)]
    playback, ears = sent(" ".join(words)), []
    said = playback.text
    for _ in range(data.draw(st.integers(0, 6))):
        played = said.split()[: data.draw(st.integers(0, len(said.split())))]
        ears += played
        if data.draw(st.booleans()):
            playback.played(" ".join(played))
        else:
            playback.find_cut(" ".join(played), 0)
        said = left(playback)
    ears += said.split()
    reached = 0
    for word in ears:
        at = words.index(word)
        assert at <= reached
        assert not any(w[-1] in ",." for w in words[at : max(at, reached - 1)])
        reached = max(reached, at + 1)
    assert reached == size


class _WordByWord(Playback):
    """Compares the words of every report, also of a verbatim one."""

    def played(self, report: str) -> None:
        with mock.patch("turn.playback._verbatim_end", return_value=0):
            super().played(report)

    def matches_next(self, report: str) -> bool:
        with mock.patch("turn.playback._verbatim_end", return_value=0):
            return super().matches_next(report)


_ENGLISH_SCRAPS = ["we", "We", "well-known", "it's", "don’t", "hats,", "nine."]
_SCRAPS = st.sampled_from([*"5—éはい、「ﾞ。", "10時", "ที่", "की", *_ENGLISH_SCRAPS])
_SPACES = st.sampled_from([" ", " ", "  ", "\n", ""])
_PHRASES = st.lists(st.tuples(_SCRAPS, _SPACES), max_size=5).map(
    lambda parts: "".join(scrap + space for scrap, space in parts)
)


@given(st.data())
def test_verbatim_report_is_placed_where_its_words_are(data: st.DataObject) -> None:
    """The short cut leads where comparing words does."""
    shortly, slowly = Playback(), _WordByWord()
    for _ in range(data.draw(st.integers(1, 12))):
        step = data.draw(
            st.sampled_from(["write", "send", "next", "next", "report", "cut", "rewind", "all"])
        )
        words = data.draw(_PHRASES)
        if step == "next":  # what comes next, up to any letter, with or without blanks around it
            words = shortly.unplayed[: data.draw(st.integers(0, len(shortly.unplayed)))]
            words = words if data.draw(st.booleans()) else words.strip()
        assert shortly.matches_next(words) == slowly.matches_next(words)
        for playback in (shortly, slowly):
            match step:
                case "write":
                    playback.text += words
                case "send":
                    playback.send()
                case "next" | "report":
                    playback.played(words)
                case "cut":
                    playback.find_cut(words, 2)
                case "rewind":
                    playback.rewind()
                case "all":
                    playback.all_played()
        for name in ("heard", "sent", "unplayed", "all_heard", "has_unconfirmed", "any_heard"):
            assert getattr(shortly, name) == getattr(slowly, name), name
        assert shortly.context() == slowly.context()
        assert shortly.all_heard == (slowly._index(slowly.heard) == len(slowly._parsed()))


@pytest.mark.parametrize(
    ("text", "to_come", "report"),
    [
        ("hats — gloves", "hats — gloves", "hats"),  # the dash belongs to the word before it
        ("wellknown hats", "known hats", "known"),
        ("hats, gloves", "hats, gloves", "hats"),
        ("hats gloves", "hats gloves", ""),
        ("hats gloves", " gloves", "gloves"),
        ("は「い", "は「い", "は「"),
    ],
)
def test_verbatim_report_is_of_whole_chunks(text: str, to_come: str, report: str) -> None:
    """One that begins or ends inside a chunk, or before a dash, is compared word by word."""
    shortly, slowly = Playback(), _WordByWord()
    for playback in (shortly, slowly):
        playback.text = text.removesuffix(to_come)
        playback.send()
        playback.all_played()
        playback.text = text
        playback.send()
        playback.played(report)
    assert (shortly.heard, shortly.unplayed) == (slowly.heard, slowly.unplayed)
