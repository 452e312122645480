"""The files in `deploy/` fit the app: what is copied runs, what is set exists, the proxy passes."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from configparser import RawConfigParser
from contextlib import asynccontextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import httpx2
import pytest
from websockets.asyncio.client import connect

from config import VERSION, Settings
from tests.places import ROOT
from tests.program import end_of, free_port, line_with, program
from tests.relay_client import PATIENCE_S, Session
from tests.serving import AUTH_TOKEN, serve_frontdesk
from tests.webhooks import FORM, signed, token_of
from web.server import SHUTDOWN_S

DEPLOY: Final = ROOT / "deploy"
CADDY: Final = shutil.which("caddy", path=f"{os.environ['PATH']}:/usr/sbin")
SYSTEMD_ANALYZE: Final = shutil.which("systemd-analyze")
SETTINGS: Final = {name.upper() for name in Settings.model_fields}


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def instructions(kind: str) -> list[str]:
    """What follows each instruction of a kind in the Dockerfile."""
    text = re.sub(r"^#.*\n", "", text_of("deploy/Dockerfile"), flags=re.MULTILINE)
    text = text.replace("\\\n", "")
    return re.findall(rf"^{kind} (.*)$", text, re.MULTILINE)


def copied() -> dict[Path, str]:
    """Each path of the project that goes into the image, and where to."""
    found: dict[Path, str] = {}
    for instruction in instructions("COPY(?! --from)"):
        *patterns, target = instruction.split()
        for pattern in patterns:
            if not pattern.endswith(".lock"):  # that one stays behind with the installer
                paths = sorted(ROOT.glob(pattern))
                assert paths, pattern
                found |= dict.fromkeys(paths, target)
    return found


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile copies into `/app`, and nothing else."""
    directory = tmp_path_factory.mktemp("image")
    for path, target in copied().items():
        if path.is_dir():
            shutil.copytree(path, directory / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, directory / target)
    return directory


# --- the container ------------------------------------------------------------------------------


async def test_image_holds_all_that_runs(image: Path) -> None:
    """From what is copied alone: it starts, its health check passes, and SIGTERM ends it."""
    (command,) = instructions("CMD")
    (check,) = instructions("HEALTHCHECK")
    _, *arguments = json.loads(command)
    _, *health = json.loads(check[check.index("[") :])
    own = {"PYTHONPATH": "", "PORT": str(free_port())}
    async with program(image, *arguments, **own) as process:
        await line_with(process.stdout, f"^Frontdesk {VERSION} is listening on")
        async with program(image, *health, **own) as checking:
            assert (await end_of(checking))[0] == 0
        process.send_signal(signal.SIGTERM)
        assert (await end_of(process))[0] in {0, -signal.SIGTERM}
    async with program(image, *health, **own) as checking:
        assert (await end_of(checking))[0] == 1


@pytest.mark.parametrize("module", ["doctor.__main__", "emulator.__main__", "explain"])
async def test_image_holds_the_tools(image: Path, module: str) -> None:
    """The doctor, `make call` and `explain.py` are there for whoever looks into a container."""
    async with program(image, "-c", f"import {module}", PYTHONPATH="") as process:
        assert await end_of(process) == (0, "", "")


def test_image_holds_nothing_else() -> None:
    """No tests, no measurements, no pictures, and above all no settings."""
    names = {path.name for path in copied()}
    assert not names & {"tests", "bench", "docs", "deploy", ".env", ".git", ".venv"}


def test_builder_is_sent_what_is_copied() -> None:
    """`.dockerignore` lets through what the Dockerfile copies, and no `.env`."""
    lines = text_of("deploy/Dockerfile.dockerignore").splitlines()
    assert lines[1] == "*"
    sent = [line.removeprefix("!").rstrip("/") for line in lines if line.startswith("!")]
    needed = " ".join(instructions("COPY(?! --from)")).replace("./", "").split()
    assert {name.rstrip("/") for name in needed} == set(sent)
    assert not any(fnmatch(".env", pattern) for pattern in sent)


def test_image_installs_what_the_locks_name_and_no_more() -> None:
    """By hash, from wheels, without a resolver; and then it is checked that all of it fits."""
    (install,) = [words for words in instructions("RUN") if "install --no-cache-dir" in words]
    *_, locks = [words.split()[:-1] for words in instructions("COPY") if ".lock" in words]
    for words in ("--no-deps", "--only-binary :all:", "--require-hashes", " check"):
        assert words in install
    assert re.findall(r"-r (\S+)", install) == locks == sorted(locks, reverse=True)
    assert [lock for lock in locks if not (ROOT / lock).is_file()] == []


def test_image_runs_as_nobody_in_particular() -> None:
    """Its user is a number above those of people, which a cluster can tell from root."""
    (user,) = instructions("USER")
    assert int(user) > 1000
    assert f"--uid {user}" in " ".join(instructions("RUN"))


# --- names --------------------------------------------------------------------------------------


def test_dockerfile_sets_settings() -> None:
    """Each variable is a setting of ours, or one of those of the system that are named here."""
    names = {word.partition("=")[0] for words in instructions("ENV") for word in shlex.split(words)}
    assert names - SETTINGS == {"PATH", "PYTHONUNBUFFERED"}


def test_compose_sets_settings_and_what_caddy_asks_for() -> None:
    """The app is given settings; Caddy is given what its configuration names, and no secret."""
    app, proxy = re.split(r"^  proxy:", text_of("deploy/compose.yaml"), flags=re.MULTILINE)
    assert set(re.findall(r"^      ([A-Z_]+):", app, re.MULTILINE)) <= SETTINGS
    asked = set(re.findall(r"\{\$(\w+)", text_of("deploy/Caddyfile")))
    assert set(re.findall(r"^      ([A-Z_]+):", proxy, re.MULTILINE)) == asked
    assert "env_file" not in proxy


def test_compose_publishes_the_proxy_alone() -> None:
    """The app's own port is reached through Caddy, where it is encrypted."""
    app, proxy = re.split(r"^  proxy:", text_of("deploy/compose.yaml"), flags=re.MULTILINE)
    assert "ports:" not in app
    assert re.findall(r'- "(\d+):', proxy) == ["80", "443"]


@pytest.mark.parametrize("name", ["SETUP.md", "deploy/compose.yaml", "deploy/Dockerfile"])
def test_settings_that_are_named_exist(name: str) -> None:
    """A setting that was renamed is renamed there too."""
    assigned = re.findall(r"(?<![\w$.-])([A-Z][A-Z0-9_]{2,})=", text_of(name))
    quoted = re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`", text_of(name))
    others = {"PATH", "PYTHON", "PYTHONUNBUFFERED", "CALL"}
    assert set(assigned) | set(quoted) <= SETTINGS | others


async def test_setup_shows_what_health_answers() -> None:
    """Field by field, of an app that was just started; the version is left out."""
    (example,) = re.findall(r'^\{"status".*\}$', text_of("SETUP.md"), re.MULTILINE)
    async with serve_frontdesk() as address, httpx2.AsyncClient(trust_env=False) as client:
        answer = (await client.get(f"{address}/health")).json()
    assert json.loads(example) == {**answer, "version": "…"}


def test_setup_names_files_that_exist() -> None:
    """What SETUP.md has one copy or run is there."""
    named = re.findall(r"\b((?:deploy/|requirements)[\w.-]*\w)", text_of("SETUP.md"))
    assert [name for name in named if not (ROOT / name).exists()] == []


# --- the service --------------------------------------------------------------------------------


def unit() -> RawConfigParser:
    """The systemd unit; of a name that occurs twice, the last value."""
    parser = RawConfigParser(strict=False)
    parser.read_string(text_of("deploy/frontdesk.service"))
    return parser


def test_everything_waits_longer_than_the_app_takes_to_stop() -> None:
    """Neither systemd nor compose kills it while it answers its last requests."""
    assert unit().getint("Service", "TimeoutStopSec") > SHUTDOWN_S
    grace = re.search(r"stop_grace_period: (\d+)s", text_of("deploy/compose.yaml"))
    assert grace is not None
    assert int(grace[1]) > SHUTDOWN_S


def test_service_runs_the_app_where_its_settings_are() -> None:
    """It starts beside `.env`, with the environment that `make install` makes."""
    service = unit()["Service"]
    home = service["WorkingDirectory"]
    assert service["ExecStart"] == f"{home}/.venv/bin/python app.py"
    assert f"{home}/.env" in text_of("SETUP.md")


@pytest.mark.skipif(SYSTEMD_ANALYZE is None, reason="needs systemd-analyze (Debian: systemd)")
async def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """Each of its lines, with an interpreter of this machine in it."""
    path = tmp_path / "frontdesk.service"
    interpreter = "/opt/frontdesk/.venv/bin/python"
    path.write_text(text_of("deploy/frontdesk.service").replace(interpreter, sys.executable))
    analysis = await asyncio.create_subprocess_exec(
        *(str(SYSTEMD_ANALYZE), "verify", "--man=no", str(path)), stderr=asyncio.subprocess.PIPE
    )
    _, complaints = await analysis.communicate()
    assert [line for line in complaints.decode().splitlines() if path.name in line] == []


# --- the proxy ----------------------------------------------------------------------------------


@asynccontextmanager
async def caddy(directory: Path, **variables: str) -> AsyncIterator[ssl.SSLContext]:
    """Run Caddy as `deploy/Caddyfile` has it, with an authority of its own; gives trust in it."""
    assert CADDY
    # No redirects from port 80, and nothing of this machine's is touched.
    own = ("admin off", "local_certs", "skip_install_trust", "auto_https disable_redirects")
    stored = f"storage file_system {directory}"
    lines = "\n".join(("{", *own, stored, "}", f"import {DEPLOY / 'Caddyfile'}", ""))
    (directory / "Caddyfile").write_text(lines, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(CADDY, "run", "--config", "Caddyfile"),
        cwd=directory,
        env={"PATH": os.environ["PATH"], "HOME": str(directory), **variables},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await line_with(process.stderr, "certificate obtained successfully")
        authority = directory / "pki" / "authorities" / "local" / "root.crt"
        yield ssl.create_default_context(cafile=str(authority))
    finally:
        process.terminate()
        await process.communicate()


@pytest.mark.skipif(CADDY is None, reason="needs Caddy (Debian: apt install caddy)")
async def test_call_comes_in_through_caddy(tmp_path: Path) -> None:
    """https and wss, signed for the public address, whatever headers a client makes up."""
    public = f"https://localhost:{free_port()}"
    settings = {"twilio_auth_token": AUTH_TOKEN, "public_url": public}
    async with (
        serve_frontdesk(**settings, welcome_greeting="Hello.") as address,
        caddy(tmp_path, PUBLIC_URL=public, UPSTREAM=address.removeprefix("http://")) as trust,
        httpx2.AsyncClient(trust_env=False, verify=trust, timeout=PATIENCE_S) as client,
    ):
        assert (await client.get(f"{public}/health")).json()["status"] == "ok"
        assert (await client.post(f"{public}/twiml", data=FORM)).status_code == 403
        headers = {**signed(f"{public}/twiml", FORM), "X-Forwarded-Host": "evil.example.com"}
        token = token_of(await client.post(f"{public}/twiml", data=FORM, headers=headers))
        url = public.replace("https", "wss") + "/ws"
        async with connect(url, ssl=trust, proxy=None, additional_headers=signed(url)) as socket:
            session = Session(socket)
            await session.send(type="setup", callSid="CA1", customParameters={"token": token})
            await session.say("what are your hours")
            assert await session.receive_cycle() != ""


@pytest.mark.skipif(CADDY is None, reason="needs Caddy (Debian: apt install caddy)")
async def test_strangers_through_caddy_are_refused_without_an_auth_token(tmp_path: Path) -> None:
    """What comes through the proxy is told from what this machine asks directly."""
    public = f"https://localhost:{free_port()}"
    async with (
        serve_frontdesk() as address,
        caddy(tmp_path, PUBLIC_URL=public, UPSTREAM=address.removeprefix("http://")) as trust,
        httpx2.AsyncClient(trust_env=False, verify=trust, timeout=PATIENCE_S) as client,
    ):
        assert (await client.get(f"{address}/health")).status_code == 200
        assert (await client.get(f"{public}/health")).status_code == 403
