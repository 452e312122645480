"""The conversation that the guide is told."""

from turn.attribution import EARLIER_REPLIES, Attribution
from turn.history import History, Message
from turn.playback import Playback


def reply(text: str, heard: str = "") -> Playback:
    """A reply of which this has been heard."""
    return Playback(text, sent=len(text), heard=len(heard))


def test_chat_alternates_and_holds_nothing_empty() -> None:
    """A reply that nobody heard is left out, and the caller's words around it are one message."""
    history = History()
    history.caller_said("hi")
    history.agent_says(reply("Nobody hears this."))
    history.caller_said("what are your hours")
    history.agent_says(reply("At nine.", "At nine."))
    history.caller_said("thanks")
    assert history.messages() == (
        Message("user", "hi what are your hours"),
        Message("assistant", "At nine."),
        Message("user", "thanks"),
    )


def test_reply_counts_as_far_as_it_was_heard_by_now() -> None:
    """Reports may come after the next turn has begun."""
    history, said = History(), reply("We are open.")
    history.caller_said("hi")
    history.agent_says(said)
    history.caller_said("when")
    said.heard = len("We are")
    assert history.messages()[1] == Message("assistant", "We are")


def test_remark_stands_where_it_was_said() -> None:
    """What is heard of the reply afterwards comes after it, each word once."""
    history, said = History(), reply("We are open.", "We are")
    history.caller_said("hi")
    history.agent_says(said)
    history.caller_remarked("lovely")
    said.heard = len(said.text)
    assert [message.content for message in history.messages()] == [
        "hi",
        "We are",
        "lovely",
        "open.",
    ]


def test_two_remarks_at_one_place_are_one_message() -> None:
    """Nothing was heard between them."""
    history = History()
    history.caller_said("hi")
    history.agent_says(reply("We are open.", "We are"))
    history.caller_remarked("lovely")
    history.caller_remarked("really")
    assert history.messages()[-1] == Message("user", "lovely really")


def test_remark_before_any_reply_is_entered_at_the_end() -> None:
    """There is no reply to place it in."""
    history = History()
    history.caller_said("hi")
    history.caller_remarked("lovely")
    assert history.messages() == (Message("user", "hi lovely"),)


def test_history_can_be_limited_to_the_last_turns() -> None:
    """It begins with the caller, and the present turn is one of them."""
    history = History()
    for number in range(4):
        history.caller_said(f"q{number}")
        history.agent_says(reply(f"a{number}", f"a{number}"))
    history.caller_said("q4")
    assert [m.content for m in history.messages(2)] == ["q3", "a3", "q4"]
    assert len(history.messages(100)) == 9


def test_acknowledgement_is_entered_before_the_reply() -> None:
    """It was said before the guide began to write."""
    history = History()
    history.caller_said("hi")
    history.agent_says(reply("At nine.", "At nine."))
    history.agent_acknowledges(reply("Sure.", "Sure."))
    assert history.messages()[-1] == Message("assistant", "Sure. At nine.")


def test_reply_of_long_ago_no_longer_changes() -> None:
    """A report that repeats its words is ignored."""
    history, attribution = History(), Attribution(Playback())
    old = reply("We are open. We are open.")
    replies = [old, *(reply(text, text) for text in ["One.", "Two.", "Three.", "Four."])]
    assert len(replies) > EARLIER_REPLIES + 1
    for said in replies:
        history.caller_said("and")
        history.agent_says(said)
        attribution.begin(said, after_cut=False)
        if said is old:
            attribution.played("We are open.", after_cut=False)
    before = history.messages()
    assert before[1] == Message("assistant", "We are open.")
    attribution.played("We are open.", after_cut=False)
    assert (history.messages(), old.heard) == (before, len("We are open."))


def test_settled_and_open_entries_are_one_chat() -> None:
    """If the border falls between words of the caller, they are still one message."""
    history, settled = History(), reply("At nine.", "At nine.")
    settled.settle()
    history.caller_said("when")
    history.agent_says(settled)
    history.caller_said("on")
    assert history.messages()[-1] == Message("user", "on")
    history.agent_says(reply("Nobody hears this."))
    history.caller_said("Sunday")
    for _ in range(2):
        assert history.messages() == (
            Message("user", "when"),
            Message("assistant", "At nine."),
            Message("user", "on Sunday"),
        )
    assert history.messages(1) == (Message("user", "on Sunday"),)
