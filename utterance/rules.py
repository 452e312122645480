"""What a caller's words are: an act of a closed set, and whether it takes the floor.

The whole utterance is read, not its first word:

1. The transcript becomes sentences (`transcript`): one, where it has no punctuation.
2. What says nothing by itself is set aside from the start of a sentence ("yeah okay but"), up to
   its point. A sentence without a point is a backchannel, or noise.
3. From the point on it is a goodbye, a correction, a request or a question, the first of these
   whose phrases it has; else a remark. A stop before the point is the act if the rest is none.
4. A turn of several sentences is what its weightiest is: "Great. What about Sunday?" asks.
5. What had been heard may change that: the agent's own words are an echo, and words that respond
   to a question are an answer.

Pure: the same words always get the same verdict, in time linear in their number. The phrases are
data (`phrases`), and each verdict names the rule that gave it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from utterance.phrases import PACKS, PhraseList, Phrases, PhraseTable, pack_for, words
from utterance.sentences import Sentence, in_a_row, last_sentence, sentences


class Act(StrEnum):
    """What a caller does with what they say."""

    BACKCHANNEL = "backchannel"
    """Listens, agrees or thanks, and wants nothing: "right, okay", "no problem"."""
    NOISE = "noise"
    """Says nothing: "um", a stray "the", the agent's own words come back over the line."""
    REMARK = "remark"
    """Says something that asks for no reply now: "my wife loves that place"."""
    QUESTION = "question"
    """Wants to know, or did not hear: "what about Sunday", "pardon", "hello?"."""
    REQUEST = "request"
    """Wants something done: "I'd like to book", "a person please"."""
    STOP = "stop"
    """Wants the agent to stop, and no more than that: "hold on", "no"."""
    CORRECTION = "correction"
    """Finds what was said wrong or unwanted: "no, Tuesday", "no thank you"."""
    ANSWER = "answer"
    """Responds to the question that was just heard: "nine works", "uh-huh"."""
    GOODBYE = "goodbye"
    """Is about to go: "that's all, bye"."""


_KEEPS_TALKING = frozenset({Act.BACKCHANNEL, Act.NOISE, Act.REMARK})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the caller's words are, whether they take the floor, and which rule said so."""

    act: Act
    cancels: bool
    rule: str


def _verdict(act: Act, rule: str) -> Verdict:
    return Verdict(act, act not in _KEEPS_TALKING, rule)


_NO_WORDS = _verdict(Act.NOISE, "no-words")
_FILLERS = _verdict(Act.NOISE, "only-fillers")
_FRAGMENT = _verdict(Act.NOISE, "fragment")
_ECHO = _verdict(Act.NOISE, "echo-of-the-agent")
_SOUND = _verdict(Act.BACKCHANNEL, "sound-of-listening")
_LISTENING = _verdict(Act.BACKCHANNEL, "nothing-but-listening")
_STATEMENT = _verdict(Act.REMARK, "statement")
_STOP = _verdict(Act.STOP, "stop-phrase")
_BARE_NO = _verdict(Act.STOP, "bare-no")
_GOODBYE = _verdict(Act.GOODBYE, "goodbye-phrase")
_CORRECTION = _verdict(Act.CORRECTION, "correction-phrase")
_INSTEAD = _verdict(Act.CORRECTION, "no-and-instead")
_ORDER = _verdict(Act.REQUEST, "order")
_WISH = _verdict(Act.REQUEST, "wish")
_CHOICE = _verdict(Act.REQUEST, "choice")
_PLEASE = _verdict(Act.REQUEST, "please")
_PERSON = _verdict(Act.REQUEST, "person-please")
_HELLO = _verdict(Act.QUESTION, "hello-over-speech")
_REPEAT = _verdict(Act.QUESTION, "did-not-hear")
_ASKS_FIRST = _verdict(Act.QUESTION, "question-begins-clause")
_ASKS_ANYWHERE = _verdict(Act.QUESTION, "question-inside")
_INVERSION = _verdict(Act.QUESTION, "question-begins-with-verb")
_TAG = _verdict(Act.QUESTION, "question-tag")
_MARK = _verdict(Act.QUESTION, "question-mark")
_ANSWER = _verdict(Act.ANSWER, "after-a-question")

RULES = frozenset(
    verdict.rule for verdict in list(globals().values()) if isinstance(verdict, Verdict)
)
"""The names of all rules."""

# The weightiest sentence of a turn names it: after a "wait", the content is the turn.
_WEIGHT = {
    Act.NOISE: 0,
    Act.BACKCHANNEL: 1,
    Act.REMARK: 2,
    Act.STOP: 3,
    Act.GOODBYE: 4,
    Act.CORRECTION: 5,
    Act.REQUEST: 6,
    Act.QUESTION: 7,
}

# Each of these, after a question, responds to it.
_RESPONSES = frozenset(
    {_LISTENING, _STATEMENT, _BARE_NO, _CORRECTION, _INSTEAD, _WISH, _CHOICE, _PLEASE}
)

# So many of the agent's words in a row are no coincidence: the line carried them back.
_ECHO_WORDS = 4

# A question that the caller talks on from for longer than this many words was a figure of speech
# or somebody else's. Callers who want an answer leave room for it.
_REACH_WORDS = 20

# A question that is reported has at most so many words ("well, oh") between it and "she said".
_REPORTED_WITHIN = 3

# A tag ("right") is put to a statement, and fewer words than these make none.
_TAGGED_WORDS = 3

# A verb, its subject, and what is asked of it.
_INVERTED_WORDS = 3

# After "no", so few words are what is wanted instead; more are as likely a reason to agree.
_INSTEAD_WORDS = 3


def classify(said: str, heard: str = "", *, lang: str = "en") -> Verdict:
    """What the caller's words are.

    ``said`` is a transcript of what the caller said over or after the agent, with or without
    punctuation. ``heard`` is what the agent had been heard saying until then: "yes" is an answer
    where it ends in a question. ``lang`` is the language tag of the transcript; English stands
    in for a language without phrases. Any text has a verdict.
    """
    reader = _reader_for(lang)
    turn = list(sentences(said, reader.phrases))
    if not turn:
        return _NO_WORDS
    verdict = reader.verdict(turn)
    if not heard or verdict.act is Act.QUESTION:
        return verdict
    question = reader.closing_question(heard)
    if reader.is_echo(turn, heard, question):
        return _ECHO
    return _ANSWER if question and verdict in _RESPONSES else verdict


def ends_in_question(heard: str, *, lang: str = "en") -> bool:
    """Whether what the agent was heard saying ends in a question, marked as one or not."""
    return bool(_reader_for(lang).closing_question(heard))


def is_clear_stop(said: str, *, lang: str = "en") -> bool:
    """Whether a partial transcript is a bare stop already, and unmistakably one."""
    return _is_whole(said, lang, "clear_stops")


def is_bare_hello(said: str, *, lang: str = "en") -> bool:
    """Whether the caller asks if anyone is there, and nothing else."""
    return _is_whole(said, lang, "hellos")


def _is_whole(said: str, lang: str, kind: str) -> bool:
    """Whether the words are phrases of one kind, in any language, politeness and sounds aside."""
    spoken = words(said)
    readers = (_reader_for(lang), *_READERS.values())
    return any(reader.is_made_of(spoken, getattr(reader.phrases, kind)) for reader in readers)


# --- Reading one language --------------------------------------------------------------------

# What leads up to the point of a sentence. A phrase of two kinds is of the first, and the longest
# phrase decides: "no problem" is no "no", and "stop by" no stop.
_PRELUDE_KINDS = (
    "stops",
    "not_stops",
    "no",
    "yes",
    "backchannels",
    "comments",
    "sounds",
    "fillers",
    "openers",
)

_AGREEING_KINDS = frozenset({"yes", "backchannels", "comments"})

# What one phrase is that is the whole utterance.
_WHOLE_KINDS = (
    ("stops", _STOP),
    ("lone_stops", _STOP),
    ("goodbyes", _GOODBYE),
    ("leavings", _GOODBYE),
    ("people", _PERSON),
    ("repeats", _REPEAT),
    ("hellos", _HELLO),
    ("corrections", _CORRECTION),
    ("no", _BARE_NO),
    ("sounds", _SOUND),
    ("yes", _LISTENING),
    ("backchannels", _LISTENING),
    ("comments", _LISTENING),
)


@dataclass(frozen=True, slots=True)
class _Point:
    """Where the point of a sentence begins, and whether a "no" or a stop leads up to it."""

    start: int
    negated: bool
    stopped: bool


class _Reader:
    """Reads utterances in one language."""

    def __init__(self, phrases: Phrases) -> None:
        self.phrases = phrases
        lists = phrases.lists()
        self._preludes = PhraseTable({kind: lists[kind] for kind in _PRELUDE_KINDS})
        self._asking_words = phrases.asks_first.first_words | phrases.asks_anywhere.first_words
        self._whole = _whole_utterances(phrases)

    def verdict(self, turn: Sequence[Sentence]) -> Verdict:
        """What the sentences are together, whatever was heard before."""
        if len(turn) == 1:
            said, mark = turn[0].words, turn[0].mark
            whole = self._whole.get(tuple(said))
            if whole and not (mark == "?" and self.phrases.doubts.at(said) == len(said)):
                return whole
        return max(self._verdicts(turn), key=lambda verdict: _WEIGHT[verdict.act])

    def _verdicts(self, turn: Sequence[Sentence]) -> Iterator[Verdict]:
        negated, told = False, False
        left = sum(len(sentence.words) for sentence in turn)
        for sentence in turn:
            left -= len(sentence.words)
            verdict = self._read(sentence, negated=negated, told=told, left=left)
            negated = verdict is _BARE_NO
            told = told or verdict is _STATEMENT
            # A "no" that the caller goes on from is part of what follows.
            if not (negated and left):
                yield verdict

    def _read(self, sentence: Sentence, *, negated: bool, told: bool, left: int) -> Verdict:
        """What a sentence is.

        ``negated``: it follows a "no"; ``told``: it follows a statement; ``left``: the number of
        words that follow it.
        """
        said = sentence.words
        point = self._point(said, negated=negated)
        if point.start == len(said):
            return _STOP if point.stopped else self._without_point(sentence, point)
        rest = said[point.start :]
        verdict = (
            self._lone_stop(rest)
            or self._leave_taking(rest)
            or self._correction(said, point, told=told)
            or self._whole_sentence(rest)
            or self._request(said, point.start)
            or self._question(sentence, point.start, left)
            or self._statement(rest)
        )
        return _STOP if point.stopped and not verdict.cancels else verdict

    def _point(self, said: Sequence[str], *, negated: bool = False) -> _Point:
        """Where the point of a sentence begins, and what leads up to it."""
        start, stopped = 0, False
        before_comment: _Point | None = None
        while start < len(said):
            length, kind = self._prelude(said, start)
            if not length:
                return before_comment or _Point(start, negated, stopped)
            if kind == "comments" and before_comment is None:
                before_comment = _Point(start, negated, stopped)
            elif kind == "stops":
                stopped = True
            if kind == "no":
                negated = True
            elif kind in _AGREEING_KINDS:
                negated = False
            start += length
        return _Point(start, negated, stopped)

    def _prelude(self, said: Sequence[str], start: int) -> tuple[int, str]:
        """The length and kind of what leads up to the point here; 0 if the point is here."""
        length, kind = self._preludes.at(said, start)
        if length and kind != "not_stops":
            return length, kind
        polite = self.phrases.polite.at(said, start)
        if polite and start + polite < len(said):
            length, kind = self._preludes.at(said, start + polite)
            if kind == "stops":
                return polite + length, kind
        return 0, ""

    def _without_point(self, sentence: Sentence, point: _Point) -> Verdict:
        if point.negated:
            return _BARE_NO
        if sentence.mark == "?" and self.phrases.doubts.ending(sentence.words):
            return _REPEAT
        kinds = set(self._prelude_kinds(sentence.words))
        if kinds <= {"fillers", "openers"}:
            return _FILLERS
        return _SOUND if kinds <= {"fillers", "openers", "sounds"} else _LISTENING

    def _prelude_kinds(self, said: Sequence[str]) -> Iterator[str]:
        position = 0
        while position < len(said):
            length, kind = self._prelude(said, position)
            yield kind
            position += length

    # --- The rules, in their order ---

    def _lone_stop(self, rest: Sequence[str]) -> Verdict | None:
        bare = self._without_closers(rest[self.phrases.polite.at(rest) :])
        return _STOP if _is_one(bare, self.phrases.lone_stops) else None

    def _leave_taking(self, rest: Sequence[str]) -> Verdict | None:
        bare = self._without_closers(rest)
        leaves = self.phrases.goodbyes.ending(bare) or _is_one(bare, self.phrases.leavings)
        return _GOODBYE if leaves else None

    def _correction(self, said: Sequence[str], point: _Point, *, told: bool) -> Verdict | None:
        start, phrases = point.start, self.phrases
        if told or any(phrases.not_corrections.at(said, at) for at in (start, max(0, start - 1))):
            return None  # "and I said": the caller is telling a story
        if phrases.corrections.at(said, start) or phrases.corrections.at(said):
            return _CORRECTION
        if not point.negated:
            return None
        # "no | evenings": a few words that make no clause are what is wanted instead
        short = len(said) - start <= _INSTEAD_WORDS and said[start] not in phrases.not_instead
        return _INSTEAD if short or phrases.instead.at(said, start) else None

    def _whole_sentence(self, rest: Sequence[str]) -> Verdict | None:
        if self.is_made_of(rest, self.phrases.hellos):
            return _HELLO
        bare = self._without_closers(rest)
        if _is_one(bare, self.phrases.people):
            return _PERSON
        return _REPEAT if _is_one(bare, self.phrases.repeats) else None

    def _request(self, said: Sequence[str], start: int) -> Verdict | None:
        phrases = self.phrases
        if self._any_at(phrases.for_a_person, said, start):
            return _PERSON
        polite = phrases.polite.at(said, start)
        order = phrases.orders.at(said, start) or phrases.orders.at(said, start + polite)
        wish = phrases.wishes.at(said, start)
        if order or wish:
            # "Could you tell me how" asks, though "tell me" is an order: the longer phrase knows.
            asks = max(phrases.asks_first.at(said, start), phrases.asks_anywhere.at(said, start))
            if asks >= max(polite + order if order else 0, wish):
                return None
            if self._any_at(phrases.people, said, start):
                return _PERSON
            return _ORDER if order else _WISH
        if phrases.choices.ending(said):
            return _CHOICE
        if phrases.pleas.ending(said) or phrases.pleas.ending(said, start):
            return _PLEASE
        return None

    def _question(self, sentence: Sentence, start: int, left: int) -> Verdict | None:
        said, phrases = sentence.words, self.phrases
        marked = sentence.mark == "?"
        # "So you close at six" asks with its opener, so the word before the point counts.
        for index in range(max(0, start - 1), len(said)):
            if said[index] not in self._asking_words:
                continue
            within_reach = len(said) - index + left <= _REACH_WORDS
            if not within_reach and (index > start or left):
                continue
            if phrases.not_asked.at(said, index) or phrases.not_asked.at(said, max(0, index - 1)):
                continue
            if self._is_reported(said, index):
                marked = False  # the mark is the reported question's
                continue
            begins_clause = index <= start or said[index - 1] in phrases.clause_marks
            if begins_clause and phrases.asks_first.at(said, index):
                return _ASKS_FIRST
            led_up_to = index > start and self._is_led_up_to(said, index)
            if phrases.asks_anywhere.at(said, index) and not led_up_to:
                return _ASKS_ANYWHERE
        if self._is_inverted(said[start:]):
            return _INVERSION
        if self._has_tag(said[start:]):
            return _TAG
        return _MARK if marked else None

    def _statement(self, rest: Sequence[str]) -> Verdict:
        return _FRAGMENT if all(word in self.phrases.particles for word in rest) else _STATEMENT

    # --- What the rules look at ---

    def _any_at(self, kind: PhraseList, said: Sequence[str], start: int) -> bool:
        return any(kind.at(said, index) for index in range(start, len(said)))

    def _without_closers(self, said: Sequence[str]) -> Sequence[str]:
        end = len(said)
        while length := self.phrases.closers.ending(said, end):
            end -= length
        return said[:end]

    def _is_led_up_to(self, said: Sequence[str], index: int) -> bool:
        """Whether the word before makes a statement of what would ask ("what they | are you")."""
        before = said[index - 1]
        return before in self.phrases.not_after or said[index + 1 : index + 2] == [before]

    def _is_reported(self, said: Sequence[str], index: int) -> bool:
        """Whether what begins at ``index`` is what somebody said ("she's like, well | what")."""
        phrases = self.phrases
        leading = (phrases.openers, phrases.sounds, phrases.clause_marks)
        for end in range(index, max(0, index - _REPORTED_WITHIN), -1):
            if phrases.reports.ending(said, end):
                return True
            if not any(said[end - 1] in kind for kind in leading):
                return False
        return False

    def _is_inverted(self, rest: Sequence[str]) -> bool:
        return (
            _INVERTED_WORDS <= len(rest) <= _REACH_WORDS
            and rest[0] in self.phrases.inversions
            and not self.phrases.not_asked.at(rest)
        )

    def _has_tag(self, rest: Sequence[str]) -> bool:
        tag = self.phrases.tags.ending(rest)
        statement = len(rest) - tag
        return tag > 0 and statement >= _TAGGED_WORDS and not self.phrases.not_tags.ending(rest)

    def is_made_of(self, said: Sequence[str], wanted: PhraseList) -> bool:
        """Whether the words are such phrases, politeness and sounds aside."""
        others = (self.phrases.closers, self.phrases.fillers, self.phrases.sounds)
        found, position = False, 0
        while position < len(said):
            length = wanted.at(said, position)
            found = found or length > 0
            length = length or max(other.at(said, position) for other in others)
            if not length:
                return False
            position += length
        return found

    # --- What was heard ---

    def closing_question(self, heard: str) -> str:
        """The words of the last sentence heard, in a row, if it asks; else nothing."""
        sentence = last_sentence(heard, self.phrases)
        if sentence is None:
            return ""
        spoken = sentence.words
        start = self._point(spoken).start % len(spoken)
        asks = (
            sentence.mark == "?"
            or any(self.phrases.prompts.at(spoken, at) for at in (0, start))
            or self._question(sentence, start, 0)
        )
        return in_a_row(spoken, self.phrases) if asks else ""

    def is_echo(self, turn: Sequence[Sentence], heard: str, question: str) -> bool:
        """Whether the words are the agent's own, but not what its question offers."""
        spoken = [word for sentence in turn for word in sentence.words]
        if len(spoken) < _ECHO_WORDS:
            return False
        echo = in_a_row(spoken, self.phrases)
        return echo not in question and echo in in_a_row(words(heard), self.phrases)


def _is_one(said: Sequence[str], kind: PhraseList) -> bool:
    """Whether the words are one phrase of this kind and no more."""
    return bool(said) and kind.at(said) == len(said)


def _whole_utterances(phrases: Phrases) -> dict[tuple[str, ...], Verdict]:
    """What a phrase is that is the whole utterance: in this language first, else in another.

    Callers say "espera" on an English line too. What could be a fragment of this language is no
    phrase of another.
    """
    others = [pack for pack in PACKS.values() if pack is not phrases]
    verdicts: dict[tuple[str, ...], Verdict] = {}
    for pack in (phrases, *others):
        lists = pack.lists()
        for kind, verdict in _WHOLE_KINDS:
            for phrase in lists[kind].phrases:
                if pack is phrases or not all(word in phrases.particles for word in phrase):
                    verdicts.setdefault(phrase, verdict)
    return verdicts


_READERS = {language: _Reader(phrases) for language, phrases in PACKS.items()}


def _reader_for(lang: str) -> _Reader:
    return _READERS[pack_for(lang).language]
