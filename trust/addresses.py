"""Where a request came from, and the address under which its sender knows us. PURE.

Without an auth token, all we know about a request is where it came from. So only direct requests
from this machine are served: a tunnel or proxy running on it forwards requests from strangers.
"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

FORWARDING_HEADERS: Final = frozenset(
    {
        "cdn-loop",
        "cf-connecting-ip",
        "client-ip",
        "fastly-client-ip",
        "fly-client-ip",
        "forwarded",
        "tailscale-user-login",
        "true-client-ip",
        "via",
    }
)
"""Headers that show that a request was forwarded, besides those with `_FORWARDING_PREFIXES`."""

_FORWARDING_PREFIXES: Final = (
    "x-forwarded",
    "x-real-",
    "x-original-",
    "x-client-",
    "x-cluster-",
    "x-envoy-",
)

_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


# --- where a request came from ------------------------------------------------------------------


def is_direct_loopback(peer: str | None, headers: Iterable[tuple[str, str]]) -> bool:
    """Whether a request was made on this machine, to this machine, with nothing in between.

    `peer` is the address of the client; `headers` are pairs of lower-case names and values.
    """
    if peer is None or not is_loopback(peer):
        return False
    hosts = 0
    for name, value in headers:
        if name in FORWARDING_HEADERS or name.startswith(_FORWARDING_PREFIXES):
            return False
        if name == "host":
            hosts += 1
            if not is_loopback(host_of(value)):
                return False
        if name == "origin" and not _is_loopback_origin(value):
            return False
    return hosts == 1


def host_of(authority: str) -> str:
    """The host in `host` or `host:port`, or "" if `authority` is neither."""
    match = _AUTHORITY.fullmatch(authority)
    return match[1].strip("[]") if match else ""


def _is_loopback_origin(origin: str) -> bool:
    scheme, _, authority = origin.partition("://")
    return scheme in {"http", "https"} and is_loopback(host_of(authority))


def is_loopback(host: str) -> bool:
    """Whether a host is a loopback address or `localhost`."""
    if host.lower() == "localhost":
        return True
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


# --- our own address ----------------------------------------------------------------------------


def public_origin(public_url: str, scheme: str, headers: Mapping[str, str]) -> str:
    """The origin (and path prefix) to which a request was sent, as its sender knows it.

    This is `public_url` if set, else the origin in the request's forwarding headers, else in its
    `Host`. An attacker can forge these headers, but cannot sign a URL built from them. Raises
    `ValueError` if they are not valid.
    """
    if public_url:
        return public_url
    proto = _first(headers.get("x-forwarded-proto", "")) or scheme
    host = _first(headers.get("x-forwarded-host", "")) or headers.get("host", "")
    if not _AUTHORITY.fullmatch(host):
        raise ValueError(f"expected a Host header of the form host or host:port, got {host!r}")
    return f"{'https' if proto in {'https', 'wss'} else 'http'}://{host}"


def _first(values: str) -> str:
    """The first entry, which the proxy nearest to the client wrote; others append theirs."""
    return values.split(",", maxsplit=1)[0].strip()


def as_websocket(url: str) -> str:
    """`url` with the scheme `wss`, the only one that Twilio dials, and the one it signs."""
    return f"wss:{url.partition(':')[2]}"


def is_same_origin(origin: str, url: str) -> bool:
    """Whether an `Origin` header names the origin of `url`: a page from there sent the request."""
    named = _origin_of(origin)
    return named is not None and named == _origin_of(url)


def _origin_of(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port, normalized; None if `url` is not an HTTP URL."""
    match = re.fullmatch(r"(https?)://([^/?#]+).*", url, re.IGNORECASE | re.DOTALL)
    authority = _AUTHORITY.fullmatch(match[2]) if match else None
    if not match or not authority:
        return None
    scheme = match[1].lower()
    port = (authority[2] or "").removeprefix(":") or ("443" if scheme == "https" else "80")
    return scheme, authority[1].lower(), int(port)
