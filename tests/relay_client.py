"""Twilio's end of the relay's WebSocket, as the tests play it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

from tests.guide_server import GuideRequest, GuideServer

PATIENCE_S: Final = 10.0
"""How long a test waits for something that a broken call would never do."""


class Session:
    """Twilio's end of a call: sends frames, and collects those it is given to speak."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        """All frames that came, in order."""

    async def send(self, **frame: object) -> None:
        """Send a frame."""
        await self.socket.send(json.dumps(frame))

    async def say(self, words: str) -> None:
        """The caller says something, heard to its end."""
        await self.send(type="prompt", voicePrompt=words, lang="en-US", last=True)

    async def receive(self) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(PATIENCE_S):
            frame: dict[str, Any] = json.loads(await self.socket.recv(decode=True))
        self.frames.append(frame)
        return frame

    async def receive_words(self, words: str) -> None:
        """Receive frames until they add up to exactly these words, but for a trailing blank."""
        got = ""
        while got.strip() != words:
            got += str((await self.receive())["token"])
            assert words.startswith(got.strip())

    async def receive_cycle(self) -> str:
        """Receive frames to the end of the talk cycle; returns its words."""
        tokens = []
        while True:
            frame = await self.receive()
            tokens.append(frame["token"])
            if frame["last"]:
                return "".join(tokens)

    async def interrupt(self, heard: str) -> None:
        """The caller speaks over the agent, who is stopped after `heard`."""
        await self.send(type="info", name="clientSpeaking", value="on")
        await self.send(type="info", name="tokensPlayed", value=heard)
        await self.send(type="interrupt", utteranceUntilInterrupt=heard, durationUntilInterruptMs=9)
        await self.send(type="info", name="clientSpeaking", value="off")

    async def ask(self, words: str) -> str:
        """The caller says something and hears the whole answer."""
        await self.say(words)
        first = await self.receive()
        await self.send(type="info", name="agentSpeaking", value="on")
        reply = str(first["token"]) + ("" if first["last"] else await self.receive_cycle())
        await self.send(type="info", name="tokensPlayed", value=reply)
        await self.send(type="info", name="agentSpeaking", value="off")
        return reply.strip()


@asynccontextmanager
async def relay_session(
    address: str,
    call_sid: str = "CA1",
    token: str = "",
    headers: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
    **setup: object,
) -> AsyncIterator[Session]:
    """A call to the app at `address`, after its setup. `overrides` go into its parameters."""
    url = address.replace("http", "ws", 1) + "/ws"
    async with connect(url, proxy=None, additional_headers=headers) as websocket:
        session = Session(websocket)
        parameters = {**({"token": token} if token else {}), **(overrides or {})}
        await session.send(type="setup", callSid=call_sid, customParameters=parameters, **setup)
        yield session


async def in_time(event_: asyncio.Event) -> None:
    """Wait for an event, but not forever."""
    async with asyncio.timeout(PATIENCE_S):
        await event_.wait()


async def nth_request(guide: GuideServer, count: int) -> GuideRequest:
    """Wait until the guide has had this many requests; returns the last one."""
    async with asyncio.timeout(PATIENCE_S):
        return await guide.received(count)
