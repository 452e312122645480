"""The caller on the emulated line: what is transcribed, interrupts, and reaches the app."""

from __future__ import annotations

import pytest

from emulator.line import Manner
from emulator.line_events import Cut, Heard, Said, Transcribed
from tests.emulated import EVENTS, Bench, about, info, speaking

# -- the caller in silence -------------------------------------------------------------------------


def test_caller_is_transcribed_after_a_silence() -> None:
    """Voice off and the final prompt come together, half a second after the last word."""
    bench = Bench.open(events=EVENTS)
    bench.say("what are your")
    bench.until(10)
    assert bench.at(1.5) == [
        info("clientSpeaking", "off"),
        {"type": "prompt", "voicePrompt": "what are your", "lang": "en-US", "last": True},
    ]
    assert bench.infos("clientSpeaking") == [(0.3, "on"), (1.5, "off")]
    assert bench.line.events == [
        Said(0.0, "what are your"),
        Transcribed(about(1.5), "what are your", reported=True),
    ]


def test_partials_carry_the_whole_utterance_so_far() -> None:
    """With partialPrompts, each recognized word sends all words so far; without, none."""
    bench = Bench.open(partialPrompts="true")
    bench.say("what are your")
    bench.until(10)
    prompts = [(f["voicePrompt"], f["last"]) for f in bench.of_type("prompt")]
    assert prompts == [
        ("what", False),
        ("what are", False),
        ("what are your", False),
        ("what are your", True),
    ]
    assert len(Bench.open().until(0).of_type("prompt")) == 0


def test_pause_makes_two_utterances_of_one_turn() -> None:
    """A long pause finalizes; a short one does not."""
    bench = Bench.open(events=EVENTS)
    bench.say("a table [1.0s] for two [0.2s] please")
    bench.until(10)
    assert [f["voicePrompt"] for f in bench.of_type("prompt")] == ["a table", "for two please"]
    assert [value for _, value in bench.infos("clientSpeaking")] == ["on", "off", "on", "off"]


def test_words_added_while_speaking_belong_to_the_same_utterance() -> None:
    """The caller goes on without a pause."""
    bench = Bench.open()
    bench.say("one two")
    bench.until(0.5).say("three")
    bench.until(10)
    assert [f["voicePrompt"] for f in bench.at(1.5)] == ["one two three"]
    assert bench.line.caller_is_done


def test_speech_timeout_sets_the_silence() -> None:
    """A longer speechTimeout delays the final and bridges pauses."""
    bench = Bench.open(speechTimeout="2000")
    bench.say("one [1.5s] two")
    bench.until(20)
    assert [(round(t, 2), f["voicePrompt"]) for t, f in bench.sent[1:]] == [(4.17, "one two")]


def test_cough_in_silence_is_no_prompt() -> None:
    """Voice on and off, and nothing else."""
    bench = Bench.open(events=EVENTS, partialPrompts="true")
    bench.line.coughs(0.0)
    bench.until(10)
    assert bench.sent[1:] == [
        (about(0.3), info("clientSpeaking", "on")),
        (about(1.0), info("clientSpeaking", "off")),
    ]


# -- barge-in --------------------------------------------------------------------------------------


CUT_AT = 2.75
"""When words begun at 2.45 s are recognized; the second clause has played for 1.25 s."""


def test_caller_interrupts_in_one_burst() -> None:
    """Voice on, the heard fragment, interrupt, the first partial, agent off."""
    bench = speaking(partialPrompts="true")
    bench.say("wait")
    bench.until(20)
    assert bench.at(CUT_AT) == [
        info("clientSpeaking", "on"),
        info("tokensPlayed", " from nine to"),
        {
            "type": "interrupt",
            "utteranceUntilInterrupt": "from nine to",
            "durationUntilInterruptMs": 1250,
        },
        {"type": "prompt", "voicePrompt": "wait", "lang": "en-US", "last": False},
        info("agentSpeaking", "off"),
    ]
    assert bench.of_type("prompt")[-1]["last"] is True


def test_interrupt_purges_the_queue_and_accounts_for_it() -> None:
    """The queue and the open cycle's tail are never heard, and all of it is noted as cut."""
    bench = speaking()
    bench.text(" nothing.", last=True)
    bench.text("Second cycle.", last=True)
    bench.say("wait")
    bench.until(20)
    assert bench.heard() == "We are open, from nine to"
    assert bench.line.cuts == [
        Cut(about(CUT_AT), "interrupt", 1, " from nine to", " six.", sounding=True),
        Cut(
            about(CUT_AT),
            "interrupt",
            1,
            "",
            " Come in. And bring nothing.",
            sounding=False,
        ),
        Cut(about(CUT_AT), "interrupt", 2, "", "Second cycle.", sounding=False),
    ]


def test_interrupt_drops_the_tail_of_the_open_cycle() -> None:
    """Words of an unfinished clause are cut too."""
    bench = speaking()
    bench.say("wait")
    bench.until(20)
    assert bench.line.cuts[1].lost == " Come in. And bring"


def test_tokens_after_an_interrupt_are_a_new_reply() -> None:
    """A token that arrives after the purge is spoken as a talk cycle of its own."""
    bench = speaking()
    bench.say("wait")
    bench.until(3)
    bench.text(" leaked.", last=True)
    bench.until(20)
    assert bench.line.heard[-1] == Heard(about(3.7), "leaked.", 2, "en-US")


@pytest.mark.parametrize(
    ("report", "utterance", "duration"),
    [
        ("fragment", "from nine to", 1250),
        ("whole", "We are open, from nine to", 2450),
        ("empty", "", 1250),
    ],
)
def test_interrupt_reports_in_each_manner(report: str, utterance: str, duration: int) -> None:
    """The segment that was cut, the reply from its beginning, or nothing."""
    bench = speaking(Manner(interrupt_report=report))  # type: ignore[arg-type]
    bench.say("wait")
    bench.until(3)
    interrupt = bench.of_type("interrupt")[0]
    assert interrupt["utteranceUntilInterrupt"] == utterance
    assert interrupt["durationUntilInterruptMs"] == duration


def test_whole_report_begins_with_the_reply_not_the_call() -> None:
    """It has no words of an earlier reply."""
    bench = speaking(Manner(interrupt_report="whole"), welcomeGreeting="Hi.")
    bench.say("wait")
    bench.until(4)
    text = bench.of_type("interrupt")[0]["utteranceUntilInterrupt"]
    assert str(text).startswith("We are open,")


def test_interrupt_before_the_first_word_is_over_reports_nothing_heard() -> None:
    """No fragment is reported as played, and the text is empty."""
    bench = Bench.open(events=EVENTS)
    bench.text("Hello there.", last=True)
    bench.until(0.1).say("stop")
    bench.until(2)
    assert bench.infos("tokensPlayed") == []
    assert bench.of_type("interrupt") == [
        {"type": "interrupt", "utteranceUntilInterrupt": "", "durationUntilInterruptMs": 100}
    ]


def test_words_before_the_first_sound_interrupt_nothing() -> None:
    """Before the agent's audio starts there is nothing to cut."""
    bench = Bench.open(events=EVENTS)
    bench.say("stop")
    bench.until(0.1)
    bench.text("Hello there.", last=True)
    bench.until(3)
    assert bench.of_type("interrupt") == []
    assert bench.heard() == "Hello there."


def test_cough_interrupts_without_words() -> None:
    """A sound without words cuts the agent; no prompt follows."""
    bench = speaking(partialPrompts="true")
    bench.line.coughs(2.45)
    bench.until(20)
    assert [f["type"] for f in bench.at(CUT_AT)] == ["info", "info", "interrupt", "info"]
    assert bench.of_type("prompt") == []
    assert bench.infos("clientSpeaking") == [(2.75, "on"), (3.45, "off")]


def test_key_comes_before_the_interrupt_it_causes() -> None:
    """A pressed key: dtmf, the fragment, interrupt, agent off."""
    bench = speaking()
    assert [f["type"] for f in bench.press("5")] == ["dtmf", "info", "interrupt", "info"]
    assert bench.sent[-4][1] == {"type": "dtmf", "digit": "5"}
    assert bench.line.said == [Said(2.45, "(presses 5)")]


def test_key_in_silence_is_only_a_key() -> None:
    """Nothing plays: nothing is interrupted."""
    bench = Bench.open(dtmfDetection="true")
    assert bench.press("#") == [{"type": "dtmf", "digit": "#"}]


def test_key_without_detection_does_nothing() -> None:
    """dtmfDetection is off by default."""
    bench = speaking(dtmfDetection="false")
    assert bench.press("5") == []
    assert bench.line.agent_is_speaking


@pytest.mark.parametrize(
    ("interruptible", "by_speech", "by_key"),
    [
        ("any", True, True),
        ("true", True, True),
        ("speech", True, False),
        ("dtmf", False, True),
        ("none", False, False),
        ("false", False, False),
    ],
)
def test_interruptible_says_what_cuts_the_agent(
    interruptible: str, by_speech: bool, by_key: bool
) -> None:
    """Speech, keys, both or neither."""
    bench = speaking(interruptible=interruptible)
    bench.say("wait")
    bench.until(3)
    assert bool(bench.of_type("interrupt")) == by_speech
    bench = speaking(interruptible=interruptible)
    bench.press("1")
    assert bool(bench.of_type("interrupt")) == by_key


@pytest.mark.parametrize(("session", "frame"), [("none", True), ("any", False)])
def test_frame_overrides_the_session(session: str, frame: bool) -> None:
    """A frame's own `interruptible` wins for its words."""
    bench = Bench.open(interruptible=session)
    bench.text("Hello there you.", last=True, interruptible=frame)
    bench.until(0.5).say("wait")
    bench.until(5)
    assert bool(bench.of_type("interrupt")) == frame


def test_segment_has_the_terms_of_the_frame_it_begins_in() -> None:
    """A clause that spans frames obeys the first; the next clause its own."""
    bench = Bench.open()
    bench.text("One two", interruptible=False)
    bench.text(" three. Four five six.", last=True)
    bench.until(0.5).say("wait now please then")
    bench.until(10)
    assert [round(t, 1) for t, f in bench.sent if f["type"] == "interrupt"] == [1.8]
    assert bench.heard() == "One two three."


@pytest.mark.parametrize(("setting", "cut"), [("none", False), ("dtmf", False), ("any", True)])
def test_greeting_has_its_own_setting(setting: str, cut: bool) -> None:
    """welcomeGreetingInterruptible, whatever `interruptible` says."""
    bench = Bench.open(
        welcomeGreeting="Hello and welcome.",
        welcomeGreetingInterruptible=setting,
        interruptible="none" if cut else "any",
    )
    bench.until(0.6).say("hi")
    bench.until(5)
    assert bool(bench.of_type("interrupt")) == cut


@pytest.mark.parametrize(
    ("sensitivity", "made_out", "cough_cuts"),
    [("high", 2.75, True), ("medium", 3.083, False), ("low", 3.417, False)],
)
def test_sensitivity_counts_words(sensitivity: str, made_out: float, cough_cuts: bool) -> None:
    """Any sound, two words or three, before the agent is cut."""
    bench = speaking(interruptSensitivity=sensitivity)
    bench.say("one two three")
    bench.until(10)
    assert [round(t, 3) for t, f in bench.sent if f["type"] == "interrupt"] == [made_out]
    bench = speaking(interruptSensitivity=sensitivity)
    bench.line.coughs(2.45)
    bench.until(10)
    assert bool(bench.of_type("interrupt")) == cough_cuts


def test_ignored_backchannel_neither_interrupts_nor_prompts() -> None:
    """ignoreBackchannel hides acknowledgements, unless there is another word."""
    bench = speaking(ignoreBackchannel="true", partialPrompts="true")
    bench.say("Yeah, okay.")
    bench.until(4.5)
    assert bench.of_type("interrupt") + bench.of_type("prompt") == []
    bench = speaking(ignoreBackchannel="true")
    bench.say("Yeah, okay but")
    bench.until(10)
    assert [f["voicePrompt"] for f in bench.of_type("prompt")] == ["Yeah, okay but"]
    assert [round(t, 2) for t, f in bench.sent if f["type"] == "interrupt"] == [3.42]


@pytest.mark.parametrize(
    ("interruptible", "report", "cut", "delivered"),
    [
        ("any", "speech", True, True),
        ("speech", "any", True, True),
        ("any", "none", True, False),
        ("speech", "dtmf", True, False),
        ("none", "any", False, True),
        ("dtmf", "speech", False, True),
        ("none", "none", False, False),
        ("dtmf", "dtmf", False, False),
    ],
)
def test_words_over_the_agent_follow_the_matrix(
    interruptible: str, report: str, cut: bool, delivered: bool
) -> None:
    """`interruptible` governs the audio, `reportInputDuringAgentSpeech` the words."""
    bench = speaking(
        interruptible=interruptible, reportInputDuringAgentSpeech=report, partialPrompts="true"
    )
    bench.say("wait a minute")
    bench.until(20)
    assert bool(bench.of_type("interrupt")) == cut
    assert bool(bench.of_type("prompt")) == delivered
    said = [s for s in bench.line.events if isinstance(s, Transcribed)]
    assert [(s.text, s.reported) for s in said] == [("wait a minute", delivered)]


@pytest.mark.parametrize(("report", "sent"), [("dtmf", 1), ("any", 1), ("speech", 0), ("none", 0)])
def test_keys_over_the_agent_follow_the_matrix(report: str, sent: int) -> None:
    """A key over the agent reaches the app only if asked for, but always cuts."""
    bench = speaking(reportInputDuringAgentSpeech=report)
    bench.press("1")
    assert len(bench.of_type("dtmf")) == sent
    assert len(bench.of_type("interrupt")) == 1


def test_words_begun_in_silence_are_delivered() -> None:
    """An utterance is delivered whole even if the agent starts to speak during it."""
    bench = Bench.open(reportInputDuringAgentSpeech="none")
    bench.say("one two three four five six")
    bench.until(0.5)
    bench.text("I talk over you now.", last=True)
    bench.until(10)
    assert [f["voicePrompt"] for f in bench.of_type("prompt")] == ["one two three four five six"]
    assert len(bench.of_type("interrupt")) == 1
