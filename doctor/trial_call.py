"""A small call with the app, signed as Twilio signs, and what must not get in."""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from doctor.app_client import AppClient
from doctor.report import LOOK_AT_LOG, CheckError, failed, skipped
from emulator import frame_schema, frames, webhooks
from emulator.frames import Identity
from emulator.leg import new_identity
from emulator.twiml import RelayAttributes, TwimlError
from trust.addresses import as_websocket

RESTART: Final = "The app there runs without this TWILIO_AUTH_TOKEN: start it again."


@dataclass(frozen=True, slots=True)
class Offer:
    """A call that the webhook has answered, and that may enter by the relay's socket once."""

    identity: Identity
    attributes: RelayAttributes

    def __str__(self) -> str:
        return f"POST /twiml connects the call to {self.attributes.url}"


# --- the webhook --------------------------------------------------------------------------------


async def offer_call(client: AppClient) -> Offer:
    """The webhook answers a call signed with our token with TwiML that leads back to it."""
    identity = new_identity()
    form = webhooks.voice_form(identity)
    signature = client.signature(f"{client.known_as}/twiml", form)
    answer = await client.request("POST", "/twiml", form, signature)
    if answer.status_code != 200:
        raise _webhook_refused(answer.status_code)
    try:
        attributes = RelayAttributes.from_twiml(answer.text)
    except TwimlError:
        raise failed("POST /twiml is not answered with TwiML for a relay", LOOK_AT_LOG) from None
    _check_leads_back(attributes, client.known_as)
    return Offer(identity, attributes)


def _webhook_refused(status: int) -> CheckError:
    if status == 403:
        return failed(
            "POST /twiml refuses our signature (HTTP 403)",
            "The app there has another TWILIO_AUTH_TOKEN or PUBLIC_URL: start it again after a",
            "change. Or something before it changes the path of requests.",
        )
    return failed(f"POST /twiml is answered with HTTP {status}", LOOK_AT_LOG)


def _check_leads_back(attributes: RelayAttributes, known_as: str) -> None:
    named = attributes.url, attributes.action
    if named != (as_websocket(f"{known_as}/ws"), f"{known_as}/action"):
        raise failed(
            f"POST /twiml leads elsewhere: to {attributes.url}",
            "The app there has another PUBLIC_URL: start it again after a change.",
        )
    if not attributes.parameters.get("token"):
        raise failed("POST /twiml gives the call no token", "Update the app.")


async def refuse_unsigned_webhook(client: AppClient) -> str:
    """Without a signature the webhook gives no TwiML."""
    client.check_can_sign()
    answer = await client.request("POST", "/twiml", webhooks.voice_form(new_identity()))
    if answer.status_code != 403:
        raise failed(f"POST /twiml answers unsigned requests (HTTP {answer.status_code})", RESTART)
    return "POST /twiml refuses unsigned requests"


# --- the relay's socket -------------------------------------------------------------------------


async def hold_call(client: AppClient, offer: Offer | None) -> str:
    """The socket opens, lets the call in with its token, and answers what the caller says."""
    if offer is None:
        raise skipped("there is no TwiML to follow")
    with client.explained():
        async with await _dial_signed(client, offer) as connection:
            try:
                count = await _speak(connection, offer)
            except ConnectionClosed:
                raise _closed(connection.close_code) from None
    return f"the call is let in, and what its caller says is answered ({count} valid frames)"


async def refuse_unsigned_socket(client: AppClient) -> str:
    """Without a signature the socket does not open."""
    client.check_can_sign()
    with client.explained():
        try:
            connection = await client.dial({})
        except InvalidStatus:
            return "the WebSocket refuses unsigned requests"
        await connection.close()
    raise failed("the WebSocket opens for unsigned requests", RESTART)


async def refuse_used_token(client: AppClient, offer: Offer | None) -> str:
    """A token lets a call in once."""
    client.check_can_sign()
    if offer is None:
        raise skipped("no token has been used")
    with client.explained():
        async with await _dial_signed(client, offer) as connection:
            with suppress(ConnectionClosed):
                await _speak(connection, offer)
    if connection.close_code != 1008:
        raise failed("a used token lets a call in again", "Update the app.")
    return "a used token lets nobody in"


async def _dial_signed(client: AppClient, offer: Offer) -> ClientConnection:
    try:
        return await client.dial(client.signature(offer.attributes.url))
    except InvalidStatus as error:
        if error.response.status_code == 403:
            raise failed(
                "the WebSocket refuses our signature (HTTP 403)",
                "Something before the app changes the path of WebSocket requests.",
            ) from None
        answered = f"answered with HTTP {error.response.status_code}"
    except (InvalidHandshake, ConnectionClosed):
        answered = "broken off"
    raise failed(
        f"the WebSocket does not open: its upgrade is {answered}",
        "The proxy or tunnel has to pass WebSockets on: HTTP/1.1, with the headers Upgrade and",
        "Connection, for /ws. Twilio reports this as error 64102.",
    )


async def _speak(connection: ClientConnection, offer: Offer) -> int:
    """Enter the call and say something. Returns how many frames the answer had."""
    setup = frames.setup(offer.identity, offer.attributes.parameters)
    for frame in (setup, frames.prompt("Hello", "en-US", last=True)):
        await connection.send(json.dumps(frame))
    count = 1
    while not await _is_last_frame(connection):
        count += 1
    return count


async def _is_last_frame(connection: ClientConnection) -> bool:
    try:
        frame = frame_schema.parse(await connection.recv())
    except frame_schema.MalformedFrameError:  # its message quotes the frame
        raise failed("it sends a frame that Twilio refuses (64107)", "Update the app.") from None
    return isinstance(frame, frame_schema.Text) and frame.last


def _closed(code: int | None) -> CheckError:
    if code == 1008:
        return failed(
            "it refuses the token that POST /twiml gave the call (1008)",
            "/twiml and /ws have to lead to apps with one TWILIO_AUTH_TOKEN and clocks that agree.",
        )
    return failed(f"it closes before the answer is complete ({code})", LOOK_AT_LOG)
