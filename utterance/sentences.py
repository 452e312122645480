"""A transcript as sentences of the words that were meant.

Transcribers write what they hear, hesitation and stammering included. Both are left out here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from utterance.phrases import SENTENCE_ENDS, Phrases, tokens
from utterance.phrases.shape import GREEK_QUESTION

# The longest repetition that counts as stammering, in words.
_DOUBLED_WORDS = 3

# Sentence ends that need no blank after them, and what may stand at the end of a text.
_WIDE_ENDS = "。｡？！؟।۔\u037e"
_ENDING = _WIDE_ENDS + ".?!;…」』”’\"'）)"


@dataclass(frozen=True, slots=True)
class Sentence:
    """The words up to a sentence end, and its mark ("" at the end of an unpunctuated text)."""

    words: Sequence[str]
    mark: str


def sentences(text: str, phrases: Phrases) -> Iterator[Sentence]:
    """The sentences of a transcript: one if it has no punctuation, none if it has no words."""
    current: list[str] = []
    for token in tokens(text):
        if token not in SENTENCE_ENDS:
            current.append(token)
        elif current:
            yield Sentence(_meant(current, phrases), token)
            current = []
    if current:
        yield Sentence(_meant(current, phrases), "")


def last_sentence(text: str, phrases: Phrases) -> Sentence | None:
    """The last sentence of a text, or None if that has no words."""
    # Found from the end, because a reply is long and its other sentences do not matter.
    text = text.rstrip()
    if not text.isascii():
        text = GREEK_QUESTION.sub("?", text)
    start = max(text.rfind(end) for end in (". ", "? ", "! ")) + 1
    if not text.isascii():
        end = len(text.rstrip(_ENDING))
        start = max(start, *(text.rfind(mark, 0, end) + 1 for mark in _WIDE_ENDS))
    return next(sentences(text[start:], phrases), None)


def in_a_row(words: Sequence[str], phrases: Phrases) -> str:
    """The words as one text, so that ``in`` finds some words in a row among others.

    Numbers become digits and apostrophes go, because transcribers differ in both.
    """
    numbers = phrases.numbers
    return f" {' '.join(numbers.get(word, word) for word in words)} ".replace("'", "")


def _meant(words: list[str], phrases: Phrases) -> list[str]:
    """The words without repetition, and without hesitation unless there is nothing else."""
    meant: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        hesitation = _hesitation(words, position, phrases)
        if hesitation:
            position += hesitation
            continue
        position += 1
        repeats = word in meant[-_DOUBLED_WORDS:]
        meant.append(word)
        if repeats:
            _drop_doubled(meant)
    return meant or words


def _hesitation(words: Sequence[str], position: int, phrases: Phrases) -> int:
    """How many words of hesitation begin here; the "uh" of "uh huh" is not hesitation."""
    if words[position] not in phrases.fillers.first_words:
        return 0
    length = phrases.fillers.at(words, position)
    listening = max(phrases.yes.at(words, position), phrases.backchannels.at(words, position))
    return length if length > listening else 0


def _drop_doubled(words: list[str]) -> None:
    """Drop the last few words if they only repeat those before them."""
    for size in range(1, _DOUBLED_WORDS + 1):
        if words[-size:] == words[-2 * size : -size]:
            del words[-size:]
            return
