"""Whole calls over real sockets: the app under uvicorn, the emulated line dialling it, and a
scripted guide.

The emulator's clock runs `SPEED` times as fast as ours, so the server's timeouts are shortened by
as much. What is checked is what the caller heard, what the guide was asked, and what was never
sent.
"""

import asyncio
import random
import re
from itertools import count
from typing import Any

import pytest

from emulator.dial import CallResult
from emulator.line import Manner
from tests import transports
from tests.calling import HOURS, SPEED, call, call_about, chat, frontdesk, heard, outcomes
from tests.guide_server import Answer, GuideServer, Step
from tests.serving import AUTH_TOKEN, serve_frontdesk

# --- stories ------------------------------------------------------------------------------------


async def test_caller_asks_and_hears_the_whole_answer() -> None:
    """Two turns; the guide is told the first when it is asked the second."""
    result, guide = await call_about(
        HOURS, "when quiet: what are your hours\nwhen quiet: thank you goodbye\nwhen quiet: hang up"
    )
    assert heard(result) == f"{HOURS} {HOURS}"
    assert chat(guide) == ["what are your hours", HOURS, "thank you goodbye"]
    assert outcomes(result) == ["asked", "asked"]
    assert (result.closing.session_status, result.action.status) == ("completed", 200)


async def test_backchannel_resumes_and_the_caller_hears_the_whole_reply() -> None:
    """No word is lost, and none heard twice but in the clause that was cut."""
    result, guide = await call_about(
        HOURS,
        'when quiet: what are your hours\nafter "Saturdays we": uh-huh\nwhen quiet: hang up',
    )
    assert outcomes(result) == ["asked", "resumed"]
    assert len(guide.requests) == 1
    words = heard(result)
    assert words.startswith("We are open from nine to six. On Saturdays we")
    assert words.endswith("On Saturdays we close at noon, and on Sundays all day.")
    assert words.count("from nine") == words.count("Sundays") == 1


async def test_question_cancels_and_the_rest_is_never_heard() -> None:
    """The guide is told only what was heard of the reply it was cut in."""
    result, guide = await call_about(
        HOURS,
        'when quiet: what are your hours\nafter "open from": what about Friday\n'
        "when quiet: hang up",
    )
    assert outcomes(result) == ["asked", "cancelled"]
    question, told, turn = chat(guide)
    assert (question, turn) == ("what are your hours", "what about Friday")
    assert told in heard(result)
    assert told in HOURS
    assert "Saturdays" not in told


async def test_call_goes_as_well_without_libcurl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the SDK: a whole reply, one that is resumed, and one that is dropped."""
    transports.choose("openai", monkeypatch)
    result, guide = await call_about(
        HOURS,
        'when quiet: what are your hours\nafter "Saturdays we": uh-huh\n'
        'when quiet: once more please\nafter "open from": what about Friday\n'
        "when quiet: hang up",
    )
    assert outcomes(result) == ["asked", "resumed", "asked", "cancelled"]
    question, told, again, cut, turn = chat(guide)
    assert (question, again, turn) == (
        "what are your hours",
        "once more please",
        "what about Friday",
    )
    assert told == HOURS
    assert HOURS.startswith(cut)
    assert cut != HOURS
    assert heard(result).endswith(HOURS)
    assert guide.requests[0].headers["x-stainless-lang"] == "python"  # so it was the SDK


async def test_remark_resumes_and_reaches_the_guide_the_next_time() -> None:
    """At the place where it was said."""
    result, guide = await call_about(
        HOURS,
        'when quiet: what are your hours\nafter "Saturdays we": my wife loves that place\n'
        "when quiet: where are you\nwhen quiet: hang up",
    )
    assert outcomes(result) == ["asked", "resumed", "asked"]
    question, before, remark, after, turn = chat(guide)
    assert (question, remark, turn) == (
        "what are your hours",
        "my wife loves that place",
        "where are you",
    )
    assert f"{before} {after}" == HOURS


async def test_cough_resumes_after_a_silence() -> None:
    """Nothing was said."""
    result, guide = await call_about(
        HOURS, 'when quiet: what are your hours\nafter "Saturdays we": cough\nwhen quiet: hang up'
    )
    assert outcomes(result) == ["asked", "resumed"]
    assert result.decisions[-1]["rule"] == "silence"
    assert heard(result).endswith("and on Sundays all day.")
    assert len(guide.requests) == 1


async def test_key_that_interrupts_is_like_any_interruption() -> None:
    """Nothing follows it, so the reply goes on."""
    result, _ = await call_about(
        HOURS,
        'when quiet: what are your hours\nafter "Saturdays we": press 5\nwhen quiet: hang up',
        relay_interruptible="any",
        relay_report_input_during_agent_speech="any",
    )
    assert outcomes(result) == ["asked", "resumed"]
    assert heard(result).endswith("and on Sundays all day.")


async def test_answer_over_the_last_words_of_a_question_is_a_turn() -> None:
    """The commonest way that people answer."""
    result, guide = await call_about(
        "We have time tomorrow. Would you like to come at nine or at ten?",
        'when quiet: can I come\nafter "come at nine": yes\nwhen quiet: hang up',
    )
    assert outcomes(result) == ["asked", "cancelled"]
    assert chat(guide)[-1] == "yes"


async def test_turn_in_two_pieces_is_answered_as_one() -> None:
    """The guide is slow, and asked again with the whole before a word of it was heard."""
    async with GuideServer() as guide, frontdesk(guide) as url:
        guide.script(lambda messages: ["Do."] if "Friday" in str(messages) else [Step.HANG])
        script = "when quiet: I want to come by [0.8s] on Friday afternoon\nwhen quiet: hang up"
        result = await call(url, script)
    assert outcomes(result) == ["asked", "extended"]
    assert chat(guide) == ["I want to come by on Friday afternoon"]
    assert heard(result) == "Do."


async def test_greeting_cut_by_the_caller_is_no_part_of_the_conversation() -> None:
    """It is Twilio's, and the guide never hears of it."""
    result, guide = await call_about(
        "Fine.",
        'after "thanks for": where are you\nwhen quiet: hang up',
        welcome_greeting="Hello, and thanks for calling the best shop in the whole town.",
    )
    assert chat(guide) == ["where are you"]
    assert heard(result) == "Fine."


@pytest.mark.parametrize("reports", ["fragment", "whole", "empty"])
async def test_call_works_on_a_line_that_reports_little(reports: Any) -> None:
    """Without speaker events, tokens-played and partials, on interrupt and prompt alone."""
    async with GuideServer() as guide:
        guide.reply(HOURS)
        # Durations in frames are the line's, so the rate they are multiplied with is too.
        bare = {"relay_events": "none", "relay_partial_prompts": False, "speaking_rate_wps": 2.5}
        async with frontdesk(guide, **bare) as url:
            result = await call(
                url,
                'when quiet: what are your hours\nafter "Saturdays we": right\n'
                "when quiet: where are you\nwhen quiet: hang up",
                manner=Manner(interrupt_report=reports),
            )
    kinds = {str(frame["type"]) for frame in result.sent_to_app}
    assert kinds == {"setup", "prompt", "interrupt"}
    assert outcomes(result) == ["asked", "resumed", "asked"]
    assert chat(guide)[0] == "what are your hours"
    assert chat(guide)[-1] == "where are you"
    assert "and on Sundays all day." in heard(result)


async def test_signed_call_is_answered() -> None:
    """The emulator signs as Twilio does, and brings the call's token."""
    async with GuideServer() as guide, frontdesk(guide, twilio_auth_token=AUTH_TOKEN) as url:
        guide.reply("Fine.")
        script = "when quiet: how are you\nwhen quiet: hang up"
        result = await call(url, script, auth_token=AUTH_TOKEN)
    assert heard(result) == "Fine."


async def test_embedded_demo_guide_answers() -> None:
    """Without any setting of a guide."""
    async with serve_frontdesk(welcome_greeting="Hello.") as url:
        result = await call(url, "when quiet: what are your hours\nwhen quiet: hang up")
    assert "open" in heard(result).casefold()


# --- the guide's faults -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "spoken"),
    [
        ([Answer(status=401)], "Sorry about that."),
        ([Answer(status=500)], "Sorry about that."),
        ([Step.HANG], "Sorry about that."),
        ([Step.OPEN, Step.HANG], "Sorry about that."),
        (["We are open", Step.HANG], "We are open Sorry about that."),
        (["We are open", Step.CUT], "We are open Sorry about that."),
        (["We are open", Step.RESET], "We are open Sorry about that."),
        (["We are open", Step.END], "We are open Sorry about that."),
        ([Step.FINISH, Step.DONE], "Sorry about that."),
        ([b"data: {rubbish\n\n"], "Sorry about that."),
        (["<think>I wonder.</think>"], "Sorry about that."),
    ],
    ids=[
        "refuses the key", "is broken", "says nothing", "opens and says nothing", "stalls",
        "breaks off", "is reset", "ends in the middle", "writes nothing", "writes rubbish",
        "only thinks",
    ],
)  # fmt: skip
async def test_guide_that_fails_is_apologised_for_and_the_call_goes_on(
    steps: list[Any], spoken: str
) -> None:
    """The next turn finds it mended, and is told of what was heard."""
    async with GuideServer() as guide, frontdesk(guide) as url:
        guide.script(lambda messages: steps if len(messages) == 1 else ["All is well."])
        result = await call(
            url,
            "when quiet: what are your hours\nwhen quiet: where are you\nwhen quiet: hang up",
        )
    assert heard(result) == f"{spoken} All is well."
    assert chat(guide) == ["what are your hours", spoken, "where are you"]


async def test_guide_that_cannot_be_reached_is_apologised_for() -> None:
    """And the caller stays on the line."""
    async with GuideServer() as guide:
        address = guide.base_url
    async with GuideServer() as other, frontdesk(other, guide_base_url=address) as url:
        result = await call(url, "when quiet: what are your hours\nwhen quiet: hang up")
    assert heard(result) == "Sorry about that."


async def test_cancelled_reply_closes_its_request() -> None:
    """The guide stops writing what nobody will hear."""
    async with GuideServer() as guide, frontdesk(guide) as url:
        never = asyncio.Event()
        guide.script(
            lambda messages: [HOURS, never] if len(messages) == 1 else ["We close at noon."]
        )
        result = await call(
            url,
            'when quiet: what are your hours\nafter "open from": what about Friday\n'
            "when quiet: hang up",
        )
        await asyncio.wait_for(guide.requests[0].abandoned.wait(), 10)
    assert heard(result).endswith("We close at noon.")


# --- random calls -------------------------------------------------------------------------------


def random_script(rng: random.Random, name: str) -> str:
    """What a caller says, at random times; everything but backchannels carries a tag."""
    tags = count(1)
    lines = [f"when quiet: what about {name}"]
    for _ in range(rng.randint(3, 7)):
        said = rng.choice(
            ["uh-huh", "okay", "cough", "hello?", "Q", "Q", "R", "R", "S"],
        )
        tag = f"{name}t{next(tags)}"
        said = {
            "Q": f"what about {tag}",
            "R": f"my wife loves {tag} a lot",
            "S": f"what about {tag} [0.9s] and then {tag}b",
        }.get(said, said)
        lines.append(f"after {rng.choice([0.4, 1.5, 3.0, 6.0]):.1f}s: {said}")
    lines += ["after 25s: what about the end", "when quiet: hang up"]
    return "\n".join(lines)


def reply_of_unique_words(number: int, rng: random.Random) -> list[Any]:
    """Steps that write one reply; some at once, some slowly."""
    size, pace = rng.randint(3, 25), rng.choice([0.0, 0.0, 0.02, 0.1])
    words = [f"r{number}w{i}{rng.choice(['', '', ',', '.'])} " for i in range(size)]
    steps: list[Any] = []
    for word in words:
        steps += [word, rng.uniform(0.0, 2 * pace) / SPEED] if pace else [word]
    return [*steps, "done."]


async def test_random_calls_account_for_every_word() -> None:
    """What was said, heard, remembered and lost is told apart, on many calls at once."""
    rng, numbers = random.Random(20), count(1)
    async with GuideServer() as guide, frontdesk(guide) as url:
        guide.script(lambda _: reply_of_unique_words(next(numbers), rng))
        names = [f"call{number}" for number in range(24)]
        scripts = [random_script(rng, name) for name in names]
        results = await asyncio.gather(*(call(url, script) for script in scripts))
        requests = [request.messages for request in guide.requests]
    for name, result in zip(names, results, strict=True):
        mine = [messages for messages in requests if name in messages[0]["content"].split()]
        _account_for(result, mine[-1])


def _account_for(result: CallResult, messages: list[dict[str, str]]) -> None:
    roles = [message["role"] for message in messages]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
    said = " ".join(m["content"] for m in messages if m["role"] == "user").split()
    told = " ".join(m["content"] for m in messages if m["role"] == "assistant").split()
    for made in result.decisions:
        kept = made["outcome"] in {"asked", "extended", "cancelled", "kept"} or (
            made["outcome"] == "resumed" and made["act"] == "remark"
        )
        for tag in re.findall(r"call\d+t\d+b?\b", str(made["said"])):
            assert said.count(tag) == kept, made
    strays = _words_sent_into_a_cut(result)
    ears = [item.word for item in result.heard if re.match(r"r\d+w", item.word)]
    _check_order(ears, strays)
    # The reply to the last question is heard after the guide was asked it.
    before = [word for word in ears if word.split("w")[0] != ears[-1].split("w")[0]]
    assert [word for word in told if word.startswith("r") and word not in strays] == [
        word for word in dict.fromkeys(before) if word not in strays
    ]


def _words_sent_into_a_cut(result: CallResult) -> set[str]:
    """Words that were on their way when the line was cut, and played out of place.

    They go on where the words before the cut ended, or begin a reply before anything was said, as
    nothing does that is sent after a decision.
    """
    strays: set[str] = set()
    cut, decided, follows = False, True, ""
    for entry in result.entries:
        if entry.dir == "in" and entry.frame["type"] == "interrupt":
            cut, decided = True, False
        decided |= entry.dir == "in" and entry.frame.get("last") is True
        words = re.findall(r"r\d+w\d+\S*", str(entry.frame.get("token", "")))
        if entry.dir == "out" and words:
            reply, _, index = words[0].rstrip(",.").partition("w")
            begins = index == "0" and not decided
            cut = cut and (begins or words[0].rstrip(",.") == follows)
            strays.update(words if cut else [])
            reply, _, index = words[-1].rstrip(",.").partition("w")
            follows = f"{reply}w{int(index) + 1}"
    return strays


def _check_order(ears: list[str], strays: set[str]) -> None:
    """Within a reply no word is skipped, and none heard twice but in a clause that was cut."""
    reached: dict[str, int] = {}
    clauses: dict[str, set[int]] = {}
    for word in ears:
        reply, index = re.match(r"(r\d+)w(\d+)", word).groups()  # type: ignore[union-attr]
        at, before = int(index), reached.get(reply, 0)
        if word in strays and at > before:
            continue
        assert at <= before, f"{reply}w{before} was skipped: {ears}"
        again = range(at, before - 1)
        assert not any(i in clauses.get(reply, set()) for i in again), f"{word} was heard again"
        if not word[-1].isalnum():
            clauses.setdefault(reply, set()).add(at)
        reached[reply] = max(before, at + 1)
