"""The demo guide: what it says, and how it serves it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import httpx2
import openai
import pytest
import uvicorn
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from demo_guide import Message, create_router, reply
from demo_guide.booking import Question
from demo_guide.business import GREETING, SERVICES, WORKSHOP
from demo_guide.conversation import FALLBACK, FAREWELL
from demo_guide.endpoint import paced_events, split_tokens
from demo_guide.lexicon import PHRASES
from demo_guide.times import find_time, say_number, say_time, say_time_of_day


def converse(*turns: str) -> list[str]:
    """What the guide answers to each turn, with whole answers in the history."""
    history: list[Message] = []
    answers = []
    for turn in turns:
        history.append(Message("user", turn))
        answers.append(reply(history))
        history.append(Message("assistant", answers[-1]))
    return answers


def last(*turns: str) -> str:
    return converse(*turns)[-1]


BOOKED = ("book a visit", "a full service", "tuesday", "nine", "anna")
SUMMARY = "a full service on Tuesday at nine in the morning, for Anna"


# --- information ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("hi", GREETING),
        ("Good morning!", GREETING),
        ("what are your opening hours", "Monday to Friday from nine to six"),
        ("Are you open on Sunday?", "We're closed on Sunday."),
        ("are you open sunday?!", "We're closed on Sunday."),
        ("are you open saturday", "On Saturday we're open from ten to four."),
        ("um so what time do you close on thursdays", "On Thursday we're open from nine to eight."),
        ("are you open at the weekend", "from ten to four. We're closed on Sunday."),
        ("when are you open tomorrow", "please tell me the day of the week. We're open Monday"),
        ("Tuesday?", "On Tuesday we're open from nine to six."),
        ("tomorrow", "please tell me the day of the week."),
        ("what's your address", "fourteen Mill Lane"),
        ("where are you", "fourteen Mill Lane"),
        ("how do I get there from the station", "five minutes on foot"),
        ("are you close to the station", "five minutes on foot"),
        ("where can i park", "behind the library"),
        ("What's your phone number?", "five five five, oh one four two"),
        ("how much is a flat tire", "A flat tire repair is twelve dollars"),
        ("what does it cost", "and a full service is a hundred and twenty dollars"),
        ("i've got a puncture", "twelve dollars, plus any parts. Would you like to book one?"),
        ("how long does a basic service take", "takes one working day"),
        ("how long does a repair take", "Small repairs take less than an hour"),
        ("what do you do", "You can book a flat tire repair"),
        ("tell me about the workshop", WORKSHOP),
        ("tell me more", WORKSHOP),
        ("tell me about your prices", "a flat tire repair is"),
        ("what's in the full service", "take the whole bike apart"),
        ("are you a robot", "I'm the demo guide"),
        ("can I speak to a person", "can't put you through"),
        ("what is the weather like", FALLBACK),
        ("hello do you sell helmets", FALLBACK),
        ("ten", FALLBACK),
        ("not tuesday", FALLBACK),
        ("", "I didn't catch that"),
        ("…", "I didn't catch that"),
    ],
)
def test_guide_tells_what_is_asked(said: str, told: str) -> None:
    """A first question gets its answer, with or without punctuation."""
    assert told in last(said)


@pytest.mark.parametrize(
    ("turns", "told"),
    [
        (("are you open on sunday", "what about saturday?"), "On Saturday we're open"),
        (("how much is a full service", "and the basic one"), "fifty-five dollars"),
        (("what's in the basic service", "and the full one"), "take the whole bike apart"),
        (("a flat tire", "how long does it take"), "twenty minutes"),
        (("what's in the full service", "how much is it"), "a hundred and twenty"),
        (("a flat tire", "what are your prices"), "fifty-five"),
        (("a flat tire", "tell me more"), "we fit a new tube"),
    ],
)
def test_guide_follows_up_on_the_topic(turns: tuple[str, ...], told: str) -> None:
    """A bare day or service, or "it", is about what was spoken of before."""
    assert told in last(*turns)


def test_guide_answers_joined_questions_together() -> None:
    """Several questions in one message get one answer each, in order."""
    answer = last("Mm-hmm. Where are you? And what are your hours")
    assert answer.index("Mill Lane") < answer.index("Monday to Friday")


def test_guide_answers_the_last_three_of_many_questions() -> None:
    """A list of questions does not become a lecture."""
    answer = last("where are you what are your hours how much is a flat tire what is your number")
    assert "Mill Lane" not in answer
    assert answer.index("six") < answer.index("twelve dollars") < answer.index("five five five")


def test_guide_told_to_tell_about_a_topic_tells_that_alone() -> None:
    """ "Tell me about your prices" is about prices, not about the workshop too."""
    assert WORKSHOP not in last("tell me about your prices")


def test_guide_answers_the_same_question_once() -> None:
    """A question said twice in one message is answered once."""
    assert last("where are you? where are you?").count("Mill Lane") == 1


@pytest.mark.parametrize("backchannel", ["mm-hmm", "mm hmm okay", "Right. Okay.", "uh huh yeah so"])
def test_backchannel_before_a_question_confuses_nothing(backchannel: str) -> None:
    """A question is answered the same whatever nod is glued before it."""
    for turns in [(), BOOKED]:
        asked = last(*turns, "are you open on sunday")
        assert last(*turns, f"{backchannel} are you open on sunday").startswith(asked[:22])


@pytest.mark.parametrize("text", [WORKSHOP, SERVICES[-1].includes])
def test_long_answers_are_worth_interrupting(text: str) -> None:
    """A long answer is 60 to 120 words in several sentences."""
    assert 60 <= len(text.split()) <= 120
    assert text.count(". ") >= 3


# --- manners -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turns", "told"),
    [
        (("where are you", "sorry?"), "Mill Lane"),
        (("where are you", "what?"), "Mill Lane"),
        (("where are you", "stop", "go on"), "Mill Lane"),
        (("pardon",), GREETING),
        (("where are you", "wait"), "Sure, go ahead."),
        (("where are you", "yes hello?"), "I'm here."),
        (("hello", "hello?"), "I'm here. Is there anything else"),
        (("book a visit", "hello?"), f"I'm here. {Question.SERVICE}"),
        (("thanks",), "You're welcome."),
        (("book a visit", "thank you"), f"You're welcome. {Question.SERVICE}"),
        (("okay thanks bye",), FAREWELL),
        (("hold on what about sunday",), "We're closed on Sunday."),
        (("thanks", "yes"), "What can I do for you?"),
        (("thanks", "no that's all"), FAREWELL),
        (("where are you", "okay"), "All right. Is there anything else"),
        (("never mind",), "All right. Is there anything else"),
        (("a flat tire", "no"), "All right. Is there anything else"),
        ((*BOOKED, "no wait"), "Sure, go ahead."),
        ((*BOOKED, "sorry yes"), "You're booked"),
        ((*BOOKED, "yes thank you bye"), "You're booked"),
    ],
)
def test_guide_minds_its_manners(turns: tuple[str, ...], told: str) -> None:
    """Small words get small answers, and only when nothing weightier is said."""
    assert told in last(*turns)


def test_guide_takes_a_message_honestly() -> None:
    """Asked for a person, it offers to note a message, and says that it goes nowhere."""
    offer, noted, _ = converse("a real person please", "tell *Clara* her bike is ready.", "no")
    assert "won't go further than this call" in offer
    assert offer.endswith(Question.MESSAGE)
    assert noted == f"I've noted: tell Clara her bike is ready. {Question.ELSE}"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("no", "Is there anything else"),
        ("where are you", "Mill Lane"),
        ("sorry?", "put you through"),
    ],
)
def test_guide_expecting_a_message_still_hears_other_things(said: str, told: str) -> None:
    """A refusal, a question and a "sorry?" are not noted as the message."""
    answer = last("can I talk to someone", said)
    assert told in answer
    assert "noted" not in answer


# --- booking -------------------------------------------------------------------------------------


def test_booking_goes_step_by_step() -> None:
    """Service, day, time, name, confirmation: one question per step, at the end."""
    answers = converse(*BOOKED, "yes please")
    expected = [
        Question.SERVICE,
        Question.DAY,
        Question.TIME,
        Question.NAME,
        Question.CONFIRM,
        Question.ELSE,
    ]
    for answer, question in zip(answers, expected, strict=True):
        assert answer.endswith(question)
        assert answer.count("?") == 1
    assert answers[-2] == f"So that's {SUMMARY}. {Question.CONFIRM}"
    assert answers[-1] == f"You're booked: {SUMMARY}. {Question.ELSE}"


def test_booking_in_one_sentence_needs_only_the_confirmation() -> None:
    """Everything said at once is understood at once."""
    said = "hi my name is Anna and I'd like to book a full service for tuesday at nine"
    assert SUMMARY in last(said)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("no, Wednesday", "on Wednesday at nine in the morning, for Anna"),
        ("no not tuesday wednesday", "on Wednesday at nine"),
        ("Wednesday, not Tuesday", "on Wednesday at nine"),
        ("yes but make it ten", "Tuesday at ten in the morning"),
        ("actually make it half past two", "at half past two in the afternoon"),
        ("make it at ten instead", "at ten in the morning"),
        ("make it three people", "a full service for three bikes on Tuesday"),
        ("actually two bikes", "for two bikes"),
        ("nine bikes", "at most five bikes at a time. So that's a full service on"),
        ("the basic one not the full one", "a basic service on Tuesday"),
        ("no, it's Hannah", "for Hannah"),
        ("the name is o'brien", "for O'brien"),
        ("no", Question.CHANGE),
        ("that's not right", Question.CHANGE),
        ("can I change something", Question.CHANGE),
        ("a different day", Question.DAY),
        ("another time please", Question.TIME),
        ("not tuesday", Question.DAY),
        ("not wednesday", Question.CONFIRM),
        ("the name", Question.NAME),
        ("a different service", Question.SERVICE),
        ("sunday", f"We're closed on Sunday. {Question.DAY}"),
        (
            "tomorrow",
            f"I don't have a calendar, so please tell me the day of the week. {Question.DAY}",
        ),
        ("the weekend", f"On Saturday we're open from ten to four. {Question.TIME}"),
        ("seven in the evening", f"On Tuesday we're open from nine to six. {Question.TIME}"),
        ("where are you", f"Look for the blue door. {Question.CONFIRM}"),
        ("how much is it", f"a hundred and twenty dollars, plus any parts. {Question.CONFIRM}"),
        ("mm-hmm where are you", Question.CONFIRM),
        ("yes and where are you", "You're booked"),
        ("mm-hmm", "You're booked"),
        ("book it", "You're booked"),
        ("don't book it", Question.CHANGE),
        ("forget it", "I won't book that"),
        ("what is the weather like", f"can't help with that. {Question.CONFIRM}"),
        ("banana", f"I didn't catch that. {Question.CONFIRM}"),
        ("can I speak to a person", Question.MESSAGE),
    ],
)
def test_caller_answers_the_confirmation_their_own_way(said: str, told: str) -> None:
    """Corrections change only what they name; questions are answered and the step asked again."""
    assert told in last(*BOOKED, said)


@pytest.mark.parametrize(
    ("turns", "told"),
    [
        (("book a visit", "no"), f"say cancel if you'd rather not. {Question.SERVICE}"),
        (("book a visit", "okay"), Question.SERVICE),
        (("book a visit", "it squeaks"), f"a full service. {Question.SERVICE}"),
        (("book a visit", "…"), f"I didn't catch that. {Question.SERVICE}"),
        (("book a visit", "tuesday"), f"A visit on Tuesday. {Question.SERVICE}"),
        (("a flat tire", "okay"), f"A flat tire repair. {Question.DAY}"),
        (("a flat tire", "tuesday"), f"A flat tire repair on Tuesday. {Question.TIME}"),
        (("safety check tuesday at ten",), "A safety check on Tuesday at ten"),
        ((*BOOKED, "yes", "actually change it"), Question.CHANGE),
        ((*BOOKED, "yes", "make it ten"), "at ten in the morning, for Anna. Shall I book that?"),
        ((*BOOKED, "yes", "cancel my booking"), "I've cancelled your booking"),
        ((*BOOKED, "can I talk to someone", "tell Clara hi there Clara"), Question.CONFIRM),
        ((*BOOKED, "yes", "make it ten", "no never mind", "cancel my booking"), "I've cancelled"),
        ((*BOOKED, "yes", "make it ten", "never mind", "make it friday"), "on Friday at nine"),
        ((*BOOKED, "yes", "I'd like to book a visit"), f"Of course. {Question.SERVICE}"),
        ((*BOOKED, "wait", "yes"), "You're booked"),
        (
            ("book a full service for tuesday what are your hours",),
            f"closed on Sunday. A full service on Tuesday. {Question.TIME}",
        ),
        ((*BOOKED, "sorry?", "yes"), "You're booked"),
        (("no I don't want to book anything",), "All right."),
    ],
)
def test_booking_survives_what_happens_on_the_way(turns: tuple[str, ...], told: str) -> None:
    """It starts from an offer, waits, goes on, and can be changed when it is done."""
    assert told in last(*turns)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Anna", "Anna"),
        ("it's anna berg please", "Anna Berg"),
        ("Mr. Smith", "Mr Smith"),
        ("uh yeah that's under O'Brien thanks", "O'Brien"),
        ("my name is will", "Will"),
        ("call me Jo", "Jo"),
        ("under the name of Zoë", "Zoë"),
        ("my dog is barking", None),
        ("anna berg from larkford", None),
        ("um", None),
        ("12345", None),
        ("a" * 30, None),
        ("under the seat it squeaks", None),
    ],
)
def test_guide_picks_the_name_out_of_the_answer(said: str, name: str | None) -> None:
    """A name is a few words that are nothing else; the rest asks again."""
    answer = last(*BOOKED[:-1], said)
    if name is None:
        assert answer.endswith(Question.NAME)
    else:
        assert f", for {name}. {Question.CONFIRM}" in answer


# --- cut replies, remarks, foreign histories -----------------------------------------------------


@given(st.lists(st.integers(0, 200), min_size=5, max_size=5))
def test_booking_survives_replies_cut_anywhere(cuts: list[int]) -> None:
    """Wherever each reply was cut, the next answer is understood the same."""
    history: list[Message] = []
    for turn, cut in zip(BOOKED, cuts, strict=True):
        history.append(Message("user", turn))
        history.append(Message("assistant", reply(history)[:cut]))
    history[-1] = Message("assistant", reply(history[:-1]))
    assert reply([*history, Message("user", "yes")]).startswith(f"You're booked: {SUMMARY}")


def test_whole_booking_survives_interruptions() -> None:
    """A booking with asides, a cut question, a pause and a correction ends as it should."""
    history: list[Message] = []

    def say(text: str, heard: int = 1000) -> str:
        history.append(Message("user", text))
        answer = reply(history)
        history.append(Message("assistant", answer[:heard]))
        return answer

    history.append(Message("system", "Be brief."))
    say("tell me about the workshop", heard=40)
    say("mm-hmm okay can I come in on Monday", heard=12)
    say("wait")
    assert "fifty-five" in say("how much is the basic service", heard=30)
    say("that one. the basic one")
    say("at quarter past ten", heard=20)
    say("sorry?")
    say("it's Ben", heard=15)
    assert "on Tuesday at a quarter past ten" in say("no, Tuesday")
    assert say("Perfect. Thanks.").startswith("You're booked: a basic service on Tuesday")


def test_question_the_caller_last_heard_is_the_one_that_stands() -> None:
    """A remark made before the question was heard answers nothing."""
    history = [Message("user", turn) for turn in BOOKED[:4]]
    history += [Message("assistant", "A full service on Tuesday"), Message("user", "barking")]
    history += [Message("assistant", f"at nine. {Question.NAME}"), Message("user", "Anna")]
    assert ", for Anna." in reply(history)


def test_remark_taken_for_an_answer_is_forgotten_when_the_question_is_heard() -> None:
    """A remark that looked like a name is dropped once the guide asks for the name after it."""
    history = [Message("user", turn) for turn in BOOKED[:4]]
    history += [Message("assistant", "A full service on Tuesday"), Message("user", "banana")]
    history += [Message("assistant", f"at nine. {Question.NAME}"), Message("user", "where are you")]
    assert reply(history).endswith(Question.NAME)


def test_confirmation_asked_after_a_nod_is_still_open() -> None:
    """A nod before the confirmation was heard does not book; the answer after it does."""
    history = [Message("user", turn) for turn in BOOKED]
    history += [Message("assistant", "So that's a full service"), Message("user", "mm-hmm")]
    history += [Message("assistant", f"on Tuesday. {Question.CONFIRM}"), Message("user", "yes")]
    assert reply(history) == f"You're booked: {SUMMARY}. {Question.ELSE}"


def test_offer_that_was_not_heard_is_not_taken_up() -> None:
    """ "Okay" to a description cut before its offer books nothing."""
    history = [Message("user", "what's in the full service")]
    history += [Message("assistant", "For the full service we take"), Message("user", "okay")]
    assert reply(history).startswith("All right.")


def test_question_in_a_shortened_history_is_still_answered() -> None:
    """With the start of the call missing, the guide's own question says what an answer means."""
    history = [Message("assistant", f"A visit. {Question.TIME}"), Message("user", "nine")]
    assert reply(history).startswith("A visit at nine in the morning.")
    assert reply([Message("assistant", "We moved."), Message("user", "sorry?")]) == "We moved."


def test_conversation_without_a_caller_is_greeted() -> None:
    """With nothing said yet, the reply is the greeting."""
    assert reply([]) == GREETING
    assert reply([Message("system", "x"), Message("tool", "y")]) == GREETING


# --- times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        ("nine", 9 * 60),
        ("9", 9 * 60),
        ("at 9", 9 * 60),
        ("9:30", 9 * 60 + 30),
        ("9.30", 9 * 60 + 30),
        ("930", 9 * 60 + 30),
        ("1400", 14 * 60),
        ("half past nine", 9 * 60 + 30),
        ("half nine", 9 * 60 + 30),
        ("quarter to one", 12 * 60 + 45),
        ("ten past four", 16 * 60 + 10),
        ("twenty to ten", 9 * 60 + 40),
        ("nine thirty", 9 * 60 + 30),
        ("nine forty five", 9 * 60 + 45),
        ("nine oh five", 9 * 60 + 5),
        ("two oclock", 14 * 60),
        ("eight am", 8 * 60),
        ("nine pm", 21 * 60),
        ("twelve", 12 * 60),
        ("eight in the morning", 8 * 60),
        ("three in the shop", 15 * 60),
        ("noon", 12 * 60),
        ("afternoon", 14 * 60),
        ("15", 15 * 60),
        ("seven", 19 * 60),
        ("half", None),
        ("quarter", None),
        ("to", None),
        ("2561", None),
        ("999", None),
        ("24", None),
        ("60", None),
        ("1:5", None),
        ("5 th", None),
        ("99999", None),
    ],
)
def test_time_is_found_in_words_or_digits(words: str, minutes: int | None) -> None:
    """A time said in any usual way, within a shop's day when the half is not said."""
    spoken = words.split()
    time = find_time(spoken, int(spoken[0] == "at"))
    assert (time and time.minutes) == minutes


def test_time_spoken_is_understood_again() -> None:
    """What the guide says as a time of day, it understands as the same time."""
    for minutes in range(24 * 60):
        words = say_time_of_day(minutes).replace("-", " ").removeprefix("a ")
        time = find_time(words.split(), 0)
        assert time is not None
        assert time.minutes == minutes


def test_times_are_said_as_one_says_them() -> None:
    """Halves and quarters, and minutes in words."""
    said = [say_time(9 * 60 + past) for past in (0, 5, 15, 30, 45, 50)]
    assert said[:3] == ["nine", "nine oh five", "a quarter past nine"]
    assert said[3:] == ["half past nine", "a quarter to ten", "nine fifty"]
    assert say_number(42) == "forty-two"


@pytest.mark.parametrize("said", ["3 p.m.", "3 P.M", "at 3pm", "three o’clock", "3:00 pm."])
def test_time_is_understood_as_transcription_writes_it(said: str) -> None:
    """Half-day marks with or without full stops, and o'clock."""
    assert "Tuesday at three in the afternoon" in last(*BOOKED[:3], said)


# --- any input -----------------------------------------------------------------------------------

ROLES = st.sampled_from(["user", "user", "user", "assistant", "system"]) | st.text()
KNOWN_WORDS = st.lists(
    st.sampled_from([*PHRASES, "nine", "9:30", "half past", "not", "anna", "what", "3 bikes", "."])
).map(" ".join)
TEXTS = st.text() | KNOWN_WORDS | st.sampled_from([str(question) for question in Question])


@given(st.lists(st.builds(Message, ROLES, TEXTS)))
def test_any_conversation_gets_a_reply(messages: list[Message]) -> None:
    """Whatever was said, the reply is the same each time, not empty, and fit to be spoken."""
    answer = reply(messages)
    assert answer.strip()
    assert answer == reply(messages)
    if all(message.role != "assistant" for message in messages):
        assert not set(answer) & set("*_#`<>[]|\n")


@pytest.mark.parametrize("word", ["nine ", "what ", "a", "my name is ", "9:", "a.m", "not ", "'"])
def test_very_long_message_is_answered(word: str) -> None:
    """Ten thousand words in one message are answered like any other."""
    assert reply([Message("user", word * 10_000)])


@given(TEXTS.filter(str.strip))
def test_tokens_join_to_the_reply(text: str) -> None:
    """Tokens are one or two words with their leading space, and lose nothing."""
    tokens = split_tokens(text)
    assert "".join(tokens) == " ".join(text.split())
    assert all(1 <= len(token.split()) <= 2 for token in tokens)
    assert all(token.startswith(" ") for token in tokens[1:])


# --- over HTTP -----------------------------------------------------------------------------------

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]


class Served:
    """The endpoint under uvicorn on a free port, which notes when a request has been served."""

    def __init__(self, **pace: float) -> None:
        self.app = FastAPI()
        self.app.include_router(create_router(**pace), prefix="/demo")
        self.finished = asyncio.Event()
        self.failed = False
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception:
            self.failed = True
            raise
        finally:
            self.finished.set()


@contextlib.asynccontextmanager
async def serve(**pace: float) -> AsyncIterator[Served]:
    served = Served(**pace)
    config = uvicorn.Config(
        served,
        host="127.0.0.1",
        port=0,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=5,  # a reply that does not stop fails its test, and hangs none
    )
    server = uvicorn.Server(config)
    started = asyncio.Event()
    startup = server.startup

    async def start(sockets: Any = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = start  # type: ignore[method-assign]
    serving = asyncio.create_task(server.serve())
    await started.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    served.url = f"http://127.0.0.1:{port}/demo/v1"
    try:
        yield served
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve(first_token_s=0, token_s=0) as served:
        yield served.url


async def test_sdk_reads_a_whole_reply(url: str) -> None:
    """Without streaming, the SDK gets one completion with its usage."""
    async with openai.AsyncOpenAI(base_url=url, api_key="anonymous") as client:
        completion = await client.chat.completions.create(
            model="guide",
            messages=[
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            ],
        )
    assert completion.object == "chat.completion"
    assert completion.choices[0].message.content == GREETING
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == 3
    assert completion.usage.total_tokens == 3 + completion.usage.completion_tokens


async def test_sdk_reads_a_streamed_reply(url: str) -> None:
    """Streamed, the SDK gets a role, the words, and the finish, under one id."""
    async with openai.AsyncOpenAI(base_url=url, api_key="any") as client:
        stream = await client.chat.completions.create(
            model="guide", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        chunks = [chunk async for chunk in stream]
    choices = [chunk.choices[0] for chunk in chunks]
    assert choices[0].delta.role == "assistant"
    assert "".join(choice.delta.content or "" for choice in choices) == GREETING
    assert [choice.finish_reason for choice in choices] == [None] * (len(chunks) - 1) + ["stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}


async def test_sdk_reads_the_usage_when_asked_for(url: str) -> None:
    """With include_usage, one more chunk comes last, with the usage and no choices."""
    async with openai.AsyncOpenAI(base_url=url, api_key="any") as client:
        stream = await client.chat.completions.create(
            model="guide",
            messages=[{"role": "user", "content": "hi"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == 1


async def test_sdk_finds_the_model(url: str) -> None:
    """The only model is listed and found by its id; any other raises the SDK's own error."""
    async with openai.AsyncOpenAI(base_url=url, api_key="any") as client:
        models = await client.models.list()
        assert [model.id for model in models.data] == ["guide"]
        assert (await client.models.retrieve("guide")).object == "model"
        with pytest.raises(openai.NotFoundError) as raised:
            await client.models.retrieve("gpt")
    assert raised.value.code == "model_not_found"


async def test_stream_is_written_as_server_sent_events(url: str) -> None:
    """Each event is one data line and a blank one; the last says DONE."""
    body = {"model": "guide", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    async with httpx2.AsyncClient() as client:
        response = await client.post(f"{url}/chat/completions", json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    *events, done, rest = response.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    assert all(json.loads(event.removeprefix("data: ")) for event in events)


HI = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        (b"", 400, "invalid_json", "not valid JSON"),
        (b"\xff", 400, "invalid_json", "not valid JSON"),
        (b"[" * 100_000, 400, "invalid_json", "not valid JSON"),
        ([], 400, "invalid_type", "an array: expected an object"),
        ({"messages": HI}, 400, "missing_required_parameter", "model is missing"),
        ({"model": 5, "messages": HI}, 400, "invalid_type", "model is 5: expected a string"),
        ({"model": "gpt", "messages": HI}, 404, "model_not_found", "'gpt' does not exist"),
        ({"model": "guide"}, 400, "missing_required_parameter", "messages is missing"),
        ({"model": "guide", "messages": []}, 400, "empty_array", "messages is empty"),
        ({"model": "guide", "messages": "hi"}, 400, "invalid_type", 'messages is "hi"'),
        ({"model": "guide", "messages": {}}, 400, "invalid_type", "messages is an object"),
        ({"model": "guide", "messages": HI * 1001}, 400, "array_above_max_length", "1001 items"),
        ({"model": "guide", "messages": ["hi"]}, 400, "invalid_type", 'messages[0] is "hi"'),
        ({"model": "guide", "messages": [{}]}, 400, "invalid_value", "messages[0].role is null"),
        ({"model": "guide", "messages": [{"role": "user"}]}, 400, None, "content is missing"),
        (
            {"model": "guide", "messages": [{"role": "user", "content": 5}]},
            400,
            "invalid_type",
            "messages[0].content is 5",
        ),
        (
            {"model": "guide", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            400,
            "invalid_value",
            "messages[0].content[0] is not a text part",
        ),
        ({"model": "guide", "messages": HI, "stream": "y" * 99}, 400, "invalid_type", "yyy..."),
        ({"model": "guide", "messages": HI, "stream_options": 1}, 400, None, "an object"),
        (
            {"model": "guide", "messages": HI, "stream_options": {"include_usage": 1}},
            400,
            "invalid_type",
            "include_usage is 1: expected a boolean",
        ),
        (b" " * 300_000, 413, "request_too_large", "larger than"),
    ],
)
async def test_wrong_request_is_told_what_is_wrong(
    url: str, body: bytes | dict[str, Any] | list[Any], status: int, code: str | None, says: str
) -> None:
    """Each wrong request gets an error in OpenAI's shape that names what is wrong."""
    content = body if isinstance(body, bytes) else json.dumps(body)
    async with httpx2.AsyncClient() as client:
        response = await client.post(f"{url}/chat/completions", content=content)
    assert response.status_code == status
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert says in error["message"]
    assert code is None or error["code"] == code


async def test_message_of_an_assistant_may_be_without_content(url: str) -> None:
    """An assistant's message whose content is null is read as empty."""
    body = {"model": "guide", "messages": [{"role": "assistant", "content": None}, *HI]}
    async with httpx2.AsyncClient() as client:
        response = await client.post(f"{url}/chat/completions", json=body)
    assert response.json()["choices"][0]["message"]["content"] == GREETING


async def test_stream_stops_when_the_client_hangs_up() -> None:
    """A reply whose next token is an hour away ends as soon as the client disconnects."""
    async with serve(first_token_s=0, token_s=3600) as served:
        body = {"model": "guide", "messages": HI, "stream": True}
        async with (
            httpx2.AsyncClient() as client,
            client.stream("POST", f"{served.url}/chat/completions", json=body) as response,
        ):
            async for line in response.aiter_lines():
                if "Hello" in line:
                    break
        await asyncio.wait_for(served.finished.wait(), timeout=10)


async def test_client_that_hangs_up_while_asking_breaks_nothing() -> None:
    """A connection closed inside a request's body is not an error of the app."""
    async with serve() as served:
        port = httpx2.URL(served.url).port
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /demo/v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        await asyncio.wait_for(served.finished.wait(), timeout=10)
    assert not served.failed


def test_stream_keeps_the_pace_of_a_model() -> None:
    """One wait before the first token, one before each other token, none before other events."""
    contents: list[dict[str, str]] = [{"role": "assistant"}, *({"content": c} for c in "abc"), {}]
    chunks: list[dict[str, Any]] = [{"choices": [{"delta": delta}]} for delta in contents]
    events = list(paced_events([*chunks, {"choices": []}], 0.35, 0.03))
    assert [pause_s for pause_s, _ in events] == [0.35, 0, 0.03, 0.03, 0, 0, 0]
