"""Which transport carries the requests to a guide: libcurl for its speed, or the SDK for its reach.

libcurl costs a fraction of the SDK for each token (`bench/README.md`). But pycurl has no wheel for
musl (Alpine), and Windows' event loop cannot watch libcurl's sockets. There the SDK does the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from guide.transport import Transport


class Choice(NamedTuple):
    """A transport, and why it is not the first choice, if it is not."""

    name: str
    make: Callable[[str, str], Transport]
    """Makes one for a guide's address and key, inside the event loop."""
    why_not_libcurl: str | None = None


def choose() -> Choice:
    """The best that the running event loop can drive."""
    return _best if _can_run() else _sdk("the event loop cannot watch its sockets")


def _import_best() -> tuple[Choice, Callable[[], bool]]:
    """The best that is installed, and what tells whether the running event loop can drive it.

    It is imported at the start, and not amid a call; the other is not imported at all.
    """
    try:
        from guide import libcurl  # noqa: PLC0415 - it may be missing
    except ImportError as error:
        return _sdk(str(error)), lambda: True
    return Choice(libcurl.Libcurl.name, libcurl.Libcurl), libcurl.can_run


def _sdk(why: str) -> Choice:
    from guide.sdk import Sdk  # noqa: PLC0415 - 22 MB that are mostly not needed

    return Choice(Sdk.name, Sdk, why)


_best, _can_run = _import_best()
