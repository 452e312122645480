"""One timer for everything that is due.

A task or a timer per stream would cost the load generator more than the streams themselves.
"""

import asyncio
import time
from collections.abc import Callable


class Wheel:
    """Calls back at a millisecond of CLOCK_MONOTONIC. Make it inside the event loop."""

    def __init__(self) -> None:
        self.longest_stall_ms = 0
        """Its longest delay: latencies measured meanwhile are off by as much."""
        self._loop = asyncio.get_running_loop()
        self._due: dict[int, list[Callable[[], None]]] = {}
        self._next = self.now()
        self._turn()

    @staticmethod
    def now() -> int:
        """The current millisecond."""
        return time.monotonic_ns() // 1_000_000

    def at(self, millisecond: int, call: Callable[[], None]) -> None:
        """Call back at `millisecond`, or as soon as possible if it has passed."""
        self._due.setdefault(max(millisecond, self._next), []).append(call)

    def after(self, milliseconds: int, call: Callable[[], None]) -> None:
        """Call back that many milliseconds from now."""
        self.at(self.now() + milliseconds, call)

    def stop(self) -> None:
        """Drop everything that is due, and stop."""
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
