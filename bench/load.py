"""Frontdesk under load, next to Twilio's own SDK and the least that a relay can do.

    make bench                                       the short form
    .venv-bench/bin/python bench/load.py cpu         one of the scenarios, in full
    .venv-bench/bin/python bench/load.py --help      all options

The server has core 0 to itself; the simulated callers (`callers`) and the scripted guide
(`scripted_guide`) share core 1, in this process. The servers alternate within a run, with the same
callers and the same guide, so that the machine's ups and downs affect all of them. bench/README.md
explains the figures.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import uvloop

from bench import growth_picture, machine, report, scenarios
from bench.callers import Script
from bench.report import Figures, progress
from bench.scenarios import Options
from bench.scripted_guide import Pace
from bench.servers import FLOOR, LOAD_CORE, PEER, ROOT, SERVER_CORE, Kind, ServerError, ours


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario and its default load."""

    once: Callable[[Kind, Options], Awaitable[Figures]]
    title: str
    calls: int = 100
    warm_up: int = 4
    turns: int = 4
    barge_in: float = 0.1


SCENARIOS: Final = {
    "cpu": Scenario(scenarios.cpu, "a steady load of {calls} calls", turns=10),
    "capacity": Scenario(
        scenarios.capacity,
        "the most calls with no more than 20 ms added to the first word (p99)",
        warm_up=3,
        turns=6,  # enough that a single garbage collection does not decide
    ),
    "barge-in": Scenario(
        scenarios.barge_in, "{calls} calls whose callers often cut in", calls=200, barge_in=0.8
    ),
    "memory": Scenario(scenarios.memory, "{calls} quiet calls", calls=1_000),
    "churn": Scenario(scenarios.churn, "{calls} short calls, one after the other", calls=5_000),
    "growth": Scenario(scenarios.growth, "cost against calls, and against turns", warm_up=2),
}

SHORT: Final = {"cpu": 100, "barge-in": 100, "memory": 200}
"""The short form: scenarios and their calls, one run each."""

SHORT_SLOTS: Final = 2
"""Slots of warm-up, and slots measured."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Put ConversationRelay servers under load, in turn, and compare them. "
        "Where no default is given, it depends on the scenario."
    )
    parser.add_argument(
        "scenario",
        choices=[*SCENARIOS, "short"],
        help="what to measure; short: three briefly",
    )
    parser.add_argument("--calls", type=int, help="calls at once, or where the search begins")
    parser.add_argument("--runs", type=int, default=5, help="runs; the median is printed (5)")
    parser.add_argument("--turns", type=int, help="measured turns per call")
    parser.add_argument("--warm-up", type=int, help="turns per call before that")
    parser.add_argument("--tokens", type=int, default=50, help="words per reply (50)")
    parser.add_argument("--token-ms", type=int, default=40, help="time between words (40)")
    parser.add_argument("--first-ms", type=int, default=100, help="time to the first word (100)")
    parser.add_argument("--barge-in", type=float, help="share of turns with a barge-in")
    parser.add_argument(
        "--servers", default="ours,tac,floor", help="what to measure (ours,tac,floor)"
    )
    parser.add_argument("--tree", type=Path, default=ROOT, help="the checkout to measure as `ours`")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--picture", type=Path, help="draw growth to this file (SVG)")
    return parser


async def _measure(
    name: str, arguments: argparse.Namespace, kinds: Sequence[Kind]
) -> dict[str, list[Figures]]:
    """The figures of every run, by server."""
    scenario = SCENARIOS[name]
    given = {
        setting: value
        for setting in ("calls", "warm_up", "turns", "barge_in")
        if (value := getattr(arguments, setting)) is not None
    }
    scenario = replace(scenario, **given)
    pace = Pace(arguments.first_ms, arguments.token_ms, arguments.tokens)
    script = Script(pace, scenario.barge_in)
    options = Options(scenario.calls, scenario.warm_up, scenario.turns, script)
    measured: dict[str, list[Figures]] = {kind.name: [] for kind in kinds}
    for run in range(arguments.runs):
        for kind in kinds:
            progress(f"{name}: {kind.name}, run {run + 1} of {arguments.runs}")
            work_ms = machine.fixed_work_ms()
            figures = await scenario.once(kind, options)
            figures["fixed work meanwhile ms"] = (work_ms + machine.fixed_work_ms()) / 2
            measured[kind.name].append(figures)
    title = scenario.title.format(calls=f"{scenario.calls:,}")
    report.table(f"{name}: {title}; {arguments.runs} run(s)", report.medians(measured))
    return measured


async def _measure_all(arguments: argparse.Namespace) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    tree = arguments.tree.resolve()
    known = {"ours": ours(tree), "tac": PEER, "floor": FLOOR}
    kinds = [known[name] for name in arguments.servers.split(",")]
    results: dict[str, dict[str, list[Figures]]] = {}
    if arguments.scenario == "short":
        arguments.runs, arguments.warm_up, arguments.turns = 1, SHORT_SLOTS, SHORT_SLOTS
        for name, arguments.calls in SHORT.items():
            results[name] = await _measure(name, arguments, kinds)
        print("\nThis was the short form: one run of a few seconds. The full one: bench/README.md.")
    else:
        name = arguments.scenario
        results[name] = await _measure(name, arguments, kinds)
    if arguments.picture and "growth" in results:
        growth_picture.draw(report.medians(results["growth"]), arguments.picture)
    if arguments.json:
        report.save(arguments.json, machine.description(tree), results)


def main() -> None:
    """Run the scenario on the command line."""
    arguments = _parser().parse_args()
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        sys.exit("This needs cores 0 and 1: one for the server, one for callers and guide.")
    if not (arguments.tree / ".venv/bin/python").exists():
        sys.exit(f"{arguments.tree} has no .venv: run `make install` there.")
    os.sched_setaffinity(0, {LOAD_CORE})
    try:
        uvloop.run(_measure_all(arguments))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("Interrupted.")
    except ServerError as error:
        sys.exit(f"Measurement failed: {error}.")


if __name__ == "__main__":
    main()
