"""Tokens that only somebody with the auth token can have made. PURE: the time is passed in.

A WebSocket's signature is the same for every call, so one that leaked would be good for ever. A
call is therefore known by a token that only the answer to a signed webhook contains. A browser
cannot sign; it is known by a token given to whoever knows the owner's password.
"""

import hashlib
import hmac
import math
import re
from collections import OrderedDict
from typing import Final

_TOKEN: Final = re.compile(r"([0-9]+)\.(\w+)\.([0-9a-f]{64})")


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
