"""A call in progress, as other requests to this process find it."""

from dataclasses import dataclass

from calls.decision_feed import DecisionFeed


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call in progress, the token its setup carried, and its decisions if it publishes them."""

    sid: str
    token: str
    decision_feed: DecisionFeed | None
