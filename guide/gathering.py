"""Reads the replies that stream at the same time together: fewer wake-ups, less CPU per token."""

from __future__ import annotations

import asyncio
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from selectors import SelectorKey

    Ready: TypeAlias = list[tuple[SelectorKey, int]]

GATHER_S: Final = 0.005
"""How long the pieces of streaming replies are gathered. Speech is further behind than that."""

CLOSE_S: Final = 0.002
"""Gathering begins when two pieces come closer together than this. 0 switches it off."""


class GatheringWatcher:
    """Watches libcurl's sockets for the event loop, and reads busy streams every 5 ms.

    What: a socket is read as soon as it is ready, until its reply has begun to be spoken. From then
    on it is streaming. When two pieces of streaming replies come less than `CLOSE_S` apart, all
    streaming sockets are left alone for `GATHER_S`, then read in one go, and so on until a pause.
    So first words are never held back, and a few calls hardly ever.

    Why: a guide sends a packet per token, and waking up for each one costs more than the work
    done with it, because the processor's caches have gone cold in between.

    Cost and gain (bench/README.md, "Figures", 100 calls): a token is 3.6 ms late instead of
    0.2 ms, and a sixth of the CPU per token is saved, which leaves 0.23 of what the official SDK
    (TAC) takes. `python bench/transports.py` shows the client's share of it.

    To switch it off, set `CLOSE_S` to 0.
    """

    def __init__(self, read: Callable[[Ready], bool]) -> None:
        """`read` is given sockets that are ready, with the events they are ready for. It returns
        whether what it read belongs to replies that have begun to be spoken."""
        self._read = read
        self._loop = asyncio.get_running_loop()
        self._prompt = DefaultSelector()
        self._streaming = DefaultSelector()
        # A selector is ready when one of its sockets is. So the event loop watches a single file
        # descriptor, and all streaming sockets are left alone by unregistering one.
        self._prompt.register(self._streaming.fileno(), EVENT_READ)
        self._loop.add_reader(self._prompt.fileno(), self._on_ready)
        self._timer: asyncio.TimerHandle | None = None
        self._last_piece_at = 0.0

    def watch(self, fd: int, events: int) -> None:
        """Read this socket whenever it is ready. One already watched starts afresh."""
        self.forget(fd)
        self._prompt.register(fd, events)

    def forget(self, fd: int) -> None:
        """Stop watching a socket."""
        for selector in (self._prompt, self._streaming):
            if fd in selector.get_map():
                selector.unregister(fd)

    def close(self) -> None:
        """Stop watching. Call once."""
        self._loop.remove_reader(self._prompt.fileno())
        self._prompt.close()
        self._streaming.close()
        if self._timer is not None:
            self._timer.cancel()

    def _on_ready(self) -> None:
        for key, events in self._prompt.select(0):
            if key.fd == self._streaming.fileno():
                self._read_or_gather()
            # Reading may have closed the socket.
            elif self._read([(key, events)]) and key.fd in self._prompt.get_map():
                self._prompt.unregister(key.fd)
                self._streaming.register(key.fd, key.events)

    def _read_or_gather(self) -> None:
        now = self._loop.time()
        is_close, self._last_piece_at = now - self._last_piece_at < CLOSE_S, now
        if is_close:
            self._prompt.unregister(self._streaming.fileno())
            self._timer = self._loop.call_later(GATHER_S, self._read_gathered)
        else:
            self._read_streaming()

    def _read_gathered(self) -> None:
        """Read what has come meanwhile, and gather on for as long as something comes."""
        self._timer = None
        if self._read_streaming():
            self._timer = self._loop.call_later(GATHER_S, self._read_gathered)
        else:
            self._prompt.register(self._streaming.fileno(), EVENT_READ)

    def _read_streaming(self) -> bool:
        """Read all streaming sockets; returns whether any was ready."""
        ready = self._streaming.select(0)
        if ready:
            self._read(ready)
        return bool(ready)
