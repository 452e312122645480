"""Who may open the browser phone and place calls with it.

Without an auth token, the app serves only this machine, and so does the page. With one, a visitor
signs in with the owner's password and gets a cookie. To place a call, the request must also come
from our own page, as its `Origin` shows, because another site could make a browser send the cookie.
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
"""A working day."""

_SUBJECT: Final = "visitor"


class Refusal(Enum):
    """Why a sign-in was refused. The value is the message for the visitor."""

    WRONG = "Wrong password."
    TOO_MANY = "Too many wrong passwords. Try again in a minute."


class Visitors:
    """People who open the app in a browser."""

    def __init__(
        self, auth_token: str, password: str, origin: Callable[[HTTPConnection], str]
    ) -> None:
        """`origin` gives the origin under which the sender of a request knows us."""
        self.must_sign_in = bool(auth_token)
        self.are_expected = bool(password) or not self.must_sign_in
        self._password = password.encode()
        self._tokens = tokens.sign_in_tokens(auth_token, password, SIGNED_IN_S)
        self._origin = origin
        self._failures = Failures()

    def may_see(self, visitor: HTTPConnection, now: float) -> bool:
        """Whether they may open the page. `now` is seconds since the epoch."""
        return not self.must_sign_in or self.is_signed_in(visitor, now)

    def may_call(self, visitor: HTTPConnection, now: float) -> bool:
        """Whether a request comes from our page, opened by a visitor who has signed in."""
        return self.is_signed_in(visitor, now) and self._is_from_our_page(visitor)

    def is_signed_in(self, visitor: HTTPConnection, now: float) -> bool:
        """Whether they gave the password within the last `SIGNED_IN_S`."""
        token = visitor.cookies.get(COOKIE, "")
        return bool(self._password) and self._tokens.check(token, _SUBJECT, now) is None

    def _is_from_our_page(self, visitor: HTTPConnection) -> bool:
        origins = visitor.headers.getlist("origin")
        return len(origins) == 1 and addresses.is_same_origin(origins[0], self._own_origin(visitor))

    def _own_origin(self, visitor: HTTPConnection) -> str:
        try:
            return self._origin(visitor)
        except ValueError:  # no page can have such an origin
            return ""

    # --- signing in and out ---------------------------------------------------------------

    def check_password(self, given: str, peer: str, now: float) -> Refusal | None:
        """Check a password given from the address `peer`; returns why it is refused, or None."""
        if self._failures.are_too_many(peer, now):
            return Refusal.TOO_MANY
        if hmac.compare_digest(given.encode(), self._password):
            return None
        self._failures.add(peer, now)
        return Refusal.WRONG

    def sign_in(self, visitor: HTTPConnection, response: Response, now: float) -> None:
        """Set the sign-in cookie on a response."""
        response.set_cookie(
            COOKIE,
            self._tokens.mint(_SUBJECT, now, secrets.token_hex(8)),
            max_age=SIGNED_IN_S,
            secure=not self._own_origin(visitor).startswith("http:"),
            httponly=True,
            samesite="strict",
        )

    def sign_out(self, response: Response) -> None:
        """Delete the sign-in cookie with a response."""
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")


class Failures:
    """Wrong passwords of the last minute.

    The limit per address stops someone who guesses; the limit for all stops someone with many
    addresses. Behind a proxy everyone has the same address, so the first limit applies to all.
    """

    MAX_PER_ADDRESS: Final = 5
    MAX_IN_ALL: Final = 60
    WINDOW_S: Final = 60.0

    def __init__(self) -> None:
        self._latest: deque[tuple[float, str]] = deque(maxlen=self.MAX_IN_ALL)

    def add(self, peer: str, now: float) -> None:
        """Count a wrong password given from the address `peer`."""
        self._latest.append((now, peer))

    def are_too_many(self, peer: str, now: float) -> bool:
        """Whether passwords from the address `peer` are refused unseen."""
        recent = [who for at, who in self._latest if now - at < self.WINDOW_S]
        return len(recent) >= self.MAX_IN_ALL or recent.count(peer) >= self.MAX_PER_ADDRESS
