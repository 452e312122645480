"""Twelve scenes that every caller knows, in both ways of listening: backchannel, question, stop,
stop with content, correction, answer over the tail, remark, cough, long question after a pause,
split turn, echo, goodbye.

Each is a whole call over real sockets. It is checked by every word the caller heard, in order, by
what was never heard, by everything the guide was asked, and by what was decided and why.

No scene is a race: a reply is written at once or waits for what the test has seen, the caller acts
on words heard, and timeouts that a scene is not about are long.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import pytest

from emulator.call_log import Entry
from emulator.dial import CallResult
from emulator.line import Manner
from tests.calling import SPEED, call, chat, frontdesk, heard
from tests.guide_server import GuideServer, ScriptStep, Step

Mode: TypeAlias = Literal["pause", "talkover"]
Decision: TypeAlias = tuple[str, str, str]
"""Act, rule and outcome."""
Replies: TypeAlias = dict[str, Sequence[ScriptStep]]
"""What the guide does about each turn."""

both_modes = pytest.mark.parametrize("mode", ["pause", "talkover"])

QUESTION = "what are your hours"
HOURS = (
    "We open at nine. On Saturdays we close at noon, and on Sundays all day. Please ring the bell."
)
LONG_HOURS = (
    f"{HOURS} Or leave us a note, and somebody will come to the door, as long as there is light "
    "in the house behind the shop, or in the garden."
)
ANSWER = "Of course."
LAST_QUESTION = "where are you"
LAST_ANSWER = "Downtown."
ACK = "Sure."

ASKED = ("question", "question-begins-clause", "asked")

WORD_S = 0.4
"""How long the line takes to speak a word, on its own clock."""
SLOW_VOICE = Manner(agent_words_per_second=1.0)

UNHURRIED = {
    "late_backchannel_s": 10.0,
    "caller_speech_ceiling_s": 10.0,
    "playback_margin_s": 5.0,
    "guide_first_token_timeout_s": 10.0,
    "guide_stall_timeout_s": 10.0,
}
"""Timeouts that no scene is about, in real seconds."""
FAST_GUIDE: dict[str, Any] = {"talkover_ack_after_s": 2.0}
"""However busy the computer, the guide has answered by then (real seconds)."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a caller says over the agent, and how it is classified."""

    name: str
    says: str
    act: str
    rule: str
    gives_up: bool = False
    """Whether it is a clear stop before it is final."""

    def decided(self, outcome: str) -> Decision:
        return (self.act, self.rule, outcome)


@dataclass(frozen=True, slots=True)
class Played:
    """A call that is over, and each history that its guide was asked with."""

    result: CallResult
    asked: list[list[str]]
    abandoned: list[bool]
    """Which requests we closed before the guide was done."""

    @property
    def decisions(self) -> list[Decision]:
        return [
            (str(made["act"]), str(made["rule"]), str(made["outcome"]))
            for made in self.result.decisions
        ]

    @property
    def interruptions(self) -> int:
        """How often the line stopped the agent."""
        return sum(frame["type"] == "interrupt" for frame in self.result.sent_to_app)

    @property
    def cut_by(self) -> set[str]:
        """What kept the caller from hearing everything."""
        return {cut.reason for cut in self.result.cuts}

    @property
    def reached(self) -> str:
        """What the caller heard in the first talk cycle."""
        return " ".join(word.word for word in self.result.heard if word.cycle == 1)

    @property
    def missed(self) -> str:
        """What was lost of it: the rest of the clause that was cut, and what waited behind."""
        cuts = [cut for cut in self.result.cuts if cut.cycle == 1]
        in_order = sorted(cuts, key=lambda cut: not cut.sounding)
        return "".join(cut.lost for cut in in_order).strip()

    @property
    def paces(self) -> set[float]:
        """The times between the words of the first talk cycle."""
        times = [word.at for word in self.result.heard if word.cycle == 1]
        return {round(after - before, 3) for before, after in pairwise(times)}


async def play(
    mode: Mode,
    script: str,
    replies: Replies,
    *,
    listen: Callable[[Entry, GuideServer], None] | None = None,
    manner: Manner | None = None,
    **settings: Any,
) -> Played:
    """Place a call to a scripted guide; `listen` gets every frame."""
    given = {**UNHURRIED, "talkover_ack": ACK, "barge_in_mode": mode, **settings}
    async with GuideServer() as guide, frontdesk(guide, **given) as url:
        guide.script(lambda messages: replies[messages[-1]["content"]])
        on_entry = (lambda entry: listen(entry, guide)) if listen else None
        result = await call(url, script, manner=manner, on_entry=on_entry)
        for request in guide.requests:
            roles = [message["role"] for message in request.messages]
            assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
        asked = [chat(guide, number) for number in range(len(guide.requests))]
        abandoned = [request.abandoned.is_set() for request in guide.requests]
    return Played(result, asked, abandoned)


def script_of(says: str, *, over: str = "on Saturdays", question: str = QUESTION) -> str:
    """Ask, say something over these words of the reply, and ask once more when all is quiet."""
    return (
        f'after "hello": {question}\nafter "{over}": {says}\n'
        f"when quiet: {LAST_QUESTION}\nwhen quiet: hang up"
    )


# --- the reply goes on: backchannel, remark, cough, echo ------------------------------------------

GOES_ON = [
    Scene("backchannel", "right okay yeah", "backchannel", "nothing-but-listening"),
    Scene("remark", "my wife loves that place", "remark", "statement"),
    Scene("cough", "cough", "", "silence"),
    Scene("echo", "we open at nine", "noise", "echo-of-the-agent"),
]
REPLIES_TO_THE_END: Replies = {QUESTION: [HOURS], LAST_QUESTION: [LAST_ANSWER]}

goes_on = pytest.mark.parametrize("scene", GOES_ON, ids=lambda scene: scene.name)


def check_told_of_whole_reply(played: Played, scene: Scene, *, before: str) -> None:
    """Only the last question is asked next, and a remark stands after what came `before` it."""
    first, second = played.asked
    assert first == [QUESTION]
    remark = [before, scene.says, HOURS.removeprefix(before).strip()]
    told = remark if scene.act == "remark" else [HOURS]
    assert second == [QUESTION, *told, LAST_QUESTION]


@goes_on
async def test_paused_reply_resumes_at_the_clause_that_was_cut(scene: Scene) -> None:
    """No word is lost, and only what was heard of the clause is heard twice."""
    played = await play("pause", script_of(scene.says), REPLIES_TO_THE_END)
    assert played.decisions == [ASKED, scene.decided("resumed"), ASKED]
    assert played.interruptions == 1
    [cut] = [cut for cut in played.result.cuts if cut.sounding]
    clause = (cut.spoken + cut.lost).strip()
    again = HOURS[HOURS.index(clause) :]
    assert heard(played.result) == f"{played.reached} {again} {LAST_ANSWER}"
    assert f"{played.reached} {played.missed}" == HOURS
    check_told_of_whole_reply(played, scene, before=played.reached)


@goes_on
async def test_talkover_reply_goes_on_without_a_gap(scene: Scene) -> None:
    """Nothing is said again, and nothing is cut."""
    played = await play("talkover", script_of(scene.says), REPLIES_TO_THE_END)
    outcome = "kept" if scene.act == "remark" else "ignored"
    made = [] if scene.name == "cough" else [scene.decided(outcome)]
    assert played.decisions == [ASKED, *made, ASKED]
    assert (played.interruptions, played.result.cuts) == (0, [])
    assert (played.reached, played.paces) == (HOURS, {WORD_S})
    assert heard(played.result) == f"{HOURS} {LAST_ANSWER}"
    # By then the line had reported one clause or two.
    clauses = "We open at nine. On Saturdays we close at noon,"
    before = clauses if clauses in played.asked[-1] else "We open at nine."
    check_told_of_whole_reply(played, scene, before=before)


async def test_talkover_reply_goes_on_over_a_remark_in_its_first_clause() -> None:
    """The line reports a clause at its end, and the remark comes before that."""
    reply = "We close at noon on Saturdays."
    played = await play(
        "talkover",
        script_of("my wife loves that place", over="We"),
        {QUESTION: [reply], LAST_QUESTION: [LAST_ANSWER]},
        manner=SLOW_VOICE,
        speaking_rate_wps=SPEED,
    )
    assert played.decisions == [ASKED, ("remark", "statement", "kept"), ASKED]
    assert heard(played.result) == f"{reply} {LAST_ANSWER}"


# --- the words take the floor: question, stop, correction, goodbye --------------------------------

TAKES_THE_FLOOR = [
    Scene("question", "what about friday", "question", "question-begins-clause"),
    Scene("stop", "stop", "stop", "stop-phrase", gives_up=True),
    Scene("stop with content", "wait what about Sunday", "question", "question-begins-clause"),
    Scene("correction", "no tuesday", "correction", "no-and-instead"),
    Scene("goodbye", "that's all thanks bye", "goodbye", "goodbye-phrase"),
    Scene("person please", "a person please", "request", "person-please"),
]

takes_the_floor = pytest.mark.parametrize("scene", TAKES_THE_FLOOR, ids=lambda scene: scene.name)


def replies_to(said: str, *answer: ScriptStep) -> Replies:
    """A guide that never finishes its first reply, so that only the app can end it."""
    return {QUESTION: [LONG_HOURS, Step.HANG], said: answer, LAST_QUESTION: [LAST_ANSWER]}


def decisions_on(scene: Scene) -> list[Decision]:
    gave_up = [scene.decided("gave up")] if scene.gives_up else []
    return [ASKED, *gave_up, scene.decided("cancelled"), ASKED]


def check_replaced(
    played: Played, said: str, answer: str, *, question: str = QUESTION, reply: str = LONG_HOURS
) -> None:
    """The rest of the reply is never heard, and in the end the guide knows all that was heard."""
    reached = played.reached
    assert heard(played.result) == f"{reached} {answer} {LAST_ANSWER}"
    assert f"{reached} {played.missed}" == reply
    first, second, third = played.asked
    assert first == [question]
    assert (second[0], second[2:]) == (question, [said])
    assert third == [question, reached, said, answer, LAST_QUESTION]


def check_paused_and_replaced(played: Played, said: str, **of: str) -> None:
    """The line stopped the agent, and the guide was told every word that was heard."""
    check_replaced(played, said, ANSWER, **of)
    assert (played.interruptions, played.cut_by) == (1, {"interrupt"})
    assert played.asked[1][1] == played.reached


def check_talked_over_and_replaced(played: Played, said: str, answer: str, **of: str) -> None:
    """New words stopped the agent, and the guide was first told the clauses that had ended."""
    check_replaced(played, said, answer, **of)
    assert (played.interruptions, played.cut_by) == (0, {"preempted"})
    assert played.paces <= {WORD_S, 1.0}
    told = played.asked[1][1]
    assert played.reached.startswith(told)
    assert told.endswith((",", "."))


@takes_the_floor
async def test_paused_reply_is_cancelled_and_its_rest_is_never_heard(scene: Scene) -> None:
    """What had been heard is told to the word."""
    played = await play("pause", script_of(scene.says), replies_to(scene.says, ANSWER))
    assert played.decisions == decisions_on(scene)
    assert played.abandoned == [True, False, False]
    check_paused_and_replaced(played, scene.says)


@takes_the_floor
async def test_talkover_reply_is_replaced_by_the_answer(scene: Scene) -> None:
    """A fast guide needs no acknowledgement."""
    played = await play(
        "talkover", script_of(scene.says), replies_to(scene.says, ANSWER), **FAST_GUIDE
    )
    assert played.decisions == decisions_on(scene)
    assert played.abandoned == [True, False, False]
    check_talked_over_and_replaced(played, scene.says, ANSWER)


@takes_the_floor
async def test_talkover_reply_is_replaced_by_an_acknowledgement(scene: Scene) -> None:
    """The guide is slow, and its answer does not cut the acknowledgement short."""
    acknowledged = asyncio.Event()

    def listen(entry: Entry, _: GuideServer) -> None:
        if entry.dir == "out" and str(entry.frame.get("token")).strip() == ACK:
            acknowledged.set()

    replies = replies_to(scene.says, acknowledged, ANSWER)
    played = await play("talkover", script_of(scene.says), replies, listen=listen)
    assert played.decisions == decisions_on(scene)
    assert played.abandoned == [True, False, False]
    check_talked_over_and_replaced(played, scene.says, f"{ACK} {ANSWER}")


@both_modes
async def test_clear_stop_drops_the_stream_before_it_is_final(mode: Mode) -> None:
    """The line takes seconds to make the word final, and the guide is asked only then."""
    ended: list[tuple[bool, int]] = []

    def listen(entry: Entry, guide: GuideServer) -> None:
        if entry.frame.get("voicePrompt") == "stop" and entry.frame["last"]:
            ended.append((guide.requests[0].abandoned.is_set(), len(guide.requests)))

    played = await play(
        mode,
        script_of("stop"),
        replies_to("stop", ANSWER),
        listen=listen,
        relay_speech_timeout=3000,
        **FAST_GUIDE,
    )
    assert ended == [(True, 1)]
    assert [outcome for _, _, outcome in played.decisions][1:3] == ["gave up", "cancelled"]


# --- answer over the tail -------------------------------------------------------------------------

INVITATION = "You can come at nine, or is ten better?"
"""Only its last words ask."""


async def play_invitation(mode: Mode, invitation: str) -> Played:
    """The voice is slow, to be sure that the caller speaks over the last words."""
    return await play(
        mode,
        script_of("yes", over="at nine", question="can I come"),
        {"can I come": [invitation], "yes": [ANSWER], LAST_QUESTION: [LAST_ANSWER]},
        manner=SLOW_VOICE,
        speaking_rate_wps=SPEED,
        **FAST_GUIDE,
    )


@both_modes
async def test_answer_over_the_tail_is_a_turn(mode: Mode) -> None:
    """Anywhere else the agent would go on after a "yes"."""
    played = await play_invitation(mode, INVITATION)
    assert played.decisions == [ASKED, ("answer", "after-a-question", "cancelled"), ASKED]
    if mode == "pause":
        check_paused_and_replaced(played, "yes", question="can I come", reply=INVITATION)
    else:
        check_talked_over_and_replaced(
            played, "yes", ANSWER, question="can I come", reply=INVITATION
        )


async def test_talkover_answer_over_the_tail_of_a_single_clause_is_a_turn() -> None:
    """The line reports a clause at its end, and the answer comes before that."""
    played = await play_invitation("talkover", INVITATION.replace(",", ""))
    assert played.decisions == [ASKED, ("answer", "after-a-question", "cancelled"), ASKED]
    assert "yes" in played.asked[-1]


# --- long question after a pause ------------------------------------------------------------------

LONG_QUESTION = (
    "if I come by with my two kids on a friday in summer how long would we wait for a table outside"
)
RESUME_TIMEOUT_S = 4.0
"""Longer than the pause, shorter than the question (on the line's clock)."""


@both_modes
async def test_long_question_after_a_pause_is_heard_out(mode: Mode) -> None:
    """It takes longer than the silence after which a reply is resumed."""
    played = await play(
        mode,
        script_of(f"cough\nafter 1s: {LONG_QUESTION}", over="nine on"),
        replies_to(LONG_QUESTION, ANSWER),
        barge_in_resume_timeout_s=RESUME_TIMEOUT_S / SPEED,
        relay_partial_prompts=False,  # sound alone has to show that they speak
        **FAST_GUIDE,
    )
    assert played.decisions == [ASKED, ("question", "question-inside", "cancelled"), ASKED]
    if mode == "pause":
        check_paused_and_replaced(played, LONG_QUESTION)
    else:
        check_talked_over_and_replaced(played, LONG_QUESTION, ANSWER)


# --- split turn -----------------------------------------------------------------------------------


@both_modes
async def test_split_turn_is_asked_as_one(mode: Mode) -> None:
    """The guide is slow, and nothing of its reply to the first piece was heard."""
    first, second = "I want to come by", "on Friday afternoon"
    played = await play(
        mode,
        f'after "hello": {first} [0.8s] {second}\nwhen quiet: {LAST_QUESTION}\nwhen quiet: hang up',
        {
            first: [Step.HANG],
            f"{first} {second}": [ANSWER],
            LAST_QUESTION: [LAST_ANSWER],
        },
    )
    assert played.decisions == [
        ("request", "wish", "asked"),
        ("remark", "statement", "extended"),
        ASKED,
    ]
    turn = f"{first} {second}"
    assert played.asked == [[first], [turn], [turn, ANSWER, LAST_QUESTION]]
    assert played.abandoned == [True, False, False]
    assert heard(played.result) == f"{ANSWER} {LAST_ANSWER}"
    assert played.result.cuts == []


# --- late backchannel -----------------------------------------------------------------------------


@both_modes
async def test_late_backchannel_asks_nothing(mode: Mode) -> None:
    """It is about the reply that has just ended."""
    played = await play(
        mode,
        f'after "hello": {QUESTION}\n'
        f"when quiet: okay great\nafter 1s: {LAST_QUESTION}\n"
        "when quiet: hang up",
        REPLIES_TO_THE_END,
    )
    assert played.decisions == [ASKED, ("backchannel", "nothing-but-listening", "ignored"), ASKED]
    assert played.asked == [[QUESTION], [QUESTION, HOURS, LAST_QUESTION]]
    assert heard(played.result) == f"{HOURS} {LAST_ANSWER}"
