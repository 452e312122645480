"""Starts a server with a guide and callers around it, and measures it."""

import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench import machine
from bench.callers import Fleet, Script, Tally
from bench.report import Figures, latency, percentile, progress
from bench.scripted_guide import ScriptedGuide
from bench.servers import SERVER_CORE, Kind, Server, running, wait_until_up
from bench.wheel import Wheel


@dataclass(frozen=True, slots=True)
class Stage:
    """A running server, and callers who can place calls."""

    server: Server
    fleet: Fleet

    async def observe(self, slots: float) -> "Observed":
        """Measure for that many slots."""
        began, server_cpu, load_cpu = time.monotonic(), self.server.cpu_s(), time.process_time()
        stolen_s = machine.stolen_s(SERVER_CORE)
        self.fleet.wheel.longest_stall_ms = 0
        tally = await self.fleet.measure(slots)
        observed = Observed(
            tally,
            server_cpu_s=self.server.cpu_s() - server_cpu,
            load_cpu_s=time.process_time() - load_cpu,
            seconds=time.monotonic() - began,
            stall_ms=self.fleet.wheel.longest_stall_ms,
            stolen_s=machine.stolen_s(SERVER_CORE) - stolen_s,
        )
        self.report_errors(tally)
        return observed

    def report_errors(self, tally: Tally) -> None:
        """Print the callers' errors, if any."""
        if tally.errors:
            kinds = ", ".join(f"{count} {what}" for what, count in tally.errors.most_common())
            progress(f"{self.server.kind.name}: errors: {kinds}")


@asynccontextmanager
async def staged(kind: Kind, script: Script) -> AsyncIterator[Stage]:
    """Start a server with all it needs; end every call and the server when done."""
    wheel = Wheel()
    guide = ScriptedGuide(script.pace, wheel)
    try:
        with running(kind, await guide.start()) as server:
            await wait_until_up(server)
            fleet = Fleet(server, script, wheel)
            gc.collect()
            gc.freeze()  # keeps collections during the measurement short
            try:
                yield Stage(server, fleet)
            finally:
                await fleet.hang_up()
    finally:
        wheel.stop()
        guide.stop()
        gc.unfreeze()


@dataclass(frozen=True, slots=True)
class Observed:
    """One measurement: what callers saw, and what it cost."""

    tally: Tally
    server_cpu_s: float
    load_cpu_s: float
    seconds: float
    stall_ms: int
    """The longest delay of callers and guide behind their timetable."""
    stolen_s: float
    """How long the host gave the server's core to other machines."""

    @property
    def first_p99_ms(self) -> float:
        """What the server adds to the first word, 99th percentile."""
        return percentile(self.tally.first_ns, 0.99)

    @property
    def token_cpu_us(self) -> float:
        """The server's CPU time per token."""
        return self.server_cpu_s * 1e6 / max(1, self.tally.tokens)

    @property
    def load_share(self) -> float:
        """The share of their core that callers and guide used."""
        return self.load_cpu_s / self.seconds

    @property
    def stolen_share(self) -> float:
        """The share of the server's core that the host took away."""
        return self.stolen_s / self.seconds

    def figures(self) -> Figures:
        """The figures of a server under steady load."""
        tally = self.tally
        return {
            **latency("first word added", tally.first_ns),
            **latency("token added", tally.token_ns),
            "server CPU µs per token": self.token_cpu_us,
            "frames per token": tally.frames / max(1, tally.tokens),
            "tokens": tally.tokens,
            "turns": tally.asked,
            "errors": tally.errors.total(),
            **self.use(),
        }

    def use(self) -> Figures:
        """How busy both cores were, and how far callers and guide fell behind."""
        return {
            "server % of core": 100 * self.server_cpu_s / self.seconds,
            "callers and guide % of core": 100 * self.load_share,
            "callers and guide late by ms": self.stall_ms,
            "server's core stolen %": 100 * self.stolen_share,
        }
