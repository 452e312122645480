"""Who may talk to us. PURE: the shell passes in what a request carried, and the time.

With an auth token, Twilio's requests are known by their signature, and a call by a token that only
the answer to a signed webhook contains. A WebSocket signature alone would not do: it is the same
for every call, so one that leaked would be good for ever. A browser cannot sign. It is known by a
token that who knows the owner's password was given, and by the page that its requests come from.

Without an auth token nothing can be known of a request but where it came from, so only this very
machine is served, and only directly: a tunnel or a proxy on it brings strangers.
"""

import hashlib
import hmac
import math
import re
from collections import OrderedDict
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

_TOKEN: Final = re.compile(r"([0-9]+)\.(\w+)\.([0-9a-f]{64})")

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


# --- tokens -------------------------------------------------------------------------------------


class SignedTokens:
    """Tokens that show, for some time, that whoever holds the key vouched for a subject.

    A token is an HMAC over the subject and the token's expiry, so any instance with the key can
    check one that another has minted.
    """

    def __init__(self, key: bytes, ttl_s: float) -> None:
        self._key = key
        self._ttl_s = ttl_s

    def mint(self, subject: str, now: float, nonce: str) -> str:
        """A token for `subject`. `now` is seconds since the epoch.

        `nonce` makes it unique: letters, digits and `_`.
        """
        expires = str(math.ceil(now + self._ttl_s))
        return f"{expires}.{nonce}.{self._mac(subject, expires, nonce)}"

    def check(self, token: str, subject: str, now: float) -> str | None:
        """What is wrong with a token presented for `subject` at `now`, or None if it holds."""
        if not token:
            return "no token"
        parts = _TOKEN.fullmatch(token)
        if not parts:
            return "not a token"
        expires, nonce, mac = parts.groups()
        if not hmac.compare_digest(self._mac(subject, expires, nonce), mac):
            return "not signed for this"
        if now > float(expires):
            return "expired"
        return None

    def _mac(self, subject: str, expires: str, nonce: str) -> str:
        # Neither of the first two can hold the separator, so no two subjects share a message.
        message = "\n".join((expires, nonce, subject)).encode(errors="surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()


class CallTokens:
    """Tokens that let one call in, once, for a short time, with what was asked for it.

    The key is derived from the auth token. `check` refuses a token that this instance has seen
    before.
    """

    def __init__(self, auth_token: str, ttl_s: float) -> None:
        key = hmac.digest(auth_token.encode(), b"frontdesk: token of a call", "sha256")
        self._tokens = SignedTokens(key, ttl_s)
        self._seen: OrderedDict[str, float] = OrderedDict()  # until when, the first seen first

    def mint(self, call_sid: str, now: float, nonce: str, asked: str = "") -> str:
        """A token for `call_sid`; see `SignedTokens.mint`. `asked` is one line."""
        return self._tokens.mint(_subject(call_sid, asked), now, nonce)

    def check(self, token: str, call_sid: str, now: float, asked: str = "") -> str | None:
        """What is wrong with a token presented for `call_sid` at `now`, or None if it lets in."""
        problem = self._tokens.check(token, _subject(call_sid, asked), now)
        if problem is None and token in self._seen:
            return "used before"
        if problem is None:
            while self._seen and next(iter(self._seen.values())) < now:
                self._seen.popitem(last=False)
            self._seen[token] = float(token.partition(".")[0])
        return problem


def _subject(call_sid: str, asked: str) -> str:
    """A call and what was asked for it. A CallSid may hold a line end, `asked` may not."""
    return f"{asked}\n{call_sid}"


def sign_in_tokens(auth_token: str, password: str, ttl_s: float) -> SignedTokens:
    """Tokens for who has given the password; a change of either secret ends them all."""
    purpose = f"frontdesk: signed in with\n{password}".encode()
    return SignedTokens(hmac.digest(auth_token.encode(), purpose, "sha256"), ttl_s)
