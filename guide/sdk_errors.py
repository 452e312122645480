"""What an exception of the `openai` SDK, or of its HTTP client, means to the owner."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

import httpx2
import openai

from guide.errors import Trouble, bad_status, causes, unexpected

if TYPE_CHECKING:
    from guide.errors import GuideError

_TROUBLES: Final[tuple[tuple[tuple[type[Exception], ...], Trouble], ...]] = (
    # The first row that matches the exception, or one that caused it, decides.
    ((ssl.SSLError,), Trouble.TLS),
    ((httpx2.InvalidURL, httpx2.UnsupportedProtocol), Trouble.ADDRESS),
    ((httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError), Trouble.UNREACHABLE),
    ((httpx2.TimeoutException, openai.APITimeoutError, TimeoutError), Trouble.SLOW),
    ((httpx2.RequestError, openai.APIConnectionError, OSError), Trouble.BROKEN),
)


def explain(error: Exception) -> GuideError:
    """The `GuideError` for an exception, from its type and status.

    Without its message, which may quote anything.
    """
    if isinstance(error, openai.APIStatusError):
        explained = bad_status(error.status_code)
    else:
        chain = list(causes(error))
        for kinds, trouble in _TROUBLES:
            if any(isinstance(cause, kinds) for cause in chain):
                explained = trouble.as_error()
                break
        else:
            explained = unexpected(type(error).__name__)
    explained.__cause__ = error
    return explained
