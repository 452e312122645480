"""What the checks share of the network: whom to trust, what is near, and what an error means."""

import ssl
from typing import Final
from urllib.parse import urlsplit

import httpx2
from websockets.exceptions import WebSocketException

from doctor.report import LOOK_AT_LOG, CheckError, failed
from trust.addresses import is_loopback

NETWORK_ERRORS: Final = (
    OSError,  # TLS errors and time-outs are among them
    httpx2.HTTPError,
    httpx2.InvalidURL,
    WebSocketException,
)


def broken(error: BaseException) -> CheckError:
    """What an error of the network means where no more can be said of it."""
    return failed(f"the connection broke ({type(error).__name__})", LOOK_AT_LOG)


def certificates() -> ssl.SSLContext:
    """The authorities that are trusted, those of SSL_CERT_FILE if it is set.

    Raises `OSError` if they cannot be read.
    """
    return httpx2.create_ssl_context()


def http_client(
    base_url: str, timeout_s: float, *, follow_redirects: bool = False
) -> httpx2.AsyncClient:
    """A client for what is below `base_url`. `timeout_s` is for each of its steps."""
    return httpx2.AsyncClient(
        base_url=base_url,
        timeout=timeout_s,
        trust_env=may_use_proxy(base_url),
        verify=certificates(),
        follow_redirects=follow_redirects,
    )


def may_use_proxy(url: str) -> bool:
    """Whether a proxy of the environment's may come between: never to this machine."""
    return not is_loopback(urlsplit(url).hostname or "")


def bracketed(host: str) -> str:
    """A host as it is written in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
