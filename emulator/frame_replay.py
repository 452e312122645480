"""A recorded call played again to a server: the relay's frames, at the times they were sent."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from websockets.exceptions import ConnectionClosed

from emulator import call_log as recording
from emulator import frames
from emulator.app_server import AppServer, http_client
from emulator.leg import CALLED, CALLER, CallLog, Leg, new_identity
from emulator.line import Closing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from emulator.call_log import Entry

LAST_ANSWER_S = 5.0
"""How long, in the recording's seconds, the server may go on answering after the last frame."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """A replay that is over: what went both ways, and how the socket was closed."""

    entries: list[Entry]
    completed: bool
    """Whether every recorded frame was sent before the server closed the socket."""
    close_code: int | None


async def replay_call(
    server: str,
    recorded: Sequence[Entry],
    *,
    auth_token: str | None = None,
    public_url: str | None = None,
    speed: float = 1.0,
    on_entry: Callable[[Entry], None] | None = None,
) -> ReplayResult:
    """Send the "in" frames of a recording to a server, with their timing, and hear its answers.

    The server answers as it does now, whatever it answered then. `setup` is made anew, for a call
    of its own: a token of the old one would be refused.

    Raises:
        CallFailedError: the call did not come about; the message says what to do.
    """
    app = AppServer(address=server, public_url=public_url, auth_token=auth_token)
    sent = [entry for entry in recorded if entry.dir == "in"]
    old_setup = next((e.frame for e in sent if e.frame.get("type") == "setup"), {})
    identity = new_identity(str(old_setup.get("from", CALLER)), str(old_setup.get("to", CALLED)))
    log = CallLog(on_entry)
    async with http_client() as client:
        leg = await Leg.open(app, client, identity)
        async with leg.socket:
            replay = _Replay(leg, log, speed)
            completed = await replay.run(sent)
            await leg.close(_closing(replay.now, completed=completed))
    return ReplayResult(log.entries, completed, leg.socket.close_code)


class _Replay:
    """A recording's clock, and what goes over the socket by it."""

    def __init__(self, leg: Leg, log: CallLog, speed: float) -> None:
        self._leg = leg
        self._log = log
        self._speed = speed
        self._began = asyncio.get_running_loop().time()

    @property
    def now(self) -> float:
        """Seconds since setup, on the recording's clock."""
        return (asyncio.get_running_loop().time() - self._began) * self._speed

    async def run(self, sent: Sequence[Entry]) -> bool:
        """Send the frames and note the answers. Returns whether all of them could be sent."""
        listening = asyncio.create_task(self._listen())
        try:
            for entry in sent:
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
                self._log.add(self.now, "out", recording.app_frame(raw))


def _closing(at: float, *, completed: bool) -> Closing:
    if completed:
        return Closing(at, 1000, "Closing websocket session", "completed", "completed")
    return Closing(at, 1006, "", "failed", "in-progress", "64105", "Websocket ended")
