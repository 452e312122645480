"""What carries requests to a guide, as `guide_client` knows it, and the choice between the two.

Transport    asks one guide, over connections that are kept and reused
Exchange     one request and its answer
choose       libcurl where it can run, otherwise the `openai` SDK
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from guide.errors import GuideError


class Exchange(Protocol):
    """A request in progress, and what has arrived of its answer."""

    @property
    def status(self) -> int:
        """The HTTP status of the answer, 0 if there is none."""

    @property
    def content_type(self) -> str:
        """The content type of the answer, empty if it has none."""

    def stop(self) -> None:
        """Abort the request and close its connection. Does nothing once it has ended."""


class Transport(Protocol):
    """Asks one guide. Make it inside the event loop, and `aclose` it at the end."""

    def warm(self) -> None:
        """Open a connection for the first request. Errors are ignored."""

    def post(
        self,
        path: str,
        body: bytes,
        receive: Callable[[bytes], bool],
        end: Callable[[GuideError | None], None],
    ) -> Exchange:
        """Post JSON to a path below the guide's address.

        `receive` is called with each piece of the answer's body as it arrives, none empty. It
        returns whether words of the reply have gone out by now, after which a few milliseconds
        more make no difference. `end` is called once, after the last piece, with what went wrong,
        if anything did. Neither is called before this returns, nor after `stop`. They must not
        raise. Raises `GuideError` if the request cannot be made.
        """

    async def aclose(self) -> None:
        """Close every connection; requests in progress end without `end`. May be called twice."""


# ---------------------------------------------------------------- the choice


class Choice(NamedTuple):
    """A transport, and why it is not libcurl, if it is not."""

    name: str
    make: Callable[[str, str], Transport]
    """Makes the transport, from the guide's address and key. Call it inside the event loop."""
    why_not_libcurl: str | None = None


def choose() -> Choice:
    """The best transport that the running event loop can drive."""
    return _best if _can_run() else _sdk("the event loop cannot watch its sockets")


def _import_best() -> tuple[Choice, Callable[[], bool]]:
    """The best transport installed, and a check whether the running event loop can drive it.

    Called on import, so that no call waits for it. The other transport is not imported at all.
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
