"""A call from setup to hang-up, over a real socket, with a scripted guide at the other end."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed

from barge_in import BargeIn
from calls.call import LOGGED_BAD_FRAMES, Call
from calls.decision_feed import DecisionFeed
from config import DEFAULT_INSTRUCTIONS
from guide.options import GuideOptions
from guide_client import GuideClient
from tests.guide_server import Answer, GuideServer, Step, event
from tests.relay_client import PATIENCE_S, Session, in_time, nth_request, relay_session
from tests.serving import serve_frontdesk
from turn.events import Action, CallEnded, CallerSpeaking, DeadlinePassed, Event, GuideToken
from turn.options import Options

APOLOGY: Final = "Sorry, please say that again."


@asynccontextmanager
async def call_with(guide: GuideServer, **settings: Any) -> AsyncIterator[Session]:
    """A call to an app of its own that uses the scripted guide."""
    given = {"guide_base_url": guide.base_url, "guide_apology": APOLOGY, **settings}
    async with serve_frontdesk(**given) as address, relay_session(address) as session:
        yield session


# --- a reply on its way out ---------------------------------------------------------------------


async def test_reply_reaches_the_caller_in_order(guide: GuideServer) -> None:
    """Tokens go out as they come, and the last frame, and only it, closes the cycle."""
    words = [f"word{number} " for number in range(50)]
    guide.script(lambda _: words)
    async with call_with(guide) as session:
        for turn in range(3):
            session.frames.clear()
            heard = await session.ask(f"Please tell me story number {turn}")
            assert heard.split() == "".join(words).split()
            lasts = [frame["last"] for frame in session.frames]
            assert lasts == [False] * (len(lasts) - 1) + [True]


async def test_first_words_go_out_before_the_guide_is_done(guide: GuideServer) -> None:
    """Nothing is held back until the reply is complete."""
    rest = asyncio.Event()
    guide.script(lambda _: ["We are open. ", rest, "Until nine."])
    async with call_with(guide) as session:
        await session.say("When are you open?")
        await session.receive_words("We are open.")
        rest.set()
        assert (await session.receive_cycle()).strip() == "Until nine."


async def test_frames_hold_exactly_the_keys_of_the_schema(guide: GuideServer) -> None:
    """Twilio rejects a whole frame for one unknown key or wrong type."""
    replies: list[list[bytes | str | Step]] = [["Good morning. ", "Come in."], [b"data: {\n\n"]]
    guide.script(lambda _: replies.pop(0))
    async with call_with(guide) as session:
        await session.ask("Hello, is this the shop?")
        await session.ask("What do you sell?")
    assert len(session.frames) > 3
    for frame in session.frames:
        kinds = {key: type(value) for key, value in frame.items()}
        assert kinds == {"type": str, "token": str, "last": bool, "preemptible": bool}
        assert (frame["type"], frame["preemptible"]) == ("text", True)


async def test_guide_is_asked_with_what_was_said_and_heard(guide: GuideServer) -> None:
    """With the conversation so far, without the greeting, and with the new turn last."""
    guide.reply("Until nine.")
    async with call_with(guide) as session:
        await session.ask("How late are you open?")
        await session.ask("Where are you?")
    assert guide.requests[-1].messages == [
        {"role": "user", "content": "How late are you open?"},
        {"role": "assistant", "content": "Until nine."},
        {"role": "user", "content": "Where are you?"},
    ]


@pytest.mark.parametrize(("turns", "told"), [(None, 4), (1, 1), (2, 2), (9, 4)])
async def test_history_sent_to_the_guide_is_bounded(
    guide: GuideServer, turns: int | None, told: int
) -> None:
    """GUIDE_HISTORY_TURNS limits the caller's turns in it; unset, all are sent."""
    async with call_with(guide, guide_history_turns=turns) as session:
        for number in range(4):
            await session.ask(f"What is item number {number}?")
    said = [m["content"] for m in guide.requests[-1].messages if m["role"] == "user"]
    assert said == [f"What is item number {number}?" for number in range(4)][-told:]


@pytest.fixture
def instructions_file(tmp_path: Path) -> Path:
    file = tmp_path / "instructions.txt"
    file.write_text("From a file: \u201cbe brief\u201d.\n", encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("setting", "sent"),
    [
        ("", None),
        ("default", DEFAULT_INSTRUCTIONS),
        ("You sell hats.", "You sell hats."),
        ("@FILE", "From a file: \u201cbe brief\u201d."),
    ],
)
async def test_instructions_are_sent_when_set(
    guide: GuideServer,
    instructions_file: Path,
    setting: str,
    sent: str | None,
) -> None:
    """GUIDE_INSTRUCTIONS becomes a system message before the conversation."""
    given = setting.replace("FILE", str(instructions_file))
    async with call_with(guide, guide_instructions=given) as session:
        await session.ask("What do you sell?")
    system = [] if sent is None else [{"role": "system", "content": sent}]
    turn = {"role": "user", "content": "What do you sell?"}
    assert guide.requests[0].messages == [*system, turn]


# --- the caller speaks while the guide does -----------------------------------------------------


async def test_caller_interrupts_while_the_guide_stalls(guide: GuideServer) -> None:
    """The relay is still served, and the guide's stream is closed."""
    guide.script(lambda m: ["We have hats, ", Step.HANG] if len(m) == 1 else ["Until nine."])
    async with call_with(guide) as session:
        await session.say("What do you sell?")
        await session.receive_words("We have hats,")
        await session.interrupt("We have hats,")
        await session.say("When do you close on Sunday?")
        await in_time((await nth_request(guide, 1)).abandoned)
        assert await session.receive_cycle() == ""  # the cycle that was cut
        assert (await session.receive_cycle()).strip() == "Until nine."
    assert guide.requests[1].messages[1:] == [
        {"role": "assistant", "content": "We have hats,"},
        {"role": "user", "content": "When do you close on Sunday?"},
    ]


async def test_caller_hears_nothing_during_a_pause(guide: GuideServer) -> None:
    """What the guide writes meanwhile is said afterwards, from the first unheard word."""
    rest = asyncio.Event()
    guide.script(lambda _: ["First we open, ", rest, "then we bake, ", "then we close."])
    async with call_with(guide, barge_in_resume_timeout_s=60) as session:
        await session.say("What do you do all day?")
        await session.receive_words("First we open,")
        await session.interrupt("First we open,")
        await session.send(type="dtmf", digit="5")
        rest.set()
        await in_time((await nth_request(guide, 1)).answered)
        await session.say("uh-huh")
        await session.receive_words("then we bake, then we close.")
        assert await session.receive_cycle() == ""
    assert len(guide.requests) == 1


async def test_reply_resumes_after_a_silence(guide: GuideServer) -> None:
    """After a noise without words, the machine's deadline resumes it."""
    guide.reply("We open at nine, and we close at five.")
    async with call_with(guide, barge_in_resume_timeout_s=0.05) as session:
        await session.say("When are you open?")
        await session.receive_cycle()
        await session.interrupt("We open at nine,")
        assert (await session.receive_cycle()).strip() == "and we close at five."


async def test_turn_in_pieces_asks_again_and_drops_the_first_request(guide: GuideServer) -> None:
    """More words, before any of the reply was heard, extend the turn."""
    guide.script(lambda m: ["Done."] if "at noon" in m[-1]["content"] else [Step.HANG])
    async with call_with(guide) as session:
        await session.say("I would like a table")
        first = await nth_request(guide, 1)
        await session.say("for two at noon")
        await in_time(first.abandoned)
        assert (await session.receive_cycle()).strip() == "Done."
    assert guide.requests[1].messages == [
        {"role": "user", "content": "I would like a table for two at noon"}
    ]


@pytest.mark.parametrize("steps", [[Step.HANG], [Step.OPEN, Step.HANG], ["Well, ", Step.HANG]])
async def test_hang_up_closes_the_guides_stream(
    guide: GuideServer, steps: list[str | Step]
) -> None:
    """The guide does not write on for a caller who has gone."""
    guide.script(lambda _: steps)
    async with call_with(guide) as session:
        await session.say("What do you sell?")
        request = await nth_request(guide, 1)
        await session.socket.close()
        await in_time(request.abandoned)


async def test_calls_share_warm_connections_to_the_guide(guide: GuideServer) -> None:
    """Successive turns reuse a connection, across calls too."""
    given = {"guide_base_url": guide.base_url}
    async with serve_frontdesk(**given) as address:
        for number in range(3):
            async with relay_session(address, f"CA{number}") as session:
                assert await session.ask("What do you sell?") == "Hello there."
    assert guide.connections <= 2  # one for replies, one warmed meanwhile


async def test_guide_is_ready_before_the_caller_has_spoken(guide: GuideServer) -> None:
    """The connection to it is opened when the call begins."""
    async with call_with(guide):
        await in_time(guide.looked_at)
    assert not guide.requests


# --- guides that fail ---------------------------------------------------------------------------


def _completion_without_words() -> str:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": None}}]})


FAULTS: Final[dict[str, Sequence[str | bytes | Step | Answer]]] = {
    "key refused": [Answer(401, '{"error": {"message": "no"}}')],
    "forbidden": [Answer(403, "{}")],
    "unknown model": [Answer(404, "{}")],
    "over its limit": [Answer(429, "{}")],
    "internal error": [Answer(500, "oops", "text/plain")],
    "bad gateway": [Answer(502, "<html>", "text/html")],
    "never answers": [Step.HANG],
    "opens and stalls": [Step.OPEN, Step.HANG],
    "opens and ends": [Step.OPEN, Step.END],
    "opens and breaks": [Step.OPEN, Step.CUT],
    "resets": [Step.OPEN, Step.RESET],
    "nothing to say": [Step.DONE, Step.END],
    "a finish alone": [Step.FINISH, Step.DONE],
    "blank": ["  ", "\n"],
    "thinking alone": ["<think>", "what a question", "</think>"],
    "no JSON": [b"data: not json\n\n"],
    "JSON of another kind": [b"data: [1, 2]\n\n", Step.END],
    "an error event": [b'data: {"error": {"message": "overloaded"}}\n\n'],
    "a web page": [Answer(200, "<html>hello</html>", "text/html")],
    "a completion without words": [Answer(200, _completion_without_words())],
    "bytes": [b"\x00\xff\xfe", Step.END],
    "no UTF-8": [Step.OPEN, b"data: \xff\xff\n\n"],
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_guide_without_a_reply_leads_to_an_apology(guide: GuideServer, fault: str) -> None:
    """The caller hears the apology, and the call goes on."""
    guide.script(lambda _: FAULTS[fault])
    async with call_with(guide, guide_first_token_timeout_s=0.2) as session:
        assert await session.ask("What do you sell?") == APOLOGY
        guide.reply("Hats and gloves.")
        assert await session.ask("And what else do you sell?") == "Hats and gloves."


MIDWAY: Final[dict[str, Sequence[str | bytes | Step]]] = {
    "stalls": [Step.HANG],
    "ends": [Step.END],
    "breaks": [Step.CUT],
    "resets": [Step.RESET],
    "turns to garbage": [b"data: }\n\n"],
    "reports an error": [event({"error": {"message": "overloaded"}})],
}


@pytest.mark.parametrize("fault", MIDWAY)
async def test_guide_that_breaks_off_leads_to_an_apology(guide: GuideServer, fault: str) -> None:
    """The words so far are said, then the apology, and the call goes on."""
    guide.script(lambda _: ["We sell ", "hats, ", *MIDWAY[fault]])
    async with call_with(guide, guide_stall_timeout_s=0.2) as session:
        heard = await session.ask("What do you sell?")
        assert heard.split() == f"We sell hats, {APOLOGY}".split()
        guide.reply("Hats and gloves.")
        assert await session.ask("And what else do you sell?") == "Hats and gloves."


async def test_guide_that_stalls_is_dropped(guide: GuideServer) -> None:
    """Its stream is closed after the apology."""
    guide.script(lambda _: ["We sell ", Step.HANG])
    async with call_with(guide, guide_stall_timeout_s=0.1) as session:
        await session.ask("What do you sell?")
        await in_time((await nth_request(guide, 1)).abandoned)


async def test_unreachable_guide_leads_to_an_apology() -> None:
    """The log names the setting to check."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {"guide_base_url": f"http://127.0.0.1:{port}/v1", "guide_apology": APOLOGY}
    with capture_logs() as logs:
        async with serve_frontdesk(**given) as address, relay_session(address) as session:
            assert await session.ask("What do you sell?") == APOLOGY
            assert await session.ask("Please, what do you sell?") == APOLOGY
    failures = [log for log in logs if log["event"] == "guide failed"]
    assert [log["reason"] for log in failures] == ["cannot be reached"] * 2
    assert all("GUIDE_BASE_URL" in log["advice"] for log in failures)


async def test_refused_key_is_logged_for_the_owner(guide: GuideServer) -> None:
    """A 401 from the guide is logged with the setting to check, and without the key."""
    guide.script(lambda _: [Answer(401, '{"error": {"message": "bad key s3cret"}}')])
    with capture_logs() as logs:
        async with call_with(guide, guide_api_key="s3cret") as session:
            await session.ask("What do you sell?")
    (failure,) = [log for log in logs if log["event"] == "guide failed"]
    assert (failure["reason"], failure["advice"]) == (
        "rejected the API key (HTTP 401)",
        "Check GUIDE_API_KEY.",
    )
    assert "s3cret" not in str(logs)


async def test_bug_in_reading_the_guide_leads_to_an_apology(
    guide: GuideServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong in reading the guide, the caller gets an answer."""

    def receive(_: object, __: bytes) -> str:
        raise RuntimeError("a bug")

    monkeypatch.setattr("guide_client.Answer.receive", receive)
    with capture_logs() as logs:
        async with call_with(guide) as session:
            assert await session.ask("What do you sell?") == APOLOGY
    (failure,) = [log for log in logs if log["event"] == "guide failed"]
    assert "failed unexpectedly (RuntimeError)" in failure["reason"]


@pytest.mark.parametrize("fatal", [GuideToken, DeadlinePassed, CallerSpeaking])
async def test_bug_in_the_machine_ends_the_call(
    guide: GuideServer, monkeypatch: pytest.MonkeyPatch, fatal: type[Event]
) -> None:
    """Whether the relay, the guide or the clock brings the event; other calls go on."""
    receive = BargeIn.receive

    def stumble(machine: BargeIn, event: Event, now: float) -> tuple[Action, ...]:
        if isinstance(event, fatal):
            raise RuntimeError("a bug")
        return receive(machine, event, now)

    monkeypatch.setattr(BargeIn, "receive", stumble)
    given = {"guide_base_url": guide.base_url, "guide_first_token_timeout_s": 0.05}
    guide.script(lambda _: [Step.HANG] if fatal is DeadlinePassed else ["Hello."])
    async with serve_frontdesk(**given) as address, relay_session(address, "CA1") as other:
        async with relay_session(address, "CA2") as session:
            await session.send(type="info", name="clientSpeaking", value="on")
            if fatal is not CallerSpeaking:
                await session.say("What do you sell?")
            with pytest.raises(ConnectionClosed):
                await session.receive()
        monkeypatch.undo()
        guide.reply("Hats and gloves.")
        assert await other.ask("What do you sell?") == "Hats and gloves."


# --- the relay ----------------------------------------------------------------------------------


async def test_key_is_logged_and_changes_nothing(guide: GuideServer) -> None:
    """The digit itself, which may be part of a card number, is not logged."""
    rest = asyncio.Event()
    guide.script(lambda _: ["We sell hats, ", rest, "and gloves."])
    with capture_logs() as logs:
        async with call_with(guide) as session:
            await session.send(type="dtmf", digit="7")
            await session.say("What do you sell?")
            await session.receive_words("We sell hats,")
            for digit in "0*#":
                await session.send(type="dtmf", digit=digit)
            rest.set()
            assert (await session.receive_cycle()).strip() == "and gloves."
    pressed = [log for log in logs if log["event"] == "key pressed"]
    assert len(pressed) == 4
    assert all(set(log) == {"event", "log_level", "call"} for log in pressed)


async def test_error_frame_is_logged_without_what_it_echoes(guide: GuideServer) -> None:
    """Twilio's error ends with the refused frame, which may hold what was said."""
    complaint = 'Invalid message received, code: 64107, {"type":"text","token":"my PIN is 4711"}'
    with capture_logs() as logs:
        async with call_with(guide) as session:
            await session.send(type="error", description=complaint)
            assert await session.ask("What do you sell?") == "Hello there."
    (warning,) = [log for log in logs if log["log_level"] == "warning"]
    assert warning["description"] == "Invalid message received"
    assert "4711" not in str(logs)


async def test_unknown_frames_are_ignored(guide: GuideServer) -> None:
    """Twilio adds types and info events without notice."""
    async with call_with(guide) as session:
        await session.send(type="configUpdated", config={"a": [1]})
        await session.send(type="info", name="roundTripDelayMs", value="120")
        assert await session.ask("What do you sell?") == "Hello there."
    assert len(guide.requests) == 1


async def test_bad_frames_do_not_fill_the_log(guide: GuideServer) -> None:
    """A peer that sends only garbage is logged a few times, and the call goes on."""
    with capture_logs() as logs:
        async with call_with(guide) as session:
            for _ in range(3 * LOGGED_BAD_FRAMES):
                await session.socket.send("rubbish")
            assert await session.ask("What do you sell?") == "Hello there."
    assert len([log for log in logs if log["event"] == "frame dropped"]) == LOGGED_BAD_FRAMES


async def test_flood_of_frames_is_handled_in_order(guide: GuideServer) -> None:
    """None is lost, and none overtakes another."""
    async with call_with(guide) as session:
        for _ in range(1_000):
            await session.send(type="info", name="clientSpeaking", value="on")
        assert await session.ask("What do you sell?") == "Hello there."


async def hold(call: Call, frames: AsyncIterator[str]) -> None:
    """Give a call these frames, until they end."""
    with call.in_progress():
        async for raw in frames:
            call.receive(raw)


async def test_relay_that_cannot_be_read_ends_the_call() -> None:
    """The cause is logged, and the call ends as by a hang-up."""

    async def frames() -> AsyncIterator[str]:
        yield json.dumps({"type": "dtmf", "digit": "5"})
        raise OSError("broken")

    def send(_: str) -> None:
        raise AssertionError("nothing is to be said")

    guide = GuideClient(GuideOptions("http://127.0.0.1:1/v1", "none", "guide"))
    with capture_logs() as logs:
        async with asyncio.timeout(PATIENCE_S):
            await hold(Call(guide, Options(), send), frames())
    await guide.aclose()
    assert [log["event"] for log in logs] == ["key pressed", "relay cannot be read"]


async def test_bug_in_the_machine_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the task that holds the call, so that the server logs it."""

    def stumble(_: BargeIn, event: Event, __: float) -> tuple[Action, ...]:
        if isinstance(event, CallerSpeaking):
            raise RuntimeError("a bug")
        return ()

    async def frames() -> AsyncIterator[str]:
        yield json.dumps({"type": "info", "name": "clientSpeaking", "value": "on"})
        await asyncio.Event().wait()

    monkeypatch.setattr(BargeIn, "receive", stumble)
    guide = GuideClient(GuideOptions("http://127.0.0.1:1/v1", "none", "guide"))
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(RuntimeError, match="a bug"):
            await asyncio.create_task(hold(Call(guide, Options(), lambda _: None), frames()))
    await guide.aclose()


async def test_bug_while_ending_a_call_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call is over all the same, and nobody is left to raise the bug to."""

    def stumble(_: BargeIn, event: Event, __: float) -> tuple[Action, ...]:
        if isinstance(event, CallEnded):
            raise RuntimeError("a bug")
        return ()

    async def frames() -> AsyncIterator[str]:
        yield json.dumps({"type": "info", "name": "clientSpeaking", "value": "on"})

    monkeypatch.setattr(BargeIn, "receive", stumble)
    guide = GuideClient(GuideOptions("http://127.0.0.1:1/v1", "none", "guide"))
    with capture_logs() as logs:
        await hold(Call(guide, Options(), lambda _: None), frames())
    await guide.aclose()
    (told,) = [log for log in logs if log["event"] == "bug while ending the call"]
    assert isinstance(told["exc_info"], RuntimeError)


async def test_deadline_comes_before_later_events(guide: GuideServer) -> None:
    """Even if the event loop was too busy to wake up for it."""
    guide.script(lambda _: ["We sell hats, and gloves, ", Step.HANG])
    said = asyncio.Event()

    async def frames() -> AsyncIterator[str]:
        yield json.dumps({"type": "prompt", "voicePrompt": "What do you sell?"})
        await in_time(said)
        yield json.dumps({"type": "interrupt", "utteranceUntilInterrupt": "We sell hats,"})
        cut_at = time.monotonic()
        while time.monotonic() < cut_at + 0.1:
            pass  # so that no timer can fire
        yield json.dumps({"type": "prompt", "voicePrompt": "When do you close on Sunday?"})
        await nth_request(guide, 2)

    client = GuideClient(GuideOptions(guide.base_url, "none", "guide"))
    feed = DecisionFeed()
    options = Options(resume_timeout_s=0.01)
    await hold(Call(client, options, lambda _: said.set(), decision_feed=feed), frames())
    await client.aclose()
    outcomes = [(made["outcome"], made["rule"]) async for made in feed.follow()]
    assert outcomes[1] == ("resumed", "silence")
    assert [outcome for outcome, _ in outcomes] == ["asked", "resumed", "cancelled"]


async def test_deadline_has_its_own_time_however_late_we_wake_up(guide: GuideServer) -> None:
    """Otherwise the same events could be decided differently in a replay."""
    guide.reply("We sell hats, and gloves.")
    times: dict[str, float] = {}
    closed = count()
    spoken, resumed = asyncio.Event(), asyncio.Event()

    def call_log(t: float, direction: str, frame: Any) -> None:
        made = frame if isinstance(frame, dict) else json.loads(frame)
        times[f"{direction} {made['type']}"] = t
        if direction == "out" and made["last"]:
            (resumed if next(closed) else spoken).set()

    def send(_: str) -> None:
        pass

    async def frames() -> AsyncIterator[str]:
        yield json.dumps({"type": "prompt", "voicePrompt": "What do you sell?"})
        await in_time(spoken)
        yield json.dumps({"type": "interrupt", "utteranceUntilInterrupt": "We sell hats,"})
        await in_time(resumed)

    client = GuideClient(GuideOptions(guide.base_url, "none", "guide"))
    await hold(Call(client, Options(resume_timeout_s=0.1), send, call_log=call_log), frames())
    await client.aclose()
    assert times["note decision"] == times["in interrupt"] + 0.1
    assert times["out text"] == times["note decision"]


# --- what was decided ---------------------------------------------------------------------------


async def test_decisions_are_logged_without_words(guide: GuideServer) -> None:
    """One line per decision, with its rule; the words only with LOG_TRANSCRIPTS."""
    guide.reply("We open at nine, and we close at five.")
    for spoken in (False, True):
        with capture_logs() as logs:
            async with call_with(guide, log_transcripts=spoken) as session:
                await session.say("When are you open?")
                await session.receive_cycle()
                await session.interrupt("We open at nine,")
                await session.say("uh-huh")
                await session.receive_cycle()
        decided = [log for log in logs if log["event"] == "decided"]
        assert [(log["outcome"], log["before"], log["after"]) for log in decided] == [
            ("asked", "listening", "thinking"),
            ("resumed", "paused", "speaking"),
        ]
        assert [log.get("said") for log in decided] == (
            ["When are you open?", "uh-huh"] if spoken else [None, None]
        )
        assert all(log["call"] == "CA1" and log["rule"] for log in decided)
        assert decided[0]["paused_ms"] is None
        assert 0 <= decided[1]["paused_ms"] < PATIENCE_S * 1000


async def test_followers_of_decisions_get_all_of_them() -> None:
    """Whenever they start: past decisions, new ones, and then the end."""
    feed = DecisionFeed()

    async def follow() -> list[int]:
        return [decision["n"] async for decision in feed.follow()]

    feed.add({"n": 1})
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as followers:
        early = followers.create_task(follow())
        waiting = feed.follow()
        assert await anext(waiting) == {"n": 1}
        feed.add({"n": 2})
        assert await anext(waiting) == {"n": 2}
        late = followers.create_task(follow())
        feed.add({"n": 3})
        feed.close()
        assert [decision["n"] async for decision in waiting] == [3]
    assert early.result() == late.result() == [1, 2, 3]
