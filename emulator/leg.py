"""One leg of a call: the webhook and the socket that open it, the action that ends it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2

from emulator import webhooks
from emulator.app_server import AppServer, CallFailedError
from emulator.call_log import Entry
from emulator.frames import Identity
from emulator.twiml import RelayAttributes, TwimlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.asyncio.client import ClientConnection

    from emulator.call_log import Direction
    from emulator.frames import Frame
    from emulator.line import Closing

CALLER = "+12025550123"
CALLED = "+12025550199"


def new_identity(caller: str = CALLER, called: str = CALLED) -> Identity:
    """The identity of a new call, with SIDs in Twilio's format."""
    return Identity(
        call_sid=f"CA{secrets.token_hex(16)}",
        session_id=f"VX{secrets.token_hex(16)}",
        account_sid="AC" + "0" * 31 + "1",
        caller=caller,
        called=called,
    )


@dataclass(frozen=True, slots=True)
class ActionAnswer:
    """What was sent to the action URL, and its response.

    The form is empty if the TwiML has no action; the status is None if there was no response.
    """

    form: dict[str, str]
    status: int | None
    twiml: str


@dataclass(frozen=True, slots=True)
class Leg:
    """An open leg: the app's TwiML and the socket to it."""

    server: AppServer
    client: httpx2.AsyncClient
    identity: Identity
    twiml: str
    relay: RelayAttributes
    socket: ClientConnection

    @classmethod
    async def open(cls, server: AppServer, client: httpx2.AsyncClient, identity: Identity) -> Leg:
        """Post the voice webhook, read its TwiML and open the relay's socket.

        The webhook also asks for the decision feed; other apps ignore that field.

        Raises:
            CallFailedError: one of these failed; the message says what to do.
        """
        form = webhooks.voice_form(identity) | webhooks.DECISIONS_ASKED
        twiml = await server.voice_webhook(client, form)
        try:
            relay = RelayAttributes.from_twiml(twiml)
        except TwimlError as error:
            message = f"{server.known_as}/twiml does not connect to a relay: {error}"
            raise CallFailedError(message) from None
        return cls(server, client, identity, twiml, relay, await server.dial(relay.url))

    async def close(self, closing: Closing) -> ActionAnswer:
        """Close the socket, unless the app has, and request the action."""
        if closing.session_status != "failed" or closing.code == 1007:
            await self.socket.close(closing.code, closing.reason)
        await self.socket.wait_closed()
        if not self.relay.action:
            return ActionAnswer({}, None, "")
        form = webhooks.action_form(self.identity, closing, duration_s=closing.at)
        url = self.server.absolute(self.relay.action)
        try:
            answer = await self.server.request(self.client, url, self.relay.action_method, form)
        except httpx2.HTTPError:
            return ActionAnswer(form, None, "")
        return ActionAnswer(form, answer.status_code, answer.text)


class CallLog:
    """The frames and notes of a leg, in order, passed to a listener as they happen."""

    def __init__(self, listener: Callable[[Entry], None] | None) -> None:
        self.entries: list[Entry] = []
        self._listener = listener

    def add(self, t: float, direction: Direction, frame: Frame) -> None:
        """Add a frame or note at `t` seconds since setup."""
        entry = Entry(t, direction, frame)
        self.entries.append(entry)
        if self._listener:
            self._listener(entry)
