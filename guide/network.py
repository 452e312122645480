"""What both transports share: limits, headers, the proxy, trusted certificate authorities."""

from __future__ import annotations

import os
import ssl
from typing import Final, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi

from trust.addresses import is_loopback

CONNECT_TIMEOUT_S: Final = 5.0
"""A guide that is up accepts a connection within a fraction of this."""

KEEP_ALIVE_S: Final = 300.0
"""How long an idle connection is kept: turns are seconds apart, calls are minutes apart."""

WARM_TIMEOUT_S: Final = 10.0
"""The time limit of the request that opens a connection ahead."""

MOST_REDIRECTS: Final = 5
"""Redirects followed for one request."""


def headers(api_key: str) -> dict[str, str]:
    """The headers of every request."""
    return {
        "Authorization": f"Bearer {api_key}".rstrip(),
        "Content-Type": "application/json",
        "Accept": "text/event-stream, application/json",
        "User-Agent": "frontdesk",
    }


class Authorities(NamedTuple):
    """Where trusted CA certificates are: a file, a directory, or both."""

    file: str | None
    directory: str | None


def authorities() -> Authorities:
    """Those of SSL_CERT_FILE or SSL_CERT_DIR, else the system's, else Mozilla's (certifi)."""
    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not (file or directory):
        file = ssl.get_default_verify_paths().cafile or certifi.where()
    return Authorities(file, directory)


def proxy_for(url: str) -> str | None:
    """The environment's proxy for a URL, with its scheme; None for hosts on this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy
