"""One timer for everything that is due at some millisecond.

A task or a timer for each stream would cost the load generator more than the streams themselves.
"""

import asyncio
import time
from collections.abc import Callable


class Wheel:
    """Calls back at a millisecond of CLOCK_MONOTONIC. Make it inside the event loop it turns in."""

    def __init__(self) -> None:
        self.longest_stall_ms = 0
        """How late it has been at most: what is measured meanwhile is late by as much."""
        self._loop = asyncio.get_running_loop()
        self._due: dict[int, list[Callable[[], None]]] = {}
        self._next = self.now()
        self._turn()

    @staticmethod
    def now() -> int:
        """The present millisecond."""
        return time.monotonic_ns() // 1_000_000

    def at(self, millisecond: int, call: Callable[[], None]) -> None:
        """Call back at `millisecond`, or at once if it has passed."""
        self._due.setdefault(max(millisecond, self._next), []).append(call)

    def after(self, milliseconds: int, call: Callable[[], None]) -> None:
        """Call back so many milliseconds from now."""
        self.at(self.now() + milliseconds, call)

    def stop(self) -> None:
        """Forget everything that is due, and turn no more."""
        self._due.clear()
        self._timer.cancel()

    def _turn(self) -> None:
        self._timer = self._loop.call_later(0.001, self._turn)
        now = self.now()
        self.longest_stall_ms = max(self.longest_stall_ms, now - self._next)
        while self._next <= now:
            due = self._due.pop(self._next, ())
            self._next += 1
            for call in due:
                call()
