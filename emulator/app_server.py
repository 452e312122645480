"""The app as Twilio reaches it: posts webhooks and opens the socket, signing every request.

Requests are signed for the app's public address, as on a real call, but sent to its local one.
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
"""The client that opens the relay's socket (seen on live calls)."""

_SOCKET_SCHEMES = {"http": "ws", "https": "wss"}
_ANSWER_TIMEOUT_S = 15.0
"""How long Twilio waits for a webhook's response before the call fails."""


class CallFailedError(Exception):
    """The call could not be placed; the message, one line, says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppServer:
    """The app's local and public addresses, and the token that signs requests."""

    address: str
    public_url: str | None = None
    auth_token: str | None = None

    @property
    def known_as(self) -> str:
        """The origin that requests are signed for, without a trailing slash."""
        return (self.public_url or self.address).rstrip("/")

    def route(self, url: str) -> str:
        """Where to send a request for `url`: to the local address if the URL is this app's."""
        target, server = urlsplit(url), urlsplit(self.address)
        own_hosts = {urlsplit(self.known_as).hostname, server.hostname}
        if target.hostname not in own_hosts and not _is_loopback(target.hostname):
            return url
        scheme = server.scheme
        if target.scheme in ("ws", "wss"):
            scheme = _SOCKET_SCHEMES[scheme]
        return urlunsplit((scheme, server.netloc, target.path, target.query, ""))

    def absolute(self, url: str) -> str:
        """Resolve a URL of the TwiML, which may be relative to the voice webhook."""
        return urljoin(f"{self.known_as}/twiml", url)

    async def voice_webhook(self, client: httpx2.AsyncClient, form: Mapping[str, str]) -> str:
        """Post the voice webhook and return the TwiML.

        Raises:
            CallFailedError: no response, or not HTTP 200.
        """
        url = f"{self.known_as}/twiml"
        try:
            answer = await self.request(client, url, "POST", form)
        except httpx2.HTTPError as error:
            raise CallFailedError(
                f"no response from {self.address} ({type(error).__name__}): start the app with"
                " `make run`, or set its address with --server"
            ) from None
        if answer.status_code != HTTPStatus.OK:
            raise CallFailedError(_refusal(url, answer.status_code, answer.text))
        return answer.text

    async def request(
        self, client: httpx2.AsyncClient, url: str, method: str, form: Mapping[str, str]
    ) -> httpx2.Response:
        """Send a signed form as Twilio does: in the body of a POST, or in the query of a GET."""
        if method == "GET":
            url = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(form)}"
            return await client.get(self.route(url), headers=self._signature(url))
        return await client.post(
            self.route(url), data=dict(form), headers=self._signature(url, form)
        )

    async def dial(self, url: str) -> ClientConnection:
        """Open the relay's socket, signed for the URL exactly as in the TwiML.

        Raises:
            CallFailedError: it does not open; a real caller would hear a busy tone.
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
                f"cannot open the socket {self.route(url)} ({type(error).__name__}; Twilio would"
                " report 64102): check PUBLIC_URL and --server"
            ) from None

    def _signature(self, url: str, form: Mapping[str, str] | None = None) -> dict[str, str]:
        if not self.auth_token:
            return {}
        return {"X-Twilio-Signature": sign(self.auth_token, url, form)}


def http_client() -> httpx2.AsyncClient:
    """A client for webhooks, which ignores proxy settings of the environment."""
    return httpx2.AsyncClient(
        timeout=_ANSWER_TIMEOUT_S, trust_env=False, headers={"User-Agent": "TwilioProxy/1.1"}
    )


def _refusal(url: str, status: int, body: str) -> str:
    """The message for an error response: what it says, and what to do."""
    said = " ".join(body.split())[:200]
    advice = "check the app's log"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        advice = "set --auth-token to the app's TWILIO_AUTH_TOKEN, and --public-url if it has one"
    elif status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        advice = "set --server to the app's address"
    return f"{url} returned HTTP {status}{f' ({said})' if said else ''}: {advice}"


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return host is not None and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
