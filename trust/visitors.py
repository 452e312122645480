"""Who may see the page and place its calls.

Without an auth token the app serves this machine alone, and the page with it. With one, a visitor
signs in with the owner's password and is given a cookie. That is not yet enough to place a call,
for a browser may send the cookie with what another site makes it send: the request must also come
from our own page, as its `Origin` tells.
"""

import hmac
import secrets
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

from trust import addresses, tokens

COOKIE: Final = "frontdesk"

SIGNED_IN_S: Final = 12 * 3600
"""A day at work."""

_SUBJECT: Final = "visitor"


class Refusal(Enum):
    """Why somebody was not signed in, as they are told."""

    WRONG = "That is not the password."
    TOO_MANY = "There were too many wrong passwords. Try again in a minute."


class Visitors:
    """Those who open the app in a browser."""

    def __init__(
        self, auth_token: str, password: str, origin: Callable[[HTTPConnection], str]
    ) -> None:
        """`origin` is the address by which the sender of a request knows us."""
        self.must_sign_in = bool(auth_token)
        self.are_expected = bool(password) or not self.must_sign_in
        self._password = password.encode()
        self._tokens = tokens.sign_in_tokens(auth_token, password, SIGNED_IN_S)
        self._origin = origin
        self._failures = Failures()

    def may_see(self, visitor: HTTPConnection, now: float) -> bool:
        """Whether the page is for them. `now` is seconds since the epoch."""
        return not self.must_sign_in or self.is_signed_in(visitor, now)

    def may_call(self, visitor: HTTPConnection, now: float) -> bool:
        """Whether a request comes from our page, opened by somebody who has signed in."""
        return self.is_signed_in(visitor, now) and self._is_from_our_page(visitor)

    def is_signed_in(self, visitor: HTTPConnection, now: float) -> bool:
        """Whether they have given the password, not too long ago."""
        token = visitor.cookies.get(COOKIE, "")
        return bool(self._password) and self._tokens.check(token, _SUBJECT, now) is None

    def _is_from_our_page(self, visitor: HTTPConnection) -> bool:
        origins = visitor.headers.getlist("origin")
        return len(origins) == 1 and addresses.is_same_origin(origins[0], self._own_origin(visitor))

    def _own_origin(self, visitor: HTTPConnection) -> str:
        try:
            return self._origin(visitor)
        except ValueError:  # nobody can be at such an address
            return ""

    # --- signing in and out ---------------------------------------------------------------

    def check_password(self, given: str, peer: str, now: float) -> Refusal | None:
        """Why who connected from `peer` cannot be signed in, or None if they can."""
        if self._failures.are_too_many(peer, now):
            return Refusal.TOO_MANY
        if hmac.compare_digest(given.encode(), self._password):
            return None
        self._failures.add(peer, now)
        return Refusal.WRONG

    def sign_in(self, visitor: HTTPConnection, answer: Response, now: float) -> None:
        """Give them the cookie with an answer."""
        answer.set_cookie(
            COOKIE,
            self._tokens.mint(_SUBJECT, now, secrets.token_hex(8)),
            max_age=SIGNED_IN_S,
            secure=not self._own_origin(visitor).startswith("http:"),
            httponly=True,
            samesite="strict",
        )

    def sign_out(self, answer: Response) -> None:
        """Take the cookie back with an answer."""
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")


class Failures:
    """Wrong passwords of the last minute.

    Someone who guesses is stopped by the limit for one address, or, where they have many, by the
    one for all: behind a proxy all have the same, and then the first is for all too.
    """

    MOST_OF_ONE: Final = 5
    MOST_OF_ALL: Final = 60
    WITHIN_S: Final = 60.0

    def __init__(self) -> None:
        self._latest: deque[tuple[float, str]] = deque(maxlen=self.MOST_OF_ALL)

    def add(self, peer: str, now: float) -> None:
        """Count a failure of who connected from the address `peer`."""
        self._latest.append((now, peer))

    def are_too_many(self, peer: str, now: float) -> bool:
        """Whether no password of theirs is looked at, be it right or wrong."""
        recent = [who for at, who in self._latest if now - at < self.WITHIN_S]
        return len(recent) >= self.MOST_OF_ALL or recent.count(peer) >= self.MOST_OF_ONE
