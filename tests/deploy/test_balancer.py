"""Three instances behind nginx, as `deploy/nginx.conf` has it: real processes, nothing shared."""

import asyncio
import os
import shutil
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import httpx2
import pytest
import pytest_asyncio
import trustme
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

import relay_protocol as relay
from tests.calling import HOURS, SPEED, TIMES, call, heard
from tests.guide_server import GuideServer
from tests.places import ROOT
from tests.program import line_with, program
from tests.relay_client import PATIENCE_S, Session, relay_session
from tests.serving import AUTH_TOKEN
from tests.webhooks import FORM, calls_become, signed, token_of

NGINX: Final = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
DOCUMENTED: Final = ROOT / "deploy" / "nginx.conf"
PUBLIC_URL: Final = "https://desk.example.com"
SIGNED_SOCKET: Final = signed("wss://desk.example.com/ws")
NGINX_WORKERS: Final = 2
START_S: Final = 30.0
"""How long three instances may take to start, all at once and on a busy machine."""

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(NGINX is None, reason="needs nginx (Debian: apt install nginx-light)"),
]


class Instances:
    """The app three times, as processes by their ports, and the guide that all of them ask."""

    def __init__(self, directory: Path, guide: GuideServer) -> None:
        self._directory = directory
        self.guide = guide
        self.processes: dict[int, asyncio.subprocess.Process] = {}
        self.ports = free_ports(3)

    async def start(self, stack: AsyncExitStack) -> None:
        """Start those that do not run, with what SETUP.md has them share: their settings."""
        settings = {
            "PUBLIC_URL": PUBLIC_URL,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "GUIDE_BASE_URL": self.guide.base_url,
            "WELCOME_GREETING": "Hello.",
            "LOG_LEVEL": "warning",
            "SPEAKING_RATE_WPS": str(2.5 * SPEED),
            **{name.upper(): str(seconds / SPEED) for name, seconds in TIMES.items()},
        }
        missing = [port for port in self.ports if not self.runs(port)]
        for port in missing:
            own = {"PORT": str(port), "GUIDE_MODEL": str(port)}
            running = program(self._directory, str(ROOT / "app.py"), **settings, **own)
            self.processes[port] = await stack.enter_async_context(running)
        async with asyncio.timeout(START_S):
            for port in missing:
                await answers(self.processes[port])

    def runs(self, port: int) -> bool:
        """Whether an instance is there."""
        return port in self.processes and self.processes[port].returncode is None

    def asked(self) -> list[int]:
        """Which instance asked the guide, request by request: each has a model of its own."""
        return [int(request.body["model"]) for request in self.guide.requests]


class Balancer:
    """nginx with the documented configuration, on free ports, with a certificate for this machine.

    Plain HTTP is served beside it, for the emulator.
    """

    def __init__(self, directory: Path, ports: list[int]) -> None:
        self._directory = directory
        self._ports = ports
        self._authority = trustme.CA()
        plain, tls = free_ports(2)
        self._listeners = f"listen 127.0.0.1:{tls} ssl; listen 127.0.0.1:{plain};"
        self.address = f"http://127.0.0.1:{plain}"
        self.tls_address = f"https://127.0.0.1:{tls}"
        self.trust = ssl.create_default_context()
        self._authority.configure_trust(self.trust)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["Balancer"]:
        """Run it."""
        assert NGINX
        certificate = self._authority.issue_cert("127.0.0.1")
        certificate.cert_chain_pems[0].write_to_path(self._directory / "fullchain.pem")
        certificate.private_key_pem.write_to_path(self._directory / "privkey.pem")
        self._configure()
        self._process = await asyncio.create_subprocess_exec(
            *(NGINX, "-p", str(self._directory), "-c", "nginx.conf", "-e", "stderr"),
            *("-g", "daemon off; pid nginx.pid; error_log stderr notice;"),
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            await self._logs_for_each_worker("start worker process [0-9]")
            yield self
        finally:
            self._process.terminate()
            await self._process.communicate()

    async def drain(self, port: int) -> None:
        """Take an instance out of turn, as SETUP.md says."""
        self._configure(out_of_turn=port)
        self._process.send_signal(signal.SIGHUP)
        await self._logs_for_each_worker("gracefully shutting down")

    async def _logs_for_each_worker(self, event: str) -> None:
        for _ in range(NGINX_WORKERS):
            await line_with(self._process.stderr, event)

    def _configure(self, out_of_turn: int | None = None) -> None:
        temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        replacements = {
            "worker_processes auto;": f"worker_processes {NGINX_WORKERS};",
            "http {": "http {" + "".join(f"{name}_temp_path {name};" for name in temporary),
            "listen 443 ssl;": self._listeners,
            "/etc/letsencrypt/live/desk.example.com/fullchain.pem": "fullchain.pem",
            "/etc/letsencrypt/live/desk.example.com/privkey.pem": "privkey.pem",
        }
        for documented, port in zip((8081, 8082, 8083), self._ports, strict=True):
            down = " down" if port == out_of_turn else ""
            replacements[f"server 127.0.0.1:{documented}"] = f"server 127.0.0.1:{port}{down}"
        text = DOCUMENTED.read_text(encoding="utf-8")
        for documented_text, tested in replacements.items():
            assert text.count(documented_text) == 1, documented_text
            text = text.replace(documented_text, tested)
        (self._directory / "nginx.conf").write_text(text, encoding="utf-8")


async def answers(process: asyncio.subprocess.Process) -> None:
    """Wait until the app says that it answers."""
    assert process.stdout
    while b"is listening on" not in (line := await process.stdout.readline()):
        assert line, "it ended instead"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [int(listener.getsockname()[1]) for listener in listeners]


def answer(question: str) -> str:
    """What the guide says to a question."""
    return f"You asked {question}. {HOURS}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack() -> AsyncIterator[AsyncExitStack]:
    """What lasts as long as the tests of this file."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def instances_of_all(
    stack: AsyncExitStack, tmp_path_factory: pytest.TempPathFactory
) -> Instances:
    guide = await stack.enter_async_context(GuideServer())
    guide.script(lambda messages: [f"{w} " for w in answer(messages[-1]["content"]).split()])
    return Instances(tmp_path_factory.mktemp("app"), guide)


@pytest_asyncio.fixture(loop_scope="module")
async def instances(instances_of_all: Instances, stack: AsyncExitStack) -> Instances:
    """Three instances that run, also after a test that has stopped one."""
    await instances_of_all.start(stack)
    instances_of_all.guide.requests.clear()
    return instances_of_all


@pytest_asyncio.fixture(loop_scope="module")
async def balancer(instances: Instances, tmp_path: Path) -> AsyncIterator[Balancer]:
    async with Balancer(tmp_path, instances.ports).serve() as serving:
        yield serving


@pytest_asyncio.fixture(loop_scope="module")
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    # No connection waits for another request: as nginx reloads, it closes those that do.
    one_request_each = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(
        trust_env=False, timeout=PATIENCE_S, limits=one_request_each
    ) as client:
        yield client


async def offer(client: httpx2.AsyncClient, address: str, call_sid: str) -> str:
    """Ask the voice webhook at `address` about a call; returns the call's token."""
    form = {**FORM, "CallSid": call_sid}
    headers = signed(f"{PUBLIC_URL}/twiml", form)
    return token_of(await client.post(f"{address}/twiml", data=form, headers=headers))


@asynccontextmanager
async def session_through(
    balancer: Balancer, client: httpx2.AsyncClient, call_sid: str
) -> AsyncIterator[Session]:
    """A call from its webhook on, to be spoken by hand."""
    token = await offer(client, balancer.address, call_sid)
    async with relay_session(balancer.address, call_sid, token, SIGNED_SOCKET) as session:
        yield session


async def hold_calls(balancer: Balancer, client: httpx2.AsyncClient) -> None:
    """Six calls, one after the other, each of them answered in full. All stay until the last.

    So they reach every instance that is in turn: a call goes where there are the fewest.
    """
    async with AsyncExitStack() as calls:
        for number in range(6):
            through = session_through(balancer, client, f"CA2{number}")
            session = await calls.enter_async_context(through)
            question = f"what about number {number}"
            assert await session.ask(question) == answer(question)


# --- calls --------------------------------------------------------------------------------------


async def test_calls_are_spread_and_answered_in_full(
    instances: Instances, balancer: Balancer
) -> None:
    """Twelve at once, on three instances, each from its webhook to its action."""
    questions = [f"what about number {number}" for number in range(12)]
    scripts = [f"when quiet: {question}\nwhen quiet: hang up" for question in questions]
    known = {"auth_token": AUTH_TOKEN, "public_url": PUBLIC_URL}
    results = await asyncio.gather(*(call(balancer.address, s, **known) for s in scripts))
    assert [heard(result) for result in results] == [answer(question) for question in questions]
    assert {(r.closing.session_status, r.action.status) for r in results} == {("completed", 200)}
    assert len(instances.asked()) == 12
    assert {*instances.asked()} == {*instances.ports}


async def test_calls_come_in_over_tls(balancer: Balancer) -> None:
    """As Twilio places them: https for the webhook, wss for the call."""
    async with httpx2.AsyncClient(trust_env=False, verify=balancer.trust) as client:
        token = await offer(client, balancer.tls_address, "CA1")
    url = balancer.tls_address.replace("https", "wss") + "/ws"
    async with connect(
        url, ssl=balancer.trust, proxy=None, additional_headers=SIGNED_SOCKET
    ) as websocket:
        session = Session(websocket)
        await session.send(type="setup", callSid="CA1", customParameters={"token": token})
        assert await session.ask("what about TLS") == answer("what about TLS")


# --- trust --------------------------------------------------------------------------------------


async def test_token_of_one_instance_is_taken_by_another(
    instances: Instances, http: httpx2.AsyncClient
) -> None:
    """And by that one only once, which is all that can be known without sharing anything."""
    minting, taking, third = (f"http://127.0.0.1:{port}" for port in instances.ports)
    token = await offer(http, minting, "CA1")
    for address in (taking, third):
        async with relay_session(address, "CA1", token, SIGNED_SOCKET) as session:
            assert await session.ask("what about it") == answer("what about it")
    async with relay_session(taking, "CA1", token, SIGNED_SOCKET) as session:
        async with asyncio.timeout(PATIENCE_S):
            await session.socket.wait_closed()
        assert session.socket.close_code == 1008


async def test_what_nobody_signed_is_refused(balancer: Balancer, http: httpx2.AsyncClient) -> None:
    """Webhooks and sockets, unsigned or signed for another address."""
    for headers in ({}, signed(f"{balancer.address}/twiml", FORM)):
        refused = await http.post(f"{balancer.address}/twiml", data=FORM, headers=headers)
        assert refused.status_code == 403
    for headers in ({}, signed(f"{PUBLIC_URL}/ws")):
        with pytest.raises(InvalidStatus, match="403"):
            async with relay_session(balancer.address, headers=headers):
                pass


async def test_nginx_on_the_same_machine_makes_nobody_a_local(
    balancer: Balancer, http: httpx2.AsyncClient
) -> None:
    """The demo guide is for this machine alone, whatever a stranger writes into `Host`."""
    for host in ("desk.example.com", "127.0.0.1", "localhost:8080"):
        headers = {"Host": host}
        refused = await http.get(f"{balancer.address}/demo/v1/models", headers=headers)
        assert refused.status_code == 403


# --- instances that go --------------------------------------------------------------------------


async def test_drained_instance_keeps_its_call_and_gets_no_more(
    instances: Instances, balancer: Balancer, http: httpx2.AsyncClient
) -> None:
    """The caller hears nothing of it, and /health tells when the last call is over."""
    async with session_through(balancer, http, "CA1") as session:
        await session.ask("what about before")
        [drained] = instances.asked()
        await balancer.drain(drained)
        await hold_calls(balancer, http)
        assert {*instances.asked()[1:]} == {*instances.ports} - {drained}
        assert await session.ask("what about after") == answer("what about after")
        assert instances.asked()[-1] == drained
        await calls_become(http, f"http://127.0.0.1:{drained}", 1)
    await calls_become(http, f"http://127.0.0.1:{drained}", 0)


async def test_stopped_instance_loses_its_call_and_others_go_on(
    instances: Instances, balancer: Balancer, http: httpx2.AsyncClient
) -> None:
    """Its call's session has failed, which another instance is told; new calls notice nothing."""
    async with session_through(balancer, http, "CA1") as session:
        await session.ask("what about before")
        [stopped] = instances.asked()
        instances.processes[stopped].terminate()
        async with asyncio.timeout(PATIENCE_S):
            await session.socket.wait_closed()
            await instances.processes[stopped].wait()
        assert session.socket.close_code == 1012  # service restart
    form = {**FORM, "SessionStatus": "failed", "ErrorCode": "64105"}
    headers = signed(f"{PUBLIC_URL}/action", form)
    told = await http.post(f"{balancer.address}/action", data=form, headers=headers)
    assert (told.status_code, told.text) == (200, relay.empty_twiml())
    await hold_calls(balancer, http)
    assert {*instances.asked()[1:]} == {*instances.ports} - {stopped}
