"""The machine, and how fast it is at the moment.

A virtual machine shares its host: the same work can take twice as long a minute later. So a fixed
piece of work is timed on the server's core before and after each server's turn. If it took longer
around one server than around another, their figures differ by as much through no fault of theirs.
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
    """The CPU time of a fixed piece of work on the server's core."""
    os.sched_setaffinity(0, {SERVER_CORE})
    began, total = time.process_time(), 0
    for step in range(STEPS):
        total += step * step % 7
    took_ms = (time.process_time() - began) * 1e3
    os.sched_setaffinity(0, {LOAD_CORE})
    return took_ms


def description(tree: Path) -> dict[str, str]:
    """What was measured, and on what."""
    commit = subprocess.run(  # noqa: S603 - our own checkout
        ["git", "-C", tree, "rev-parse", "--short", "HEAD"],  # noqa: S607 - whichever is on the PATH
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
    """How long the host has given a core to other machines since boot."""
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            return int(ticks[7]) / os.sysconf("SC_CLK_TCK")
    raise ValueError(f"/proc/stat has no core {core}")
