"""Takes the screenshots of the browser phone for the documentation: `make screenshots`.

They show a real call with the demo guide: an "uh-huh" after which the agent resumed, and a question
that cancelled the reply. A headless browser has neither voice nor microphone, so scripted speech
stands in.
"""

import base64
import tempfile
from pathlib import Path
from typing import Final

from anyio.from_thread import start_blocking_portal

from tests.browser import SPEECH, PhonePage, chromium
from tests.places import ROOT
from tests.serving import serve_frontdesk

DOCS: Final = ROOT / "docs"
SIZES: Final = {"desktop": (1280, 800), "narrow": (390, 844)}
THEMES: Final = ("light", "dark")


def main() -> None:
    """Place the call and take a screenshot for each size and theme."""
    DOCS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as profile,
        chromium(Path(profile)) as tab,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve_frontdesk()) as address,
    ):
        page = PhonePage(tab)
        page.before_page(SPEECH)
        page.allow_microphone(address)
        page.open(address, speed=1)
        page.call()
        page.until_heard("help you?")
        page.type_and_say("What is in the full service?")
        page.until_heard("whole bike")
        page.type_and_say("uh-huh")
        page.until_decided("asked", "resumed")
        page.until_heard("two days")
        page.type_and_say("And how much does that cost?")
        page.until_decided("asked", "resumed", "cancelled")
        page.until_heard("dollars")
        for name, size in SIZES.items():
            for theme in THEMES:
                picture = DOCS / f"phone-{name}-{theme}.png"
                picture.write_bytes(_taken(page, size, theme))
                print(f"{picture.relative_to(DOCS.parent)}: {picture.stat().st_size // 1000} KB")
        page.hang_up()


def _taken(page: PhonePage, size: tuple[int, int], theme: str) -> bytes:
    page.resize(*size)
    page.emulate(theme)
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 300)))")
    taken = page.tab.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    return base64.b64decode(taken["data"])


if __name__ == "__main__":
    main()
