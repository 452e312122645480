"""Whether it is our app that answers, and what it says of itself."""

from dataclasses import dataclass

import httpx2

from config import VERSION
from doctor.report import CheckError, failed


@dataclass(frozen=True, slots=True)
class Health:
    """What an app says of itself."""

    found: str
    has_demo_guide: bool

    def __str__(self) -> str:
        return self.found


def read_health(answer: httpx2.Response, address: str, advice: str) -> Health:
    """What `GET /health` was answered with. `advice` is for an answer that is another program's."""
    try:
        said = answer.json()
        version, has_demo_guide = said["version"], said["demo_guide"]
    except (ValueError, LookupError, TypeError):
        raise not_frontdesk(f"{address} (HTTP {answer.status_code})", advice) from None
    if version != VERSION:
        raise failed(
            f"another version of Frontdesk answers at {address}",
            f"This is {VERSION}. Stop the other one, or start it again after an update.",
        )
    return Health(f"Frontdesk {VERSION} answers at {address}", has_demo_guide)


def not_frontdesk(where: str, advice: str) -> CheckError:
    """Another program answers."""
    return failed(f"what answers at {where} is not Frontdesk", advice)
