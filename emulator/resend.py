"""Sends the relay's frames in a call log to a server again, at the times they were sent."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from websockets.exceptions import ConnectionClosed

from emulator import frames
from emulator.app_server import AppServer, http_client
from emulator.call_log import app_frame
from emulator.leg import CALLED, CALLER, CallLog, Leg, new_identity
from emulator.line import Closing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from emulator.call_log import Entry

LAST_ANSWER_S = 5.0
"""How long, in the call log's seconds, the server may go on answering after the last frame."""


@dataclass(frozen=True, slots=True)
class ResendResult:
    """What went both ways, and how the socket was closed."""

    entries: list[Entry]
    completed: bool
    """Whether every frame was sent before the server closed the socket."""
    close_code: int | None


async def resend_call(
    server: str,
    entries: Sequence[Entry],
    *,
    auth_token: str | None = None,
    public_url: str | None = None,
    speed: float = 1.0,
    on_entry: Callable[[Entry], None] | None = None,
) -> ResendResult:
    """Send the "in" frames of a call log to a server, with their timing, and log its answers.

    The server's answers may differ from those in the call log. The `setup` frame is replaced by
    one for a new call, because the server would refuse the old call's token.

    Raises:
        CallFailedError: the call could not be placed; the message says what to do.
    """
    app = AppServer(address=server, public_url=public_url, auth_token=auth_token)
    to_send = [entry for entry in entries if entry.dir == "in"]
    old_setup = next((e.frame for e in to_send if e.frame.get("type") == "setup"), {})
    identity = new_identity(str(old_setup.get("from", CALLER)), str(old_setup.get("to", CALLED)))
    log = CallLog(on_entry)
    async with http_client() as client:
        leg = await Leg.open(app, client, identity)
        async with leg.socket:
            resending = _Resending(leg, log, speed)
            completed = await resending.run(to_send)
            await leg.close(_closing(resending.now, completed=completed))
    return ResendResult(log.entries, completed, leg.socket.close_code)


class _Resending:
    """The call log's clock, and what goes over the socket by it."""

    def __init__(self, leg: Leg, log: CallLog, speed: float) -> None:
        self._leg = leg
        self._log = log
        self._speed = speed
        self._began = asyncio.get_running_loop().time()

    @property
    def now(self) -> float:
        """Seconds since setup, on the call log's clock."""
        return (asyncio.get_running_loop().time() - self._began) * self._speed

    async def run(self, to_send: Sequence[Entry]) -> bool:
        """Send the frames and log the answers. Returns whether all frames were sent."""
        listening = asyncio.create_task(self._listen())
        try:
            for entry in to_send:
                await asyncio.sleep((entry.t - self.now) / self._speed)
                await self._send(entry)
        except ConnectionClosed:
            return False
        else:
            await asyncio.wait({listening}, timeout=LAST_ANSWER_S / self._speed)
            return True
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _send(self, entry: Entry) -> None:
        frame = entry.frame
        if frame.get("type") == "setup":
            frame = frame | frames.setup(self._leg.identity, self._leg.relay.parameters)
        await self._leg.socket.send(json.dumps(frame))
        self._log.add(self.now, "in", frame)

    async def _listen(self) -> None:
        with suppress(ConnectionClosed):
            async for raw in self._leg.socket:
                self._log.add(self.now, "out", app_frame(raw))


def _closing(at: float, *, completed: bool) -> Closing:
    if completed:
        return Closing(at, 1000, "Closing websocket session", "completed", "completed")
    return Closing(at, 1006, "", "failed", "in-progress", "64105", "Websocket ended")
