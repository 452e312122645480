"""The app's decisions during a call, streamed over its side channel.

`GET /calls/{callSid}/decisions` returns server-sent events if the voice webhook asked for them
(`webhooks.DECISIONS_ASKED`); each event's data is one JSON object. A server without this channel
can be called too; its decisions are then unknown.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

import httpx2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Decision: TypeAlias = dict[str, object]

# 404 until the app has read `setup`, which was sent just before.
_RETRY_DELAYS_S = (0.05, 0.2, 0.5)


async def follow(
    client: httpx2.AsyncClient, server: str, call_sid: str, token: str
) -> AsyncIterator[Decision]:
    """Yield a call's decisions as they are made, until the app ends or refuses the stream."""
    url = f"{server.rstrip('/')}/calls/{call_sid}/decisions"
    headers = {"Authorization": f"Bearer {token}"}
    for delay in (0.0, *_RETRY_DELAYS_S):
        await asyncio.sleep(delay)
        try:
            async with client.stream("GET", url, headers=headers, timeout=None) as answer:
                if answer.status_code == HTTPStatus.OK:
                    async for line in answer.aiter_lines():
                        decision = parse_event(line)
                        if decision is not None:
                            yield decision
                if answer.status_code != HTTPStatus.NOT_FOUND:
                    return
        except httpx2.HTTPError:
            return


def parse_event(line: str) -> Decision | None:
    """The decision on a line of the stream; None for comments, blank lines and other fields."""
    field, _, data = line.partition(":")
    if field != "data":
        return None
    try:
        decision = json.loads(data)
    except ValueError:
        return None
    return decision if isinstance(decision, dict) else None
