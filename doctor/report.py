"""Prints what the checks find."""

import asyncio
from collections.abc import Coroutine
from enum import Enum
from typing import Any, Final, TextIO, TypeVar

LIMIT_S: Final = 15.0
"""How long Twilio waits for a webhook's response; most checks should take no longer."""

CHECK_LOGS: Final = "Check the logs of the app and of the proxy or tunnel, if any."

T = TypeVar("T")


class Outcome(Enum):
    """How a check went, as printed."""

    OK = "ok"
    WARNING = "warning"
    SKIPPED = "skipped"
    FAILED = "FAILED"


class CheckError(Exception):
    """A check that is not ok: what it found, and lines of advice."""

    def __init__(self, outcome: Outcome, found: str, *advice: str) -> None:
        super().__init__(found)
        self.outcome = outcome
        self.found = found
        self.advice = advice


def failed(found: str, *advice: str) -> CheckError:
    """A check that failed; raise it."""
    return CheckError(Outcome.FAILED, found, *advice)


def skipped(found: str) -> CheckError:
    """A check that cannot run; raise it."""
    return CheckError(Outcome.SKIPPED, found)


class Report:
    """Prints findings as they come. `failures` counts the failed checks."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._is_terminal = out.isatty()
        self.failures = 0

    def add(self, outcome: Outcome, name: str, found: str, *advice: str) -> None:
        """Print a finding, with the advice below it."""
        self.failures += outcome is Outcome.FAILED
        start_of_line = "\r\033[K" if self._is_terminal else ""
        print(f"{start_of_line}{outcome.value:<8} {name}: {found}", file=self._out)
        for line in advice:
            print(f"         {line}", file=self._out)
        self._out.flush()

    async def perform(
        self, name: str, check: Coroutine[Any, Any, T], limit_s: float = LIMIT_S
    ) -> T | None:
        """Run a check and print its result; returns None if it raised or took over `limit_s`."""
        self._begin(name)
        try:
            async with asyncio.timeout(limit_s):
                value = await check
        except CheckError as error:
            self.add(error.outcome, name, error.found, *error.advice)
        except TimeoutError:
            self.add(Outcome.FAILED, name, f"timed out after {limit_s:g} s", CHECK_LOGS)
        else:
            self.add(Outcome.OK, name, str(value))
            return value
        return None

    def _begin(self, name: str) -> None:
        """Show the check in progress, on a terminal only."""
        if self._is_terminal:
            print(f"...      {name}", end="", file=self._out, flush=True)
