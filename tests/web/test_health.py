"""`/health`, over real HTTP."""

import httpx2

from config import VERSION
from tests.guide_server import GuideServer
from tests.relay_client import relay_session
from tests.serving import serve_frontdesk
from tests.webhooks import calls_become


async def test_health_reports_version_and_guide(http: httpx2.AsyncClient) -> None:
    """Also whether it is the demo guide."""
    async with serve_frontdesk() as address:
        assert (await http.get(f"{address}/health")).json() == {
            "status": "ok",
            "version": VERSION,
            "calls": 0,
            "demo_guide": True,
            "guide_transport": "libcurl",
        }
    async with serve_frontdesk(guide_base_url="http://127.0.0.1:1/v1") as address:
        assert (await http.get(f"{address}/health")).json()["demo_guide"] is False


async def test_health_counts_the_calls_in_progress(
    http: httpx2.AsyncClient, guide: GuideServer
) -> None:
    """The count rises with a setup and falls when the call ends."""
    async with serve_frontdesk(guide_base_url=guide.base_url) as address:
        async with relay_session(address, "CA1") as one:
            await one.ask("What do you sell?")
            await calls_become(http, address, 1)
            async with relay_session(address, "CA2") as other:
                await other.ask("What do you sell?")
                await calls_become(http, address, 2)
            await calls_become(http, address, 1)
            await one.ask("And what else do you sell?")
        await calls_become(http, address, 0)
