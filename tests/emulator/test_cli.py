"""The emulator's command line: output, files and exit status."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import pytest

from emulator import app_process
from emulator.__main__ import DEMO_CALL, main
from emulator.app_process import running_app
from emulator.app_server import CallFailedError
from emulator.call_log import Entry, entry_line, parse_call_log
from emulator.script import HangUp, parse_script
from relay_protocol import sign
from tests.emulated import EchoApp, SmallApp, serving
from tests.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.websockets import WebSocket

SETTINGS = ("PORT", "PUBLIC_URL", "TWILIO_AUTH_TOKEN")


class Emulate(Protocol):
    """The `emulate` fixture."""

    async def __call__(self, *arguments: str, typed: str = "") -> tuple[int, str, str]: ...


HEALTHY_APP = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def emulate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Emulate:
    """Run the command line in an empty directory. Returns status, output and errors."""
    monkeypatch.chdir(tmp_path)
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)

    async def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        with keyboard(typed) as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            # In a thread, because it runs its own event loop.
            status = await asyncio.to_thread(exit_status, [*arguments])
        return status, *capfd.readouterr()

    return run


def keyboard(typed: str) -> TextIO:
    """An input stream with a file descriptor, ending after this text."""
    reading, writing = os.pipe()
    os.write(writing, typed.encode())
    os.close(writing)
    return open(reading, encoding="utf-8")


async def start(*arguments: str) -> asyncio.subprocess.Process:
    """Run `python -m emulator` as a process whose standard input stays open."""
    environment = {key: value for key, value in os.environ.items() if key not in SETTINGS}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "emulator", *arguments),
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def exit_status(arguments: list[str]) -> int:
    """The program's exit status."""
    try:
        return main(arguments)
    except SystemExit as usage:
        return int(str(usage.code))


# -- a call ----------------------------------------------------------------------------------------


async def test_scripted_call_is_printed_and_logged(tmp_path: Path, emulate: Emulate) -> None:
    """The output shows the conversation, without colour; the file has the frames."""
    (tmp_path / "call.txt").write_text("when quiet: one two\nwhen quiet: hang up")
    async with serving(EchoApp(twiml_options={"welcomeGreeting": "Hello."})) as app:
        status, out, err = await emulate(
            *("--server", app.address, "--script", "call.txt", "--call-log", "call.jsonl"),
            *("--speed", "50", "--from", "+12025550188"),
        )
    assert (status, err) == (0, "")
    told = [line[10:] for line in out.splitlines()]
    assert told == [
        "call     +12025550188 calls +12025550199",
        "agent    Hello.",
        "caller   one two",
        "agent    you said one two",
        "caller   (hangs up)",
        "call     ended: completed",
    ]
    entries = parse_call_log((tmp_path / "call.jsonl").read_text())
    assert [entry.frame for entry in entries if entry.dir == "in"] == app.received


async def test_frames_of_a_call_log_are_resent(tmp_path: Path, emulate: Emulate) -> None:
    """The call log's frames go to the app, and its answers are printed."""
    prompt = {"type": "prompt", "voicePrompt": "hi", "lang": "en-US", "last": True}
    entries = [Entry(0, "in", {"type": "setup"}), Entry(0.1, "in", prompt)]
    (tmp_path / "call.jsonl").write_text("\n".join(map(entry_line, entries)))
    async with serving(EchoApp()) as app:
        status, out, err = await emulate(
            *("--server", app.address, "--resend", "call.jsonl", "--speed", "50")
        )
    assert (status, err) == (0, "")
    assert "→ app    prompt voicePrompt='hi'" in out
    assert "← app    text token='you said hi'" in out


async def test_interactive_caller_types(emulate: Emulate) -> None:
    """Lines are said, commands executed, mistakes explained; end of input hangs up."""
    typed = "hello there\n\n/what\n/cough\n/5\n"
    async with serving(EchoApp()) as app:
        status, out, err = await emulate(
            *("--server", app.address, "--interactive", "--speed", "50"), typed=typed
        )
    assert status == 0
    told = [line[10:] for line in out.splitlines() if "caller" in line]
    assert told == [
        f"caller   {what}" for what in ("hello there", "(coughs)", "(presses 5)", "(hangs up)")
    ]
    assert "'/what': type words, /cough" in err


async def test_settings_come_from_the_environment_file(tmp_path: Path, emulate: Emulate) -> None:
    """The token and the public address come from the app's `.env`."""
    (tmp_path / ".env").write_text("TWILIO_AUTH_TOKEN=12345\nPUBLIC_URL=https://desk.example.com\n")
    (tmp_path / "call.txt").write_text("after 0s: hang up")
    async with serving(EchoApp(twiml_url="wss://desk.example.com/ws")) as app:
        status, _, err = await emulate("--server", app.address, "--script", "call.txt")
    assert (status, err) == (0, "")
    socket_signature = app.requests["ws"].headers["x-twilio-signature"]
    assert socket_signature == sign("12345", "wss://desk.example.com/ws")


@pytest.fixture
def interrupt_key_works() -> Iterator[None]:
    """Let Ctrl-C reach child processes, even if this is a background job that ignores it."""
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, inherited)


@pytest.mark.usefixtures("interrupt_key_works")
async def test_interrupt_key_hangs_up() -> None:
    """Ctrl-C hangs up, without a traceback."""
    async with serving(EchoApp()) as app:
        process = await start("--server", app.address, "--interactive")
        assert process.stdout is not None
        await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 130
    assert err.decode() == "emulator: hung up\n"
    assert app.requests["action"].form["SessionStatus"] == "completed"


# -- errors ----------------------------------------------------------------------------------------


async def relay_that_closes(socket: WebSocket, _setup: dict[str, Any]) -> None:
    """A relay that closes at once."""
    await socket.close(1011, "overloaded")


@pytest.mark.parametrize("what", ["--script", "--resend"])
async def test_early_close_is_an_error(tmp_path: Path, emulate: Emulate, what: str) -> None:
    """The message says that the app closed the call."""
    entries = [Entry(t / 2, "in", {"type": "x"}) for t in range(200)]
    (tmp_path / "--resend").write_text("\n".join(map(entry_line, entries)))
    (tmp_path / "--script").write_text("after 60s: hang up")
    async with serving(SmallApp(relay_that_closes)) as app:
        status, _, err = await emulate(
            *("--server", app.address, "--speed", "50", f"{what}=./{what}")
        )
    assert status == 1
    assert "1011" in err
    assert len(err.splitlines()) == 1


async def test_program_exits_with_input_still_open() -> None:
    """If the app closes the call, the program does not wait for more input."""
    async with serving(SmallApp(relay_that_closes)) as app:
        process = await start("--server", app.address, "--interactive")
        status = await process.wait()
        _, err = await process.communicate()
    assert status == 1
    assert "1011" in err.decode()
    assert len(err.decode().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--server", "http://127.0.0.1:9"], "make run"),
        (["--script", "absent.txt"], "absent.txt: No such file"),
        (["--script", "wrong.txt"], "line 1: 'hello'"),
        (["--resend", "wrong.txt"], "line 1 is not"),
    ],
)
async def test_mistake_is_one_clear_line(
    tmp_path: Path, arguments: list[str], message: str, emulate: Emulate
) -> None:
    """No traceback, but an exit status and advice."""
    (tmp_path / "wrong.txt").write_text("hello")
    status, out, err = await emulate(*arguments)
    assert (status, out) == (1, "")
    assert message in err
    assert len(err.splitlines()) == 1


async def test_wrong_speed_is_refused(emulate: Emulate) -> None:
    """At speed zero the call would never end."""
    status, _, err = await emulate("--speed", "0")
    assert status == 2
    assert "must be above 0" in err


async def test_help_explains_the_script_format(emulate: Emulate) -> None:
    """`--help` shows the script format."""
    status, out, _ = await emulate("--help")
    assert status == 0
    assert 'after "until six": uh-huh' in out


def test_demo_call_is_a_script_that_hangs_up() -> None:
    """The built-in script is valid and ends with a hang-up."""
    steps = parse_script(DEMO_CALL.read_text(encoding="utf-8"))
    assert isinstance(steps[-1].action, HangUp)


# -- starting the app ------------------------------------------------------------------------------


def free_address() -> str:
    """A local address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


async def test_app_is_started_for_the_call_and_stopped_afterwards(tmp_path: Path) -> None:
    """If nothing answers, the app is started on that port, and stopped afterwards."""
    app = tmp_path / "app.py"
    app.write_text(HEALTHY_APP)
    address = free_address()
    async with running_app(address, app) as started:
        assert started
        async with running_app(address, tmp_path / "absent.py") as started_again:
            assert not started_again
    with pytest.raises(CallFailedError, match=r"does not start \(.*absent\.py.*make run"):
        async with running_app(address, tmp_path / "absent.py"):
            pass  # pragma: no cover - it does not start


async def test_app_that_exits_by_itself_is_left_alone(tmp_path: Path) -> None:
    """An app that has exited before the call is over needs no stopping."""
    app = tmp_path / "app.py"
    app.write_text(HEALTHY_APP.replace(".serve_forever", ".handle_request"))
    async with running_app(free_address(), app) as started:
        assert started


async def test_app_that_never_responds_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait for an app that starts but never responds times out."""
    monkeypatch.setattr(app_process, "_START_TIMEOUT_S", 0.1)
    app = tmp_path / "app.py"
    app.write_text("import time\ntime.sleep(60)")
    with pytest.raises(CallFailedError, match="does not respond"):
        async with running_app(free_address(), app):
            pass  # pragma: no cover - it is never up


async def test_app_that_does_not_stop_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process is left behind."""
    monkeypatch.setattr(app_process, "_STOP_TIMEOUT_S", 0.1)
    app = tmp_path / "app.py"
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    app.write_text(deaf + HEALTHY_APP)
    address = free_address()
    async with running_app(address, app) as started:
        assert started
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])))
