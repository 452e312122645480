"""Figures of several servers side by side, and their ratios."""

import json
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

Figures = dict[str, float]
"""What was measured of one server, by name. The names tell the units."""

_BEGAN: Final = time.monotonic()


def progress(text: str) -> None:
    """Tell whoever waits how far it is."""
    print(f"[{time.monotonic() - _BEGAN:5.0f} s] {text}", file=sys.stderr, flush=True)


def percentile(values: Iterable[int], share: float) -> float:
    """The value below which this share of all lies; 0 of none."""
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))]) if ordered else 0.0


def median(runs: Sequence[Figures]) -> Figures:
    """Each figure's median over the runs of one server."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def table(title: str, measured: Mapping[str, Figures]) -> None:
    """Print figures, a column a server, and what ours is to each of the others."""
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


def save(path: Path, results: Mapping[str, Any]) -> None:
    """Keep all figures for a comparison later."""
    path.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n", encoding="utf-8")
