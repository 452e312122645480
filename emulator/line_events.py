"""What happened on a line, from where the caller sits: who said what, what was heard, what was cut.

PURE. All times are seconds on the line's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

CutReason: TypeAlias = Literal["interrupt", "preempted", "end", "hang up", "dropped"]


@dataclass(frozen=True, slots=True)
class Heard:
    """A word of the agent that the caller has heard to its end, at `at` seconds."""

    at: float
    word: str
    cycle: int
    lang: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A segment that was played to its end, at `at` seconds."""

    at: float
    cycle: int
    text: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Words of one talk cycle that will never be heard, and why.

    With `sounding`, the segment being played was cut: `spoken` is what was heard of it, `lost` the
    rest of it. Without, `lost` is what waited in the queue. A cycle cut while it is played and
    with more of it waiting has one of each.
    """

    at: float
    reason: CutReason
    cycle: int
    spoken: str
    lost: str
    sounding: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What the caller began to say, or did, at `at` seconds."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Transcribed:
    """An utterance that is over, and whether the app was told of it."""

    at: float
    text: str
    reported: bool


LineEvent: TypeAlias = Said | Transcribed | Spoken | Cut
