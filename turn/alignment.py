"""Where the words of a report are among the words of a reply, however the voice spelled them.

A voice reads "$9.50" as "nine dollars fifty" and "Dr." as "Doctor"; it drops a word, or says one
twice. So words are aligned, in order. Those that are alike count for a fit, by their letters; those
that have no counterpart count against it, unless a number or an abbreviation may have been read
that way. Of all ways to align them, the one with the most in its favour is the fit.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from turn.words import Word

COMPARED_WORDS: Final = 60
"""A report is about a clause long. Of a much longer one, only the end tells where it ends."""

_LEAST_ALIKE: Final = 6
"""One letter of so many must be alike where a report may be anywhere: an "and" proves nothing."""

_OCCURRENCES: Final = 4  # of the end of a report that are looked at, where it is said again


class Fit(NamedTuple):
    """How a report fits."""

    end: int
    """The index after the last word that is alike."""
    rest: int
    """How many words of the report follow that, and are alike to none."""
    gain: int
    """The letters alike less those without a counterpart; more is better."""


def stands_at(report: Sequence[str], words: Sequence[Word], index: int) -> bool:
    """Whether these words are at this index, as they sound."""
    if not report or index < 0 or index + len(report) > len(words):
        return False
    return [word.sound for word in words[index : index + len(report)]] == [*report]


def find(report: Sequence[str], words: Sequence[Word], start: int) -> int | None:
    """The first index from `start` on where these words are as they sound, or None."""
    if not report:
        return None
    # As one text, because searching a string is far faster than comparing slices of a list.
    text = f" {' '.join(word.sound for word in words[start:])} "
    at = text.find(f" {' '.join(report)} ")
    return None if at < 0 else start + text.count(" ", 0, at)


def follow(report: Sequence[str], words: Sequence[Word], start: int, free: int) -> Fit | None:
    """How a report fits that begins at an index from `start` to `free`, or not far beyond."""
    report = report[:COMPARED_WORDS]
    # A number may be read as several words, or the other way round, so twice as many are searched.
    window = words[start : free + 2 * len(report) + 2]
    return _fit(report, [word.sound for word in window], start, free=free - start, least=0)


def locate(report: Sequence[str], words: Sequence[Word], start: int) -> Fit | None:
    """How a report fits that may begin anywhere from `start` on."""
    report = report[-COMPARED_WORDS:]
    sounds = [word.sound for word in words[start:]]
    least = _letters(report) // _LEAST_ALIKE
    best: Fit | None = None
    for place in _places(report, sounds):
        first = max(0, place - 2 * len(report) - 2)
        window = sounds[first : place + 2 * len(report) + 2]
        fit = _fit(report, window, start + first, free=len(window), least=least)
        if fit and (best is None or fit.gain > best.gain):
            best = fit
    return best


def _places(report: Sequence[str], sounds: Sequence[str]) -> Iterator[int]:
    """Where the report may end."""
    alike = fuzz.partial_ratio_alignment(report, sounds)
    if alike is None or not alike.score:
        return
    yield alike.dest_end
    # Where most of it is a number that was spelled out, what follows that tells.
    text = f" {' '.join(sounds)} "
    shortest, longest = 0, len(report)
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        if f" {' '.join(report[-middle:])} " in text:
            shortest = middle
        else:
            longest = middle - 1
    if shortest:
        last_words = re.compile(f"(?<= ){re.escape(' '.join(report[-shortest:]))}(?= )")
        for match in islice(last_words.finditer(text), _OCCURRENCES):
            yield text.count(" ", 0, match.end())


def _fit(
    report: Sequence[str], window: Sequence[str], offset: int, *, free: int, least: int
) -> Fit | None:
    """The best fit of a report in a window of words, of which `free` may be passed over.

    At least so many letters have to be alike, and as many as have no counterpart.
    """
    best: Fit | None = None
    gain = alike = end = report_end = 0
    for change in Indel.opcodes(window, report):
        if change.tag != "equal":
            continue
        start, report_start = change.src_start, change.dest_start
        # What is alike goes on from what is alike before it, or begins the fit.
        head = -_head_loss(window[:start], report[:report_start], free)
        gain -= _loss(window[end:start], report[report_end:report_start])
        if not alike or head > gain:
            gain, alike = head, 0
        end, report_end = change.src_end, change.dest_end
        letters = _letters(window[start:end])
        gain, alike = gain + letters, alike + letters
        rest = report[report_end:]
        total = gain - _tail_loss(window[end : end + len(rest)], rest)
        if alike >= least and total > (-1 if best is None else best.gain):
            best = Fit(offset + end, len(rest), total)
    return best


def _head_loss(text: Sequence[str], report: Sequence[str], free: int) -> int:
    """What is lost before the first words alike, if `free` words of the text may be passed over."""
    if len(text) > free:
        return _loss(text[free:], report)
    return _tail_loss(text[len(text) - len(report) :][::-1], report) if text else _letters(report)


def _tail_loss(text: Sequence[str], report: Sequence[str]) -> int:
    """What is lost of a report beside a text that may go on."""
    if text and _is_number(text[0]):
        return 0
    return min(_letters(report), _loss(text, report))


def _loss(text: Sequence[str], report: Sequence[str]) -> int:
    """How many letters of what is between two words alike have no counterpart."""
    if not (text and report):
        return _letters(text) + _letters(report)
    for written, read in ((text, report), (report, text)):
        numbers = [word for word in written if _is_number(word)]
        if numbers:  # each is read as a word at least
            others = [word for word in written if not _is_number(word)]
            return _letters(others) + _letters(numbers[len(read) :])
    short, long = sorted(("".join(text), "".join(report)), key=len)
    return 0 if _abbreviates(short, long) else Indel.distance(short, long)


def _letters(words: Sequence[str]) -> int:
    return sum(map(len, words))


def _is_number(word: str) -> bool:
    return not word.isalpha() and any(map(str.isdigit, word))


def _abbreviates(short: str, long: str) -> bool:
    """Whether a text begins like another and has its letters, in order: "dr" and "doctor"."""
    letters = iter(long)
    return short[0] == long[0] and all(letter in letters for letter in short)
