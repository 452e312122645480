"""Whether the app is up: `/health` for monitors, and a line of text for a person with a browser."""

from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from config import VERSION
from web.state import SharedState

PHONE_ADVICE: Final = "To call it from this browser, set PHONE_PASSWORD; see SETUP.md.\n"

routes = APIRouter()


@routes.get("/health")
async def report_health(state: SharedState) -> dict[str, Any]:
    """The app's version and its load."""
    return {
        "status": "ok",
        "version": VERSION,
        "calls": len(state.live_calls),
        "demo_guide": state.has_demo_guide,
        "guide_transport": state.transport.name,
    }


async def say_running() -> Response:
    """The front page of an app without the browser phone."""
    return PlainTextResponse(f"Frontdesk {VERSION} is running. {PHONE_ADVICE}")
