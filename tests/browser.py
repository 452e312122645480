"""Drives headless Chromium on the phone's page.

Nothing is downloaded, and only this machine is reached. Tests that need Chromium are skipped if it
or its driver is not installed; `.ci/run` installs both.

The app and its guide run in a thread of their own, because driving a browser blocks the test's.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from selenium.common.exceptions import (
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.calling import SPEED, frontdesk
from tests.guide_server import GuideServer

PATIENCE_S: Final = 10
"""How long to wait for a condition; checked every `LOOK_EVERY_S`."""

LOOK_EVERY_S: Final = 0.02

FLAGS: Final = (
    "--headless",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--use-fake-device-for-media-stream",
    "--window-size=1280,800",
)

SPEECH: Final = Path(__file__).with_name("speech.js").read_text(encoding="utf-8")
"""Scripted speech that replaces the browser's; run it before the page's own scripts."""

T = TypeVar("T")


# --- Chromium -----------------------------------------------------------------------------------


@contextmanager
def chromium(profile: Path) -> Iterator[Chrome]:
    """Start a browser with this profile, and quit it afterwards."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not binary or not driver:
        pytest.skip("the browser is missing: apt-get install chromium chromium-driver")
    options = ChromeOptions()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    for flag in (*FLAGS, *as_root, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SE_OFFLINE", "true")
        environment.setenv("no_proxy", "*")  # between us and the driver
        browser = Chrome(options, ChromeService(driver))
    try:
        yield browser
    finally:
        browser.quit()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One browser for all tests: starting it takes longer than most of them."""
    with chromium(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture
def tab(browser: Chrome) -> Iterator[Chrome]:
    """A fresh tab, without another test's cookies, permissions or emulation."""
    first = browser.current_window_handle
    browser.switch_to.new_window("tab")
    browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
    browser.execute_cdp_cmd("Browser.resetPermissions", {})
    logged(browser, "performance")
    try:
        yield browser
    finally:
        browser.close()
        browser.switch_to.window(first)


def logged(tab: Chrome, kind: str) -> list[str]:
    """What the browser has logged of this kind since the last call."""
    entries = tab.get_log(kind)  # type: ignore[no-untyped-call]
    return [str(entry["message"]) for entry in entries]


@pytest.fixture
def portal() -> Iterator[BlockingPortal]:
    """An event loop in a thread, for the app."""
    with start_blocking_portal() as started:
        yield started


# --- the app ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Desk:
    """An app whose timeouts match the page's clock, and its guide."""

    address: str
    guide: GuideServer


@contextmanager
def desk(portal: BlockingPortal, **settings: Any) -> Iterator[Desk]:
    """Serve the app with a scripted guide."""
    with (
        portal.wrap_async_context_manager(GuideServer()) as guide,
        portal.wrap_async_context_manager(frontdesk(guide, **settings)) as address,
    ):
        yield Desk(address, guide)


# --- the page -----------------------------------------------------------------------------------


class PhonePage:
    """The page as a visitor uses it."""

    def __init__(self, tab: Chrome) -> None:
        self.tab = tab

    def open(self, address: str, speed: float = SPEED) -> None:
        """Open the page and wait until it is ready."""
        self.tab.get(f"{address}/?speed={speed:g}")
        self.until("ready", lambda: self.status.startswith("Ready"))

    def before_page(self, script: str) -> None:
        """Run a script before the page's own."""
        given = {"source": script}
        self.tab.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", given)

    def allow_microphone(self, address: str) -> None:
        """Grant the page the microphone, here a fake device."""
        granted = {"permissions": ["audioCapture"], "origin": address}
        self.tab.execute_cdp_cmd("Browser.grantPermissions", granted)

    def resize(self, width: int, height: int) -> None:
        """Set the screen size in CSS pixels; below 500 it is a mobile device."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.tab.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def emulate(self, theme: str) -> None:
        """Prefer the light or the dark theme."""
        feature = {"name": "prefers-color-scheme", "value": theme}
        self.tab.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def until(self, what: str, is_so: Callable[[], T]) -> T:
        """Wait until `is_so` returns something true, and return it."""
        between_pages = (NoSuchElementException, StaleElementReferenceException)
        wait = WebDriverWait(self.tab, PATIENCE_S, LOOK_EVERY_S, between_pages)
        try:
            return wait.until(lambda _: is_so())
        except TimeoutException:
            raise AssertionError(f"it did not become {what}: {self}") from None

    def __str__(self) -> str:
        """Everything on the page, for the message of a failing test."""
        log = logged(self.tab, "browser")
        seen = self.evaluate("document.body.innerText")
        return f"{seen!r}, {self.transcript()}, {self.decisions()}, {log}"

    # --- what the page shows --------------------------------------------------------------

    def find(self, selector: str) -> WebElement:
        """The element for a CSS selector."""
        return self.tab.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector: str) -> list[WebElement]:
        """All elements for a CSS selector."""
        return self.tab.find_elements(By.CSS_SELECTOR, selector)

    def evaluate(self, expression: str) -> Any:
        """Evaluate a JavaScript expression, regardless of the page's content policy."""
        answer = self.tab.execute_cdp_cmd(
            "Runtime.evaluate",
            {"expression": expression, "awaitPromise": True, "returnByValue": True},
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    @property
    def stage(self) -> str:
        """The call's stage: idle, dialling, live or over."""
        return str(self.find("body").get_attribute("data-call"))

    @property
    def status(self) -> str:
        """The status sentence."""
        return self.find("#status").text

    def transcript(self) -> list[tuple[str, str, str]]:
        """Each turn: who spoke, what was heard, and what was cut."""
        return [
            (who, heard, cut)
            for who, heard, cut in self.evaluate(
                """[...document.querySelectorAll("#transcript > [data-who]")].map((turn) => {
                    const all = (kind) => [...turn.querySelectorAll(kind)]
                        .map((piece) => piece.textContent.trim()).join(" ");
                    return [turn.dataset.who, all(".heard"), all(".cut")];
                })"""
            )
        ]

    def heard(self) -> str:
        """Everything heard from the agent."""
        return " ".join(heard for who, heard, _ in self.transcript() if who == "agent")

    def decisions(self) -> list[tuple[str, str]]:
        """The decisions as outcome and act, in order."""
        found = self.evaluate(
            """[...document.querySelectorAll("#decisions > [data-outcome]")]
                .map(({ dataset }) => [dataset.outcome, dataset.act])"""
        )
        return [(outcome, act) for outcome, act in found]

    def frames(self) -> list[tuple[str, dict[str, Any]]]:
        """Open the developer's drawer, and return each frame with its direction."""
        if not self.find("#developer").get_attribute("open"):
            self.evaluate("document.querySelector('#developer').open = true")
        found = self.evaluate(
            """[...document.querySelectorAll("#frames > [data-dir]")]
                .map((shown) => [shown.dataset.dir, shown.querySelector("code").textContent])"""
        )
        return [(direction, json.loads(text)) for direction, text in found]

    # --- what the visitor does ------------------------------------------------------------

    def call(self) -> None:
        """Press Call, and wait until the call is answered."""
        self.find("#call").click()
        self.until("live", lambda: self.stage == "live")

    def hang_up(self) -> None:
        """Press Hang up, and wait until the call is over."""
        self.find("#hang-up").click()
        self.until("over", lambda: self.stage == "over")

    def type_and_say(self, words: str) -> None:
        """Type something to say."""
        self.find("#say").send_keys(words, Keys.ENTER)

    def until_heard(self, words: str) -> None:
        """Wait until these words of the agent were heard."""
        self.until(f"heard {words!r}", lambda: words in self.heard())

    def until_decided(self, *outcomes: str) -> None:
        """Wait until exactly these decisions were made, in this order."""
        self.until(f"decided {outcomes}", lambda: tuple(o for o, _ in self.decisions()) == outcomes)


@pytest.fixture
def phone(tab: Chrome) -> Iterator[PhonePage]:
    """The phone in a fresh tab, not yet opened."""
    logged(tab, "browser")
    yield PhonePage(tab)
    log = logged(tab, "browser")
    assert [line for line in log if "Uncaught" in line or "Content Security" in line] == []


# --- what went over the wire --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Traffic:
    """The browser's requests since the tab was opened."""

    hosts: set[str]
    bytes: int
    """The size of all responses as sent, headers included; without WebSocket frames."""


def traffic(tab: Chrome) -> Traffic:
    """Read the traffic from the browser's network log."""
    hosts, size = set(), 0
    for entry in logged(tab, "performance"):
        event = json.loads(entry)["message"]
        given = event["params"]
        match event["method"]:
            case "Network.requestWillBeSent":
                hosts.add(urlsplit(given["request"]["url"]).netloc)
            case "Network.webSocketCreated":
                hosts.add(urlsplit(given["url"]).netloc)
            case "Network.loadingFinished":
                size += int(given["encodedDataLength"])
    return Traffic(hosts, size)


# --- accessibility ------------------------------------------------------------------------------


def accessibility_problems(page: PhonePage) -> list[str]:
    """The serious or critical problems that axe-core finds, with their places."""
    axe = files("selenium_axe_python") / "axe-core" / "axe.min.js"
    page.evaluate(f"{axe.read_text(encoding='utf-8')}; 0")
    violations = page.evaluate("axe.run().then(({ violations }) => violations)")
    return [
        f"{found['id']}: {node['target']} {node['failureSummary']}"
        for found in violations
        if found["impact"] in {"serious", "critical"}
        for node in found["nodes"]
    ]
