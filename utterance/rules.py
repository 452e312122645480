"""The rules: what the words of an utterance do, and whether they take the floor.

The whole utterance is read, not just its first word:

1. The transcript becomes sentences (`sentences`): one, if it has no punctuation.
2. A sentence begins with a *prelude* that says nothing by itself ("yeah okay but"), and then comes
   to its *core*. A sentence without a core is a backchannel, or noise.
3. The core makes it a goodbye, a correction, a request or a question, whichever of these it
   has the phrases of, in this order; else a remark. If that would not take the floor, a stop in the
   prelude does.
4. A turn of several sentences is what its weightiest one is: "Great. What about Sunday?" asks.
5. What the agent was heard saying may change that: its own words come back are an echo, and words
   that respond to its question are an answer.

Pure: the same words always get the same verdict, in time linear in their number. The phrases are
data (`phrases`), and each verdict names the rule that gave it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from utterance import verdicts
from utterance.phrases import DEFAULT, PACKS, PhraseList, Phrases, PhraseTable, pack_for, words
from utterance.phrases.elsewhere import HELLOS_ELSEWHERE, STOPS_ELSEWHERE
from utterance.sentences import Sentence, in_a_row, last_sentence, sentences
from utterance.verdicts import Act, Verdict

# Of several sentences the weightiest names the turn: after a "wait", what follows is what counts.
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

# After a question, each of these responds to it. "Hold on" or a question back does not.
_RESPONSES = frozenset(
    {
        verdicts.LISTENING,
        verdicts.STATEMENT,
        verdicts.BARE_NO,
        verdicts.CORRECTION,
        verdicts.INSTEAD,
        verdicts.WISH,
        verdicts.CHOICE,
        verdicts.PLEASE,
    }
)

# This many of the agent's words in a row are no coincidence: the line carried them back.
_ECHO_WORDS = 4

# If the caller goes on for longer than this many words, the question was a figure of speech or
# somebody else's. Callers who want an answer leave room for it.
_REACH_WORDS = 20

# Between "she said" and the question it reports there are at most this many words ("well, oh").
_REPORTED_WITHIN = 3

# A tag ("right") follows a statement, which takes at least this many words.
_TAGGED_WORDS = 3

# At the least: a verb, its subject, and what is asked about it ("is Lee in").
_INVERTED_WORDS = 3

# After "no", up to this many words are what the caller wants instead. More may as well agree.
_INSTEAD_WORDS = 3


def classify(said: str, heard: str = "", *, lang: str = "en") -> Verdict:
    """What the caller does with these words, and whether they take the floor.

    ``said`` is the transcript, with or without punctuation. ``heard`` is what the caller had heard
    the agent say until then: if that ends in a question, "yes" is an answer. ``lang`` is the
    transcript's language tag; a language without phrases is read as English. Any text has a
    verdict.
    """
    reader = _reader_for(lang)
    turn = list(sentences(said, reader.phrases))
    if not turn:
        return verdicts.NO_WORDS
    verdict = reader.verdict(turn)
    if not heard or verdict.act is Act.QUESTION:
        return verdict  # a question is neither an echo nor an answer, even in the agent's words
    question = reader.closing_question(heard)
    if reader.is_echo(turn, heard, question):
        return verdicts.ECHO
    return verdicts.ANSWER if question and verdict in _RESPONSES else verdict


def ends_in_question(heard: str, *, lang: str = "en") -> bool:
    """Whether what the agent was heard saying ends in a question, with or without its mark."""
    return bool(_reader_for(lang).closing_question(heard))


def is_clear_stop(said: str, *, lang: str = "en") -> bool:
    """Whether a partial transcript is nothing but a stop, and clear before the rest has come."""
    return _is_nothing_but(said, lang, "clear_stops")


def is_bare_hello(said: str, *, lang: str = "en") -> bool:
    """Whether the caller asks if anyone is there, and nothing else."""
    return _is_nothing_but(said, lang, "hellos")


def _is_nothing_but(said: str, lang: str, kind: str) -> bool:
    """Whether the words are phrases of this kind, in any language, politeness and sounds aside."""
    spoken = words(said)
    readers = (_reader_for(lang), *_READERS.values())
    return any(
        reader.consists_of(spoken, getattr(reader.phrases, kind)) for reader in readers
    ) or _READERS[DEFAULT.language].consists_of(spoken, _ELSEWHERE[kind])


# --- Reading one language --------------------------------------------------------------------

# What the prelude of a sentence is made of. The longest phrase decides, so "no problem" is not a
# "no", and "stop by" not a stop; a phrase of two kinds counts as the first of them.
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

# The verdict on a phrase that is the whole utterance. The first kind that has the phrase decides.
_WHOLE_KINDS = (
    ("stops", verdicts.STOP),
    ("lone_stops", verdicts.STOP),
    ("goodbyes", verdicts.GOODBYE),
    ("leavings", verdicts.GOODBYE),
    ("people", verdicts.PERSON),
    ("repeats", verdicts.REPEAT),
    ("hellos", verdicts.HELLO),
    ("corrections", verdicts.CORRECTION),
    ("no", verdicts.BARE_NO),
    ("sounds", verdicts.SOUND),
    ("yes", verdicts.LISTENING),
    ("backchannels", verdicts.LISTENING),
    ("comments", verdicts.LISTENING),
)


@dataclass(frozen=True, slots=True)
class _Prelude:
    """Where the prelude ends and the core begins, and whether a "no" or a stop is in it."""

    end: int
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
        """What the sentences are together, regardless of what was heard before."""
        if len(turn) == 1:
            said, mark = turn[0].words, turn[0].mark
            whole = self._whole.get(tuple(said))
            if whole and not (mark == "?" and self.phrases.doubts.at(said) == len(said)):
                return whole
        return max(self._verdicts(turn), key=lambda verdict: _WEIGHT[verdict.act])

    def _verdicts(self, turn: Sequence[Sentence]) -> Iterator[Verdict]:
        negated, narrating = False, False
        left = sum(len(sentence.words) for sentence in turn)
        for sentence in turn:
            left -= len(sentence.words)
            verdict = self._read(sentence, negated=negated, narrating=narrating, left=left)
            negated = verdict is verdicts.BARE_NO
            narrating = narrating or verdict is verdicts.STATEMENT
            # A "no" that the caller goes on from belongs to what follows: "No. It never is."
            if not (negated and left):
                yield verdict

    def _read(self, sentence: Sentence, *, negated: bool, narrating: bool, left: int) -> Verdict:
        """What one sentence is.

        ``negated``: it follows a "no"; ``narrating``: it follows a statement; ``left``: how many
        words follow it in the turn.
        """
        said = sentence.words
        prelude = self._prelude(said, negated=negated)
        if prelude.end == len(said):
            return verdicts.STOP if prelude.stopped else self._without_core(sentence, prelude)
        rest = said[prelude.end :]
        # In this order: a request often has the form of a question ("could you repeat that"), and
        # what no other rule takes is a statement.
        verdict = (
            self._lone_stop(rest)
            or self._leave_taking(rest)
            or self._correction(said, prelude, narrating=narrating)
            or self._whole_sentence(rest)
            or self._request(said, prelude.end)
            or self._question(sentence, prelude.end, left)
            or self._statement(rest)
        )
        return verdicts.STOP if prelude.stopped and not verdict.cancels else verdict

    def _prelude(self, said: Sequence[str], *, negated: bool = False) -> _Prelude:
        """The prelude of a sentence, which may be all of it."""
        start, stopped = 0, False
        before_comment: _Prelude | None = None
        while start < len(said):
            length, kind = self._prelude_phrase(said, start)
            if not length:
                return before_comment or _Prelude(start, negated, stopped)
            # A comment ("I guess") counts only at the end. If a core follows, it was part of that.
            if kind == "comments" and before_comment is None:
                before_comment = _Prelude(start, negated, stopped)
            elif kind == "stops":
                stopped = True
            if kind == "no":
                negated = True
            elif kind in _AGREEING_KINDS:  # "no, right, okay": the "no" was not meant
                negated = False
            start += length
        return _Prelude(start, negated, stopped)

    def _prelude_phrase(self, said: Sequence[str], start: int) -> tuple[int, str]:
        """The length and kind of the prelude's phrase at `start`; 0 if the core begins here."""
        length, kind = self._preludes.at(said, start)
        if length and kind != "not_stops":
            return length, kind
        polite = self.phrases.polite.at(said, start)
        if polite and start + polite < len(said):
            length, kind = self._preludes.at(said, start + polite)
            if kind == "stops":
                return polite + length, kind
        return 0, ""

    def _without_core(self, sentence: Sentence, prelude: _Prelude) -> Verdict:
        if prelude.negated:
            return verdicts.BARE_NO
        if sentence.mark == "?" and self.phrases.doubts.ending(sentence.words):
            return verdicts.REPEAT
        kinds = set(self._prelude_kinds(sentence.words))
        if kinds <= {"fillers", "openers"}:
            return verdicts.FILLERS
        return verdicts.SOUND if kinds <= {"fillers", "openers", "sounds"} else verdicts.LISTENING

    def _prelude_kinds(self, said: Sequence[str]) -> Iterator[str]:
        position = 0
        while position < len(said):
            length, kind = self._prelude_phrase(said, position)
            yield kind
            position += length

    # --- The rules, in their order ---

    def _lone_stop(self, rest: Sequence[str]) -> Verdict | None:
        bare = self._without_closers(rest[self.phrases.polite.at(rest) :])
        return verdicts.STOP if _is_one(bare, self.phrases.lone_stops) else None

    def _leave_taking(self, rest: Sequence[str]) -> Verdict | None:
        bare = self._without_closers(rest)
        leaves = self.phrases.goodbyes.ending(bare) or _is_one(bare, self.phrases.leavings)
        return verdicts.GOODBYE if leaves else None

    def _correction(
        self, said: Sequence[str], prelude: _Prelude, *, narrating: bool
    ) -> Verdict | None:
        start, phrases = prelude.end, self.phrases
        if narrating or any(
            phrases.not_corrections.at(said, at) for at in (start, max(0, start - 1))
        ):
            return None  # "and I said": the caller is telling a story
        # From the sentence's start as well: in "no thank you, I'm driving" the prelude has it.
        if phrases.corrections.at(said, start) or phrases.corrections.at(said):
            return verdicts.CORRECTION
        if not prelude.negated:
            return None
        # "no | evenings": a few words that make no clause are what is wanted instead
        short = len(said) - start <= _INSTEAD_WORDS and said[start] not in phrases.not_instead
        return verdicts.INSTEAD if short or phrases.instead.at(said, start) else None

    def _whole_sentence(self, rest: Sequence[str]) -> Verdict | None:
        if self.consists_of(rest, self.phrases.hellos):
            return verdicts.HELLO
        bare = self._without_closers(rest)
        if _is_one(bare, self.phrases.people):
            return verdicts.PERSON
        return verdicts.REPEAT if _is_one(bare, self.phrases.repeats) else None

    def _request(self, said: Sequence[str], start: int) -> Verdict | None:
        phrases = self.phrases
        if self._any_at(phrases.for_a_person, said, start):
            return verdicts.PERSON
        polite = phrases.polite.at(said, start)
        order = phrases.orders.at(said, start) or phrases.orders.at(said, start + polite)
        wish = phrases.wishes.at(said, start)
        if order or wish:
            # "Could you tell me how" asks, though "tell me" is an order: the longer phrase knows.
            asks = max(phrases.asks_first.at(said, start), phrases.asks_anywhere.at(said, start))
            if asks >= max(polite + order if order else 0, wish):
                return None
            if self._any_at(phrases.people, said, start):
                return verdicts.PERSON
            return verdicts.ORDER if order else verdicts.WISH
        if phrases.choices.ending(said):
            return verdicts.CHOICE
        if phrases.pleas.ending(said) or phrases.pleas.ending(said, start):
            return verdicts.PLEASE
        return None

    def _question(self, sentence: Sentence, start: int, left: int) -> Verdict | None:
        said, phrases = sentence.words, self.phrases
        marked = sentence.mark == "?"
        # "So you close at six" asks with its opener, so look from one word before the core.
        for index in range(max(0, start - 1), len(said)):
            if said[index] not in self._asking_words:
                continue
            within_reach = len(said) - index + left <= _REACH_WORDS
            if not within_reach and (index > start or left):
                continue  # a single sentence that begins as a question asks, however long it is
            if phrases.not_asked.at(said, index) or phrases.not_asked.at(said, max(0, index - 1)):
                continue
            if self._is_reported(said, index):
                marked = False  # the mark is the reported question's
                continue
            begins_clause = index <= start or said[index - 1] in phrases.clause_marks
            if begins_clause and phrases.asks_first.at(said, index):
                return verdicts.ASKS_FIRST
            led_up_to = index > start and self._is_led_up_to(said, index)
            if phrases.asks_anywhere.at(said, index) and not led_up_to:
                return verdicts.ASKS_ANYWHERE
        if self._is_inverted(said[start:]):
            return verdicts.INVERSION
        if self._has_tag(said[start:]):
            return verdicts.TAG
        return verdicts.MARK if marked else None

    def _statement(self, rest: Sequence[str]) -> Verdict:
        return (
            verdicts.FRAGMENT
            if all(word in self.phrases.particles for word in rest)
            else verdicts.STATEMENT
        )

    # --- What the rules look at ---

    def _any_at(self, kind: PhraseList, said: Sequence[str], start: int) -> bool:
        return any(kind.at(said, index) for index in range(start, len(said)))

    def _without_closers(self, said: Sequence[str]) -> Sequence[str]:
        end = len(said)
        while length := self.phrases.closers.ending(said, end):
            end -= length
        return said[:end]

    def _is_led_up_to(self, said: Sequence[str], index: int) -> bool:
        """Whether the word before turns the question into a statement ("what they | are you")."""
        before = said[index - 1]
        return before in self.phrases.not_after or said[index + 1 : index + 2] == [before]

    def _is_reported(self, said: Sequence[str], index: int) -> bool:
        """Whether what begins at ``index`` reports somebody's words ("she's like, well | what")."""
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

    def consists_of(self, said: Sequence[str], wanted: PhraseList) -> bool:
        """Whether the words are nothing but phrases of this kind, politeness and sounds aside."""
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
        """The words of the last sentence heard as `in_a_row` joins them, if it asks; else ""."""
        sentence = last_sentence(heard, self.phrases)
        if sentence is None:
            return ""
        spoken = sentence.words
        start = self._prelude(spoken).end % len(spoken)  # 0 if the prelude is all there is
        asks = (
            sentence.mark == "?"
            or any(self.phrases.prompts.at(spoken, at) for at in (0, start))
            or self._question(sentence, start, 0)
        )
        return in_a_row(spoken, self.phrases) if asks else ""

    def is_echo(self, turn: Sequence[Sentence], heard: str, question: str) -> bool:
        """Whether the words are the agent's own, and not a choice that its question offers."""
        spoken = [word for sentence in turn for word in sentence.words]
        if len(spoken) < _ECHO_WORDS:
            return False
        echo = in_a_row(spoken, self.phrases)
        return echo not in question and echo in in_a_row(words(heard), self.phrases)


def _is_one(said: Sequence[str], kind: PhraseList) -> bool:
    """Whether the words are exactly one phrase of this kind."""
    return bool(said) and kind.at(said) == len(said)


def _whole_utterances(phrases: Phrases) -> dict[tuple[str, ...], Verdict]:
    """The verdict on each phrase as a whole utterance: in this language first, else in another.

    Callers say "espera" on an English line too. But what could be a fragment of this language, like
    "was", is not read as another one's phrase.
    """
    others = [pack for pack in PACKS.values() if pack is not phrases]
    whole: dict[tuple[str, ...], Verdict] = {}
    for pack in (phrases, *others):
        lists = pack.lists()
        for kind, verdict in _WHOLE_KINDS:
            for phrase in lists[kind].phrases:
                if pack is phrases or not all(word in phrases.particles for word in phrase):
                    whole.setdefault(phrase, verdict)
    elsewhere = ((STOPS_ELSEWHERE, verdicts.STOP), (HELLOS_ELSEWHERE, verdicts.HELLO))
    for phrase_list, verdict in elsewhere:
        for phrase in phrase_list.phrases:
            whole.setdefault(phrase, verdict)
    return whole


_ELSEWHERE = {"clear_stops": STOPS_ELSEWHERE, "hellos": HELLOS_ELSEWHERE}
_READERS = {language: _Reader(phrases) for language, phrases in PACKS.items()}


def _reader_for(lang: str) -> _Reader:
    return _READERS[pack_for(lang).language]
