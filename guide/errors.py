"""What can go wrong with a guide, in words for the owner, the same for both transports.

Nothing here needs libcurl or the SDK. `libcurl_errors` and `sdk_errors` say which of their errors
means what.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECK_GUIDE: Final = "Check the guide's own log, and GUIDE_MODEL."
CHECK_ADDRESS: Final = "Check GUIDE_BASE_URL: it usually ends in /v1."


class GuideError(Exception):
    """The guide gave no reply, or only part of one.

    `reason` completes the sentence "The guide …" and is safe to log: no key, nothing of the answer,
    no words of the conversation. `advice` tells the owner which setting to check.
    """

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(f"The guide {reason}. {advice}")
        self.reason = reason
        self.advice = advice


class Trouble(Enum):
    """Why a request failed without an HTTP answer: the reason, and the advice."""

    TLS = (
        "cannot be reached over TLS",
        "Check the scheme and hostname in GUIDE_BASE_URL. For a private certificate authority, set "
        "SSL_CERT_FILE.",
    )
    ADDRESS = (
        "has an invalid address",
        "GUIDE_BASE_URL must be a URL that starts with http:// or https://.",
    )
    UNREACHABLE = (
        "cannot be reached",
        "Check that it is running and that GUIDE_BASE_URL is its address.",
    )
    SLOW = (
        "took too long",
        "Check that it is not overloaded and that GUIDE_BASE_URL is its address.",
    )
    BROKEN = (
        "dropped the connection",
        "Check the guide's own log, and GUIDE_BASE_URL.",
    )

    def as_error(self) -> GuideError:
        """The `GuideError` with this reason and advice."""
        return GuideError(*self.value)


_STATUSES: Final = {
    401: ("rejected the API key", "Check GUIDE_API_KEY."),
    403: ("rejected the API key", "Check GUIDE_API_KEY, and that it may use GUIDE_MODEL."),
    404: ("found no such URL or model", "Check GUIDE_BASE_URL and GUIDE_MODEL."),
    429: (
        "reached a rate limit or quota",
        "Wait, or raise the limits of the account that GUIDE_API_KEY belongs to.",
    ),
}


def bad_status(status: int) -> GuideError:
    """What an HTTP status other than 200 means."""
    if status >= 500:
        reason, advice = "failed", CHECK_GUIDE
    else:
        reason, advice = _STATUSES.get(
            status, ("rejected the request", "Check GUIDE_BASE_URL and GUIDE_MODEL.")
        )
    return GuideError(f"{reason} (HTTP {status})", advice)


def unexpected(name: str) -> GuideError:
    """An error without a reason of its own, known by its name alone.

    The message is left out, because it may quote the key or the conversation.
    """
    return GuideError(
        f"failed unexpectedly ({name})",
        "Check GUIDE_BASE_URL, GUIDE_API_KEY and GUIDE_MODEL.",
    )


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, its cause, the cause of that, and so on."""
    while error is not None:
        yield error
        # A connection pool raises `from None`, which leaves only the context.
        error = error.__cause__ or error.__context__
