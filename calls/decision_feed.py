"""What was decided on a call, for whoever placed it to follow as it happens."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any


class Decisions:
    """The decisions of one call, kept so that a follower who comes late misses none."""

    def __init__(self) -> None:
        self._made: list[dict[str, Any]] = []
        self._closed = False
        self._changed = asyncio.Event()

    def add(self, decision: dict[str, Any]) -> None:
        """Tell the followers of a decision."""
        self._made.append(decision)
        self._wake()

    def close(self) -> None:
        """No more are made."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self) -> AsyncIterator[dict[str, Any]]:
        """All decisions since the call began, and those to come, until it ends."""
        told = 0
        while True:
            changed = self._changed
            while told < len(self._made):
                told += 1
                yield self._made[told - 1]
            if self._closed:
                return
            await changed.wait()
