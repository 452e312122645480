"""The browser phone, in Chromium: real calls to the app and its guide."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from anyio.from_thread import BlockingPortal
from selenium.webdriver.common.by import By
from structlog.testing import capture_logs

import explain
from call_log.format import parse_call_log
from tests.browser import (
    SPEECH,
    Desk,
    PhonePage,
    accessibility_problems,
    browser,
    desk,
    phone,
    portal,
    tab,
    traffic,
)
from tests.serving import AUTH_TOKEN, serve_frontdesk

__all__ = ["browser", "phone", "portal", "tab"]  # fixtures


HOURS: Final = (
    "We are open from nine to six, and on Saturdays we close at noon. "
    "On Sundays we are closed all day, but you can leave your bike in the yard."
)
REST: Final = "and on Saturdays we close at noon. On Sundays we are closed all day, but"
MOST_BYTES: Final = 150_000
UNHURRIED: Final = 2.0
"""A speed that leaves time to interrupt a reply's last words, even on a busy machine."""
THEMES: Final = ("light", "dark")


@pytest.fixture
def app(portal: BlockingPortal) -> Iterator[Desk]:
    """An app whose guide answers with the opening hours."""
    with desk(portal) as served:
        served.guide.reply(HOURS)
        yield served


def asked(app: Desk) -> list[tuple[str, str]]:
    """The messages of the last request to the guide."""
    return [(m["role"], m["content"]) for m in app.guide.requests[-1].messages]


def sent(page: PhonePage, kind: str) -> list[dict[str, Any]]:
    """The frames of a type that the page sent to the app."""
    return [frame for way, frame in page.frames() if way == "in" and frame["type"] == kind]


def follow(page: PhonePage, path: str, authorization: str) -> Any:
    """The status of the app's response to a request for a decision feed."""
    headers = f"{{headers: {{Authorization: {authorization!r}}}}}"
    return page.evaluate(f"fetch('calls/{path}/decisions', {headers}).then((a) => a.status)")


# --- typed calls --------------------------------------------------------------------------------


def test_visitor_types_and_is_answered(app: Desk, phone: PhonePage) -> None:
    """A question, a backchannel that lets the reply resume, and a question that cancels it."""
    phone.open(app.address, UNHURRIED)
    phone.call()
    phone.until_heard("Hello.")
    phone.type_and_say("When are you open?")
    phone.until_heard("Saturdays we")
    phone.type_and_say("uh-huh")
    phone.until_decided("asked", "resumed")
    phone.until_heard(REST)
    app.guide.reply("No, on Sundays nobody is here.")
    phone.type_and_say("and what about Sunday?")
    phone.until_heard("No, on Sundays nobody is here.")
    assert phone.decisions() == [
        ("asked", "question"),
        ("resumed", "backchannel"),
        ("cancelled", "question"),
    ]
    first, question, reply, backchannel, resumed, other, answer = phone.transcript()
    assert first == ("agent", "Hello.", "")
    assert [caller for caller, _, _ in (question, backchannel, other)] == ["caller"] * 3
    assert backchannel[1] == "uh-huh"
    assert HOURS.startswith(f"{reply[1]} {reply[2]}")
    assert f"{resumed[1]} {resumed[2]}" in HOURS
    assert answer[1:] == ("No, on Sundays nobody is here.", "")
    # The guide is told exactly what the page shows as heard.
    told = asked(app)
    assert told[-1] == ("user", "and what about Sunday?")
    assert resumed[1] in told[-2][1]
    assert HOURS.startswith(told[-2][1])
    assert phone.status == "Type, even while the agent speaks."


def test_visitor_chooses_talkover(app: Desk, phone: PhonePage) -> None:
    """The line never stops the agent on this call; a question still cancels the reply."""
    phone.open(app.address, UNHURRIED)
    phone.find("input[name=mode][value=talkover]").click()
    phone.call()
    phone.until_heard("Hello.")  # the greeting may be interrupted in either mode
    phone.type_and_say("When are you open?")
    phone.until_heard("We are")
    phone.type_and_say("uh-huh")
    phone.until_decided("asked", "ignored")
    phone.type_and_say("and what about Sunday?")
    phone.until_decided("asked", "ignored", "cancelled")
    phone.until("answered", lambda: len(app.guide.requests) == 2)
    assert sent(phone, "setup")[0]["customParameters"]["BargeInMode"] == "talkover"
    assert sent(phone, "interrupt") == []


def test_unavailable_mode_is_disabled(portal: BlockingPortal, phone: PhonePage) -> None:
    """The page says why, and calls in the other mode."""
    with desk(portal, relay_events="speaker-events") as app:
        phone.open(app.address)
        assert phone.find("input[value=pause]").is_selected()
        assert not phone.find("input[value=talkover]").is_enabled()
        assert "tokens-played" in phone.find("#mode-problem").text
        phone.call()
        assert sent(phone, "setup")[0]["customParameters"]["BargeInMode"] == "pause"


def test_visitor_presses_keys(app: Desk, phone: PhonePage) -> None:
    """Each key is one frame, and none is logged."""
    with capture_logs() as logs:
        phone.open(app.address)
        phone.call()
        phone.find("#show-keypad").click()
        for key in "5*#":
            phone.find(f"button[data-digit='{key}']").click()
        phone.until("pressed", lambda: len(sent(phone, "dtmf")) == 3)
        phone.until("logged", lambda: sum(log["event"] == "key pressed" for log in logs) == 3)
    assert [frame["digit"] for frame in sent(phone, "dtmf")] == ["5", "*", "#"]
    assert "'5'" not in str(logs)


def test_visitor_hangs_up(app: Desk, phone: PhonePage) -> None:
    """The app is notified as by Twilio, and the phone can call again."""
    with capture_logs() as logs:
        phone.open(app.address)
        phone.call()
        phone.until_heard("Hello.")
        phone.hang_up()
        phone.until("logged", lambda: any(log["event"] == "session over" for log in logs))
        assert phone.status == "You hung up."
        assert "Call again" in phone.find("#call").text
        phone.call()
        phone.until_heard("Hello.")
        phone.tab.get("about:blank")  # closing the page ends its call
        phone.until("ended", lambda: [log["event"] for log in logs].count("session over") == 2)
    over = [log for log in logs if log["event"] == "session over"]
    assert [log["status"] for log in over] == ["completed", "completed"]
    ended = [log["call"] for log in logs if log["event"] == "call ended"]
    assert [log["call"] for log in over] == ended


def test_visitor_is_told_that_the_app_has_stopped(portal: BlockingPortal, phone: PhonePage) -> None:
    """In the middle of a call, and again when calling back."""
    with ExitStack() as stack:
        app = stack.enter_context(desk(portal))
        app.guide.reply(HOURS)
        phone.open(app.address)
        phone.call()
        phone.type_and_say("When are you open?")
        phone.until_heard("We are")
    phone.until("over", lambda: phone.stage == "over")
    assert "Connection to the app lost" in phone.status
    again = phone.find("#call")
    assert "Call again" in again.text
    again.click()
    phone.until("refused", lambda: "The app is not responding" in phone.status)
    assert phone.stage == "over"


def test_visitor_without_a_microphone_types(app: Desk, phone: PhonePage) -> None:
    """Access was denied: the page says so, and the call goes on."""
    denied = {"permission": {"name": "microphone"}, "setting": "denied"}
    phone.tab.execute_cdp_cmd("Browser.setPermission", denied)
    phone.open(app.address)
    phone.call()
    assert phone.find("#microphone").get_attribute("aria-pressed") == "false"
    phone.find("#microphone").click()
    note = phone.find("#aside-note")
    phone.until("told", lambda: note.text == "Microphone access was denied. You can type instead.")
    assert phone.find("#microphone").get_attribute("aria-pressed") == "false"
    phone.type_and_say("When are you open?")
    phone.until_heard("We are open from nine")


def test_visitor_talks_with_the_demo_guide(portal: BlockingPortal, phone: PhonePage) -> None:
    """With default settings."""
    with portal.wrap_async_context_manager(serve_frontdesk()) as address:
        phone.open(address)
        assert "bicycle workshop" in phone.status
        phone.call()
        phone.until_heard("How can I help you?")
        phone.type_and_say("When are you open on Saturday?")
        phone.until("answered", lambda: re.search(r"open|close", phone.transcript()[-1][1]))


def test_decision_feed_is_only_for_the_page_that_called(app: Desk, phone: PhonePage) -> None:
    """It requires the call's own token."""
    phone.open(app.address)
    phone.call()
    phone.type_and_say("When are you open?")
    phone.until_decided("asked")
    (setup,) = sent(phone, "setup")
    sid, token = setup["callSid"], setup["customParameters"]["token"]
    assert follow(phone, sid, f"Bearer {token}") == 200
    assert follow(phone, sid, f"Bearer {token}x") == 403
    assert follow(phone, sid, "") == 403
    assert follow(phone, "CA" + "0" * 32, f"Bearer {token}") == 404
    # No decision was sent over the relay's socket.
    assert {frame["type"] for way, frame in phone.frames() if way == "out"} <= {"text"}


def test_call_log_of_the_page_can_be_explained(
    app: Desk, phone: PhonePage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`explain.py` reads it, and its decisions come out the same."""
    where = {"behavior": "allow", "downloadPath": str(tmp_path)}
    phone.tab.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    phone.open(app.address)
    phone.call()
    phone.type_and_say("When are you open?")
    phone.until_heard("Saturdays we")
    phone.type_and_say("uh-huh")
    phone.until_decided("asked", "resumed")
    phone.hang_up()
    shown = [frame for way, frame in phone.frames() if way != "note"]
    phone.find("#download").click()
    phone.until("saved", lambda: [*tmp_path.glob("*.jsonl")])
    (saved,) = tmp_path.glob("*.jsonl")
    entries = parse_call_log(saved.read_text(encoding="utf-8"))
    assert [entry.frame for entry in entries if entry.dir != "note"] == shown
    assert explain.main([str(saved)]) == 0
    out = capsys.readouterr().out
    assert "When are you open?" in out
    assert "resumed" in out


# --- spoken calls -------------------------------------------------------------------------------


def hears(page: PhonePage, words: str, *, final: bool) -> None:
    """Let the browser's recognition hear the visitor."""
    page.evaluate(f"window.ears.hears({words!r}, {str(final).lower()})")


def test_words_count_as_heard_when_the_voice_says_them(app: Desk, phone: PhonePage) -> None:
    """A slow voice is reported by what it has said, not by the usual pace."""
    phone.before_page(SPEECH)
    phone.allow_microphone(app.address)
    phone.open(app.address)
    phone.evaluate("window.wordsPerSecond = 1")
    phone.call()
    phone.until_heard("Hello.")
    hears(phone, "When are you open?", final=True)
    phone.until_heard("We are open")
    hears(phone, "uh", final=False)
    phone.until("silent", lambda: phone.evaluate("window.cancelled") == 1)
    (cut,) = sent(phone, "interrupt")
    said = len(cut["utteranceUntilInterrupt"].split())
    assert phone.evaluate("window.begun") - said in {0, 1}  # it may be mid-word


def test_visitor_speaks_over_the_agent(app: Desk, phone: PhonePage) -> None:
    """The agent's voice stops at the first recognized word, and resumes where it was cut."""
    phone.before_page(SPEECH)
    phone.allow_microphone(app.address)
    phone.open(app.address, UNHURRIED)
    phone.call()
    assert phone.find("#microphone").get_attribute("aria-pressed") == "true"
    assert phone.find("#voice").get_attribute("aria-pressed") == "true"
    phone.until_heard("Hello.")
    hears(phone, "When are", final=False)
    hears(phone, "When are you open?", final=True)
    phone.until_heard("on Saturdays we")
    hears(phone, "uh", final=False)
    phone.until("silent", lambda: phone.evaluate("window.cancelled") == 1)
    cut = phone.heard()
    hears(phone, "uh-huh", final=True)
    phone.until_decided("asked", "resumed")
    phone.until_heard(REST)
    assert phone.heard().startswith(cut)
    app.guide.reply("No, on Sundays nobody is here.")
    hears(phone, "and what", final=False)
    phone.until("silent", lambda: phone.evaluate("window.cancelled") == 2)
    hears(phone, "and what about Sunday?", final=True)
    phone.until_decided("asked", "resumed", "cancelled")
    phone.until("spoken", lambda: phone.evaluate("spoken.at(-1)") == "on Sundays nobody is here.")
    assert [p["voicePrompt"] for p in sent(phone, "prompt") if p["last"]] == [
        "When are you open?",
        "uh-huh",
        "and what about Sunday?",
    ]
    # Whole clauses were spoken; the one that was cut was spoken again from its beginning.
    spoken = phone.evaluate("window.spoken")
    assert spoken[:2] == ["Hello.", "We are open from nine to six,"]
    assert spoken[2] == "and on Saturdays we close at noon."
    assert asked(app)[-1] == ("user", "and what about Sunday?")


def test_voice_can_be_turned_off_during_a_reply(app: Desk, phone: PhonePage) -> None:
    """The agent goes on silently, and no word is lost."""
    phone.before_page(SPEECH)
    phone.open(app.address)
    phone.call()
    phone.until_heard("Hello.")
    phone.type_and_say("When are you open?")
    phone.until_heard("We are open")
    phone.find("#voice").click()
    assert phone.find("#voice").get_attribute("aria-pressed") == "false"
    spoken = phone.evaluate("window.spoken")
    phone.until_heard("on Saturdays we close at noon.")
    assert phone.evaluate("window.spoken") == spoken


# --- signing in ---------------------------------------------------------------------------------

PASSWORD: Final = "correct horse battery"


def test_visitor_signs_in_calls_and_signs_out(portal: BlockingPortal, phone: PhonePage) -> None:
    """With an auth token set, signing in and out works in a real browser."""
    locked = {"twilio_auth_token": AUTH_TOKEN, "phone_password": PASSWORD}
    with desk(portal, **locked) as app:
        app.guide.reply(HOURS)
        phone.tab.get(f"{app.address}/?speed=8")
        phone.find("[name=password]").send_keys("a guess", "\n")
        phone.until("refused", lambda: "Wrong password" in phone.find("[role=alert]").text)
        assert accessibility_problems(phone) == []
        phone.find("[name=password]").send_keys(PASSWORD, "\n")
        phone.until("let in", lambda: phone.find_all("#call"))
        phone.open(app.address)
        phone.call()
        phone.type_and_say("When are you open?")
        phone.until_decided("asked")
        phone.hang_up()
        phone.find("#sign-out button").click()
        phone.until("let out", lambda: phone.find_all("[name=password]"))
        assert phone.tab.get_cookies() == []


def test_visitor_who_was_signed_out_must_sign_in_again(
    portal: BlockingPortal, phone: PhonePage
) -> None:
    """Placing a call leads back to the sign-in form."""
    locked = {"twilio_auth_token": AUTH_TOKEN, "phone_password": PASSWORD}
    with desk(portal, **locked) as app:
        phone.tab.get(app.address)
        phone.find("[name=password]").send_keys(PASSWORD, "\n")
        phone.until("ready", lambda: phone.find_all("#call") and phone.status.startswith("Ready"))
        phone.tab.delete_all_cookies()
        phone.find("#call").click()
        phone.until("asked", lambda: phone.find_all("[name=password]"))


# --- the page itself ----------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_page_is_accessible(app: Desk, phone: PhonePage, theme: str) -> None:
    """axe-core finds nothing serious before, during or after a call, drawers open."""
    phone.emulate(theme)
    phone.open(app.address)
    problems = {"idle": accessibility_problems(phone)}
    phone.call()
    phone.type_and_say("When are you open?")
    phone.until_heard("Saturdays we")
    phone.type_and_say("uh-huh")
    phone.until_decided("asked", "resumed")
    problems["live"] = accessibility_problems(phone)
    phone.find("#show-keypad").click()
    problems["keypad"] = accessibility_problems(phone)
    phone.hang_up()
    phone.frames()
    problems["over"] = accessibility_problems(phone)
    assert problems == {when: [] for when in problems}


@pytest.mark.parametrize("width", [320, 390])
def test_page_fits_a_narrow_screen(app: Desk, phone: PhonePage, width: int) -> None:
    """The page never needs horizontal scrolling."""
    phone.resize(width, 844)
    phone.open(app.address)
    seen = {"idle": phone.evaluate("document.documentElement.scrollWidth")}
    phone.call()
    phone.type_and_say("When are you open?")
    phone.until_heard("Saturdays we")
    phone.type_and_say("uh-huh")
    phone.until_decided("asked", "resumed")
    seen["live"] = phone.evaluate("document.documentElement.scrollWidth")
    phone.hang_up()
    seen["over"] = phone.evaluate("document.documentElement.scrollWidth")
    phone.find("#show-details").click()
    phone.frames()
    seen["details"] = phone.evaluate("document.documentElement.scrollWidth")
    assert seen == dict.fromkeys(seen, width)


def test_page_is_small_and_contacts_only_the_app(app: Desk, phone: PhonePage) -> None:
    """Loading the page and placing a call contact no other host."""
    phone.open(app.address)
    loaded = traffic(phone.tab)
    phone.call()
    phone.type_and_say("When are you open?")
    phone.until_decided("asked")
    phone.hang_up()
    own = app.address.removeprefix("http://")
    assert loaded.hosts == traffic(phone.tab).hosts == {own}
    assert 10_000 < loaded.bytes < MOST_BYTES
    names = {link.get_attribute("href") for link in phone.tab.find_elements(By.TAG_NAME, "a")}
    assert {name for name in names if name and own not in name} == set()
