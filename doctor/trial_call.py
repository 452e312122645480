"""Places a short call to the app, signed as Twilio signs it, and checks what must be refused."""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from doctor.app_client import AppClient
from doctor.report import CHECK_LOGS, CheckError, failed, skipped
from emulator import frame_schema, frames, webhooks
from emulator.frames import Identity
from emulator.leg import new_identity
from emulator.twiml import RelayAttributes, TwimlError
from trust.addresses import as_websocket

RESTART: Final = "The app runs without this TWILIO_AUTH_TOKEN. Restart it."


@dataclass(frozen=True, slots=True)
class Offer:
    """A call that the webhook accepted, and that may open the relay's socket once."""

    identity: Identity
    attributes: RelayAttributes

    def __str__(self) -> str:
        return f"POST /twiml connects to {self.attributes.url}"


# --- the webhook --------------------------------------------------------------------------------


async def offer_call(client: AppClient) -> Offer:
    """Check that the webhook answers a signed call with TwiML that leads back to the app."""
    identity = new_identity()
    form = webhooks.voice_form(identity)
    signature = client.signature(f"{client.known_as}/twiml", form)
    answer = await client.request("POST", "/twiml", form, signature)
    if answer.status_code != 200:
        raise _webhook_refused(answer.status_code)
    try:
        attributes = RelayAttributes.from_twiml(answer.text)
    except TwimlError:
        raise failed("POST /twiml returned no <ConversationRelay>", CHECK_LOGS) from None
    _check_leads_back(attributes, client.known_as)
    return Offer(identity, attributes)


def _webhook_refused(status: int) -> CheckError:
    if status == 403:
        return failed(
            "POST /twiml rejected our signature (HTTP 403)",
            "The app runs with a different TWILIO_AUTH_TOKEN or PUBLIC_URL: restart it after a",
            "change. Or a proxy changes the path of requests.",
        )
    return failed(f"POST /twiml returned HTTP {status}", CHECK_LOGS)


def _check_leads_back(attributes: RelayAttributes, known_as: str) -> None:
    named = attributes.url, attributes.action
    if named != (as_websocket(f"{known_as}/ws"), f"{known_as}/action"):
        raise failed(
            f"POST /twiml connects to another address, {attributes.url}",
            "The app runs with a different PUBLIC_URL. Restart it after a change.",
        )
    if not attributes.parameters.get("token"):
        raise failed("POST /twiml returned no token for the call", "Update the app.")


async def refuse_unsigned_webhook(client: AppClient) -> str:
    """Check that the webhook returns no TwiML without a signature."""
    client.check_can_sign()
    answer = await client.request("POST", "/twiml", webhooks.voice_form(new_identity()))
    if answer.status_code != 403:
        raise failed(f"POST /twiml accepts unsigned requests (HTTP {answer.status_code})", RESTART)
    return "POST /twiml rejects unsigned requests"


# --- the relay's socket -------------------------------------------------------------------------


async def hold_call(client: AppClient, offer: Offer | None) -> str:
    """Check that the socket opens, accepts the call's token, and answers the caller."""
    if offer is None:
        raise skipped("needs the call check to pass")
    with client.explained():
        async with await _dial_signed(client, offer) as connection:
            try:
                count = await _speak(connection, offer)
            except ConnectionClosed:
                raise _closed(connection.close_code) from None
    return f"accepts the call and answers the caller ({count} valid frames)"


async def refuse_unsigned_socket(client: AppClient) -> str:
    """Check that the socket does not open without a signature."""
    client.check_can_sign()
    with client.explained():
        try:
            connection = await client.dial({})
        except InvalidStatus:
            return "the WebSocket rejects unsigned requests"
        await connection.close()
    raise failed("the WebSocket accepts unsigned requests", RESTART)


async def refuse_used_token(client: AppClient, offer: Offer | None) -> str:
    """Check that a token works only once."""
    client.check_can_sign()
    if offer is None:
        raise skipped("needs the relay check to pass")
    with client.explained():
        async with await _dial_signed(client, offer) as connection:
            with suppress(ConnectionClosed):
                await _speak(connection, offer)
    if connection.close_code != 1008:
        raise failed("a used token is accepted again", "Update the app.")
    return "used tokens are rejected"


async def _dial_signed(client: AppClient, offer: Offer) -> ClientConnection:
    try:
        return await client.dial(client.signature(offer.attributes.url))
    except InvalidStatus as error:
        if error.response.status_code == 403:
            raise failed(
                "the WebSocket rejected our signature (HTTP 403)",
                "A proxy changes the path of WebSocket requests.",
            ) from None
        problem = f"HTTP {error.response.status_code}"
    except (InvalidHandshake, ConnectionClosed):
        problem = "handshake failed"
    raise failed(
        f"the WebSocket does not open ({problem})",
        "The proxy or tunnel must forward WebSockets on /ws: HTTP/1.1, with the Upgrade and",
        "Connection headers. Twilio reports this as error 64102.",
    )


async def _speak(connection: ClientConnection, offer: Offer) -> int:
    """Send `setup` and a prompt. Returns how many frames the answer had."""
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
        raise failed("sends a frame that Twilio rejects (64107)", "Update the app.") from None
    return isinstance(frame, frame_schema.Text) and frame.last


def _closed(code: int | None) -> CheckError:
    if code == 1008:
        return failed(
            "rejects the token from POST /twiml (1008)",
            "/twiml and /ws must lead to apps with the same TWILIO_AUTH_TOKEN and synchronized"
            " clocks.",
        )
    return failed(f"closes before the answer is complete ({code})", CHECK_LOGS)
