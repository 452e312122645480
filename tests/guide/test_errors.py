"""What a library's error means to the owner: the same for both transports."""

from __future__ import annotations

import ssl

import httpx2
import openai
import pycurl
import pytest

from guide import libcurl_errors, sdk_errors
from guide.errors import Trouble

REQUEST = httpx2.Request("POST", "http://127.0.0.1/")


def all_subclasses(kind: type[Exception]) -> set[type[Exception]]:
    return {kind}.union(*map(all_subclasses, kind.__subclasses__()))


@pytest.mark.parametrize("kind", sorted(all_subclasses(httpx2.RequestError), key=str))
def test_each_transport_error_of_the_sdk_has_a_reason(kind: type[httpx2.RequestError]) -> None:
    """No transport error is unexpected, bare or wrapped by the SDK."""
    bare = kind("secret")
    wrapped = openai.APIConnectionError(message="secret", request=REQUEST)
    wrapped.__cause__ = bare
    assert sdk_errors.explain(bare).reason == sdk_errors.explain(wrapped).reason
    assert "unexpectedly" not in sdk_errors.explain(bare).reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (openai.APITimeoutError(REQUEST), "took too long"),
        (TimeoutError("secret"), "took too long"),
        (httpx2.ReadTimeout("secret"), "took too long"),
        (httpx2.ConnectTimeout("secret"), "cannot be reached"),
        (httpx2.InvalidURL("secret"), "has an invalid address"),
        (ssl.SSLError("secret"), "cannot be reached over TLS"),
        (ConnectionResetError("secret"), "dropped the connection"),
        (KeyError("secret"), "failed unexpectedly (KeyError)"),
    ],
)
def test_error_of_the_sdk_is_explained_by_its_type(error: Exception, reason: str) -> None:
    """The type says what happened; the message, which may quote anything, is left out."""
    told = sdk_errors.explain(error)
    assert told.reason == reason
    assert told.__cause__ is error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (pycurl.error(pycurl.E_GOT_NOTHING, "secret"), "dropped the connection"),
        (pycurl.error(pycurl.E_RECV_ERROR, "secret"), "dropped the connection"),
        (pycurl.error(pycurl.E_OPERATION_TIMEDOUT, "secret"), "cannot be reached"),
        (pycurl.error(pycurl.E_COULDNT_RESOLVE_HOST, "secret"), "cannot be reached"),
        (pycurl.error(pycurl.E_URL_MALFORMAT, "secret"), "has an invalid address"),
        (pycurl.error(pycurl.E_SSL_CACERT_BADFILE, "secret"), "cannot be reached over TLS"),
        (
            pycurl.error(pycurl.E_OUT_OF_MEMORY, "secret"),
            "failed unexpectedly (libcurl error 27)",
        ),
        (ValueError("secret"), "failed unexpectedly (ValueError)"),
    ],
)
def test_error_of_libcurl_is_explained_by_its_code(error: Exception, reason: str) -> None:
    """As with the SDK, nothing of the message is used."""
    told = libcurl_errors.explain(error)
    assert told.reason == reason
    assert told.__cause__ is error


SAME_TROUBLE = [
    (Trouble.TLS, pycurl.E_PEER_FAILED_VERIFICATION, ssl.SSLCertVerificationError("secret")),
    (Trouble.ADDRESS, pycurl.E_UNSUPPORTED_PROTOCOL, httpx2.UnsupportedProtocol("secret")),
    (Trouble.UNREACHABLE, pycurl.E_COULDNT_CONNECT, httpx2.ConnectError("secret")),
    (Trouble.UNREACHABLE, pycurl.E_OPERATION_TIMEDOUT, httpx2.ConnectTimeout("secret")),
    (Trouble.UNREACHABLE, pycurl.E_COULDNT_RESOLVE_PROXY, httpx2.ProxyError("secret")),
    (Trouble.BROKEN, pycurl.E_RECV_ERROR, httpx2.ReadError("secret")),
    (Trouble.BROKEN, pycurl.E_SEND_ERROR, httpx2.WriteError("secret")),
    (Trouble.BROKEN, pycurl.E_GOT_NOTHING, httpx2.RemoteProtocolError("secret")),
    (Trouble.BROKEN, pycurl.E_TOO_MANY_REDIRECTS, httpx2.TooManyRedirects("secret")),
]


@pytest.mark.parametrize(("trouble", "code", "exception"), SAME_TROUBLE)
def test_same_trouble_has_the_same_words(trouble: Trouble, code: int, exception: Exception) -> None:
    """The owner reads the same reason and advice with either transport."""
    for told in (
        libcurl_errors.explain(pycurl.error(code, "secret")),
        sdk_errors.explain(exception),
    ):
        assert (told.reason, told.advice) == trouble.value
