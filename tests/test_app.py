"""The app as a program: what it prints, logs and refuses at the start."""

import asyncio
import re
import signal
import socket
from pathlib import Path

import httpx2
import pytest

import app
from config import NO_PUBLIC_URL
from tests.places import ROOT
from tests.program import end_of, free_port, line_with, program
from tests.relay_client import PATIENCE_S, relay_session
from tests.serving import AUTH_TOKEN
from web.relay_socket import MAX_MESSAGE_BYTES


async def ask_the_hours(address: str) -> str:
    """Place a call and ask for the opening hours; returns the reply."""
    async with relay_session(address) as session:
        await session.say("What are your opening hours?")
        return await session.receive_cycle()


async def calls_held(address: str) -> int:
    """The number of calls that one of the processes reports."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        return int((await client.get(f"{address}/health")).json()["calls"])


@pytest.mark.parametrize("token", ["", AUTH_TOKEN])
async def test_program_serves_and_says_what_to_do_next(
    http: httpx2.AsyncClient, tmp_path: Path, token: str
) -> None:
    """`python app.py` prints its banner at once, into pipes too, and stops at an interrupt."""
    settings = {"PORT": str(free_port()), "TWILIO_AUTH_TOKEN": token}
    async with program(tmp_path, str(ROOT / "app.py"), **settings) as process:
        address = (await line_with(process.stdout, r"listening on (http://\S+)"))[1]
        assert address == f"http://127.0.0.1:{settings['PORT']}"
        await line_with(process.stdout, r"make call")
        assert (await http.get(f"{address}/health")).json()["demo_guide"] is True
        if not token:
            assert "trouble" not in await ask_the_hours(address)
        process.send_signal(signal.SIGINT)
        _, out, err = await end_of(process)
    assert ("only requests from this machine are accepted" in out) == (not token)
    assert "Traceback" not in err


async def test_workers_share_the_port_and_nothing_else(tmp_path: Path) -> None:
    """With `WORKERS=2`, one process has the call, and warnings are logged once for both."""
    settings = {"PORT": str(free_port()), "WORKERS": "2", "WELCOME_GREETING": "", "GUIDE_URL": ""}
    async with program(tmp_path, str(ROOT / "app.py"), **settings) as process:
        address = (await line_with(process.stdout, r"listening on (http://\S+)"))[1]
        async with asyncio.timeout(PATIENCE_S), relay_session(address) as session:
            await session.ask("What are your opening hours?")
            held: set[int] = set()
            while held != {0, 1}:  # new connections go to either of them
                held |= set(await asyncio.gather(*(calls_held(address) for _ in range(10))))
        process.send_signal(signal.SIGINT)
        _, _, err = await end_of(process)
    assert err.count("is not a setting") == 1
    assert "Traceback" not in err


async def test_program_starts_and_warns_of_settings(
    http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    """Settings that have no effect, or may not work, are logged at the start."""
    (tmp_path / ".env").write_text("GUIDE_URL=x\nhush hush\n", encoding="utf-8")
    settings = {"PORT": str(free_port()), "GUIDE_BASEURL": "x", "TWILIO_AUTH_TOKEN": AUTH_TOKEN}
    async with program(tmp_path, str(ROOT / "app.py"), **settings) as process:
        address = (await line_with(process.stdout, r"listening on (http://\S+)"))[1]
        await line_with(process.stdout, r"make doctor")
        assert (await http.get(f"{address}/health")).json()["demo_guide"] is True
        process.send_signal(signal.SIGINT)
        _, _, err = await end_of(process)
    warnings = re.findall(r'level=warning event="check the settings" why="(.*)"', err)
    assert warnings == [
        "GUIDE_BASEURL is not a setting; did you mean GUIDE_BASE_URL?",
        "GUIDE_URL is not a setting; did you mean GUIDE_BASE_URL?",
        ".env line 2 is not a setting: expected NAME=value, with every quote closed",
        NO_PUBLIC_URL,
    ]


async def test_uvicorn_serves_the_app_on_any_port(tmp_path: Path) -> None:
    """With the command in the README, on a port that the app is not told."""
    arguments = ("-m", "uvicorn", "app:app", "--port", "0", "--ws", "web.relay_socket:RelaySocket")
    async with program(tmp_path, *arguments) as process:
        address = (await line_with(process.stderr, r"running on (http://\S+)"))[1]
        reply = await ask_the_hours(address)
        async with relay_session(address) as session:
            await session.socket.send("x" * (MAX_MESSAGE_BYTES + 1))
            async with asyncio.timeout(PATIENCE_S):
                await session.socket.wait_closed()
            assert session.socket.close_code == 1009  # uvicorn's own limit is higher
    assert "open" in reply.lower()
    assert "trouble" not in reply


async def test_uvicorn_warns_of_settings_once(tmp_path: Path) -> None:
    """It asks for the app twice and gets the same one."""
    arguments = ("-m", "uvicorn", "app:app", "--port", "0")
    async with program(tmp_path, *arguments, GUIDE_URL="x") as process:
        assert process.stderr
        async with asyncio.timeout(PATIENCE_S):
            told = await process.stderr.readuntil(b"running on http://")
    assert told.count(b"GUIDE_URL is not a setting; did you mean GUIDE_BASE_URL?") == 1


async def test_port_in_use_is_reported(tmp_path: Path) -> None:
    """With the port, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        async with program(tmp_path, str(ROOT / "app.py"), PORT=str(port)) as process:
            status, _, err = await end_of(process)
    assert status == 1
    assert f"port {port}" in err
    assert f"PORT={port + 1}" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments", [(str(ROOT / "app.py"),), ("-m", "uvicorn", "app:app", "--port", "0")]
)
async def test_wrong_settings_stop_the_start(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """One message lists every wrong setting by name, and nothing is served."""
    wrong = {"PORT": "eighty", "PUBLIC_URL": "http://example.com", "GUIDE_HISTORY_TURNS": "0"}
    async with program(tmp_path, *arguments, **wrong) as process:
        status, out, err = await end_of(process)
    assert status == 1
    assert [name for name in wrong if f"{name}: " not in err] == []
    assert "listening on" not in out
    assert "Traceback" not in err


async def test_settings_are_read_from_the_env_file(tmp_path: Path) -> None:
    """A `.env` in the working directory counts like the environment."""
    (tmp_path / ".env").write_text("LOG_LEVEL=loud\n", encoding="utf-8")
    async with program(tmp_path, str(ROOT / "app.py")) as process:
        status, _, err = await end_of(process)
    assert status == 1
    assert "LOG_LEVEL: " in err


@pytest.mark.parametrize("name", ["app", "worker"])
async def test_app_is_exempt_from_garbage_collection(tmp_path: Path, name: str) -> None:
    """Scanning all of it would take longer than a caller should wait for a word."""
    code = f"import app, gc; app.{name}; print(gc.get_freeze_count() > 10_000)"
    async with program(tmp_path, "-c", code) as process:
        _, out, _ = await end_of(process)
    assert out == "True\n"


def test_import_reads_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only `app.app` does."""
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(AttributeError, match="no_such_name"):
        app.__getattr__("no_such_name")
    with pytest.raises(SystemExit, match="PORT: "):
        app.__getattr__("app")
