"""The words of a reply, in any script: where they are, how they sound, how long they take to say.

Reports and resumes are by the word. Chinese, Japanese, Thai, Lao, Khmer and Burmese put no blanks
between words, so there each character counts as a word of its own, with the marks that combine with
it. It takes less time to say than a word: `reach` and the lengths allow for that.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple

CLAUSE_ENDS: Final = frozenset(",.;:?!…。、，．？！；：｡､।॥؟،؛۔։՝՞\u037e။၊។")
"""After these a voice may speak what it has, and a cut sentence can be resumed."""

_WIDE_CLAUSE_ENDS: Final = CLAUSE_ENDS - set(",.;:?!")
_SENTENCE_ENDS: Final = frozenset(".?!…。．？！｡।॥؟۔։՞\u037e။។")
_QUESTION_ENDS: Final = frozenset("?？؟՞\u037e")
_GREEK_QUESTION: Final = re.compile(r"[\u0370-\u037d\u0380-\u03ff\u1f00-\u1fff];")

_PARTS: Final = 6
_CHARACTER_PARTS: Final = 3
_SOUTHEAST_ASIAN_PARTS: Final = 2
"""What a word and a character take to say, in sixths of a word.

What is said takes about as long in any language (Coupé et al., Science Advances 5, 2019), so a
translation tells. The 30 English words of article 1 of the Declaration of Human Rights are 78
characters in Japanese and 39 in Chinese, which makes two characters a word; in Thai they are 103.
"""

_CJK: Final = (
    "\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
)
_SOUTHEAST_ASIAN: Final = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e50-\u0e59\u0e81-\u0edf"  # Thai, Lao
    "\u1000-\u1049\u1050-\u109f\u1780-\u17d3\u17d7\u17dc-\u17e9"  # Burmese, Khmer
)
# Marks that combine with the letter before them: vowels, accents, joiners. `\w` has none of them.
_MARKS: Final = (
    "".join(c for c in map(chr, range(0x300, 0x3100)) if unicodedata.category(c)[0] == "M")
    + "\u055b\u055c\u055e\u200c\u200d\ufe0e\ufe0f\uff9e\uff9f"
)
# Left out of words or written at will: apostrophes, joiners, Hebrew and Arabic vowel points.
_UNHEARD: Final = dict.fromkeys(
    [
        *map(ord, "'’\u0640\u055b\u055c\u055e\u0670\u200c\u200d"),
        *range(0x591, 0x5C8),
        *range(0x64B, 0x660),
    ]
)

_LETTER: Final = re.compile(r"[^\W_]")
_CHUNK: Final = re.compile(r"\S+")
_ASCII_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_LETTERS: Final = rf"(?:[^\W_{_CJK}{_SOUTHEAST_ASIAN}]++[{_MARKS}]*+)++"
_CHARACTER: Final = re.compile(rf"[{_CJK}{_SOUTHEAST_ASIAN}][{_MARKS}]*+")
_SOUTHEAST_ASIAN_CHARACTER: Final = re.compile(rf"[{_SOUTHEAST_ASIAN}]")
_ANY_WORD: Final = re.compile(rf"{_CHARACTER.pattern}|{_LETTERS}(?:['’]{_LETTERS})*")
_ASCII_SPOKEN: Final = re.compile(r"\d|[^\W\d_]+")
_SPOKEN: Final = re.compile(
    rf"{_CHARACTER.pattern}|\d|(?:[^\W\d_{_CJK}{_SOUTHEAST_ASIAN}]++[{_MARKS}]*+)++"
)

_CLAUSE_GAP: Final = re.compile(
    rf"(?<=[{_CJK}{_SOUTHEAST_ASIAN}{_MARKS}])\s+(?=[{_CJK}{_SOUTHEAST_ASIAN}])"
)

_CLOSERS: Final = frozenset("\"'”’)]」』）】〉》»")
_OPENERS: Final = '"“‘([{「『（【〈《«¿¡$€£¥+#@-'
_START: Final = attrgetter("start")


class Word(NamedTuple):
    """A word as it sounds, and its offsets: with the punctuation around it, and its own end."""

    sound: str
    start: int
    end: int
    own_end: int


class Words:
    """The words of a growing text. Only its end is read again: a reply comes token by token."""

    def __init__(self) -> None:
        self._words: list[Word] = []
        self._length = 0
        self._read_from = (0, 0)  # the first word that may still grow: its index, and its offset

    def of(self, text: str) -> Sequence[Word]:
        """The words of this text, which continues (or shortens) the one given before."""
        if len(text) != self._length:
            self._length = len(text)
            self._read(text)
        return self._words

    def _read(self, text: str) -> None:
        # From the last chunk with a word in it, because that may have grown: "don" to "don't".
        words, (count, start) = self._words, self._read_from
        del words[count:]
        for chunk in _CHUNK.finditer(text, start):
            (first, last), whole = chunk.span(), chunk[0]
            is_ascii = whole.isascii()
            if is_ascii and whole.isalnum():  # most chunks are a plain word: no second search
                self._read_from = (len(words), first)
                words.append(Word(whole.casefold(), first, last, last))
                continue
            pattern = _ASCII_WORD if is_ascii else _ANY_WORD
            spans = [match.span() for match in pattern.finditer(text, first, last)]
            if not spans:
                if words:  # a dash alone is never reported, so it belongs to the word before it
                    words[-1] = words[-1]._replace(end=last)
                continue
            self._read_from = (len(words), first)
            if not is_ascii:
                words += _words_of_chunk(text, first, last, spans)
                if has_no_blanks(words[-1].sound):  # a long chunk: go on from its last word
                    self._read_from = (len(words) - 1, words[-1].start)
                continue
            for start, end in spans:
                whole_start = first if start == spans[0][0] else start
                whole_end = last if end == spans[-1][1] else end
                words.append(Word(sound(text[start:end]), whole_start, whole_end, end))


def _words_of_chunk(
    text: str, first: int, last: int, spans: Sequence[tuple[int, int]]
) -> Iterator[Word]:
    """The words of a chunk from `first` to `last`, of which `spans` are the words alone.

    Where blanks are not needed, a mark inside a chunk is no hyphen: it ends a word or opens one.
    """
    whole_start = first
    for (start, end), following in zip(spans, [*spans[1:], (last, last)], strict=True):
        gap = text[end : following[0]]
        whole_end, next_start = end, following[0]
        if following[0] == last:
            whole_end = last
        elif has_no_blanks(text[start:end]) or not _WIDE_CLAUSE_ENDS.isdisjoint(gap):
            whole_end = next_start = end + len(gap.rstrip(_OPENERS))
        yield Word(sound(text[start:end]), whole_start, whole_end, end)
        whole_start = next_start


def words_in(text: str) -> list[str]:
    """How the words of a text sound."""
    pattern = _ASCII_WORD if text.isascii() else _ANY_WORD
    return [sound(word) for word in pattern.findall(text)]


def sound(word: str) -> str:
    """A word without what cannot be heard: case, width and apostrophes."""
    if word.isascii():
        return word.casefold().replace("'", "")
    return unicodedata.normalize("NFKC", word).casefold().translate(_UNHEARD)


def has_no_blanks(word: str) -> bool:
    """Whether a word is a character of a script that has no blanks between words."""
    return not word.isascii() and _CHARACTER.match(word) is not None


def is_boundary(text: str, offset: int) -> bool:
    """Whether a word ends and another begins at `offset`, with no blank between them."""
    last, following = text[offset - 1], text[offset]
    return last not in _OPENERS and (has_no_blanks(last) or has_no_blanks(following))


def before(words: Sequence[Word], offset: int) -> Sequence[Word]:
    """The words that begin before `offset`."""
    return words[: bisect_left(words, offset, key=_START)]


def after(words: Sequence[Word], offset: int) -> Iterator[Word]:
    """The words that begin at `offset` or after it."""
    return islice(words, bisect_left(words, offset, key=_START), None)


def has_word(text: str, start: int) -> bool:
    """Whether there is a word in `text` from `start` on."""
    return _LETTER.search(text, start) is not None


# --- lengths ------------------------------------------------------------------------------------


def reach(words: Sequence[Word], here: int, length: float) -> int:
    """The index after as many words from `here` on as have this length together."""
    left = length * _PARTS
    while here < len(words) and (left := left - _parts(words[here].sound)) >= 0:
        here += 1
    return here


def length(words: Iterable[Word]) -> float:
    """How long the words are."""
    return sum(_parts(word.sound) for word in words) / _PARTS


def length_of(text: str) -> float:
    """How long the words of a text are, each number one word."""
    return sum(map(_parts, words_in(text))) / _PARTS


def spoken_length(text: str) -> float:
    """How long `text` is when spoken, with numbers read digit by digit, at their longest."""
    if text.isascii():
        return len(_ASCII_SPOKEN.findall(text))
    return sum(map(_parts, _SPOKEN.findall(text))) / _PARTS


def _parts(word: str) -> int:
    if not has_no_blanks(word):
        return _PARTS
    return _SOUTHEAST_ASIAN_PARTS if _SOUTHEAST_ASIAN_CHARACTER.match(word) else _CHARACTER_PARTS


# --- marks --------------------------------------------------------------------------------------


def ends_clause(text: str, end: int) -> bool:
    """Whether a clause of `text` ends before `end`: in a mark, closed or not, or where there are no
    blanks between words, in a blank.
    """
    return text[_last_mark(text, end)] in CLAUSE_ENDS or _CLAUSE_GAP.match(text, end) is not None


def ends_sentence(text: str, end: int) -> bool:
    """Whether a sentence of `text` ends before `end`, in a mark, closed or not."""
    return text[_last_mark(text, end)] in _SENTENCE_ENDS or ends_question(text, end)


def ends_question(text: str, end: int) -> bool:
    """Whether a question of `text` ends before `end`, in a mark, closed or not."""
    at = _last_mark(text, end)
    # Greek keyboards write the question mark as a semicolon.
    return text[at] in _QUESTION_ENDS or _GREEK_QUESTION.match(text, max(0, at - 1)) is not None


def _last_mark(text: str, end: int) -> int:
    """The offset of the last character before `end` that is no blank and closes nothing."""
    at = end - 1
    while at > 0 and (text[at].isspace() or text[at] in _CLOSERS):
        at -= 1
    return at
