"""The app as Twilio reaches it: webhooks posted and the socket dialled, all of it signed.

The app may be known to Twilio by a public address while it is reached here by a local one. What is
signed is the public address, as on a real call; where the request goes is the local one.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from relay_protocol import sign

if TYPE_CHECKING:
    from collections.abc import Mapping

USER_AGENT = "Jetty/11.0.24"
"""The client that dials a relay's socket (seen on live calls)."""

_SOCKET_SCHEMES = {"http": "ws", "https": "wss"}
_ANSWER_TIMEOUT_S = 15.0
"""How long Twilio waits for a webhook's answer before the call fails."""


class CallFailedError(Exception):
    """The call could not be placed; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppServer:
    """Where the app is, how Twilio knows it, and the token its requests are signed with."""

    address: str
    public_url: str | None = None
    auth_token: str | None = None

    @property
    def known_as(self) -> str:
        """The origin that signatures are made for, without a slash at its end."""
        return (self.public_url or self.address).rstrip("/")

    def route(self, url: str) -> str:
        """Where a request for `url` goes: to the server itself, if the URL means this app."""
        target, server = urlsplit(url), urlsplit(self.address)
        own_hosts = {urlsplit(self.known_as).hostname, server.hostname}
        if target.hostname not in own_hosts and not _is_loopback(target.hostname):
            return url
        scheme = server.scheme
        if target.scheme in ("ws", "wss"):
            scheme = _SOCKET_SCHEMES[scheme]
        return urlunsplit((scheme, server.netloc, target.path, target.query, ""))

    def absolute(self, url: str) -> str:
        """A URL of the TwiML's, which may be relative to the voice webhook."""
        return urljoin(f"{self.known_as}/twiml", url)

    async def voice_webhook(self, client: httpx2.AsyncClient, form: Mapping[str, str]) -> str:
        """Post the voice webhook and return the TwiML.

        Raises:
            CallFailedError: nothing answers, or not with TwiML.
        """
        url = f"{self.known_as}/twiml"
        try:
            answer = await self.request(client, url, "POST", form)
        except httpx2.HTTPError as error:
            raise CallFailedError(
                f"nothing answers at {self.address} ({type(error).__name__}): start the app with"
                " `make run`, or give its address with --server"
            ) from None
        if answer.status_code != HTTPStatus.OK:
            raise CallFailedError(_refusal(url, answer.status_code, answer.text))
        return answer.text

    async def request(
        self, client: httpx2.AsyncClient, url: str, method: str, form: Mapping[str, str]
    ) -> httpx2.Response:
        """Send a form as Twilio does: in the body of a POST, in the query of a GET, signed."""
        if method == "GET":
            url = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(form)}"
            return await client.get(self.route(url), headers=self._signature(url))
        return await client.post(
            self.route(url), data=dict(form), headers=self._signature(url, form)
        )

    async def dial(self, url: str) -> ClientConnection:
        """Open the relay's socket, signed for the URL as the TwiML has it.

        Raises:
            CallFailedError: it does not open, which the caller would hear as a busy tone.
        """
        try:
            return await connect(
                self.route(url),
                additional_headers=self._signature(url),
                user_agent_header=USER_AGENT,
                proxy=None,
                ping_interval=None,
                max_size=None,
            )
        except InvalidStatus as error:
            response = error.response
            body = bytes(response.body or b"").decode(errors="replace")
            raise CallFailedError(_refusal(url, response.status_code, body)) from None
        except (OSError, TimeoutError, InvalidHandshake) as error:
            raise CallFailedError(
                f"the socket {self.route(url)} does not open ({type(error).__name__}; Twilio would"
                " report 64102): check PUBLIC_URL and --server"
            ) from None

    def _signature(self, url: str, form: Mapping[str, str] | None = None) -> dict[str, str]:
        if not self.auth_token:
            return {}
        return {"X-Twilio-Signature": sign(self.auth_token, url, form)}


def http_client() -> httpx2.AsyncClient:
    """A client for webhooks. No proxy of the environment comes between caller and app."""
    return httpx2.AsyncClient(
        timeout=_ANSWER_TIMEOUT_S, trust_env=False, headers={"User-Agent": "TwilioProxy/1.1"}
    )


def _refusal(url: str, status: int, body: str) -> str:
    """What to say of an answer that is none, with the first words of its own explanation."""
    said = " ".join(body.split())[:200]
    advice = "look at the server's log"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        advice = "give the app's TWILIO_AUTH_TOKEN with --auth-token, and its PUBLIC_URL if set"
    elif status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        advice = "give the address of this app with --server"
    return f"{url} answered {status}{f' ({said})' if said else ''}: {advice}"


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return host is not None and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
