"""How much of a reply the caller has heard, and what is left to say.

A reply is one text that grows as the guide writes it. Two places in it matter, as offsets in
characters:

    0 <= heard <= sent <= len(text)

`sent` is what Twilio has been given, `heard` what the caller has heard of it. When Twilio cuts a
reply it forgets what it had queued, and `rewind` takes `sent` back to where to go on from. What is
then said again is played and reported again, so the talk cycle has places of its own: where it
began, and how far it is known to have been played. `heard` is the furthest that any has come.

What was heard is known from what Twilio reports, in the words that the speech engine spoke: case,
punctuation and spacing may differ, and "9" may come back as "nine". So places are found by words.
Two kinds of report come:

* `tokensPlayed`, a stretch that has been played. They come in order and without gaps, so each goes
  on where the one before ended.
* `interrupt`, the words said when the caller cut in. Seen on live calls to be only the cut part of
  the segment being spoken; elsewhere it is all since the talk cycle began. Both are found.

Nothing ever places the point before what is already known to be heard, or beyond what was sent.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import islice
from typing import Final, NamedTuple

CLAUSE_REPEAT_WORDS: Final = 8
"""A cut clause is said again from its start, for a sentence taken up in its middle is hard to
follow; unless more than this many words of it were heard, which would try the caller's patience."""

TAIL_WORDS: Final = 4
"""Callers answer a question over its last words: with so many to go they know what is asked."""

CLAUSE_ENDS: Final = frozenset(",.;:?!…")
"""Where a voice may begin to speak what it has, and where a cut sentence can be taken up."""

_CHUNK: Final = re.compile(r"\S+")
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_APOSTROPHES: Final = str.maketrans("", "", "'’")
_CLOSERS: Final = "\"'”’)]"
_SENTENCE_ENDS: Final = ".?!…"


class _Word(NamedTuple):
    """A word as it sounds, and where it stands: with the punctuation around it, and its own end."""

    sound: str
    start: int
    end: int
    own_end: int


@dataclass(slots=True)
class Playback:
    """The text of one reply: what is written, sent and heard of it."""

    text: str = ""
    sent: int = 0
    heard: int = 0
    _cycle_start: int = 0
    _played: int = 0
    _unplaced: int = 0  # words reported since, and not found
    _words: list[_Word] = field(default_factory=list, repr=False)
    _words_of: int = field(default=0, repr=False)

    # --- saying ---------------------------------------------------------------------------

    def write(self, text: str) -> None:
        """Add what the guide has written."""
        self.text += text

    def send(self) -> str:
        """Everything written and not yet sent. It counts as sent from now on."""
        unsent = self.text[self.sent :]
        self.sent = len(self.text)
        return unsent

    def rewind(self) -> None:
        """Go back to where to resume, so that `send` gives what the caller has yet to hear.

        That is the first word not heard, or the start of the clause it stands in.
        """
        self.sent = self._cycle_start = self._played = self._resume_point()
        self._unplaced = 0

    # --- hearing --------------------------------------------------------------------------

    def played(self, report: str) -> None:
        """Take note of a stretch played, on a line that reports every one (`tokensPlayed`).

        It goes on where the last one ended. What stands only further on is not taken as heard.
        """
        words, sent, here = _sounds(report), self._sent_words(), self._index(self._played)
        if _stand_at(words, sent, here):
            self._play_to(here + len(words))
            return
        # The cut part is told of twice: by itself, and by the interrupt.
        place = _place_after(words, sent, max(self._index(self._cycle_start), here - len(words)))
        if place is None or place - len(words) > here + 2 * self._unplaced:
            # Words written too differently to be found, or words that reached the line just after
            # it was cut and are out of place. Only the former are made up for by what comes next.
            self._unplaced += len(words)
        else:
            self._play_to(place)

    def interrupted(self, report: str, spoken_words: int) -> None:
        """Take note of where playback was cut, on a line that reports nothing else (`interrupt`).

        `spoken_words` is how many words can have been spoken meanwhile. It is the estimate to use
        where the report is empty or its words are nowhere to be found.
        """
        words, sent, here = _sounds(report), self._sent_words(), self._index(self._played)
        start = self._index(self._cycle_start)
        if _stand_at(words, sent, start) and start + len(words) >= here:
            self._play_to(start + len(words))  # all since the talk cycle began
            return
        # The cut part alone. An earlier report may have told of its beginning.
        place = _place_after(words, sent, max(start, here - len(words)))
        if place is None:
            place = _place_if_alike(words, sent, start)
        self._play_to(here + spoken_words if place is None else place)

    def all_played(self, *, but: str = "") -> None:
        """Take everything sent as heard, but for these last words of it."""
        self._played = max(self._played, self.sent - len(but))
        self.heard = max(self.heard, self._played)

    def expects(self, report: str) -> bool:
        """Whether `report` is, word for word, what this reply plays next."""
        return _stand_at(_sounds(report), self._sent_words(), self._index(self._played))

    def contains(self, report: str) -> bool:
        """Whether the words of `report` stand somewhere in what was sent."""
        return _find(_sounds(report), self._sent_words(), 0) is not None

    # --- what follows from it -------------------------------------------------------------

    @property
    def all_heard(self) -> bool:
        """Whether the caller has heard every word that is written."""
        return self._index(self.heard) == len(self._words)

    def words_left(self) -> int:
        """How many of the words that are written have yet to be played."""
        return len(self._parsed()) - self._index(self._played)

    def context(self) -> str:
        """What the caller has in mind of this reply as they speak.

        The words they heard; and of a question that they have begun to hear its last words too,
        for they can complete those themselves.
        """
        heard = self.text[: self.heard].rstrip()
        if not heard or _ends(heard, _SENTENCE_ENDS):
            return heard
        for chunk in islice(_CHUNK.finditer(self.text, self.heard), TAIL_WORDS):
            if _ends(chunk[0], "?"):
                return self.text[: chunk.end()]
            if _ends(chunk[0], _SENTENCE_ENDS):
                break
        return heard

    # --- places ---------------------------------------------------------------------------

    def _play_to(self, place: int | None) -> None:
        """Playback has come as far as the word before the one at `place`."""
        sent = self._sent_words()
        if place and sent:
            end = sent[min(place, len(sent)) - 1].end
            self._played = max(self._played, min(end, self.sent))
            self._unplaced = 0
            self.heard = max(self.heard, self._played)

    def _resume_point(self) -> int:
        words, first = self._parsed(), self._index(self.heard)
        if first == len(words):
            return self.heard
        clause = first
        while clause and not _ends(self.text[: words[clause - 1].end], CLAUSE_ENDS):
            clause -= 1
        return words[clause if first - clause <= CLAUSE_REPEAT_WORDS else first].start

    def _index(self, offset: int) -> int:
        """The index of the first word that ends beyond `offset`."""
        words = self._parsed()
        return next((i for i, word in enumerate(words) if word.own_end > offset), len(words))

    def _sent_words(self) -> Sequence[_Word]:
        return [word for word in self._parsed() if word.start < self.sent]

    def _parsed(self) -> Sequence[_Word]:
        if self._words_of != len(self.text):
            self._words, self._words_of = _parse(self.text), len(self.text)
        return self._words


# --- words --------------------------------------------------------------------------------------


def _parse(text: str) -> list[_Word]:
    words: list[_Word] = []
    for chunk in _CHUNK.finditer(text):
        spans = [match.span() for match in _WORD.finditer(text, chunk.start(), chunk.end())]
        if not spans and words:  # a dash by itself belongs to the word before it
            words[-1] = words[-1]._replace(end=chunk.end())
        for start, end in spans:
            whole_start = chunk.start() if start == spans[0][0] else start
            whole_end = chunk.end() if end == spans[-1][1] else end
            words.append(_Word(_sound(text[start:end]), whole_start, whole_end, end))
    return words


def _sounds(text: str) -> list[str]:
    return [_sound(word) for word in _WORD.findall(text)]


def _sound(word: str) -> str:
    return word.translate(_APOSTROPHES).casefold()


def _ends(text: str, marks: Iterable[str]) -> bool:
    return text.rstrip().rstrip(_CLOSERS).endswith(tuple(marks))


def _stand_at(sounds: Sequence[str], words: Sequence[_Word], index: int) -> bool:
    if not sounds or index < 0 or index + len(sounds) > len(words):
        return False
    return all(word.sound == sound for word, sound in zip(words[index:], sounds, strict=False))


def _find(sounds: Sequence[str], words: Sequence[_Word], start: int) -> int | None:
    last = len(words) - len(sounds)
    return next((i for i in range(start, last + 1) if _stand_at(sounds, words, i)), None)


def _place_after(sounds: Sequence[str], words: Sequence[_Word], here: int) -> int | None:
    """Where `sounds` end in `words` from `here` on: the first such place, exact if there is one."""
    at = _find(sounds, words, here)
    return _place_if_alike(sounds, words, here) if at is None else at + len(sounds)


def _place_if_alike(sounds: Sequence[str], words: Sequence[_Word], start: int) -> int | None:
    """Where `sounds` end if spoken from `start` on, though some words are written differently."""
    window = [word.sound for word in words[start : start + 2 * len(sounds) + 2]]
    if not sounds or len(sounds) > 2 * len(window):
        return None
    same = SequenceMatcher(None, sounds, window, autojunk=False).get_matching_blocks()[:-1]
    if 2 * sum(block.size for block in same) < len(sounds):
        return None
    last = same[-1]
    return start + last.b + len(sounds) - last.a
