"""What the checks share about the network: certificates, proxies and errors."""

import ssl
from typing import Final
from urllib.parse import urlsplit

import httpx2
from websockets.exceptions import WebSocketException

from doctor.report import CHECK_LOGS, CheckError, failed
from trust.addresses import is_loopback

NETWORK_ERRORS: Final = (
    OSError,  # includes TLS errors and timeouts
    httpx2.HTTPError,
    httpx2.InvalidURL,
    WebSocketException,
)


def broken(error: BaseException) -> CheckError:
    """The finding for a network error that has no better explanation."""
    return failed(f"connection failed ({type(error).__name__})", CHECK_LOGS)


def certificates() -> ssl.SSLContext:
    """The trusted certificate authorities, from SSL_CERT_FILE if set.

    Raises `OSError` if they cannot be read.
    """
    return httpx2.create_ssl_context()


def http_client(
    base_url: str, timeout_s: float, *, follow_redirects: bool = False
) -> httpx2.AsyncClient:
    """A client for URLs below `base_url`. `timeout_s` applies to each step of a request."""
    return httpx2.AsyncClient(
        base_url=base_url,
        timeout=timeout_s,
        trust_env=may_use_proxy(base_url),
        verify=certificates(),
        follow_redirects=follow_redirects,
    )


def may_use_proxy(url: str) -> bool:
    """Whether to use the environment's proxy: not for this machine."""
    return not is_loopback(urlsplit(url).hostname or "")


def bracketed(host: str) -> str:
    """A host as written in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
