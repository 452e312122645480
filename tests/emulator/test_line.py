"""The emulated line on a virtual clock: each protocol rule that the app relies on."""

from __future__ import annotations

import json

import pytest

from emulator.line_events import Cut, Heard, Said, Spoken
from emulator.player import first_words, split_clauses
from tests.emulated import EVENTS, IDENTITY, Bench, about, info, speaking

# -- setup and greeting ----------------------------------------------------------------------------


def test_line_starts_with_setup() -> None:
    """The first frame names the call and carries the TwiML's parameters."""
    bench = Bench.open(children='<Parameter name="token" value="t"/>')
    assert bench.sent == [
        (
            0.0,
            {
                "type": "setup",
                "sessionId": IDENTITY.session_id,
                "callSid": IDENTITY.call_sid,
                "parentCallSid": "",
                "from": IDENTITY.caller,
                "to": IDENTITY.called,
                "forwardedFrom": "",
                "callerName": "",
                "direction": "inbound",
                "callType": "PSTN",
                "callStatus": "RINGING",
                "accountSid": IDENTITY.account_sid,
                "customParameters": {"token": "t"},
            },
        )
    ]


def test_line_speaks_the_greeting_first() -> None:
    """The greeting is played and reported like any speech, before the app's words."""
    bench = Bench.open(welcomeGreeting="Hello there, friend.", events=EVENTS)
    bench.text("Me second.", last=True)
    bench.until(10)
    assert bench.infos("tokensPlayed") == [
        (1.3, "Hello there,"),
        (1.7, " friend."),
        (2.5, "Me second."),
    ]
    assert bench.infos("agentSpeaking") == [(0.5, "on"), (2.5, "off")]
    assert [heard.cycle for heard in bench.line.heard] == [0, 0, 0, 1, 1]


def test_line_without_greeting_is_silent() -> None:
    """No greeting, no audio, no deadline."""
    bench = Bench.open(events=EVENTS)
    assert bench.line.deadline is None
    assert bench.line.agent_is_done


# -- playback --------------------------------------------------------------------------------------


def test_line_plays_clauses_at_a_speaking_pace() -> None:
    """A complete clause is played, and reported when over, with its space."""
    bench = Bench.open(events=EVENTS)
    for token in ("We are", " open, from", " nine to", " six.", " Bye"):
        bench.text(token)
    bench.until(20)
    assert bench.infos("tokensPlayed") == [(1.5, "We are open,"), (3.1, " from nine to six.")]
    assert bench.at(3.1) == [
        info("tokensPlayed", " from nine to six."),
        info("agentSpeaking", "off"),
    ]
    assert bench.infos("agentSpeaking") == [(0.3, "on"), (3.1, "off")]
    bench.text("", last=True)
    bench.until(30)
    assert bench.infos("tokensPlayed")[-1] == (20.7, " Bye")
    assert bench.infos("agentSpeaking")[2:] == [(20.3, "on"), (20.7, "off")]


def test_line_tracks_what_was_heard_word_by_word() -> None:
    """Each word has the time of its end, its talk cycle and its language."""
    bench = Bench.open()
    bench.text("Hello you.", last=True, lang="en-GB")
    bench.until(5)
    first, second = bench.line.heard
    assert (first.word, first.cycle, first.lang) == ("Hello", 1, "en-GB")
    assert second == Heard(about(1.1), "you.", 1, "en-GB")
    assert bench.line.events == [Spoken(about(1.1), 1, "Hello you.")]
    assert bench.line.cycles == {0: "", 1: "Hello you."}


@pytest.mark.parametrize(
    ("text", "clauses", "tail"),
    [
        ("One, two; three", ["One,", " two;"], " three"),
        ("At 3.50 or 9:30 a piece", [], "At 3.50 or 9:30 a piece"),
        ("Really?! Yes.", ["Really?!"], " Yes."),
        ("Wait... what", ["Wait..."], " what"),
        ("One:\ntwo. ", ["One:", "\ntwo."], " "),
        ("", [], ""),
    ],
)
def test_clauses_end_at_punctuation_before_a_space(
    text: str, clauses: list[str], tail: str
) -> None:
    """Punctuation inside a number does not end a clause, and nothing is lost."""
    assert split_clauses(text) == (clauses, tail)


def test_first_words_keep_their_spaces() -> None:
    """A fragment is the beginning of the text, verbatim."""
    assert first_words("  a  b c", 2) == "  a  b"
    assert first_words("a b", 0) == ""


def test_line_reports_playback_only_when_asked() -> None:
    """Without `events` nothing is reported; with one of them, only that one."""
    for events, names in (
        ("", set()),
        ("tokens-played", {"tokensPlayed"}),
        ("speaker-events", {"agentSpeaking", "clientSpeaking"}),
    ):
        bench = Bench.open(events=events)
        bench.text("Hello.", last=True)
        bench.until(5).say("hi")
        bench.until(10)
        assert {frame["name"] for frame in bench.of_type("info")} == names


def test_blank_frame_opens_no_talk_cycle() -> None:
    """A closing frame with nothing before it plays nothing and replaces nothing."""
    bench = Bench.open(events=EVENTS)
    bench.text("Stay here with me.", last=True, preemptible=True)
    bench.text("", last=True)
    bench.text(" ")
    bench.until(10)
    assert bench.heard() == "Stay here with me."
    assert list(bench.line.cycles) == [0, 1]


def test_audio_and_digits_wait_their_turn() -> None:
    """`play` and `sendDigits` share the queue; digits are reported as tokens, audio is not."""
    bench = Bench.open(events=EVENTS)
    bench.text("Listen")
    bench.app(type="play", source="https://a.example/b.mp3", loop=2)
    bench.app(type="sendDigits", digits="1w2")
    bench.text("Done.", last=True)
    bench.until(20)
    assert bench.infos("tokensPlayed") == [(0.7, "Listen"), (7.4, "1w2"), (7.8, "Done.")]
    assert bench.infos("agentSpeaking") == [(0.3, "on"), (7.8, "off")]
    assert [s.text for s in bench.line.events if isinstance(s, Spoken)] == [
        "Listen",
        "[plays https://a.example/b.mp3]",
        "[keys 1w2]",
        "Done.",
    ]


def test_loop_zero_plays_a_thousand_times() -> None:
    """A loop of 0 means 1000."""
    bench = Bench.open(events=EVENTS)
    bench.app(type="play", source="https://a.example/b.mp3", loop=0)
    bench.until(3001)
    assert bench.infos("agentSpeaking") == [(0.3, "on"), (3000.3, "off")]


def test_digits_are_delayed_unless_the_caller_talks() -> None:
    """By about two seconds on an idle line, not at all while the caller talks."""
    bench = Bench.open(events=EVENTS)
    bench.app(type="sendDigits", digits="5")
    bench.until(5)
    assert bench.infos("tokensPlayed") == [(2.1, "5")]
    bench.say("one two three four")
    bench.until(5.9)
    bench.app(type="sendDigits", digits="6")
    assert bench.infos("agentSpeaking")[-1] == (2.1, "off")
    bench.until(5.95)
    assert bench.infos("agentSpeaking")[-1] == (5.9, "on")


def test_language_changes_what_follows() -> None:
    """A language message affects later words and prompts; a token's own language wins."""
    bench = Bench.open(language="en-US")
    bench.text("One.", last=True)
    bench.app(type="language", ttsLanguage="fr-FR", transcriptionLanguage="de-DE")
    bench.text("Deux.", last=True)
    bench.app(type="language", ttsLanguage="es-ES")
    bench.text("Tre.", last=True, lang="it-IT")
    bench.text("Cuatro.", last=True)
    bench.until(10).say("eins")
    bench.until(20)
    assert [heard.lang for heard in bench.line.heard] == ["en-US", "fr-FR", "it-IT", "es-ES"]
    assert bench.of_type("prompt")[0]["lang"] == "de-DE"


# -- talk cycles and preemption --------------------------------------------------------------------


def test_cycles_are_spoken_in_order() -> None:
    """A reply that is not preemptible is heard whole before the next begins."""
    bench = Bench.open(events=EVENTS)
    bench.text("One two three.", last=True)
    bench.until(0.6)
    bench.text("Four.", last=True, preemptible=True)
    bench.until(10)
    assert bench.heard() == "One two three. Four."
    assert bench.infos("agentSpeaking") == [(0.3, "on"), (1.9, "off")]


def test_next_cycle_replaces_preemptible_audio() -> None:
    """It stops 100 ms later, with a fragment, but no interrupt or silence in between."""
    bench = Bench.open(events=EVENTS)
    bench.text("One two three, four. Five.", last=True, preemptible=True)
    bench.until(0.8)
    bench.text("Six seven.", last=True)
    bench.until(10)
    assert bench.heard() == "One Six seven."
    assert bench.infos("tokensPlayed") == [(0.9, "One"), (1.9, "Six seven.")]
    assert bench.infos("agentSpeaking") == [(0.3, "on"), (1.9, "off")]
    assert bench.of_type("interrupt") == []
    assert bench.line.cuts == [
        Cut(0.8, "preempted", 1, "", " four. Five.", sounding=False),
        Cut(about(0.9), "preempted", 1, "One", " two three,", sounding=True),
    ]


def test_session_default_makes_frames_preemptible() -> None:
    """The attribute is the default; a frame's own flag wins."""
    for own, heard in (({}, "One Two."), ({"preemptible": False}, "One more thing. Two.")):
        bench = Bench.open(preemptible="true")
        bench.text("One more thing.", last=True, **own)
        bench.until(0.75)
        bench.text("Two.", last=True)
        bench.until(10)
        assert bench.heard() == heard


def test_frames_of_one_cycle_never_cut_each_other() -> None:
    """Preemptible text streams on until its cycle is closed."""
    bench = Bench.open()
    for token in ("One,", " two,", " three,", " four."):
        bench.text(token, preemptible=True)
        bench.until(bench.now + 0.3)
    bench.text("", last=True, preemptible=True)
    bench.until(10)
    assert bench.heard() == "One, two, three, four."


def test_waiting_preemptible_words_are_replaced_unheard() -> None:
    """A reply replaced while it waits behind the greeting is never spoken."""
    bench = Bench.open(welcomeGreeting="Hello and welcome.", events=EVENTS)
    bench.text("Withdrawn.", last=True, preemptible=True)
    bench.text("Kept.", last=True, preemptible=True)
    bench.until(10)
    assert bench.heard() == "Hello and welcome. Kept."


def test_words_about_to_start_are_replaced_unheard() -> None:
    """A preemptible reply still in its start latency is replaced; the new one has its own."""
    bench = Bench.open(events=EVENTS)
    bench.text("Withdrawn.", last=True, preemptible=True)
    bench.until(0.2)
    bench.text("Kept", preemptible=True)
    bench.until(5)
    assert bench.heard() == ""
    bench.text(".", last=True, preemptible=True)
    bench.until(10)
    assert bench.heard() == "Kept."
    assert bench.infos("agentSpeaking") == [(5.3, "on"), (5.7, "off")]


def test_replaced_words_that_end_by_themselves_leave_no_silence() -> None:
    """If the segment ends before it is stopped, there is still no off and on in between."""
    bench = Bench.open(events=EVENTS)
    bench.text("One. Two.", last=True, preemptible=True)
    bench.until(0.65)
    bench.text("Three.", last=True)
    bench.until(10)
    assert bench.heard() == "One. Three."
    assert bench.infos("agentSpeaking") == [(0.3, "on"), (1.35, "off")]


def test_audio_stops_before_the_replacement_is_playable() -> None:
    """The old audio stops even if nothing new can be played yet, and no off is sent."""
    bench = Bench.open(events=EVENTS)
    bench.text("One two three.", last=True, preemptible=True)
    bench.until(0.8)
    bench.text("Four")
    bench.until(3)
    bench.text(" five.", last=True)
    bench.until(10)
    assert bench.heard() == "One Four five."
    assert bench.infos("agentSpeaking") == [(0.3, "on"), (4.1, "off")]


def test_second_replacement_does_not_delay_the_first() -> None:
    """With two new cycles within 100 ms, the first stops the audio and the second is heard."""
    bench = Bench.open(events=EVENTS)
    bench.text("One two three.", last=True, preemptible=True)
    bench.until(0.8)
    bench.text("Four.", last=True, preemptible=True)
    bench.until(0.85)
    bench.text("Five.", last=True)
    bench.until(10)
    assert bench.heard() == "One Five."
    assert bench.infos("tokensPlayed")[0] == (0.9, "One")


def test_preempted_before_its_first_word_reports_no_fragment() -> None:
    """If nothing was heard, nothing is reported."""
    bench = Bench.open(events=EVENTS)
    bench.text("One two.", last=True, preemptible=True)
    bench.until(0.35)
    bench.text("Three.", last=True)
    bench.until(10)
    assert bench.infos("tokensPlayed") == [(1.05, "Three.")]


def test_audio_may_be_preempted_too() -> None:
    """`play` has a flag of its own, and is a cycle of its own."""
    bench = Bench.open(preemptible="true", events=EVENTS)
    bench.app(type="play", source="https://a.example/b.mp3", preemptible=True)
    bench.until(1)
    bench.app(type="play", source="https://a.example/c.mp3")
    bench.until(2)
    bench.text("After it.", last=True)
    bench.until(20)
    assert bench.infos("agentSpeaking") == [(0.3, "on"), (5.1, "off")]
    assert bench.infos("tokensPlayed") == [(5.1, "After it.")]


# -- errors and endings ----------------------------------------------------------------------------


def test_malformed_frame_is_quoted_and_has_no_effect() -> None:
    """The error holds the frame; the session goes on."""
    bench = Bench.open()
    raw = '{"type":"text","token":"hi","extra":1}'
    expected = {"type": "error", "description": f"Invalid message received, code: 64107, {raw}"}
    assert bench.raw(raw) == [expected]
    assert bench.raw(b"\xff\x00")[0]["description"] == (
        "Invalid message received, code: 64107, \ufffd\x00"
    )
    bench.until(5)
    assert bench.line.heard == []
    assert not bench.is_over


def test_tenth_malformed_frame_in_a_row_closes() -> None:
    """The session fails with 1007; a valid frame resets the count."""
    bench = Bench.open()
    for _ in range(9):
        bench.raw("x")
    bench.text("fine.", last=True)
    for _ in range(9):
        bench.raw("x")
    assert not bench.is_over
    bench.raw("x")
    closing = bench.line.closing
    assert closing is not None
    assert (closing.code, closing.reason) == (1007, "Too many consecutive malformed messages.")
    assert (closing.session_status, closing.error_code) == ("failed", "64105")
    assert closing.call_status == "in-progress"
    assert bench.line.cuts == [Cut(0.0, "dropped", 1, "", "fine.", sounding=False)]


def test_end_drops_what_was_not_spoken() -> None:
    """The worst case is assumed: `end` cuts the goodbye."""
    bench = Bench.open(events=EVENTS)
    bench.text("Goodbye for now.", last=True)
    bench.until(0.8)
    assert bench.app(type="end", handoffData='{"a":1}') == []
    closing = bench.line.closing
    assert closing is not None
    assert (closing.code, closing.session_status, closing.at) == (1000, "ended", 0.8)
    assert (closing.handoff_data, closing.call_status) == ('{"a":1}', "in-progress")
    assert bench.line.cuts == [Cut(0.8, "end", 1, "Goodbye", " for now.", sounding=True)]


def test_nothing_is_accepted_after_the_end() -> None:
    """Frames, words, coughs, keys, time and a second ending change nothing."""
    bench = Bench.open(dtmfDetection="true")
    bench.app(type="end")
    closing, events = bench.line.closing, [*bench.line.events]
    assert bench.line.deadline is None
    assert bench.text("late", last=True) + bench.raw("x") == []
    assert bench.line.speaks("hi", 1) + bench.line.coughs(1) + bench.line.presses("1", 1) == []
    assert bench.line.hangs_up(2) + bench.line.loses_app(2) + bench.line.advance(9) == []
    assert bench.line.closing == closing
    assert bench.line.events == events


def test_caller_hangs_up() -> None:
    """Code 1000, completed; the unfinished utterance is lost."""
    bench = speaking()
    bench.say("never mind")
    bench.until(3)
    assert bench.hang_up() == []
    closing = bench.line.closing
    assert closing is not None
    assert (closing.code, closing.reason) == (1000, "Closing websocket session")
    assert (closing.session_status, closing.call_status) == ("completed", "completed")
    assert bench.line.said[-1] == Said(3.0, "(hangs up)")


@pytest.mark.parametrize(("asked", "sent"), [("true", ["never"]), ("false", [])])
def test_unfinished_words_are_delivered_on_hang_up_if_asked(asked: str, sent: list[str]) -> None:
    """`partialPromptOnHangup` decides."""
    bench = Bench.open(partialPromptOnHangup=asked)
    bench.say("never mind")
    bench.until(0.4)
    bench.hang_up()
    assert [f["voicePrompt"] for f in bench.of_type("prompt")] == sent


def test_app_that_vanishes_has_failed() -> None:
    """A socket closed without `end` is error 64105, whatever the code."""
    bench = speaking()
    assert bench.line.loses_app(2.5, 1001, "going away") == []
    closing = bench.line.closing
    assert closing is not None
    assert (closing.code, closing.reason) == (1001, "going away")
    assert (closing.error_code, closing.error_message) == ("64105", "Websocket ended")


def test_late_clock_catches_up_first() -> None:
    """After several missed deadlines, all that was due happens before the action."""
    bench = Bench.open(events=EVENTS)
    bench.text("One two.", last=True)
    sent = bench.line.receive(json.dumps({"type": "text", "token": "x", "last": True}), 5.0)
    assert [frame["value"] for frame in sent] == ["on", "One two.", "off"]


def test_agent_without_audio_cannot_be_interrupted() -> None:
    """The player rejects it; the line never tries."""
    with pytest.raises(RuntimeError, match="nothing is playing"):
        Bench.open().line._player.interrupt(0.0)
