"""The events of a line as the caller experiences them: said, heard, cut.

PURE. All times are seconds on the line's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

CutReason: TypeAlias = Literal["interrupt", "preempted", "end", "hang up", "dropped"]


@dataclass(frozen=True, slots=True)
class Heard:
    """A word of the agent that the caller finished hearing at `at` seconds."""

    at: float
    word: str
    cycle: int
    lang: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A segment that finished playing at `at` seconds."""

    at: float
    cycle: int
    text: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Words of one talk cycle that will never be heard, and why.

    If `sounding`, the segment being played was cut: `spoken` was heard, `lost` was not. Otherwise
    `lost` was still in the queue. A cycle cut in the middle has one of each.
    """

    at: float
    reason: CutReason
    cycle: int
    spoken: str
    lost: str
    sounding: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What the caller began to say, or an action in parentheses, at `at` seconds."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Transcribed:
    """A finished utterance, and whether it was sent to the app."""

    at: float
    text: str
    reported: bool


LineEvent: TypeAlias = Said | Transcribed | Spoken | Cut
