"""What the app decides about what its caller says, as it tells a listener over its side channel.

`GET /calls/{callSid}/decisions` answers with server-sent events, if the voice webhook asked for
them (`webhooks.DECISIONS_ASKED`); each event's data is one JSON object. A server without this
channel is as good: there is nothing to tell then.
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

# The call is known to the app once it has read `setup`, which is on its way when we ask.
_RETRY_DELAYS_S = (0.05, 0.2, 0.5)


async def follow(
    client: httpx2.AsyncClient, server: str, call_sid: str, token: str
) -> AsyncIterator[Decision]:
    """The decisions of a call, as they are made, until the app ends the stream or refuses it."""
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
    """The decision in a line of the stream; None for comments, blank lines and other fields."""
    field, _, data = line.partition(":")
    if field != "data":
        return None
    try:
        decision = json.loads(data)
    except ValueError:
        return None
    return decision if isinstance(decision, dict) else None
