"""Tokens that can be made only with the auth token. PURE: the time is passed in.

A WebSocket's signature is the same for every call, so a leaked one would be valid forever.
Therefore a call also needs a token, which only the answer to a signed webhook contains. A browser
cannot sign requests; it has a token given to someone who knows the owner's password.
"""

import hashlib
import hmac
import math
import re
from collections import OrderedDict
from typing import Final

_TOKEN: Final = re.compile(r"([0-9]+)\.(\w+)\.([0-9a-f]{64})")


class SignedTokens:
    """Tokens that show, for a limited time, that the holder of a key vouched for a subject.

    A token is an HMAC over the subject and the token's expiry, so any instance with the key can
    check one that another minted.
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
        """Why a token is not valid for `subject` at `now`, or None if it is."""
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
        # Neither of the first two can contain the separator, so each subject has its own message.
        message = "\n".join((expires, nonce, subject)).encode(errors="surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()


class CallTokens:
    """Tokens that each admit one call with its overrides, once, within a short time.

    The key is derived from the auth token. `check` refuses a token that this instance has accepted
    before.
    """

    def __init__(self, auth_token: str, ttl_s: float) -> None:
        key = hmac.digest(auth_token.encode(), b"frontdesk: token of a call", "sha256")
        self._tokens = SignedTokens(key, ttl_s)
        self._seen: OrderedDict[str, float] = OrderedDict()  # token to expiry, oldest first

    def mint(self, call_sid: str, now: float, nonce: str, overrides: str = "") -> str:
        """A token for `call_sid`; see `SignedTokens.mint`. `overrides` is one line."""
        return self._tokens.mint(_subject(call_sid, overrides), now, nonce)

    def check(self, token: str, call_sid: str, now: float, overrides: str = "") -> str | None:
        """Why a token does not admit `call_sid` at `now`, or None if it does."""
        problem = self._tokens.check(token, _subject(call_sid, overrides), now)
        if problem is None and token in self._seen:
            return "used before"
        if problem is None:
            while self._seen and next(iter(self._seen.values())) < now:
                self._seen.popitem(last=False)
            self._seen[token] = float(token.partition(".")[0])
        return problem


def _subject(call_sid: str, overrides: str) -> str:
    """A call and its overrides. A CallSid may contain a line end, `overrides` may not."""
    return f"{overrides}\n{call_sid}"


def sign_in_tokens(auth_token: str, password: str, ttl_s: float) -> SignedTokens:
    """Tokens for visitors who gave the password. Changing either secret revokes them all."""
    purpose = f"frontdesk: signed in with\n{password}".encode()
    return SignedTokens(hmac.digest(auth_token.encode(), purpose, "sha256"), ttl_s)
