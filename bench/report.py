"""Figures of several servers side by side, and their ratios."""

import json
import math
import statistics
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

Figures = dict[str, float]
"""Measurements of one server, by name. Names include the unit."""

_BEGAN: Final = time.monotonic()


def progress(text: str) -> None:
    """Print progress to stderr."""
    print(f"[{time.monotonic() - _BEGAN:5.0f} s] {text}", file=sys.stderr, flush=True)


def percentile(times_ns: Collection[int], share: float) -> float:
    """A percentile in milliseconds, for a share from 0 to 1; 0 if there are no times."""
    ordered = sorted(times_ns)
    return ordered[math.ceil(share * len(ordered)) - 1] / 1e6 if ordered else 0.0


def latency(name: str, times_ns: Collection[int]) -> Figures:
    """The median and the 99th percentile; empty if there are no times."""
    if not times_ns:
        return {}
    return {f"{name} p{p} ms": percentile(times_ns, p / 100) for p in (50, 99)}


def medians(measured: Mapping[str, Sequence[Figures]]) -> dict[str, Figures]:
    """The median over all runs, for every figure of each server."""
    return {
        server: {
            name: statistics.median(run[name] for run in runs if name in run)
            for name in dict.fromkeys(name for run in runs for name in run)
        }
        for server, runs in measured.items()
    }


def table(title: str, measured: Mapping[str, Figures]) -> None:
    """Print figures, one column per server, and the ratio of ours to each of the others."""
    names = list(measured)
    others = [name for name in names if name != "ours"] if "ours" in measured else []
    figures = list(dict.fromkeys(name for each in measured.values() for name in each))
    width = max(map(len, figures))
    heads = [*names, *(f"ours/{other}" for other in others)]
    print(f"\n{title}\n{'':{width}}" + "".join(f"{head:>12}" for head in heads))
    for figure in figures:
        values = [measured[name].get(figure) for name in names]
        ratios = [
            _ratio(measured["ours"].get(figure), measured[other].get(figure)) for other in others
        ]
        cells = [_number(value) for value in values] + [
            "" if ratio is None else f"{ratio:.2f}" for ratio in ratios
        ]
        print(f"{figure:{width}}" + "".join(f"{cell:>12}" for cell in cells))


def _ratio(ours: float | None, other: float | None) -> float | None:
    return None if ours is None or not other else ours / other


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def save(
    path: Path, machine: Mapping[str, str], results: Mapping[str, Mapping[str, Sequence[Figures]]]
) -> None:
    """Save the figures of every run, for comparison."""
    kept = {"machine": machine, "scenarios": results}
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
