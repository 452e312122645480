"""What is measured: one function per scenario.

A scenario measures one server in one run, and returns its figures. `load` decides the order of
servers and runs, and prints the results.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final

from bench.callers import Script
from bench.report import Figures, latency, progress
from bench.scripted_guide import Pace
from bench.servers import Kind
from bench.stage import Observed, staged

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Options:
    """How much load, and for how long."""

    calls: int
    warm_up: int
    """Slots before measuring: calls that begin together cost more than calls in progress."""
    turns: int
    """Slots measured."""
    script: Script
    held: dict[str, int] = field(default_factory=dict)
    """How many calls each server held in the previous run, if any."""


async def steady(kind: Kind, options: Options) -> Observed:
    """Hold the calls, and measure once they have warmed up."""
    async with staged(kind, options.script) as stage:
        await stage.fleet.place(options.calls)
        stage.fleet.begin()
        await asyncio.sleep(options.warm_up * options.script.slot_ms / 1000)
        return await stage.observe(options.turns)


# --- cpu ----------------------------------------------------------------------------------------


async def cpu(kind: Kind, options: Options) -> Figures:
    """A steady load: CPU per token, and added latency."""
    return (await steady(kind, options)).figures()


# --- barge-in -----------------------------------------------------------------------------------


async def barge_in(kind: Kind, options: Options) -> Figures:
    """Barge-in on most turns: how soon there is silence, and how soon a reply resumes."""
    observed = await steady(kind, options)
    tally = observed.tally
    return {
        **latency("interrupt to last frame", tally.cut_ns),
        **latency("backchannel to resumed word", tally.resumed_ns),
        "interrupts": len(tally.cut_ns),
        "replies resumed": len(tally.resumed_ns),
        "errors": tally.errors.total(),
        **observed.use(),
    }


# --- capacity -----------------------------------------------------------------------------------

ALLOWED_MS: Final = 20.0
"""A server holds a number of calls if it adds no more than this to the first word (p99)."""

FIRST_GROWTH: Final = 1.5
GROWTH: Final = 1.15
"""The factor from one step to the next; smaller once a previous run has found the region."""

PRECISION: Final = 0.15
MOST_CALLS: Final = 3_000

SAMPLED_TURNS: Final = 300
"""The fewest turns per step: fewer say nothing about the 99th percentile."""

LOAD_LIMIT: Final = 0.7
"""Above this share of their core, callers and guide may be the bottleneck."""

STOLEN_LIMIT: Final = 0.01
"""If the host took more of the server's core than this, a failed step says little."""

MOST_CHANCES: Final = 4

HOPELESS_MS: Final = 5 * ALLOWED_MS
"""A step that adds more than this has failed for good."""


async def capacity(kind: Kind, options: Options) -> Figures:
    """How many calls one core holds: growing or shrinking steps, then bisection."""
    limited = False  # whether callers and guide were the bottleneck of the last failed step

    async def holds(calls: int) -> bool:
        """Whether it holds that many calls. A failed step is tried again once, or more often if the
        host took the core away meanwhile."""
        nonlocal limited
        turns = max(options.turns, math.ceil(SAMPLED_TURNS / calls))
        chances, tried = 2, 0
        while tried < chances:
            tried += 1
            observed = await steady(kind, replace(options, calls=calls, turns=turns))
            held = observed.first_p99_ms <= ALLOWED_MS and not observed.tally.errors
            progress(
                f"{kind.name}: {calls} calls {'held' if held else 'not held'}, "
                f"{observed.first_p99_ms:.1f} ms (callers and guide at "
                f"{100 * observed.load_share:.0f} % of their core, "
                f"{100 * observed.stolen_share:.1f} % of the server's stolen)"
            )
            if held:
                return True
            if observed.first_p99_ms > HOPELESS_MS:
                break
            if observed.stolen_share > STOLEN_LIMIT:
                chances = min(chances + 1, MOST_CHANCES)
        limited = observed.load_share > LOAD_LIMIT
        return False

    known = options.held.get(kind.name)
    calls = await _most(holds, known or options.calls, GROWTH if known else FIRST_GROWTH)
    options.held[kind.name] = calls
    return {"calls held on one core": calls, "limited by callers and guide": int(limited)}


async def _most(holds: Callable[[int], Awaitable[bool]], first: int, growth: float) -> int:
    """The most calls held, to within `PRECISION`."""
    most, too_many = 0, first
    while too_many <= MOST_CALLS and await holds(too_many):
        most, too_many = too_many, math.ceil(too_many * growth)
    while not most and too_many > 1:
        fewer = math.floor(too_many / growth)
        if await holds(fewer):
            most = fewer
        else:
            too_many = fewer
    while too_many - most > max(1, PRECISION * most):
        between = (most + too_many) // 2
        if await holds(between):
            most = between
        else:
            too_many = between
    return most


# --- memory -------------------------------------------------------------------------------------

QUIET_SCRIPT: Final = Script(Pace(first_ms=20, token_ms=10, tokens=16), rest_ms=100)
TURNS_A_SECOND: Final = 40
"""A rate that every server can keep up with."""

CHURN_AT_ONCE: Final = 200

SETTLE_S: Final = 1.0


async def memory(kind: Kind, options: Options) -> Figures:
    """The memory of a quiet call: fresh, and after one turn."""
    async with staged(kind, QUIET_SCRIPT) as stage:
        await stage.fleet.place(1)  # the first call also pays for what all calls share
        await stage.fleet.take_one_turn(1)
        before = stage.server.memory_bytes()
        await stage.fleet.place(options.calls)
        await asyncio.sleep(SETTLE_S)
        fresh = stage.server.memory_bytes() - before
        await stage.fleet.take_one_turn(TURNS_A_SECOND)
        await asyncio.sleep(SETTLE_S)
        used = stage.server.memory_bytes() - before
        tally = stage.fleet.tally
        stage.report_errors(tally)
        return {
            "server before MiB": before / MIB,
            "quiet call, fresh KiB": fresh / options.calls / 1024,
            "quiet call, after a turn KiB": used / options.calls / 1024,
            "errors": tally.errors.total(),
        }


async def churn(kind: Kind, options: Options) -> Figures:
    """The memory left behind by thousands of short calls."""
    async with staged(kind, QUIET_SCRIPT) as stage:

        async def hold_and_end(calls: int) -> None:
            await stage.fleet.place(calls)
            await stage.fleet.take_one_turn(TURNS_A_SECOND)
            await stage.fleet.hang_up()

        at_once = min(CHURN_AT_ONCE, options.calls)
        await hold_and_end(at_once)
        await asyncio.sleep(SETTLE_S)
        before = stage.server.memory_bytes()
        held = 0
        while held < options.calls:
            await hold_and_end(at_once)
            held += at_once
        await asyncio.sleep(SETTLE_S)
        after = stage.server.memory_bytes()
        tally = stage.fleet.tally
        stage.report_errors(tally)
        return {
            "calls held and ended": held,
            "server before MiB": before / MIB,
            "server after MiB": after / MIB,
            "left per call KiB": (after - before) / held / 1024,
            "errors": tally.errors.total(),
        }


# --- growth -------------------------------------------------------------------------------------

GROWING_CALLS: Final = (25, 50, 100, 200, 400)
SLOW: Final = Pace(first_ms=100, token_ms=160, tokens=25)
"""Slow enough that no server is at its limit with 400 calls."""

LONG_TALK: Final = Script(Pace(first_ms=10, token_ms=10, tokens=8), rest_ms=210)
LONG_TALK_CALLS: Final = 2
LONG_TALK_TURNS: Final = 200
BUCKET_TURNS: Final = 20

OF_CALLS: Final = "CPU µs per token, {} calls"
OF_TURNS: Final = "CPU ms per turn, {} to {}"


async def growth(kind: Kind, options: Options) -> Figures:
    """How the cost per token grows with calls, and per turn with the conversation."""
    figures: Figures = {}
    script = replace(options.script, pace=SLOW)
    for calls in GROWING_CALLS:
        progress(f"{kind.name}: {calls} calls")
        observed = await steady(kind, replace(options, calls=calls, script=script))
        figures[OF_CALLS.format(calls)] = observed.token_cpu_us
    progress(f"{kind.name}: conversations of {LONG_TALK_TURNS} turns")
    async with staged(kind, LONG_TALK) as stage:
        await stage.fleet.place(LONG_TALK_CALLS)
        stage.fleet.begin()
        for first in range(1, LONG_TALK_TURNS, BUCKET_TURNS):
            observed = await stage.observe(BUCKET_TURNS)
            turn_cpu_ms = observed.server_cpu_s * 1e3 / max(1, observed.tally.asked)
            figures[OF_TURNS.format(first, first + BUCKET_TURNS - 1)] = turn_cpu_ms
    return figures
