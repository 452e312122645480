"""The servers under load: how each is started, on a core of its own, and what it uses."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent

SERVER_CORE: Final = 0
LOAD_CORE: Final = 1

AUTH_TOKEN: Final = "0123456789abcdef0123456789abcdef"  # noqa: S105 - not a secret
GREETING: Final = "Hello, how can I help you?"

START_S: Final = 30.0
STOP_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of server, and how to start it."""

    name: str
    command: tuple[str, ...]
    settings: Mapping[str, str]
    """Environment variables; {port} and {guide} are filled in at the start."""
    has_webhook: bool = True
    """Whether a call begins with the voice webhook, as Twilio's calls do."""


def ours(tree: Path) -> Kind:
    """Frontdesk from the checkout at `tree`, in the environment that `make install` made there."""
    return Kind(
        "ours",
        (str(tree / ".venv/bin/python"), str(tree / "app.py")),
        {
            "PORT": "{port}",
            "GUIDE_BASE_URL": "{guide}",
            "GUIDE_API_KEY": "none-is-needed",
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "WELCOME_GREETING": GREETING,
            "LOG_LEVEL": "warning",
        },
    )


PEER: Final = Kind(
    "TAC",
    (sys.executable, "-m", "bench.peer_tac"),
    {
        "TWILIO_SERVER_HOST": "127.0.0.1",
        "TWILIO_SERVER_PORT": "{port}",
        "TWILIO_VOICE_PUBLIC_DOMAIN": "127.0.0.1:{port}",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_API_KEY": "SK" + "0" * 32,
        "TWILIO_API_SECRET": "none-is-needed",
        "TWILIO_PHONE_NUMBER": "+15550100",
        "TWILIO_LOG_LEVEL": "WARNING",
        "TAC_ANALYTICS_DISABLED": "true",
        "OPENAI_BASE_URL": "{guide}",
        "OPENAI_API_KEY": "none-is-needed",
    },
)

FLOOR: Final = Kind(
    "floor",
    (sys.executable, "-m", "bench.floor"),
    {"PORT": "{port}", "GUIDE_BASE_URL": "{guide}"},
    has_webhook=False,
)


class ServerError(Exception):
    """A server did not start, refused calls, or died."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    kind: Kind
    port: int
    process: subprocess.Popen[bytes]

    def cpu_s(self) -> float:
        """The CPU time that it and its children have used, in seconds."""
        return sum(_cpu_s(pid) for pid in self._family())

    def memory_bytes(self) -> int:
        """Its proportional share of memory (PSS), including its children's."""
        return sum(_pss_bytes(pid) for pid in self._family())

    def _family(self) -> list[int]:
        """Its process ids. Raises `ServerError` if it has died."""
        if self.process.poll() is not None:
            raise ServerError(f"{self.kind.name} ended with status {self.process.returncode}")
        parents = dict(_parents())
        family = [self.process.pid]
        for pid in family:  # grows during the loop
            family += [child for child, parent in parents.items() if parent == pid]
        return family


def _cpu_s(pid: int) -> float:
    """User and system time of all its threads, from `schedstat`: in nanoseconds, where `stat` has
    hundredths of a second."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e9


def _pss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ServerError("the kernel reports no PSS")


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it has just ended
            yield int(entry.name), int(stat.rpartition(")")[2].split()[1])


@contextmanager
def running(kind: Kind, guide: str) -> Iterator[Server]:
    """Start a server that asks `guide`; it is always stopped at the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {name: value.format(port=port, guide=guide) for name, value in kind.settings.items()}
    with tempfile.TemporaryDirectory() as empty:  # no .env to read settings from
        process = subprocess.Popen(  # noqa: S603 - our own commands
            kind.command,
            cwd=empty,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            os.sched_setaffinity(process.pid, {SERVER_CORE})
            yield Server(kind, port, process)
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def wait_until_up(server: Server) -> None:
    """Wait until the server accepts connections. Raises `ServerError` if it does not."""
    patience = time.monotonic() + START_S
    while server.process.poll() is None and time.monotonic() < patience:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise ServerError(f"{server.kind.name} does not start")
