"""Which reply a report from the line is about."""

import pytest

from turn.attribution import EARLIER_REPLIES, Attribution
from turn.playback import Playback

GREETING = "Hello caller."


def sent(text: str) -> Playback:
    """A reply that has been sent whole."""
    return Playback(text, sent=len(text))


def on_a_line(*replies: Playback, after_cut: bool = False) -> Attribution:
    """A line that spoke the greeting and was given these replies."""
    greeting = sent(GREETING)
    attribution = Attribution(greeting)
    attribution.played(GREETING, after_cut=False)
    for reply in replies:
        attribution.begin(reply, after_cut=after_cut)
    return attribution


def heard(reply: Playback) -> str:
    return reply.text[: reply.heard]


def test_line_reports_once_it_has_reported() -> None:
    """No line is believed to report what it plays before it does."""
    attribution = Attribution(sent(GREETING))
    assert not attribution.line_reports
    attribution.played("Hello", after_cut=False)
    assert attribution.line_reports


def test_cancelled_reply_plays_on_until_the_next_ones_words() -> None:
    """Its own words are its own, and the next one's end it."""
    old, new = sent("We are open until six, and later on Fridays."), sent("At nine.")
    attribution = on_a_line(old)
    attribution.played("We are open", after_cut=False)
    attribution.begin(new, after_cut=False)
    assert attribution.earlier_is_playing
    attribution.played(" until six,", after_cut=False)
    attribution.played("At nine.", after_cut=False)
    assert (heard(old), heard(new)) == ("We are open until six,", "At nine.")


def test_reply_before_a_cut_does_not_play_on() -> None:
    """The line forgot it."""
    attribution = on_a_line(sent("We are open."), Playback())
    assert attribution.earlier_is_playing
    attribution.begin(Playback(), after_cut=True)
    assert not attribution.earlier_is_playing


def test_reply_that_was_heard_whole_does_not_play_on() -> None:
    """There is nothing left of it."""
    old = sent("We are open.")
    attribution = on_a_line(old)
    attribution.played("We are open.", after_cut=False)
    attribution.begin(Playback(), after_cut=False)
    assert not attribution.earlier_is_playing


def test_reply_withdrawn_before_its_first_word_replaces_nothing() -> None:
    """What was playing goes on."""
    old = sent("We are open until six.")
    attribution = on_a_line(old, Playback(), Playback())
    assert attribution.earlier_is_playing
    attribution.played("We are", after_cut=False)
    assert heard(old) == "We are"


def test_greeting_is_not_replaced() -> None:
    """What comes after it waits for its end."""
    attribution = Attribution(sent(GREETING))
    attribution.begin(sent("At nine."), after_cut=False)
    assert not attribution.earlier_is_playing


def test_acknowledgement_ends_what_was_playing() -> None:
    """Its words replace the old reply's; nothing more needs to."""
    old = sent("We are open until six.")
    attribution = on_a_line(old, Playback())
    attribution.acknowledge(sent("Sure."))
    assert not attribution.earlier_is_playing


def test_phrase_of_two_replies_is_of_the_one_that_is_playing() -> None:
    """The old one plays until the new one's first word."""
    old, new = sent("Let me look. Six. Let me see."), sent("Let me see.")
    attribution = on_a_line(old)
    attribution.played("Let me look.", after_cut=False)
    attribution.played(" Six.", after_cut=False)
    attribution.begin(new, after_cut=False)
    attribution.played(" Let me see.", after_cut=False)
    assert (old.all_heard, new.heard) == (True, 0)


def test_exact_match_counts_for_more_than_a_resemblance() -> None:
    """Although the other reply is the likelier one."""
    old, new = sent("One two. Nine or ten."), sent("Nine or eleven.")
    attribution = on_a_line(old)
    attribution.played("One two.", after_cut=False)
    attribution.begin(new, after_cut=False)
    attribution.played("Nine or eleven.", after_cut=False)
    assert (heard(old), heard(new)) == ("One two.", "Nine or eleven.")


def test_words_that_came_just_after_a_cut_are_the_old_replys() -> None:
    """They count for nothing, neither there nor as the new reply's."""
    old, new = sent("One two. Three four five six seven eight."), sent("At nine.")
    attribution = on_a_line(old)
    attribution.played("One two.", after_cut=False)
    attribution.begin(new, after_cut=True)
    attribution.played("eight.", after_cut=False)
    assert (heard(old), new.any_heard) == ("One two.", False)


def test_report_in_other_words_is_the_end_of_a_reply_that_plays_on() -> None:
    """The next thing to be reported is the new one."""
    old, new = sent("We are open 24/7."), sent("At nine.")
    attribution = on_a_line(old)
    attribution.played("We are open", after_cut=False)
    attribution.begin(new, after_cut=False)
    attribution.played("around the clock.", after_cut=False)
    assert (old.has_unconfirmed, attribution.earlier_is_playing) == (True, False)


def test_report_in_other_words_is_of_the_present_reply() -> None:
    """No reply holds them, so the voice spelled them its own way."""
    old, new = sent("We are open."), sent("5550199.")
    attribution = on_a_line(old)
    attribution.played("We are open.", after_cut=False)
    attribution.begin(new, after_cut=False)
    attribution.played("five five five", after_cut=False)
    assert new.has_unconfirmed


def test_report_out_of_place_counts_for_no_other_reply() -> None:
    """The present reply holds it, further on."""
    old, new = sent("We are open."), sent("One two. Three four.")
    attribution = on_a_line(old, new)
    attribution.played("One two.", after_cut=False)
    attribution.played("four.", after_cut=False)
    assert (old.heard, heard(new)) == (0, "One two.")


def test_report_that_overlaps_the_last_one_is_of_the_reply_that_holds_it() -> None:
    """Not of an earlier one that was reported in these very words."""
    words = "we are open from nine to six."
    old, new = sent(words), sent(f"Yes, {words}")
    attribution = on_a_line(old)
    attribution.played(words, after_cut=False)
    attribution.begin(new, after_cut=False)
    attribution.played("Yes, we are open from nine to", after_cut=False)
    attribution.played(words, after_cut=False)
    assert new.all_heard


def test_repeated_report_is_of_the_same_reply() -> None:
    """Also if the voice spells it in other words."""
    old, new = sent("Call 555."), sent("One two. Three.")
    attribution = on_a_line(old)
    attribution.played("call five five five", after_cut=False)
    attribution.begin(new, after_cut=True)
    attribution.played("One two.", after_cut=False)
    attribution.played("Call five five five.", after_cut=False)
    assert not new.has_unconfirmed


def test_settled_reply_takes_no_more_reports() -> None:
    """So many replies back, a report is no news."""
    old = sent("We are open. Until six.")
    attribution = on_a_line(old)
    attribution.played("We are open.", after_cut=False)
    for number in range(EARLIER_REPLIES + 1):
        attribution.begin(sent(f"reply{number}"), after_cut=True)
    assert old.is_settled
    attribution.played("We are open.", after_cut=False)
    assert heard(old) == "We are open."


# --- cuts ---------------------------------------------------------------------------------------


def test_cut_of_the_present_reply_counts() -> None:
    """What it was cut after is heard."""
    reply = sent("We are open.")
    attribution = on_a_line(reply)
    assert attribution.cut("We are", 0)
    assert heard(reply) == "We are"


@pytest.mark.parametrize("report", ["", "in other words"])
def test_cut_without_reports_is_estimated(report: str) -> None:
    """The time that was spoken tells, where the words do not."""
    reply = sent("We are open.")
    attribution = Attribution(Playback())
    attribution.begin(reply, after_cut=False)
    assert attribution.cut(report, 2)
    assert heard(reply) == "We are"


def test_cut_of_the_greeting_cuts_nothing_off() -> None:
    """The reply after it is not out yet."""
    assert not on_a_line(Playback()).cut("Hello", 1)


def test_cut_of_a_reply_that_plays_on_counts_once() -> None:
    """It empties the line's queue, so a second cut is of no reply."""
    old = sent("We are open until six.")
    attribution = on_a_line(old, sent("At nine."))
    assert attribution.cut("We are", 0)
    assert heard(old) == "We are"
    assert not attribution.cut("We are", 0)


def test_cut_in_words_just_reported_is_of_that_reply() -> None:
    """Although an earlier one holds them."""
    old, new = sent("We open nine to six."), sent("9 to noon.")
    attribution = on_a_line(old)
    attribution.played("We open nine to six.", after_cut=False)
    attribution.begin(new, after_cut=False)
    attribution.played("nine to", after_cut=False)
    assert attribution.cut("nine to", 0)
