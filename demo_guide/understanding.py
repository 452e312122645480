"""What a caller's words mean, found by spotting known phrases in them.

Transcribed words come with or without capitals and punctuation, with fillers, and with sentences
run together. Each sentence is cut into clauses, known phrases are spotted (the longest wins), and
the clauses are added up: later words correct earlier ones. Linear in the number of words. Pure.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from demo_guide.booking import Question, Wish
from demo_guide.business import Day, Service, Vague
from demo_guide.lexicon import (
    LEAD_INS,
    LONGEST_PHRASE,
    NOT_NAMES,
    OPENERS,
    PHRASES,
    QUESTION_WORDS,
    Act,
    Meaning,
    Topic,
)
from demo_guide.times import Time, find_time, number

_TOKEN = re.compile(
    r"(?<!\w)(?P<meridiem>[ap])\.\s?m\b\.?"
    r"|(?P<title>(?<!\w)(?:mr|mrs|ms|dr)\b)\.?"
    r"|(?P<end>[.?!;\n])"
    r"|\d+(?:[:.]\d+)?"
    r"|[^\W\d_]+(?:['’][^\W\d_]+)*",
    re.IGNORECASE,
)
_POINTERS = frozenset({"it", "that", "this", "one"})
_SMALL_WORDS = frozenset({"the", "a", "on", "at"})
_BIKES = frozenset({"bike", "bikes", "bicycle", "bicycles", "people", "persons"})
_LONGEST_NAME = 3  # words
_LONGEST_NAME_WORD = 20  # letters


class Token(NamedTuple):
    """One word."""

    word: str
    """The form to compare: lower case, no apostrophes."""
    text: str
    """The word as transcribed."""


class Spot(NamedTuple):
    """A known phrase, and its place among the tokens."""

    meaning: Meaning | Time
    start: int
    end: int


class Query(NamedTuple):
    """Something the caller wants to know."""

    topic: Topic
    day: Day | Vague | None = None
    service: Service | None = None
    points: bool = False
    """Whether it refers to what was spoken about: "it", "that"."""


@dataclass
class Heard:
    """What was understood of one message."""

    wish: Wish = field(default_factory=Wish)
    queries: list[Query] = field(default_factory=list)
    answer: Act | None = None
    """The last of yes, no, a nod (ASSENT) and CANCEL."""
    social: Act | None = None
    """The last of the acts that only need a word in return."""
    books: bool = False
    """Whether they want to book."""
    changes: bool = False
    """Whether they want something changed."""
    asks: bool = False
    """Whether the words not understood begin like a question."""
    loose: int = 0
    """How many words were not understood."""
    words: int = 0
    """How many words there were."""


def hear(text: str, asking: Question | None) -> Heard:
    """Understand one message, given the question that it may answer."""
    heard = Heard()
    for tokens in _sentences(text):
        for clause, spots in _clauses(tokens):
            _add_clause(heard, clause, spots, asking)
        heard.words += len(tokens)
    return heard


# --- words, sentences, clauses -----------------------------------------------------------------


def _sentences(text: str) -> Iterator[list[Token]]:
    """The words of each sentence. A hyphen separates words; a title's full stop ends nothing."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(unicodedata.normalize("NFC", text)):
        if match["end"]:
            if tokens:
                yield tokens
            tokens = []
        elif match["meridiem"]:
            tokens.append(Token(match["meridiem"].lower() + "m", match[0]))
        else:
            written = match["title"] or match[0]
            tokens.append(Token(written.lower().replace("'", "").replace("’", ""), written))
    if tokens:
        yield tokens


def _clauses(tokens: Sequence[Token]) -> Iterator[tuple[Sequence[Token], list[Spot]]]:
    """The clauses of a sentence, each with the known phrases in it. Phrases do not overlap.

    An opener ("what", "can I", "make it") begins a clause, unless a known phrase holds it.
    """
    words = [token.word for token in tokens]
    spots: list[Spot] = []
    start = at = 0
    while at < len(words):
        if at > start and _opens_clause(words, at):
            yield tokens[start:at], spots
            start, spots = at, []
        meaning, length = _bikes(words, at) or _phrase(words, at) or _time(words, at) or (None, 1)
        if meaning is not None:
            spots.append(Spot(meaning, at - start, at - start + length))
        at += length
    yield tokens[start:], spots


def _opens_clause(words: Sequence[str], at: int) -> bool:
    return words[at] in OPENERS or " ".join(words[at : at + 2]) in OPENERS


def _bikes(words: Sequence[str], at: int) -> tuple[int, int] | None:
    count = number(words[at])
    if count and words[at + 1 : at + 2] and words[at + 1] in _BIKES:
        return count, 2
    return None


def _phrase(words: Sequence[str], at: int) -> tuple[Meaning, int] | None:
    for length in range(min(LONGEST_PHRASE, len(words) - at), 0, -1):
        meaning = PHRASES.get(" ".join(words[at : at + length]))
        if meaning is not None:
            return meaning, length
    return None


def _time(words: Sequence[str], at: int) -> tuple[Time, int] | None:
    time = find_time(words, at)
    return (time, time.words) if time else None


# --- meaning -----------------------------------------------------------------------------------


def _add_clause(
    heard: Heard, tokens: Sequence[Token], spots: Sequence[Spot], asking: Question | None
) -> None:
    """Add what one clause says to what was said before it."""
    meanings = [spot.meaning for spot in spots]
    topics = [meaning for meaning in meanings if isinstance(meaning, Topic)]
    for meaning in meanings:
        if isinstance(meaning, Act):
            _add_act(heard, meaning)
    known = {at for spot in spots for at in range(spot.start, spot.end)}
    loose = [token.word for at, token in enumerate(tokens) if at not in known]
    heard.loose += len(loose)
    heard.asks = heard.asks or any(word in QUESTION_WORDS for word in loose[:2])
    name = _name(tokens, known, asking)
    if name:
        heard.wish.name = name
    if topics:
        points = any(token.word in _POINTERS for token in tokens)
        _add_queries(heard, topics, meanings, points=points)
    elif Act.CANCEL in meanings:
        heard.wish = Wish()
    else:
        _add_wish(heard, tokens, spots, asking)


def _add_act(heard: Heard, act: Act) -> None:
    match act:
        case Act.YES | Act.NO | Act.CANCEL | Act.ASSENT:
            heard.answer = act
        case Act.STOP | Act.REPEAT:
            heard.answer, heard.social = None, act
        case Act.BOOK:
            heard.books = True
        case Act.CHANGE:
            heard.changes = True
        case _:
            heard.social = act


def _add_queries(
    heard: Heard, topics: Sequence[Topic], meanings: Sequence[Meaning | Time], *, points: bool
) -> None:
    days: list[Day | Vague | None] = [
        meaning for meaning in meanings if isinstance(meaning, Day | Vague)
    ]
    services = [meaning for meaning in meanings if isinstance(meaning, Service)]
    service = services[-1] if services else None
    for topic in dict.fromkeys(topics):
        # "tell me about" says nothing by itself when what it is about is a topic too.
        if topic is not Topic.INCLUDES or service or len(topics) == 1:
            heard.queries += [Query(topic, day, service, points) for day in days or [None]]


def _add_wish(
    heard: Heard, tokens: Sequence[Token], spots: Sequence[Spot], asking: Question | None
) -> None:
    for spot in spots:
        negated = _is_negated(tokens, spot.start)
        match spot.meaning:
            case Day() as day if negated:
                heard.wish.reopened.add(Question.DAY)
                heard.wish.unwanted.add(day)
            case Service() | Time() | int() if negated:
                pass
            case Day() | Vague() as day:
                heard.wish.day = day
            case Service() as service:
                heard.wish.service = service
            case Time() as time if _is_meant(time, tokens, asking):
                heard.wish.time = time.minutes
            case Question() as question:
                heard.wish.reopened.add(question)
            case int() as bikes:
                heard.wish.bikes = bikes
            case _:
                pass


def _is_negated(tokens: Sequence[Token], at: int) -> bool:
    """Whether "not" comes before a phrase: "not Tuesday", "not the full one"."""
    before = [token.word for token in tokens[max(0, at - 2) : at]]
    return before[-1:] == ["not"] or (before[:1] == ["not"] and before[1] in _SMALL_WORDS)


def _is_meant(time: Time, tokens: Sequence[Token], asking: Question | None) -> bool:
    """Whether a number is a time: said as one, or when a time is to be expected."""
    return time.certain or asking is Question.TIME or len(tokens) <= 3


# --- names -------------------------------------------------------------------------------------


def _name(tokens: Sequence[Token], known: set[int], asking: Question | None) -> str | None:
    """The caller's name, if it is announced ("my name is"), asked for, or corrected."""
    words = [token.word for token in tokens]
    announced = _after_announcement(words)
    if announced is not None:
        return _take_name(tokens, announced, known, to_the_end=False)
    corrected = (
        asking in {Question.CONFIRM, Question.CHANGE} and words[0] == "no" and "its" in words
    )
    if asking is Question.NAME or corrected:
        start = next((at for at, word in enumerate(words) if word not in LEAD_INS), len(words))
        return _take_name(tokens, start, known, to_the_end=True)
    return None


def _after_announcement(words: Sequence[str]) -> int | None:
    """Where a name begins that the caller announces."""
    for at in range(len(words) - 1, 0, -1):
        pair = words[at - 1 : at + 1]
        if pair in (["name", "is"], ["name", "of"], ["call", "me"], ["the", "names"]):
            return at + 1
    return words.index("under") + 1 if "under" in words[:-1] else None


def _take_name(
    tokens: Sequence[Token], start: int, known: set[int], *, to_the_end: bool
) -> str | None:
    """The few words at `start` that can be a name; with `to_the_end`, only if no others follow."""
    name: list[str] = []
    at = start
    while at < len(tokens) and at not in known and tokens[at].word not in NOT_NAMES:
        name.append(tokens[at].text)
        at += 1
    rest = [token for index, token in enumerate(tokens[at:], at) if index not in known]
    polite = all(token.word in LEAD_INS for token in rest)
    if not 1 <= len(name) <= _LONGEST_NAME or (to_the_end and not polite):
        return None
    if not all(part.isalpha() or "'" in part or "’" in part for part in name):
        return None
    if max(map(len, name)) > _LONGEST_NAME_WORD:
        return None
    return " ".join(part[0].upper() + part[1:] for part in name)
