"""What all requests to one app share."""

from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from config import Settings
from guide.transport import Choice, choose
from guide_client import GuideClient
from trust import addresses
from trust.tokens import CallTokens
from trust.visitors import Visitors

if TYPE_CHECKING:
    from calls.live_call import LiveCall


class AppState:
    """The settings, the tokens, the visitors, the calls in progress and the guide's client."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tokens = CallTokens(settings.auth_token, settings.call_token_ttl_s)
        self.visitors = Visitors(settings.auth_token, settings.password, self.origin)
        self.live_calls: list[LiveCall] = []
        self._guide: GuideClient | None = None

    @property
    def has_demo_guide(self) -> bool:
        """Whether the embedded demo guide answers the callers."""
        return self.settings.guide_base_url is None

    @cached_property
    def transport(self) -> Choice:
        """What carries requests to the guide."""
        return choose()

    def guide(self, connection: HTTPConnection) -> GuideClient:
        """The guide's client, shared by all calls.

        It is made for the first call, because the demo guide's address is the one that call came
        in on.
        """
        if self._guide is None:
            options = self.settings.guide_options(f"{self._own_address(connection)}/demo/v1")
            self._guide = GuideClient(options, self.transport)
        return self._guide

    def _own_address(self, connection: HTTPConnection) -> str:
        """The URL at which this app can reach itself."""
        host, port = connection.scope.get("server") or (self.settings.host, self.settings.port)
        if not addresses.is_loopback(host):
            host = "::1" if ":" in host else "127.0.0.1"
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def aclose(self) -> None:
        """Close the connections to the guide, if there are any."""
        if self._guide is not None:
            await self._guide.aclose()

    def origin(self, connection: HTTPConnection) -> str:
        """The origin under which the sender of a request knows us. Raises `ValueError`."""
        scheme = connection.scope["scheme"]
        return addresses.public_origin(self.settings.public_url or "", scheme, connection.headers)


def _state_of(connection: HTTPConnection) -> AppState:
    state: AppState = connection.app.state.shared
    return state


SharedState = Annotated[AppState, Depends(_state_of)]
"""The state of the app that a request came to, for its route."""
