"""Frontdesk under load, beside Twilio's own SDK and the least that a relay can do.

    make bench                                       the short form
    .venv-bench/bin/python bench/load.py cpu         one scenario in full
    .venv-bench/bin/python bench/load.py --help      what there is

The server has core 0 to itself; the simulated callers (`callers`) and the guide by script
(`scripted_guide`) share core 1, in this process. The servers take turns in one run, under the same
callers and the same guide, so that what the machine does to one it does to all. bench/README.md
tells what the figures mean.
"""

import argparse
import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import uvloop

from bench import report
from bench.callers import Fleet, Script, Tally
from bench.report import Figures, median, percentile, progress
from bench.scripted_guide import Pace, ScriptedGuide
from bench.servers import (
    FLOOR,
    LOAD_CORE,
    PEER,
    ROOT,
    SERVER_CORE,
    Kind,
    Server,
    ours,
    running,
    wait_until_up,
)
from bench.wheel import Wheel

WARM_UP_SLOTS: Final = 2


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line."""

    kinds: tuple[Kind, ...]
    runs: int
    calls: int
    slots: int
    pace: Pace
    barge_in: float


@dataclass(frozen=True, slots=True)
class Stage:
    """A server that runs, with callers who may place calls."""

    server: Server
    guide: ScriptedGuide
    fleet: Fleet


@asynccontextmanager
async def staged(kind: Kind, script: Script) -> AsyncIterator[Stage]:
    """Start a server and all it needs; end it and every call when done."""
    wheel = Wheel()
    guide = ScriptedGuide(script.pace, wheel)
    with running(kind, await guide.start()) as server:
        await wait_until_up(server)
        fleet = Fleet(server, script, wheel)
        gc.collect()
        gc.freeze()  # what is there by now need not be looked through while callers wait
        try:
            yield Stage(server, guide, fleet)
        finally:
            fleet.hang_up()
            await asyncio.sleep(0.2)
            wheel.stop()
            guide.stop()
            gc.unfreeze()


@dataclass(frozen=True, slots=True)
class Observed:
    """A stretch of time: what callers saw, and what it cost."""

    tally: Tally
    server_cpu_s: float
    load_cpu_s: float
    seconds: float

    def figures(self) -> Figures:
        """The figures of a server under steady load."""
        tally = self.tally
        tokens = max(1, tally.tokens)
        return {
            "first word added p50 ms": percentile(tally.first_ns, 0.50) / 1e6,
            "first word added p99 ms": percentile(tally.first_ns, 0.99) / 1e6,
            "token added p50 ms": percentile(tally.token_ns, 0.50) / 1e6,
            "token added p99 ms": percentile(tally.token_ns, 0.99) / 1e6,
            "server CPU µs a token": self.server_cpu_s * 1e6 / tokens,
            "server CPU % of its core": 100 * self.server_cpu_s / self.seconds,
            "frames a token": tally.frames / tokens,
            "tokens a second": tally.tokens / self.seconds,
            "turns": tally.asked,
            "errors": tally.errors.total(),
            "callers and guide % of their core": 100 * self.load_cpu_s / self.seconds,
        }


async def observe(stage: Stage, slots: float) -> Observed:
    """Watch for so many slots."""
    began, server_cpu, load_cpu = time.monotonic(), stage.server.cpu_s(), time.process_time()
    tally = await stage.fleet.measure(slots)
    return Observed(
        tally,
        stage.server.cpu_s() - server_cpu,
        time.process_time() - load_cpu,
        time.monotonic() - began,
    )


# --- scenarios ----------------------------------------------------------------------------------


async def measure_cpu(options: Options) -> dict[str, Figures]:
    """A steady load: what a token costs, and what is added to it."""
    script = Script(options.pace, options.barge_in)

    async def once(kind: Kind) -> Figures:
        async with staged(kind, script) as stage:
            await stage.fleet.place(options.calls)
            stage.fleet.begin()
            await asyncio.sleep(WARM_UP_SLOTS * script.slot_ms / 1000)
            observed = await observe(stage, options.slots)
            _note_errors(kind, observed.tally)
            return observed.figures()

    measured = await _in_turn(options, once)
    report.table(
        f"cpu: {options.calls} calls, {options.slots} turns each, {options.runs} runs (median)",
        measured,
    )
    return measured


async def _in_turn(
    options: Options, once: Callable[[Kind], Coroutine[Any, Any, Figures]]
) -> dict[str, Figures]:
    """The median of several runs, in each of which every server has its turn."""
    measured: dict[str, list[Figures]] = {kind.name: [] for kind in options.kinds}
    for run in range(options.runs):
        for kind in options.kinds:
            progress(f"{kind.name}, run {run + 1} of {options.runs}")
            measured[kind.name].append(await once(kind))
    return {name: median(runs) for name, runs in measured.items()}


def _note_errors(kind: Kind, tally: Tally) -> None:
    if tally.errors:
        kinds = ", ".join(f"{count} {what}" for what, count in tally.errors.most_common())
        progress(f"{kind.name}: errors: {kinds}")


SCENARIOS: Final = {"cpu": measure_cpu}


# --- the command line ---------------------------------------------------------------------------


def _options(arguments: argparse.Namespace) -> Options:
    every = {"ours": ours(arguments.tree.resolve()), "tac": PEER, "floor": FLOOR}
    return Options(
        kinds=tuple(every[name] for name in arguments.servers.split(",")),
        runs=arguments.runs,
        calls=arguments.calls,
        slots=arguments.turns,
        pace=Pace(arguments.first_ms, arguments.token_ms, arguments.tokens),
        barge_in=arguments.barge_in,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Put servers for ConversationRelay under load, in turn, and compare them."
    )
    parser.add_argument("scenario", choices=SCENARIOS, help="what to measure")
    parser.add_argument("--calls", type=int, default=100, help="calls at once (100)")
    parser.add_argument("--runs", type=int, default=5, help="runs, of which the median counts (5)")
    parser.add_argument("--turns", type=int, default=4, help="measured turns of each call (4)")
    parser.add_argument("--tokens", type=int, default=50, help="words of a reply (50)")
    parser.add_argument("--token-ms", type=int, default=40, help="time between words (40)")
    parser.add_argument("--first-ms", type=int, default=100, help="time to the first word (100)")
    parser.add_argument("--barge-in", type=float, default=0.1, help="share of turns cut in (0.1)")
    parser.add_argument("--servers", default="ours,tac,floor", help="which ones (ours,tac,floor)")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the checkout that `ours` is")
    parser.add_argument("--json", type=Path, help="keep the figures in this file")
    return parser


async def _run(arguments: argparse.Namespace) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    measured = await SCENARIOS[arguments.scenario](_options(arguments))
    if arguments.json:
        report.save(arguments.json, {arguments.scenario: measured})


def main(argv: Sequence[str] | None = None) -> None:
    """Measure what the command line asks for."""
    arguments = _parser().parse_args(argv)
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        sys.exit("Two cores are needed, 0 and 1: one for the server, one for callers and guide.")
    os.sched_setaffinity(0, {LOAD_CORE})
    uvloop.run(_run(arguments))


if __name__ == "__main__":
    main()
