"""Draws how cost grows: `bench/growth.svg`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

from bench.report import Figures
from bench.scenarios import BUCKET_TURNS, GROWING_CALLS, LONG_TALK_TURNS, OF_CALLS, OF_TURNS

NAMES: Final = {
    "ours": "Frontdesk",
    "TAC": "Twilio Agent Connect",
    "floor": "the least possible relay",
}
COLOURS: Final = {"ours": "#0b6e4f", "TAC": "#c8553d", "floor": "#8d99ae"}

STYLE: Final = {
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e7eb",
    "axes.axisbelow": True,
    "svg.fonttype": "none",  # keep text as text
    "svg.hashsalt": "frontdesk",  # reproducible output
}


def draw(measured: Mapping[str, Figures], path: Path) -> None:
    """Draw both curves of every server."""
    firsts = range(1, LONG_TALK_TURNS, BUCKET_TURNS)
    with mpl.rc_context(STYLE):
        figure, (calls, turns) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
        for server, figures in measured.items():
            line = {"label": NAMES[server], "color": COLOURS[server], "marker": "o", "lw": 2}
            calls.plot(GROWING_CALLS, [figures[OF_CALLS.format(n)] for n in GROWING_CALLS], **line)
            ends = [first + BUCKET_TURNS - 1 for first in firsts]
            costs = [
                figures[OF_TURNS.format(first, end)]
                for first, end in zip(firsts, ends, strict=True)
            ]
            turns.plot([first + BUCKET_TURNS / 2 for first in firsts], costs, **line)
        calls.set_title("A token, as calls increase")
        calls.set_xlabel("calls at once")
        calls.set_ylabel("CPU time per token (µs)")
        calls.set_xscale("log", base=2)
        calls.set_xticks(GROWING_CALLS, [str(n) for n in GROWING_CALLS])
        turns.set_title("A turn, as the conversation grows")
        turns.set_xlabel("turns so far")
        turns.set_ylabel("CPU time per turn (ms)")
        for axes in (calls, turns):
            axes.set_ylim(bottom=0)
        calls.legend(frameon=False)
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
