"""What carries requests to a guide, as `guide_client` knows it.

Transport    asks one guide, over connections that are kept and used again
Exchange     one request, and its answer as it comes
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from guide.answer import GuideError


class Exchange(Protocol):
    """A request that is under way, and what has come of its answer."""

    flows: bool
    """Whether what comes next is not awaited any more, so that it may wait a moment. To be set by
    who receives it."""

    @property
    def status(self) -> int:
        """The HTTP status of the answer, 0 if there is none."""

    @property
    def content_type(self) -> str:
        """The content type of the answer, empty if it has none."""

    def stop(self) -> None:
        """Break it off and close its connection. One that has ended is left as it is."""


class Transport(Protocol):
    """Asks one guide. Make it inside the event loop, and `aclose` it at the end."""

    def warm(self) -> None:
        """Open a connection for the first request. It does not matter whether that succeeds."""

    def post(
        self,
        path: str,
        body: bytes,
        receive: Callable[[bytes], None],
        end: Callable[[GuideError | None], None],
    ) -> Exchange:
        """Post JSON to a path below the guide's address.

        `receive` is given the answer's body in pieces, as they come, none empty, and after the last
        of them `end` is called once, with what went wrong, if something did. Neither is called
        before this returns, nor after `stop`. They must not raise. Raises `GuideError` where no
        such request can be made.
        """

    async def aclose(self) -> None:
        """Close every connection. What is under way ends without a word. To close twice is no
        error."""


# ---------------------------------------------------------------- which of them


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
