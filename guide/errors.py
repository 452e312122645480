"""What can go wrong with a guide, in words for the owner, whoever carries the request.

Nothing here needs the libraries whose errors these are: what an error of theirs means is said
beside the code that uses them.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from guide.answer import CHECK_GUIDE, GuideError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Trouble(Enum):
    """A way in which a request fails: the reason, and what the owner can do."""

    TLS = (
        "cannot be reached safely (TLS)",
        "Check GUIDE_BASE_URL (https or http, and the host's name), or name the certificate's "
        "authority with SSL_CERT_FILE.",
    )
    ADDRESS = (
        "has an invalid address",
        "Check GUIDE_BASE_URL: it starts with http:// or https://.",
    )
    UNREACHABLE = (
        "cannot be reached",
        "Check that it is running, and that GUIDE_BASE_URL is its address.",
    )
    SLOW = (
        "took too long",
        "Check that it is not overloaded, and that GUIDE_BASE_URL is its address.",
    )
    BROKEN = (
        "broke the connection",
        "Look at the guide's own log, and check GUIDE_BASE_URL.",
    )

    def as_error(self) -> GuideError:
        """The error that tells of it."""
        return GuideError(*self.value)


_STATUSES: Final = {
    401: ("refused the key", "Check GUIDE_API_KEY."),
    403: ("refused the key", "Check GUIDE_API_KEY, and that it may use GUIDE_MODEL."),
    404: ("knows no such address or model", "Check GUIDE_BASE_URL and GUIDE_MODEL."),
    429: ("is over its limit", "Wait, or raise the limits of the account behind GUIDE_API_KEY."),
}


def bad_status(status: int) -> GuideError:
    """What an HTTP status other than 200 means."""
    if status >= 500:
        reason, advice = "failed", CHECK_GUIDE
    else:
        reason, advice = _STATUSES.get(
            status, ("refused the request", "Check GUIDE_BASE_URL and GUIDE_MODEL.")
        )
    return GuideError(f"{reason} (HTTP {status})", advice)


def unforeseen(name: str) -> GuideError:
    """What an error means that has no reason of its own, by its name.

    Never by its message, which may quote the key or the conversation.
    """
    return GuideError(
        f"could not be asked for an unforeseen reason ({name})",
        "Check GUIDE_BASE_URL, GUIDE_API_KEY and GUIDE_MODEL.",
    )


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what caused it, and so on."""
    while error is not None:
        yield error
        # A connection pool raises `from None`, which leaves only the context.
        error = error.__cause__ or error.__context__
