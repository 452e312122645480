"""Places calls to the app over real sockets, with a scripted guide.

The emulator's clock runs at `SPEED` times real time, so the app's timeouts are shortened to match.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from emulator.dial import CallResult, place_call
from emulator.script import ScriptedCaller
from tests.guide_server import GuideServer
from tests.serving import serve_frontdesk

SPEED = 8.0

HOURS = "We are open from nine to six. On Saturdays we close at noon, and on Sundays all day."

TIMES = {
    "barge_in_resume_timeout_s": 2.0,
    "caller_speech_ceiling_s": 10.0,
    "late_backchannel_s": 2.0,
    "talkover_ack_after_s": 0.5,
    "heard_grace_s": 0.5,
    "playback_margin_s": 2.0,
    "guide_first_token_timeout_s": 8.0,
    "guide_stall_timeout_s": 6.0,
}


@asynccontextmanager
async def frontdesk(guide: GuideServer, **settings: Any) -> AsyncIterator[str]:
    """Serve the app with this guide, its timeouts scaled to the emulator's clock."""
    times = {name: seconds / SPEED for name, seconds in TIMES.items()}
    given = {
        "guide_base_url": guide.base_url,
        "speaking_rate_wps": 2.5 * SPEED,
        "welcome_greeting": "Hello.",
        "guide_apology": "Sorry about that.",
        **times,
        **settings,
    }
    async with serve_frontdesk(**given) as url:
        yield url


async def call(url: str, script: str, **options: Any) -> CallResult:
    """Place a call whose caller follows a script."""
    return await place_call(url, ScriptedCaller.from_text(script), speed=SPEED, **options)


async def call_about(reply: str, script: str, **settings: Any) -> tuple[CallResult, GuideServer]:
    """Place a call to an app whose guide always gives the same reply."""
    async with GuideServer() as guide, frontdesk(guide, **settings) as url:
        guide.reply(reply)
        return await call(url, script), guide


def heard(result: CallResult) -> str:
    """Every word the caller heard from the agent, in order, without the greeting."""
    return " ".join(item.word for item in result.heard if item.cycle != 0)


def outcomes(result: CallResult) -> list[str]:
    """The outcomes of the decisions, in order."""
    return [str(made["outcome"]) for made in result.decisions]


def chat(guide: GuideServer, request: int = -1) -> list[str]:
    """The contents of the messages in a request to the guide."""
    return [message["content"] for message in guide.requests[request].messages]
