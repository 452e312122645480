"""What a check finds, and how it is printed."""

import asyncio
from collections.abc import Coroutine
from enum import Enum
from typing import Any, Final, TextIO, TypeVar

LIMIT_S: Final = 15.0
"""How long Twilio waits for a webhook's answer; few checks have reason to take longer."""

LOOK_AT_LOG: Final = "Look at the log of the app, and of what is before it."

T = TypeVar("T")


class Outcome(Enum):
    """How a check went, as it is printed."""

    OK = "ok"
    WARNING = "warning"
    SKIPPED = "skipped"
    FAILED = "FAILED"


class CheckError(Exception):
    """A check that is not simply ok: what it found, and lines of advice that name settings."""

    def __init__(self, outcome: Outcome, found: str, *advice: str) -> None:
        super().__init__(found)
        self.outcome = outcome
        self.found = found
        self.advice = advice


def failed(found: str, *advice: str) -> CheckError:
    """A check that failed; raise it."""
    return CheckError(Outcome.FAILED, found, *advice)


def skipped(found: str) -> CheckError:
    """A check that lacks what it takes; raise it."""
    return CheckError(Outcome.SKIPPED, found)


class Report:
    """Prints what the checks find as they find it. `failures` counts those that failed."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._is_terminal = out.isatty()
        self.failures = 0

    def add(self, outcome: Outcome, name: str, found: str, *advice: str) -> None:
        """Print the line of a check, and its advice under it."""
        self.failures += outcome is Outcome.FAILED
        start_of_line = "\r\033[K" if self._is_terminal else ""
        print(f"{start_of_line}{outcome.value:<8} {name}: {found}", file=self._out)
        for line in advice:
            print(f"         {line}", file=self._out)
        self._out.flush()

    async def perform(
        self, name: str, check: Coroutine[Any, Any, T], limit_s: float = LIMIT_S
    ) -> T | None:
        """Run a check and print what it returns; None if it raised, or took over `limit_s`."""
        self._begin(name)
        try:
            async with asyncio.timeout(limit_s):
                value = await check
        except CheckError as error:
            self.add(error.outcome, name, error.found, *error.advice)
        except TimeoutError:
            self.add(Outcome.FAILED, name, f"it took longer than {limit_s:g} s", LOOK_AT_LOG)
        else:
            self.add(Outcome.OK, name, str(value))
            return value
        return None

    def _begin(self, name: str) -> None:
        """Show on a terminal what is being waited for."""
        if self._is_terminal:
            print(f"...      {name}", end="", file=self._out, flush=True)
