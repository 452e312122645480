"""Checks that PUBLIC_URL reaches the app, and says why if not."""

import socket
import ssl
from typing import Final

import httpx2

from config import Settings
from doctor.app_client import AppClient, local_address
from doctor.health import Health, read_health
from doctor.network import broken
from doctor.report import CheckError, failed
from guide.errors import causes

_CAUSES: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str], ...]] = (
    # The first row that matches the error or one of its causes applies.
    (
        ssl.SSLCertVerificationError,
        "untrusted TLS certificate",
        "It must match the host in PUBLIC_URL, be current, and come from an authority that Twilio"
        " trusts. SSL_CERT_FILE adds a private authority for this check only.",
    ),
    (
        ssl.SSLError,
        "no TLS",
        "PUBLIC_URL must lead to the tunnel or proxy, which serves TLS, not to the app's PORT.",
    ),
    (
        socket.gaierror,
        "hostname not found",
        "Check PUBLIC_URL. Some tunnels get a new hostname at every start.",
    ),
    (
        (TimeoutError, httpx2.TimeoutException),
        "timed out",
        "Check that the firewall lets requests through and that nothing else uses the port.",
    ),
    (
        (ConnectionRefusedError, httpx2.ConnectError),
        "connection refused",
        "Start the tunnel or proxy, or correct PUBLIC_URL.",
    ),
    (
        (httpx2.InvalidURL, httpx2.UnsupportedProtocol),
        "not a valid URL",
        "Set PUBLIC_URL to https:// and the hostname.",
    ),
)


def public_client(settings: Settings, public_url: str) -> AppClient:
    """A client that reaches the app as Twilio does."""
    return AppClient(public_url, public_url, settings.auth_token, _explain)


async def reach_public_url(client: AppClient, settings: Settings) -> Health:
    """Check that PUBLIC_URL reaches a Frontdesk over https."""
    client.check_can_sign()
    answer = await client.request("GET", "/health")
    advice = f"{_advice(answer.status_code)} The app is at {local_address(settings)}."
    return read_health(answer, client.address, advice)


def _advice(status: int) -> str:
    if status >= 500:
        return "The tunnel or proxy does not reach the app: check its target port."
    if 300 <= status < 400:
        return "It redirects. Set PUBLIC_URL to the target: a signature is valid for one URL only."
    if status == 403:
        return "The proxy or tunnel refuses requests, or the app runs without TWILIO_AUTH_TOKEN."
    return "PUBLIC_URL leads to another program, or the tunnel is not running."


def _explain(error: BaseException) -> CheckError:
    chain = list(causes(error))
    for kinds, found, advice in _CAUSES:
        if any(isinstance(cause, kinds) for cause in chain):
            return failed(found, advice)
    return broken(error)
