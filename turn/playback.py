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
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple

CLAUSE_REPEAT_WORDS: Final = 8
"""A cut clause is said again from its start, for a sentence taken up in its middle is hard to
follow; unless more than this many words of it were heard, which would try the caller's patience."""

TAIL_WORDS: Final = 4
"""Callers answer a question over its last words: with so many to go they know what is asked."""

CLAUSE_ENDS: Final = frozenset(",.;:?!…")
"""Where a voice may begin to speak what it has, and where a cut sentence can be taken up."""

COMPARED_WORDS: Final = 60
"""A report is a clause. One much longer is not compared word by word, which takes long."""

_SPOKEN: Final = re.compile(r"\d|[^\W\d_]+")
_OWN_END: Final = attrgetter("own_end")
_START: Final = attrgetter("start")
_CHUNK: Final = re.compile(r"\S+")
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_CLOSERS: Final = "\"'”’)]"
_SENTENCE_ENDS: Final = ".?!…"


class _Word(NamedTuple):
    """A word as it sounds, and where it stands: with the punctuation around it, and its own end."""

    sound: str
    start: int
    end: int
    own_end: int


class _Words:
    """The words of a text that grows. What has been read is not read again, but for its end."""

    def __init__(self) -> None:
        self._words: list[_Word] = []
        self._length = 0
        self._last_chunk = (0, 0)  # the last with a word in it: which word, and where it starts

    def of(self, text: str) -> Sequence[_Word]:
        """The words of this text, which goes on from the one before."""
        if len(text) != self._length:
            self._length = len(text)
            self._read(text)
        return self._words

    def _read(self, text: str) -> None:
        """Read on from the last chunk with a word, which may have become longer."""
        words, (count, start) = self._words, self._last_chunk
        del words[count:]
        for chunk in _CHUNK.finditer(text, start):
            first, last = chunk.span()
            if chunk[0].isalnum():  # a word by itself, as most are
                self._last_chunk = (len(words), first)
                words.append(_Word(chunk[0].casefold(), first, last, last))
                continue
            spans = [match.span() for match in _WORD.finditer(text, first, last)]
            if spans:
                self._last_chunk = (len(words), first)
            elif words:  # a dash by itself belongs to the word before it
                words[-1] = words[-1]._replace(end=last)
            for start, end in spans:
                whole_start = first if start == spans[0][0] else start
                whole_end = last if end == spans[-1][1] else end
                words.append(_Word(_sound(text[start:end]), whole_start, whole_end, end))


@dataclass(slots=True)
class Playback:
    """The text of one reply: what is written, sent and heard of it."""

    text: str = ""
    """What is written of it, to which the guide adds."""
    sent: int = 0
    heard: int = 0
    is_settled: bool = False
    """Whether what was heard of it will not change any more."""
    _cycle_start: int = 0
    _played: int = 0
    _supposed: int = 0
    _supposed_by: tuple[str, ...] = field(default=(), repr=False)
    _words: _Words = field(default_factory=_Words, repr=False)

    # --- saying ---------------------------------------------------------------------------

    def send(self) -> str:
        """Everything written and not yet sent. It counts as sent from now on."""
        unsent = self.text[self.sent :]
        self.sent = len(self.text)
        return unsent

    def rewind(self) -> None:
        """Go back to where to resume, so that `send` gives what the caller has yet to hear.

        That is the first word not heard, or the start of the clause it stands in.
        """
        self._supposed, self._supposed_by = 0, ()
        self.sent = self._cycle_start = self._played = self._resume_point()

    # --- hearing, on a line that reports what it plays ------------------------------------

    def played(self, report: str) -> None:
        """Take note of a stretch that was played (`tokensPlayed`). It goes on where the last ended.

        Where the voice spells it in other words, what it covered is supposed, until the next
        report bears it out or an interrupt shows that it was cut.
        """
        self.confirm()
        end = _verbatim_end(report, self.text, self._played, self.sent)
        if end:
            self._played = end
            self.heard = max(self.heard, end)
            return
        words, sent, here = _sounds(report), self._sent_words(), self._index(self._played)
        if not words:
            return
        before = max(self._index(self._cycle_start), here - len(words) + 1)
        at = here if _stand_at(words, sent, here) else _find(words, sent, before)
        if at is None and _find(words, sent[:here], 0) is not None:
            return  # told again
        if at is None:
            self._suppose(words, sent, here)
        elif at <= here:
            self._play_to(at + len(words))
        # Else it reached the line just after a cut, and was played out of place.

    def cut_at(self, report: str) -> None:
        """Take note of the part that was cut. It is told of twice: by itself, and by the interrupt.

        So it counts once, and what was supposed of it is not borne out.
        """
        words, sent, here = _sounds(report), self._sent_words(), self._index(self._played)
        if self._supposed_by and words in ((), self._supposed_by):
            self._supposed, self._supposed_by = 0, ()
            return
        start = self._index(self._cycle_start)
        whole = _stand_at(words, sent, start) and start + len(words) >= here
        at = start if whole else _find(words, sent, max(start, here - len(words)))
        if at is not None and at <= here:
            self._play_to(at + len(words))

    def confirm(self) -> None:
        """What was supposed has been heard, for the line went on after it or fell silent."""
        self._played = max(self._played, self._supposed)
        self.heard = max(self.heard, self._supposed)
        self._supposed, self._supposed_by = 0, ()

    def _suppose(self, words: tuple[str, ...], sent: Sequence[_Word], here: int) -> None:
        """Words that stand nowhere are spelled otherwise, and cover what comes next.

        What they begin with may be spelled alike. From there on they reach to where the rest of
        them fits, or to the end of the clause.
        """
        alike = 0
        while alike < len(words) and _stand_at(words[: alike + 1], sent, here):
            alike += 1
        self._play_to(here + alike)
        reached = max(here + alike, _place_if_alike(words, sent, here) or 0)
        fits = reached > 0 and sent[reached - 1].sound == words[-1]
        place = reached if fits else self._clause_end(sent, reached)
        if place is not None:
            self._supposed = min(sent[place - 1].end, self.sent)
            self._supposed_by = words

    def _clause_end(self, sent: Sequence[_Word], here: int) -> int | None:
        """The index after the word that ends the clause from `here` on, or None if none is left."""
        for index in range(here, len(sent)):
            if _ends(self.text[: sent[index].end], CLAUSE_ENDS):
                return index + 1
        return len(sent) if here < len(sent) else None

    # --- hearing, on a line that reports interrupts alone ---------------------------------

    def interrupted(self, report: str, spoken_words: int) -> None:
        """Take note of where playback was cut (`interrupt`).

        `spoken_words` is how many words can have been spoken meanwhile. It is the estimate to use
        where the report is empty or its words are nowhere to be found.
        """
        words, sent, here = _sounds(report), self._sent_words(), self._index(self._played)
        start = self._index(self._cycle_start)
        if _stand_at(words, sent, start) and start + len(words) >= here:
            self._play_to(start + len(words))  # all since the talk cycle began
            return
        # The cut part alone. An earlier report may have told of its beginning.
        before = max(start, here - len(words))
        at = _find(words, sent, before)
        if at is not None:
            self._play_to(at + len(words))
            return
        places = (_place_if_alike(words, sent, place) for place in (before, start))
        place = next((place for place in places if place is not None), None)
        if place is None:
            self.spoken(spoken_words)
        else:
            self._play_to(place)

    def spoken(self, count: int) -> None:
        """Take so many words as heard that were not known to be."""
        self._play_to(self._index(self._played) + count)

    def all_played(self, *, but: str = "") -> None:
        """Take everything sent as heard, but for these last words of it."""
        self._supposed, self._supposed_by = 0, ()
        self._played = max(self._played, self.sent - len(but))
        self.heard = max(self.heard, self._played)

    # --- whose report it is ---------------------------------------------------------------

    def expects(self, report: str) -> bool:
        """Whether `report` is, word for word, what this reply plays next."""
        if _verbatim_end(report, self.text, self._played, self.sent):
            return True
        return _stand_at(_sounds(report), self._sent_words(), self._index(self._played))

    def recognises(self, report: str) -> bool:
        """Whether most of `report` is what this reply plays next, or how that begins."""
        words, sent, here = _sounds(report), self._sent_words(), self._index(self._played)
        alike = _place_if_alike(words, sent, here) is not None
        return alike or _stand_at(words[:1], sent, here)

    def contains(self, report: str) -> bool:
        """Whether the words of `report` stand somewhere in what was sent."""
        return _find(_sounds(report), self._sent_words(), 0) is not None

    # --- what follows from it -------------------------------------------------------------

    @property
    def all_heard(self) -> bool:
        """Whether the caller has heard every word that is written."""
        return _WORD.search(self.text, self.heard) is None

    @property
    def supposes(self) -> bool:
        """Whether the line spelled what it played last in other words."""
        return self._supposed > self.heard

    @property
    def begun(self) -> bool:
        """Whether the caller has heard anything of it, as far as is known or supposed."""
        return self.heard > 0 or self.supposes

    @property
    def left(self) -> str:
        """What is written and has yet to be played."""
        return self.text[self._played :]

    def give_up(self) -> None:
        """The rest will not be said."""
        self.text = self.text[: self.heard]
        self.sent = min(self.sent, self.heard)
        self.settle()

    def settle(self) -> None:
        """Keep the text alone: reports are about later replies now."""
        self.is_settled = True
        self._words = _Words()

    def context(self, *, ahead: int = 0) -> str:
        """What the caller has in mind of this reply as they speak.

        The words they heard, and `ahead` more of the same clause, which the line has yet to report;
        and of a question that they have begun to hear its last words too, for they can complete
        those themselves.
        """
        end = self._reach(ahead)
        heard = self.text[:end].rstrip()
        if not heard or _ends(heard, _SENTENCE_ENDS):
            return heard
        for chunk in islice(_CHUNK.finditer(self.text, end), TAIL_WORDS):
            if _ends(chunk[0], "?"):
                return self.text[: chunk.end()]
            if _ends(chunk[0], _SENTENCE_ENDS):
                break
        return heard

    def _reach(self, ahead: int) -> int:
        """How far playback has come, if so many words were spoken since the last report."""
        if not ahead:
            return self.heard
        sent, here = self._sent_words(), self._index(self._played)
        last = min(here + ahead, self._clause_end(sent, here) or 0)
        return max(self.heard, sent[last - 1].end if last else 0)

    # --- places ---------------------------------------------------------------------------

    def _play_to(self, place: int | None) -> None:
        """Playback has come as far as the word before the one at `place`."""
        sent = self._sent_words()
        if place and sent:
            end = sent[min(place, len(sent)) - 1].end
            self._played = max(self._played, min(end, self.sent))
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
        return bisect_right(self._parsed(), offset, key=_OWN_END)

    def _sent_words(self) -> Sequence[_Word]:
        words = self._parsed()
        if self.sent == len(self.text):
            return words
        return words[: bisect_left(words, self.sent, key=_START)]

    def _parsed(self) -> Sequence[_Word]:
        return self._words.of(self.text)


@lru_cache(maxsize=1)  # a report is looked at from several sides
def _verbatim_end(report: str, text: str, played: int, sent: int) -> int:
    """Where `report` ends, if it is to the letter what of `text` is played next; else 0.

    Most are, and then nothing has to be looked for word by word. It begins with a word and is
    whole chunks, and a word comes next, so that nothing between belongs to it.
    """
    report = report.strip()
    start = _next_chunk(text, played)
    end = start + len(report)
    if not (report[:1].isalnum() and end <= sent and text.startswith(report, start)):
        return 0
    after = _next_chunk(text, end)
    begins_chunk = not start or text[start - 1].isspace()
    ends_chunk = end == len(text) or text[end].isspace()
    word_follows = after == len(text) or text[after].isalnum()
    return end if begins_chunk and ends_chunk and word_follows else 0


def _next_chunk(text: str, offset: int) -> int:
    """Where the next chunk begins, from `offset` on."""
    while offset < len(text) and text[offset].isspace():
        offset += 1
    return offset


# --- words --------------------------------------------------------------------------------------


@lru_cache(maxsize=1)  # a report is looked at from several sides
def _sounds(text: str) -> tuple[str, ...]:
    return tuple([_sound(word) for word in _WORD.findall(text)])


def _sound(word: str) -> str:
    return word.casefold().replace("'", "").replace("’", "")


def _ends(text: str, marks: Iterable[str]) -> bool:
    return text.rstrip().rstrip(_CLOSERS).endswith(tuple(marks))


def _stand_at(sounds: Sequence[str], words: Sequence[_Word], index: int) -> bool:
    if not sounds or index < 0 or index + len(sounds) > len(words):
        return False
    return [word.sound for word in words[index : index + len(sounds)]] == [*sounds]


def _find(sounds: Sequence[str], words: Sequence[_Word], start: int) -> int | None:
    """Where `sounds` stand in `words`, the first such place from `start` on."""
    if not sounds:
        return None
    text = f" {' '.join(word.sound for word in words[start:])} "
    at = text.find(f" {' '.join(sounds)} ")
    return None if at < 0 else start + text.count(" ", 0, at)


def _place_if_alike(sounds: Sequence[str], words: Sequence[_Word], start: int) -> int | None:
    """The index after the last of `sounds` that is recognised, if most are from `start` on."""
    window = [word.sound for word in words[start : start + 2 * len(sounds) + 2]]
    if not 0 < len(sounds) <= min(2 * len(window), COMPARED_WORDS):
        return None
    same = SequenceMatcher(None, sounds, window, autojunk=False).get_matching_blocks()[:-1]
    if 2 * sum(block.size for block in same) < len(sounds):
        return None
    return start + same[-1].b + same[-1].size


def same_words(one: str, other: str) -> bool:
    """Whether two texts sound alike."""
    return _sounds(one) == _sounds(other)


def spoken_length(text: str) -> int:
    """How many words `text` is when spoken: a number is read digit by digit, at the longest."""
    return len(_SPOKEN.findall(text))
