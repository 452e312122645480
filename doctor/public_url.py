"""PUBLIC_URL leads to the app, or why it does not."""

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
    # The first row that fits the error, or one that caused it, is what is said.
    (
        ssl.SSLCertVerificationError,
        "its TLS certificate is not trusted",
        "It has to be for the host in PUBLIC_URL, in date, and from an authority that Twilio knows"
        " too. SSL_CERT_FILE names a private one for this check only.",
    ),
    (
        ssl.SSLError,
        "it does not speak TLS",
        "PUBLIC_URL has to lead to the tunnel or proxy, which speaks TLS, not to the app's PORT.",
    ),
    (
        socket.gaierror,
        "no such host is known",
        "Check PUBLIC_URL. A tunnel may get another name whenever it is started.",
    ),
    (
        (TimeoutError, httpx2.TimeoutException),
        "no answer in time",
        "Check that a firewall lets requests through, and that nothing else uses the port.",
    ),
    (
        (ConnectionRefusedError, httpx2.ConnectError),
        "nothing answers there",
        "Start the tunnel or proxy, or correct PUBLIC_URL.",
    ),
    (
        (httpx2.InvalidURL, httpx2.UnsupportedProtocol),
        "it is no address",
        "Correct PUBLIC_URL: https:// and the host's name.",
    ),
)


def public_client(settings: Settings, public_url: str) -> AppClient:
    """The way to the app that Twilio takes."""
    return AppClient(public_url, public_url, settings.auth_token, _explain)


async def reach_public_url(client: AppClient, settings: Settings) -> Health:
    """PUBLIC_URL leads to a Frontdesk, over https."""
    client.check_can_sign()
    answer = await client.request("GET", "/health")
    advice = f"{_advice(answer.status_code)} The app is at {local_address(settings)}."
    return read_health(answer, client.address, advice)


def _advice(status: int) -> str:
    if status >= 500:
        return "The tunnel or proxy does not reach the app: check the port it leads to."
    if 300 <= status < 400:
        return "It redirects. Set PUBLIC_URL to where it redirects to: signatures hold for that."
    if status == 403:
        return "Something before the app refuses requests, or it runs without TWILIO_AUTH_TOKEN."
    return "PUBLIC_URL leads to another program, or the tunnel is not running."


def _explain(error: BaseException) -> CheckError:
    chain = list(causes(error))
    for kinds, found, advice in _CAUSES:
        if any(isinstance(cause, kinds) for cause in chain):
            return failed(found, advice)
    return broken(error)
