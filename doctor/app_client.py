"""A way to the app: on this machine, or from outside."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
from websockets.asyncio.client import ClientConnection, connect

import relay_protocol as relay
from config import Settings
from doctor.network import (
    NETWORK_ERRORS,
    bracketed,
    broken,
    certificates,
    http_client,
    may_use_proxy,
)
from doctor.report import LIMIT_S, CheckError, skipped


@dataclass(frozen=True, slots=True)
class AppClient:
    """Where requests go, the address that Twilio would sign them for, and what errors mean."""

    address: str
    known_as: str
    auth_token: str
    explain: Callable[[BaseException], CheckError]

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn an error of the network into what it means here, and what to do."""
        try:
            yield
        except NETWORK_ERRORS as error:
            raise self.explain(error) from None

    async def request(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Send a request. No redirect is followed: a signature would not survive it."""
        with self.explained():
            async with http_client(self.address, LIMIT_S) as client:
                return await client.request(method, path, data=form, headers=headers)

    async def dial(self, headers: Mapping[str, str]) -> ClientConnection:
        """Open the relay's socket. Raises `InvalidStatus` where it is refused."""
        address = f"ws{self.address.removeprefix('http')}/ws"
        return await connect(
            address,
            ssl=certificates() if address.startswith("wss:") else None,
            proxy=True if may_use_proxy(self.address) else None,
            additional_headers=headers,
            open_timeout=LIMIT_S,
            close_timeout=1,
        )

    def check_can_sign(self) -> None:
        """Skip a check that means nothing without a token."""
        if not self.auth_token:
            raise skipped("it takes a TWILIO_AUTH_TOKEN to sign with")

    def signature(self, url: str, form: Mapping[str, str] | None = None) -> dict[str, str]:
        """The header that shows a request to be Twilio's, if there is a token to sign with."""
        if not self.auth_token:
            return {}
        return {"X-Twilio-Signature": relay.sign(self.auth_token, url, form)}


def local_client(settings: Settings) -> AppClient:
    """The way to the app on this machine, as if Twilio came through it."""
    address = local_address(settings)
    return AppClient(address, settings.public_url or address, settings.auth_token, broken)


def local_address(settings: Settings) -> str:
    """Where this machine finds the app. It listens on IPv4 unless HOST is an IPv6 address."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}  # noqa: S104
    return f"http://{bracketed(everywhere.get(settings.host, settings.host))}:{settings.port}"
