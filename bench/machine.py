"""The machine that is measured on, and how fast it is at the moment.

A virtual machine shares its host: the same work can take twice as long a minute later. So a fixed
piece of work is timed on the server's core before and after each server's turn. Where it took one
server's turn longer than another's, their figures differ by as much for no reason of theirs.
"""

import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Final

from bench.servers import LOAD_CORE, SERVER_CORE

STEPS: Final = 500_000


def fixed_work_ms() -> float:
    """The processor time that a fixed piece of work takes on the server's core now."""
    os.sched_setaffinity(0, {SERVER_CORE})
    began, total = time.process_time(), 0
    for step in range(STEPS):
        total += step * step % 7
    took_ms = (time.process_time() - began) * 1e3
    os.sched_setaffinity(0, {LOAD_CORE})
    return took_ms


def description(tree: Path) -> dict[str, str]:
    """What figures were measured with."""
    commit = subprocess.run(  # noqa: S603 - our own checkout
        ["git", "-C", tree, "rev-parse", "--short", "HEAD"],  # noqa: S607 - whichever git there is
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "ours": commit.stdout.strip(),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def stolen_s(core: int) -> float:
    """How long a core was taken away since the start, for other machines on the same host."""
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            return int(ticks[7]) / os.sysconf("SC_CLK_TCK")
    raise ValueError(f"the kernel tells nothing of core {core}")
