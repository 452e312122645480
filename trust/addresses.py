"""Where a request came from, and the address its sender knows us by. PURE.

Without an auth token nothing is known of a request but where it came from. So only this machine is
served, and only directly: a tunnel or a proxy on it brings strangers.
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
"""Headers that show that a request came through something. So does every `x-forwarded-*`, and
everything that is named `x-real-*`, `x-original-*`, `x-client-*`, `x-cluster-*` or `x-envoy-*`."""

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
    """Whether a request was made on this machine, to this machine, by nothing in between.

    `peer` is the address that connected, `headers` are pairs of lower-case names and values.
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
    """The host in `host:port`, or "" where that is not what it is."""
    match = _AUTHORITY.fullmatch(authority)
    return match[1].strip("[]") if match else ""


def _is_loopback_origin(origin: str) -> bool:
    scheme, _, authority = origin.partition("://")
    return scheme in {"http", "https"} and is_loopback(host_of(authority))


def is_loopback(host: str) -> bool:
    """Whether an address, or the name `localhost`, is this very machine."""
    if host.lower() == "localhost":
        return True
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


# --- the address we are known by ----------------------------------------------------------------


def public_origin(public_url: str, scheme: str, headers: Mapping[str, str]) -> str:
    """The origin (and path prefix) that a request was sent to, as its sender knows it.

    `public_url` if it is set; else what the request's forwarding headers say, and at last its own
    `Host`. An attacker may write such headers, but cannot sign a URL made of them. Raises
    `ValueError` where they cannot be made into one.
    """
    if public_url:
        return public_url
    proto = _first(headers.get("x-forwarded-proto", "")) or scheme
    host = _first(headers.get("x-forwarded-host", "")) or headers.get("host", "")
    if not _AUTHORITY.fullmatch(host):
        raise ValueError(f"expected a Host header of the form host or host:port, got {host!r}")
    return f"{'https' if proto in {'https', 'wss'} else 'http'}://{host}"


def _first(values: str) -> str:
    """Proxies append to these headers; the first entry is the one the client met."""
    return values.split(",", maxsplit=1)[0].strip()


def as_websocket(url: str) -> str:
    """`url` with scheme `wss`: Twilio dials no other, and signs it as it is written."""
    return f"wss:{url.partition(':')[2]}"


def is_same_origin(origin: str, url: str) -> bool:
    """Whether an `Origin` header names the origin of `url`: a browser sent the request for a page
    of that very origin."""
    named = _origin_of(origin)
    return named is not None and named == _origin_of(url)


def _origin_of(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port, each spelled one way; None where it is no address of the web."""
    match = re.fullmatch(r"(https?)://([^/?#]+).*", url, re.IGNORECASE | re.DOTALL)
    authority = _AUTHORITY.fullmatch(match[2]) if match else None
    if not match or not authority:
        return None
    scheme = match[1].lower()
    port = (authority[2] or "").removeprefix(":") or ("443" if scheme == "https" else "80")
    return scheme, authority[1].lower(), int(port)
