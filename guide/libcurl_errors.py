"""What an error of libcurl means to the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pycurl

from guide.errors import Trouble, unexpected

if TYPE_CHECKING:
    from guide.errors import GuideError

_TROUBLES: Final = {
    pycurl.E_SSL_CONNECT_ERROR: Trouble.TLS,
    pycurl.E_PEER_FAILED_VERIFICATION: Trouble.TLS,
    pycurl.E_SSL_CACERT_BADFILE: Trouble.TLS,
    pycurl.E_SSL_CERTPROBLEM: Trouble.TLS,
    pycurl.E_SSL_CIPHER: Trouble.TLS,
    pycurl.E_SSL_INVALIDCERTSTATUS: Trouble.TLS,
    pycurl.E_SSL_ISSUER_ERROR: Trouble.TLS,
    pycurl.E_URL_MALFORMAT: Trouble.ADDRESS,
    pycurl.E_UNSUPPORTED_PROTOCOL: Trouble.ADDRESS,
    pycurl.E_COULDNT_RESOLVE_HOST: Trouble.UNREACHABLE,
    pycurl.E_COULDNT_RESOLVE_PROXY: Trouble.UNREACHABLE,
    pycurl.E_COULDNT_CONNECT: Trouble.UNREACHABLE,
    # Only the attempt to connect has a timeout.
    pycurl.E_OPERATION_TIMEDOUT: Trouble.UNREACHABLE,
    pycurl.E_GOT_NOTHING: Trouble.BROKEN,
    pycurl.E_PARTIAL_FILE: Trouble.BROKEN,
    pycurl.E_RECV_ERROR: Trouble.BROKEN,
    pycurl.E_SEND_ERROR: Trouble.BROKEN,
    pycurl.E_TOO_MANY_REDIRECTS: Trouble.BROKEN,
    pycurl.E_FTP_WEIRD_SERVER_REPLY: Trouble.BROKEN,  # despite its name, also of HTTP
}


def explain(error: Exception) -> GuideError:
    """The `GuideError` for an error of libcurl, or of making a request for it.

    Without libcurl's message, which may quote the address.
    """
    if isinstance(error, pycurl.error):
        code = int(error.args[0])
        trouble = _TROUBLES.get(code)
        explained = trouble.as_error() if trouble else unexpected(f"libcurl error {code}")
    else:
        explained = unexpected(type(error).__name__)
    explained.__cause__ = error
    return explained
