"""Sends requests to the app: on this machine, or through its public address."""

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
    """Where to send requests, which address to sign them for, and how to explain errors."""

    address: str
    known_as: str
    auth_token: str
    explain: Callable[[BaseException], CheckError]

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn a network error into a finding with advice."""
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
        """Send a request, without following redirects: a signature holds for one URL only."""
        with self.explained():
            async with http_client(self.address, LIMIT_S) as client:
                return await client.request(method, path, data=form, headers=headers)

    async def dial(self, headers: Mapping[str, str]) -> ClientConnection:
        """Open the relay's socket. Raises `InvalidStatus` if it is refused."""
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
        """Skip a check that is pointless without a token."""
        if not self.auth_token:
            raise skipped("needs TWILIO_AUTH_TOKEN")

    def signature(self, url: str, form: Mapping[str, str] | None = None) -> dict[str, str]:
        """The header that Twilio signs a request with; empty without a token."""
        if not self.auth_token:
            return {}
        return {"X-Twilio-Signature": relay.sign(self.auth_token, url, form)}


def local_client(settings: Settings) -> AppClient:
    """A client that reaches the app on this machine but signs as Twilio would."""
    address = local_address(settings)
    return AppClient(address, settings.public_url or address, settings.auth_token, broken)


def local_address(settings: Settings) -> str:
    """The app's address on this machine; IPv4 unless HOST is an IPv6 address."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}  # noqa: S104
    return f"http://{bracketed(everywhere.get(settings.host, settings.host))}:{settings.port}"
