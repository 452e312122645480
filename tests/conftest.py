"""What all tests share: no setting of their machine reaches them, a client and a scripted guide."""

import os
from collections.abc import AsyncIterator, Generator

import httpx2
import pytest
from hypothesis import settings

from config import Settings
from settings.names import unknown_in_environment
from tests.guide_server import GuideServer
from tests.relay_client import PATIENCE_S

settings.register_profile("frontdesk", deadline=None, print_blob=True)
settings.load_profile("frontdesk")


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """How many tests run at once: two for each core, for those of calls mostly wait."""
    return 2 * (yield)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = {field.upper() for field in Settings.model_fields}
    for name in list(os.environ):
        if name.upper() in names or any(unknown_in_environment([name], names)):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path_factory.getbasetemp())  # where there is no .env


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client that takes no settings from the environment."""
    async with httpx2.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
async def guide() -> AsyncIterator[GuideServer]:
    """A scripted guide."""
    async with GuideServer() as server:
        yield server
