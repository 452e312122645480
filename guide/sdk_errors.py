"""What an exception of the `openai` SDK, or of the HTTP client below it, means to the owner."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

import httpx2
import openai

from guide.errors import Trouble, bad_status, causes, unforeseen

if TYPE_CHECKING:
    from guide.answer import GuideError

_TROUBLES: Final[tuple[tuple[tuple[type[Exception], ...], Trouble], ...]] = (
    # The first row with the type of the exception, or of one that caused it.
    ((ssl.SSLError,), Trouble.TLS),
    ((httpx2.InvalidURL, httpx2.UnsupportedProtocol), Trouble.ADDRESS),
    ((httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError), Trouble.UNREACHABLE),
    ((httpx2.TimeoutException, openai.APITimeoutError, TimeoutError), Trouble.SLOW),
    ((httpx2.RequestError, openai.APIConnectionError, OSError), Trouble.BROKEN),
)


def explain(error: Exception) -> GuideError:
    """Only the error's type and status are used, never its message, which may quote anything."""
    if isinstance(error, openai.APIStatusError):
        told = bad_status(error.status_code)
    else:
        chain = list(causes(error))
        for kinds, trouble in _TROUBLES:
            if any(isinstance(cause, kinds) for cause in chain):
                told = trouble.as_error()
                break
        else:
            told = unforeseen(type(error).__name__)
    told.__cause__ = error
    return told
