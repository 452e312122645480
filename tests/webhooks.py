"""Twilio's requests to the app, as the tests make them."""

import asyncio
from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree

import httpx2

import relay_protocol as relay
from tests.relay_client import PATIENCE_S
from tests.serving import AUTH_TOKEN

CALLER: Final = "+12025550123"


FORM: Final = {"CallSid": "CA1", "AccountSid": "AC1", "From": CALLER, "CallerName": ""}


def signed(url: str, form: Mapping[str, str] | None = None) -> dict[str, str]:
    """The header with Twilio's signature of a request to `url`."""
    return {"X-Twilio-Signature": relay.sign(AUTH_TOKEN, url, form)}


def signed_socket(address: str) -> dict[str, str]:
    """The header with Twilio's signature of the WebSocket to the app at `address`."""
    return signed(address.replace("http", "wss", 1) + "/ws")


def read_twiml(answer: httpx2.Response) -> tuple[ElementTree.Element, ElementTree.Element]:
    """The `<Connect>` and the `<ConversationRelay>` of an answer to the voice webhook."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    connect = ElementTree.fromstring(answer.text).find("Connect")
    assert connect is not None
    conversation_relay = connect.find("ConversationRelay")
    assert conversation_relay is not None
    return connect, conversation_relay


def parameters_of(answer: httpx2.Response) -> dict[str, str]:
    """The call's parameters in an answer to the voice webhook."""
    _, conversation_relay = read_twiml(answer)
    found = conversation_relay.findall("Parameter")
    return {parameter.attrib["name"]: parameter.attrib["value"] for parameter in found}


def token_of(answer: httpx2.Response) -> str:
    """The call's token, the only parameter in an answer to the voice webhook."""
    parameters = parameters_of(answer)
    assert list(parameters) == ["token"]
    return parameters["token"]


async def offer(
    client: httpx2.AsyncClient, address: str, call_sid: str = "CA1", **overrides: str
) -> str:
    """Send a signed voice webhook; returns the call's token."""
    url, form = f"{address}/twiml", {**FORM, "CallSid": call_sid, **overrides}
    answer = await client.post(url, data=form, headers=signed(url, form))
    parameters = parameters_of(answer)
    assert parameters == {"token": parameters["token"], **overrides}
    return parameters["token"]


async def calls_become(client: httpx2.AsyncClient, address: str, count: int) -> None:
    """Wait until `/health` reports this many calls."""
    async with asyncio.timeout(PATIENCE_S):
        while (await client.get(f"{address}/health")).json()["calls"] != count:
            pass
