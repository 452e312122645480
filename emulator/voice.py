"""The caller's voice as a transcriber hears it: words recognized one by one, and silences.

PURE. Time is an argument, in seconds. Speech is scheduled as sounds, and `step` recognizes them,
each a little after it begins. A silence ends the utterance, so a pause can split one turn in two.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

RECOGNITION_S = 0.3
"""From the beginning of a word to its text (live calls: barge-in at about this time)."""
COUGH_S = 0.5

_PAUSE = re.compile(r"\[(\d+(?:\.\d+)?)s\]")


@dataclass(frozen=True, slots=True)
class VoiceOn:
    """The caller has begun to speak or make a sound."""


@dataclass(frozen=True, slots=True)
class Recognized:
    """The utterance so far; unchanged after a sound without words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VoiceOff:
    """The caller has fallen silent; the words are the whole utterance, none for a cough."""

    words: tuple[str, ...]


VoiceEvent: TypeAlias = VoiceOn | Recognized | VoiceOff


@dataclass(frozen=True, slots=True)
class _Sound:
    start: float
    end: float
    word: str  # "" for a sound without words


class CallerVoice:
    """Schedules what the caller says, and recognizes it word by word."""

    def __init__(self, *, words_per_second: float, silence_s: float) -> None:
        self.voice_until = 0.0
        """When the caller's last sound ends, or ended."""
        self._pace = words_per_second
        self._silence_s = silence_s
        self._coming: deque[_Sound] = deque()
        self._words: list[str] = []
        self._recognized_until = 0.0
        self.speaking = False
        """Whether `clientSpeaking` was last reported as on."""

    @property
    def idle(self) -> bool:
        """Whether the caller is silent and has nothing left to say."""
        return not self.speaking and not self._coming

    @property
    def unfinished(self) -> tuple[str, ...]:
        """The words recognized so far of an unfinished utterance."""
        return tuple(self._words)

    def speak(self, text: str, now: float) -> None:
        """Say `text` after anything still being said; `[1.5s]` in it is a pause."""
        pauses_and_words = re.split(r"(\[\d+(?:\.\d+)?s\])|\s+", text)
        start = max(now, self.voice_until)
        for piece in filter(None, pauses_and_words):
            if pause := _PAUSE.fullmatch(piece):
                start += float(pause.group(1))
            else:
                start = self._plan(start, 1 / self._pace, piece)

    def cough(self, now: float) -> None:
        """Make a sound without words."""
        self._plan(max(now, self.voice_until), COUGH_S, "")

    def _plan(self, start: float, seconds: float, word: str) -> float:
        self.voice_until = start + seconds
        self._coming.append(_Sound(start, self.voice_until, word))
        return self.voice_until

    @property
    def deadline(self) -> float | None:
        """When to call `step`; None while the caller is silent."""
        if self._utterance_ends_next():
            return self._recognized_until + self._silence_s
        return self._coming[0].start + RECOGNITION_S if self._coming else None

    def step(self) -> list[VoiceEvent]:
        """Recognize what is due at the current deadline."""
        if self._utterance_ends_next():
            words, self._words = tuple(self._words), []
            self.speaking = False
            return [VoiceOff(words)]
        sound = self._coming.popleft()
        self._recognized_until = sound.end
        self._words += [sound.word] if sound.word else []
        recognized = Recognized(tuple(self._words))
        if self.speaking:
            return [recognized]
        self.speaking = True
        return [VoiceOn(), recognized]

    def _utterance_ends_next(self) -> bool:
        over_at = self._recognized_until + self._silence_s
        return self.speaking and (not self._coming or self._coming[0].start >= over_at)
