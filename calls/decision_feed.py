"""The decisions made on a call, for clients to follow live."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any


class DecisionFeed:
    """The decisions of one call, all kept so that a late follower misses none."""

    def __init__(self) -> None:
        self._decisions: list[dict[str, Any]] = []
        self._closed = False
        self._changed = asyncio.Event()

    def add(self, decision: dict[str, Any]) -> None:
        """Publish a decision to all followers."""
        self._decisions.append(decision)
        self._wake()

    def close(self) -> None:
        """End the feed: followers stop after the last decision."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self) -> AsyncIterator[dict[str, Any]]:
        """Every decision since the call began, then each new one until the call ends."""
        seen = 0
        while True:
            changed = self._changed
            while seen < len(self._decisions):
                seen += 1
                yield self._decisions[seen - 1]
            if self._closed:
                return
            await changed.wait()
