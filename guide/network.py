"""What every request to a guide keeps to: limits, the proxy, the authorities that are trusted."""

from __future__ import annotations

import os
import ssl
from typing import Final, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi

from trust.addresses import is_loopback

CONNECT_TIMEOUT_S: Final = 5.0
"""A guide that is up accepts a connection at once, wherever it is."""

KEEP_ALIVE_S: Final = 300.0
"""How long an unused connection is kept: turns of a call are seconds apart, calls are minutes."""

WARM_TIMEOUT_S: Final = 10.0
"""How long a connection that was opened ahead may be in use for that."""

MOST_REDIRECTS: Final = 5
"""More than these lead nowhere."""


def headers(api_key: str) -> dict[str, str]:
    """What a request to a guide tells of itself."""
    return {
        "Authorization": f"Bearer {api_key}".rstrip(),
        "Content-Type": "application/json",
        "Accept": "text/event-stream, application/json",
        "User-Agent": "frontdesk",
    }


class Authorities(NamedTuple):
    """Where the certificates of trusted authorities are: a file, a directory, or both."""

    file: str | None
    directory: str | None


def authorities() -> Authorities:
    """Those that SSL_CERT_FILE or SSL_CERT_DIR name, or the system's, or those Mozilla trusts."""
    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not (file or directory):
        file = ssl.get_default_verify_paths().cafile or certifi.where()
    return Authorities(file, directory)


def proxy_for(url: str) -> str | None:
    """The environment's proxy for the world outside, with its scheme; never one to this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy
