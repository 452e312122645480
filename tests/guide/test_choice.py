"""Which transport is chosen where, and what is loaded for it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

import httpx2
import pytest
from structlog.testing import capture_logs

import app
from guide.options import GuideOptions
from guide.transport import choose
from guide_client import GuideClient
from tests import transports
from tests.guide_server import GuideServer
from tests.serving import serve_frontdesk
from turn.history import Message

ROOT: Final = Path(app.__file__).parent

LIBRARIES: Final = {
    "annotated_doc",
    "annotated_types",
    "anyio",
    "certifi",
    "click",
    "dotenv",
    "fastapi",
    "msgspec",
    "opentelemetry",
    "pycurl",
    "pydantic",
    "pydantic_core",
    "pydantic_settings",
    "rapidfuzz",
    "sniffio",
    "starlette",
    "structlog",
    "twilio",
    "typing_extensions",
    "typing_inspection",
    "uvicorn",
    "websockets",
}
"""All third-party libraries that `import app` loads, directly or not. Each costs every process
memory and startup time, so adding one here is a decision."""

LOADED: Final = """
import app, asyncio, json, sys, sysconfig
from pathlib import Path

from guide import transport

paths = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
files = {name: getattr(module, "__file__", None) for name, module in [*sys.modules.items()]}
libraries = {
    name.partition(".")[0] for name, file in files.items()
    if file and paths & {*Path(file).parents}
}

async def choose():
    return transport.choose()

chosen = asyncio.run(choose())
print(json.dumps({
    "libraries": sorted(libraries), "chosen": chosen.name, "why": chosen.why_not_libcurl
}))
"""


def loaded(before: str = "") -> dict[str, Any]:
    """The libraries that a new process loads for the app, and the transport it chooses."""
    run = subprocess.run(
        [sys.executable, "-c", before + LOADED], cwd=ROOT, check=True, capture_output=True
    )
    told: dict[str, Any] = json.loads(run.stdout)
    return told


def test_app_loads_no_library_that_it_does_not_use() -> None:
    """With libcurl, neither the SDK nor its HTTP client is loaded."""
    told = loaded()
    assert set(told["libraries"]) - {"_distutils_hack"} == LIBRARIES
    assert (told["chosen"], told["why"]) == ("libcurl", None)


def test_app_without_pycurl_loads_the_sdk_at_its_start() -> None:
    """The SDK is imported at startup, not during the first call, and the reason is given."""
    told = loaded("import sys; sys.modules['pycurl'] = None\n")
    assert {"openai", "httpx2"} <= set(told["libraries"])
    assert told["chosen"] == "openai"
    assert "pycurl" in told["why"]


class BlindLoop(asyncio.SelectorEventLoop):
    """An event loop that cannot watch sockets, like the default one on Windows."""

    def add_reader(self, fd: object, callback: object, *args: object) -> NoReturn:
        raise NotImplementedError


class OtherSelector:
    """A selector without a file descriptor, like the only one on Windows."""

    def __enter__(self) -> OtherSelector:
        return self

    def __exit__(self, *_: object) -> None:
        pass


async def chosen_and_said() -> tuple[str, str | None, str]:
    """The transport chosen here, and a reply that arrives over it."""
    chosen = choose()
    async with GuideServer() as server:
        client = GuideClient(GuideOptions(server.base_url, "key", "guide"))
        said: list[str] = []
        over = asyncio.Event()
        client.ask([Message("user", "hi")], said.append, lambda _: over.set())
        async with asyncio.timeout(10):
            await over.wait()
        await client.aclose()
    return chosen.name, chosen.why_not_libcurl, "".join(said)


@pytest.mark.parametrize(
    ("loop_factory", "name"), [(BlindLoop, "openai"), (asyncio.SelectorEventLoop, "libcurl")]
)
def test_event_loop_decides_on_the_transport(
    loop_factory: type[asyncio.AbstractEventLoop], name: str
) -> None:
    """If libcurl's sockets cannot be watched, the SDK is used, and replies still arrive."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        chosen, why, said = runner.run(chosen_and_said())
    assert (chosen, said) == (name, "Hello there.")
    assert why == (None if name == "libcurl" else "the event loop cannot watch its sockets")


async def test_selector_that_cannot_be_watched_is_no_way_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On Windows, no event loop can watch a selector."""
    monkeypatch.setattr("guide.libcurl.DefaultSelector", OtherSelector)
    assert choose().name == "openai"


@pytest.mark.parametrize("name", transports.CHOICES)
async def test_health_and_log_tell_of_the_transport(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The log says why, if it is not the fast one."""
    transports.choose(name, monkeypatch)
    with capture_logs() as logs:
        async with serve_frontdesk() as address, httpx2.AsyncClient() as client:
            health = (await client.get(f"{address}/health")).json()
    assert health["guide_transport"] == name
    (told,) = [log for log in logs if log["event"] == "guide transport chosen"]
    assert (told["transport"], "why_not_libcurl" in told) == (name, name != "libcurl")
