"""Tells Frontdesk from other programs, by its `/health`."""

from dataclasses import dataclass

import httpx2

from config import VERSION
from doctor.report import CheckError, failed


@dataclass(frozen=True, slots=True)
class Health:
    """What the app's `/health` says."""

    found: str
    has_demo_guide: bool

    def __str__(self) -> str:
        return self.found


def read_health(answer: httpx2.Response, address: str, advice: str) -> Health:
    """Read the response to `GET /health`. `advice` is for that of another program."""
    try:
        said = answer.json()
        version, has_demo_guide = said["version"], said["demo_guide"]
    except (ValueError, LookupError, TypeError):
        raise not_frontdesk(f"{address} (HTTP {answer.status_code})", advice) from None
    if version != VERSION:
        raise failed(
            f"a different version of Frontdesk runs at {address}",
            f"This is {VERSION}. Restart the app after an update, or stop the other one.",
        )
    return Health(f"Frontdesk {VERSION} at {address}", has_demo_guide)


def not_frontdesk(where: str, advice: str) -> CheckError:
    """The finding that another program answers."""
    return failed(f"another program answers at {where}", advice)
