"""The shape of a language's phrases, and how text becomes the words they are made of."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import combinations

# Apostrophes and the sentence ends of other scripts, as those that the phrases are written with.
_SAME = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ´", "'"),
        **dict.fromkeys("。｡।॥۔։။។", "."),
        **dict.fromkeys("？؟\u037e", "?"),
    }
)

_TOKEN = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+(?:'[^\W_]+)*|[.?!]")
"""A number with its inner punctuation ("3.5"), a word with its apostrophes, or a sentence end."""

# `\w` has no vowel signs, which are within the words of Hindi, Thai and many others.
_MARKS = "".join(c for c in map(chr, range(0x300, 0x3100)) if unicodedata.category(c)[0] == "M")
_LETTERS = rf"(?:[^\W_]++[{_MARKS}\u200c\u200d]*+)++"
_WIDE_TOKEN = re.compile(rf"\d+(?:[.,:]\d+)+|{_LETTERS}(?:'{_LETTERS})*|[.?!]")

GREEK_QUESTION = re.compile(r"(?<=[\u0370-\u03ff\u1f00-\u1fff]);")
"""Greek keyboards write the question mark as a semicolon."""

# The Armenian one is written inside the word that is asked about.
_ARMENIAN_QUESTION = re.compile(r"(\w*)՞(\w*)")

SENTENCE_ENDS = frozenset(".?!")

# The innermost choice of a pattern: "(a|b)" is either, "[a|b]" is either or nothing.
_CHOICE = re.compile(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]")


def tokens(text: str) -> list[str]:
    """The lower-case words of a text in order, with its sentence ends (``.``, ``?``, ``!``)."""
    text = text.replace("`", "'")
    if text.isascii():
        return _TOKEN.findall(text.lower())
    text = unicodedata.normalize("NFKC", text.translate(_SAME))
    text = _ARMENIAN_QUESTION.sub(r"\1\2?", GREEK_QUESTION.sub("?", text))
    return _WIDE_TOKEN.findall(text.lower())


def words(text: str) -> tuple[str, ...]:
    """The lower-case words of a text, without any punctuation."""
    return tuple(token for token in tokens(text) if token not in SENTENCE_ENDS)


def expand(pattern: str) -> list[str]:
    """The texts a pattern stands for: ``[please] stop`` is ``stop`` and ``please stop``."""
    choice = _CHOICE.search(pattern)
    if choice is None:
        return [pattern]
    one_of, maybe = choice.groups()
    options = one_of.split("|") if maybe is None else ["", *maybe.split("|")]
    before, after = pattern[: choice.start()], pattern[choice.end() :]
    return [text for option in options for text in expand(before + option + after)]


class _Node:
    """A node in a tree of phrases: the words that may follow, and the kind that ends here."""

    __slots__ = ("kind", "next")

    def __init__(self) -> None:
        self.kind = ""
        self.next: dict[str, _Node] = {}

    def add(self, phrase: Sequence[str], kind: str) -> None:
        """Add a phrase. If the tree has it already, it keeps its first kind."""
        node = self
        for word in phrase:
            node = node.next.setdefault(word, _Node())
        node.kind = node.kind or kind


class PhraseList:
    """Phrases of one kind."""

    __slots__ = ("_longest_by_last_word", "_tree", "first_words", "phrases")

    def __init__(self, patterns: str = "") -> None:
        """Take patterns separated by commas, each as ``expand`` reads it.

        A phrase with an apostrophe is listed without it too: transcribers often leave it out.
        """
        texts = [text for pattern in patterns.split(",") for text in expand(pattern)]
        texts += [text.replace("'", "") for text in texts]
        self.phrases = frozenset(filter(None, map(words, texts)))
        self.first_words = frozenset(phrase[0] for phrase in self.phrases)
        self._tree = _Node()
        self._longest_by_last_word: dict[str, int] = {}
        for phrase in self.phrases:
            self._tree.add(phrase, "phrase")
            longest = self._longest_by_last_word.get(phrase[-1], 0)
            self._longest_by_last_word[phrase[-1]] = max(longest, len(phrase))

    def __contains__(self, word: str) -> bool:
        """Whether a word is a phrase by itself."""
        return (word,) in self.phrases

    def at(self, said: Sequence[str], start: int = 0) -> int:
        """The length in words of the longest phrase that begins at ``start``; 0 if none does."""
        if start >= len(said) or said[start] not in self.first_words:
            return 0
        return _longest(self._tree, said, start)[0]

    def ending(self, said: Sequence[str], end: int | None = None) -> int:
        """The length in words of the longest phrase that ends before ``end``; 0 if none does."""
        end = len(said) if end is None else end
        longest = self._longest_by_last_word.get(said[end - 1], 0) if end else 0
        for length in range(min(longest, end), 0, -1):
            if tuple(said[end - length : end]) in self.phrases:
                return length
        return 0


class PhraseTable:
    """Phrases of several kinds in one look-up."""

    __slots__ = ("_tree",)

    def __init__(self, kinds: Mapping[str, PhraseList]) -> None:
        """Take the kinds by name; a phrase of several kinds is of the one named first."""
        self._tree = _Node()
        for kind, phrase_list in kinds.items():
            for phrase in phrase_list.phrases:
                self._tree.add(phrase, kind)

    def at(self, said: Sequence[str], start: int) -> tuple[int, str]:
        """The length and kind of the longest phrase that begins at ``start``; 0 if none does."""
        return _longest(self._tree, said, start)


def _longest(node: _Node, said: Sequence[str], start: int) -> tuple[int, str]:
    length, kind = 0, ""
    for position in range(start, len(said)):
        following = node.next.get(said[position])
        if following is None:
            break
        node = following
        if node.kind:
            length, kind = position - start + 1, node.kind
    return length, kind


_NONE = PhraseList()


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """What one language says on the telephone, by kind.

    A sentence has a prelude, of ``yes``, ``no``, ``sounds``, ``backchannels``, ``comments``,
    ``fillers``, ``openers`` and ``stops``, and then its *core*. Kinds that are marked "at the core"
    count where it begins. Kinds with a default are optional.

    Raises ``ValueError`` for a phrase of two kinds that contradict each other.
    """

    language: str
    """The primary language subtag: the ``en`` of ``en-US``."""

    # Listening
    yes: PhraseList
    no: PhraseList
    """Alone it stops; before a statement it may agree or correct."""
    backchannels: PhraseList
    """Listening, agreeing, thanking: the agent may go on."""
    comments: PhraseList = _NONE
    """Backchannels only when nothing follows them: *it is*, *what a great idea*."""
    sounds: PhraseList = _NONE
    """Heard, surprised, moved; no answer, even to a question: *oh*, *hmm*."""
    fillers: PhraseList
    """Hesitation: *um*."""
    openers: PhraseList
    """What may come before the core: *and*, *well*, *listen*."""
    closers: PhraseList
    """What may come after the core: *please*, *sir*."""
    particles: PhraseList
    """Words that say nothing on their own: *the*, *to*."""

    # Taking the floor
    hellos: PhraseList
    """Asks if anyone is there; the whole sentence."""
    repeats: PhraseList
    """The caller did not hear; the whole sentence: *pardon*."""
    doubts: PhraseList = _NONE
    """Sounds that ask to repeat it if a question mark follows: *huh*."""
    stops: PhraseList
    """At the start of a sentence, whatever follows: *hold on*."""
    not_stops: PhraseList = _NONE
    """What begins like a stop and is not one: *stop by*, *wait staff*."""
    lone_stops: PhraseList
    """The whole sentence: *enough*."""
    clear_stops: PhraseList
    """Stops that are clear before the sentence is over; the whole utterance."""
    goodbyes: PhraseList
    """The end of a sentence: *bye*."""
    leavings: PhraseList
    """Goodbyes that are the whole sentence: *that's all*."""
    corrections: PhraseList
    """What was said is wrong or unwanted; at the core."""
    not_corrections: PhraseList = _NONE
    """What looks like a correction and is not one: *and I said*."""
    instead: PhraseList
    """What turns a *no* before it into a correction; at the core: *make it*."""
    not_instead: PhraseList = _NONE
    """Words that cannot begin a short correction after *no*: *not*, *really*."""
    polite: PhraseList = _NONE
    """What may come before a stop or an order: *could you please*."""
    orders: PhraseList
    """What is to be done; at the core: *repeat that*."""
    wishes: PhraseList
    """What is wanted; at the core: *I'd like*."""
    choices: PhraseList = _NONE
    """Takes or refuses an offer; at the end: *Friday* | *would be better*."""
    pleas: PhraseList = _NONE
    """What turns the words beside it into a request; before the core or at the end: *please*."""
    people: PhraseList
    """Whom a caller asks for to get a person; the whole sentence, or after a wish."""
    for_a_person: PhraseList = _NONE
    """Asks for a person anywhere in the sentence: *speak to a manager*."""

    # Asking
    asks_first: PhraseList
    """Asks at the start of a clause: *how much*."""
    asks_anywhere: PhraseList
    """Asks anywhere in the sentence: *do you*."""
    inversions: PhraseList = _NONE
    """Verbs that ask when a sentence begins with them: *is the doctor in*."""
    tags: PhraseList = _NONE
    """Ask for agreement with what was just said; at the end: *right*."""
    not_tags: PhraseList = _NONE
    """What ends like a tag and is not one: *about right*."""
    not_asked: PhraseList = _NONE
    """What begins like a question and is not one: *who knows*."""
    not_after: PhraseList = _NONE
    """Words after which ``asks_anywhere`` does not ask: *what*, *than*."""
    reports: PhraseList = _NONE
    """Words after which a question is reported, not asked: *she said*."""
    clause_marks: PhraseList = _NONE
    """Words after which a new clause begins: *but*."""
    prompts: PhraseList = _NONE
    """How the agent asks for an answer without a question; at the core: *let me know*."""

    numbers: Mapping[str, str] = field(default_factory=dict)
    """Number words, and the digits that a transcriber may write instead."""

    def __post_init__(self) -> None:
        """Refuse a phrase that would have two meanings as a whole utterance."""
        lists = self.lists()
        for kind, other in combinations(_MEANINGS, 2):
            if both := lists[kind].phrases & lists[other].phrases:
                phrases = ", ".join(sorted(map(" ".join, both)))
                raise ValueError(f"{self.language}: in both {kind} and {other}: {phrases}")

    def lists(self) -> dict[str, PhraseList]:
        """The phrase lists by name."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, PhraseList)}


# A phrase of one of these kinds can be a whole utterance, so it may be of one kind only.
_MEANINGS = (
    "yes",
    "no",
    "backchannels",
    "comments",
    "sounds",
    "fillers",
    "hellos",
    "repeats",
    "stops",
    "lone_stops",
    "goodbyes",
    "leavings",
    "corrections",
    "people",
)
