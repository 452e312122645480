"""A call's decisions as server-sent events, for the client that placed it with `Decisions=1`."""

import secrets
from collections.abc import AsyncIterator
from json import dumps

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from calls.decision_feed import DecisionFeed
from web.state import SharedState

routes = APIRouter()


@routes.get("/calls/{call_sid}/decisions")
async def stream_decisions(call_sid: str, request: Request, state: SharedState) -> Response:
    """Stream the decisions of a call in progress to a client that has the call's token."""
    calls = [c for c in state.live_calls if c.sid == call_sid and c.token and c.decision_feed]
    if not calls:
        raise HTTPException(404, "expected a call in progress that was placed with Decisions=1")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    # As bytes, because compare_digest takes only ASCII text.
    matching = [c for c in calls if secrets.compare_digest(c.token.encode(), token.encode())]
    if scheme.lower() != "bearer" or not matching or not matching[-1].decision_feed:
        raise HTTPException(403, "expected the call's token")
    return StreamingResponse(
        _events(matching[-1].decision_feed),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(feed: DecisionFeed) -> AsyncIterator[str]:
    number = 0
    async for decision in feed.follow():
        yield f"id: {number}\ndata: {dumps(decision)}\n\n"
        number += 1
