"""How much of a reply the caller has heard, and what is left to say.

A reply is one text that grows as the guide writes it. Two offsets in it matter, in characters:

    0 <= heard <= sent <= len(text)

`sent` is how much the line was given, `heard` how much of that the caller has heard. A line that
cuts a reply forgets what it had queued, and `rewind` sets `sent` back to where the reply resumes.
What is said again is played and reported again, so the talk cycle has offsets of its own: where it
began, and how far it is known to have been played. `heard` is the furthest that playback ever got.

The line reports in the words of its voice: case, punctuation and spacing may differ, and "9" may
come back as "nine". So offsets are found by comparing words. There are two kinds of report:

* `tokensPlayed` is a stretch that was played. These come in order and without gaps, so each goes on
  where the last one ended.
* `interrupt` has the words said when the caller cut in. On live calls this was only the cut part of
  the segment being spoken; elsewhere it is everything since the talk cycle began. Both are found.

No report moves `heard` back, or beyond `sent`.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache
from operator import attrgetter
from typing import Final

from turn.words import (
    Word,
    Words,
    after,
    before,
    ends_clause,
    ends_question,
    ends_sentence,
    has_no_blanks,
    has_word,
    is_boundary,
    length,
    reach,
    spoken_length,
    words_in,
)

__all__ = ["CLAUSE_REPEAT_WORDS", "TAIL_WORDS", "Playback", "same_words", "spoken_length"]

CLAUSE_REPEAT_WORDS: Final = 8
"""A cut clause is said again from its start, because a sentence that resumes in its middle is hard
to follow. If the caller has heard more words of it than this, repeating them would be tedious."""

TAIL_WORDS: Final = 4
"""Callers answer a question over its last words: with this many to go they know what is asked."""

COMPARED_WORDS: Final = 60
"""A report is about a clause long. Fuzzy matching of a much longer one would take too long."""

_OWN_END: Final = attrgetter("own_end")


@dataclass(slots=True)
class Playback:
    """The text of one reply, and how much of it is sent and heard."""

    text: str = ""
    """What the guide has written so far."""
    sent: int = 0
    heard: int = 0
    is_settled: bool = False
    """Whether `heard` is final."""
    _cycle_start: int = 0
    _played: int = 0
    _unconfirmed: int = 0
    _unconfirmed_report: tuple[str, ...] = field(default=(), repr=False)
    _words: Words = field(default_factory=Words, repr=False)

    # --- saying ---------------------------------------------------------------------------

    def send(self) -> str:
        """Take everything written and not yet sent; it counts as sent from now on."""
        unsent = self.text[self.sent :]
        self.sent = len(self.text)
        return unsent

    def rewind(self) -> None:
        """Go back to where to resume, so that `send` returns what the caller has yet to hear.

        That is the first word not heard, or the start of its clause.
        """
        self._unconfirmed, self._unconfirmed_report = 0, ()
        self.sent = self._cycle_start = self._played = self._resume_point()

    # --- hearing, on a line that reports what it plays ------------------------------------

    def played(self, report: str) -> None:
        """A stretch was played (`tokensPlayed`), from where the last one ended.

        If the voice spelled it in other words, what it covers stays unconfirmed until the next
        report confirms it, or an interrupt shows that it was cut.
        """
        self.confirm()  # the line went on, so the stretch before was played whole
        end = _verbatim_end(report, self.text, self._played, self.sent)
        if end:
            self._played = end
            self.heard = max(self.heard, end)
            return
        words, sent, here = _sounds(report), self._sent_words(), self._index(self._played)
        if not words:
            return
        # Its beginning may have been reported already, but then it still ends beyond `here`.
        before = max(self._index(self._cycle_start), here - len(words) + 1)
        at = here if _stand_at(words, sent, here) else _find(words, sent, before)
        if at is None and _find(words, sent[:here], 0) is not None:
            return  # a repeated report
        if at is None:
            self._play_respelled(words, sent, here)
        elif at <= here:
            self._play_to(at + len(words))
        # Else these are strays that reached the line just after a cut: not progress.

    def cut_after(self, report: str) -> None:
        """Playback was cut after these words.

        A line that reports playback reports them twice, as played and in the interrupt; they count
        once. What they left unconfirmed was cut, so it does not count.
        """
        words, sent, here = _sounds(report), self._sent_words(), self._index(self._played)
        if self._unconfirmed_report and words in ((), self._unconfirmed_report):
            self._unconfirmed, self._unconfirmed_report = 0, ()
            return
        start = self._index(self._cycle_start)
        whole = _stand_at(words, sent, start) and start + len(words) >= here
        at = start if whole else _find(words, sent, max(start, here - len(words)))
        if at is not None and at <= here:
            self._play_to(at + len(words))

    def confirm(self) -> None:
        """Count what was unconfirmed as heard: the line went on after it, or fell silent."""
        self._played = max(self._played, self._unconfirmed)
        self.heard = max(self.heard, self._unconfirmed)
        self._unconfirmed, self._unconfirmed_report = 0, ()

    def _play_respelled(self, words: tuple[str, ...], sent: Sequence[Word], here: int) -> None:
        """Words that are found nowhere are what comes next, in the voice's spelling.

        They may begin alike, and that much is certain. The rest of them reaches to the last word
        that fits or, because a line reports clause by clause, to the end of the clause.
        """
        alike = 0
        while alike < len(words) and _stand_at(words[: alike + 1], sent, here):
            alike += 1
        self._play_to(here + alike)
        reached = max(here + alike, _find_alike(words, sent, here) or 0)
        fits = reached > 0 and sent[reached - 1].sound == words[-1]
        place = reached if fits else self._clause_end(sent, reached)
        if place is not None:
            self._unconfirmed = min(sent[place - 1].end, self.sent)
            self._unconfirmed_report = words

    def _clause_end(self, sent: Sequence[Word], here: int) -> int | None:
        """The index after the last word of the clause at `here`; None if there is no word left."""
        for index in range(here, len(sent)):
            if ends_clause(self.text, sent[index].end):
                return index + 1
        return len(sent) if here < len(sent) else None

    # --- hearing, on a line that reports only interrupts ----------------------------------

    def find_cut(self, report: str, estimated_words: int) -> None:
        """Playback was cut (`interrupt`), somewhere that the report tells.

        If the report is empty or cannot be found, `estimated_words` more words count as heard.
        """
        words, sent, here = _sounds(report), self._sent_words(), self._index(self._played)
        start = self._index(self._cycle_start)
        if _stand_at(words, sent, start) and start + len(words) >= here:
            self._play_to(start + len(words))  # everything since the talk cycle began
            return
        # Only the cut part, the beginning of which may have been in an earlier interrupt.
        before = max(start, here - len(words))
        at = _find(words, sent, before)
        if at is not None:
            self._play_to(at + len(words))
            return
        places = (_find_alike(words, sent, place) for place in (before, start))
        place = next((place for place in places if place is not None), None)
        if place is None:
            self.advance(estimated_words)
        else:
            self._play_to(place)

    def advance(self, count: float) -> None:
        """Count this many more words as heard, or as many characters as take as long."""
        self._play_to(reach(self._sent_words(), self._index(self._played), count))

    def all_played(self) -> None:
        """Count everything sent as heard."""
        self._unconfirmed, self._unconfirmed_report = 0, ()
        self._played = self.sent
        self.heard = max(self.heard, self.sent)  # `sent` is behind it between rewind and send

    # --- whose report it is ---------------------------------------------------------------

    def matches_next(self, report: str) -> bool:
        """Whether `report` is, word for word, what this reply plays next."""
        # Most reports are verbatim. Asking for that first saves comparing words.
        if _verbatim_end(report, self.text, self._played, self.sent):
            return True
        return _stand_at(_sounds(report), self._sent_words(), self._index(self._played))

    def resembles_next(self, report: str) -> bool:
        """Whether most of `report`, or its first word, is what this reply plays next."""
        words, sent, here = _sounds(report), self._sent_words(), self._index(self._played)
        alike = _find_alike(words, sent, here) is not None
        return alike or _stand_at(words[:1], sent, here)

    def contains(self, report: str) -> bool:
        """Whether the words of `report` are anywhere in what was sent."""
        return _find(_sounds(report), self._sent_words(), 0) is not None

    # --- what follows from it -------------------------------------------------------------

    @property
    def all_heard(self) -> bool:
        """Whether the caller has heard every word written so far."""
        return not has_word(self.text, self.heard)

    @property
    def has_unconfirmed(self) -> bool:
        """Whether the last report was spelled otherwise, and nothing has confirmed it yet."""
        return self._unconfirmed > self.heard

    @property
    def any_heard(self) -> bool:
        """Whether the caller has heard any of it, confirmed or not."""
        return self.heard > 0 or self.has_unconfirmed

    @property
    def unplayed(self) -> str:
        """What is written and not yet known to be played."""
        return self.text[self._played :]

    def give_up(self) -> None:
        """Drop the rest: it will not be said."""
        self.text = self.text[: self.heard]
        self.sent = min(self.sent, self.heard)
        self.settle()

    def settle(self) -> None:
        """Make `heard` final: from now on reports are about later replies."""
        self.is_settled = True
        self._words = Words()  # a long call keeps the texts, but not the words of each

    def context(self, *, ahead: int = 0) -> str:
        """What the caller can respond to of this reply as they speak.

        That is what they heard, with `ahead` more words of the clause that the line has yet to
        report. If a question is about to end, it is whole: they can complete it themselves.
        """
        end = self._reach(ahead)
        heard = self.text[:end].rstrip()
        if not heard or ends_sentence(heard, len(heard)):
            return heard
        left: float = TAIL_WORDS
        for word in after(self._parsed(), end):
            if has_no_blanks(word.sound) or self.text[word.start - 1].isspace():
                left -= length((word,))
            if left < 0:
                break
            if ends_question(self.text, word.end):
                return self.text[: word.end]
            if ends_sentence(self.text, word.end):
                break
        return heard

    def _reach(self, ahead: int) -> int:
        """How far playback has come, if `ahead` words were spoken since the last report."""
        if not ahead:
            return self.heard
        # Not beyond the clause: its end would have been reported.
        sent, here = self._sent_words(), self._index(self._played)
        last = min(reach(sent, here, ahead), self._clause_end(sent, here) or 0)
        return max(self.heard, sent[last - 1].end if last else 0)

    # --- offsets and words ----------------------------------------------------------------

    def _play_to(self, place: int | None) -> None:
        """Playback has reached the end of the word before the index `place`."""
        sent = self._sent_words()
        if place and sent:
            end = sent[min(place, len(sent)) - 1].end
            self._played = max(self._played, min(end, self.sent))
            self.heard = max(self.heard, self._played)

    def _resume_point(self) -> int:
        """The offset to resume at: the first word not heard, or the start of its clause."""
        words, first = self._parsed(), self._index(self.heard)
        if first == len(words):
            return self.heard
        clause = first
        while clause and not ends_clause(self.text, words[clause - 1].end):
            clause -= 1
        if length(words[clause:first]) > CLAUSE_REPEAT_WORDS:
            clause = first
        return words[clause].start

    def _index(self, offset: int) -> int:
        """The index of the first word that ends beyond `offset`, punctuation aside."""
        return bisect_right(self._parsed(), offset, key=_OWN_END)

    def _sent_words(self) -> Sequence[Word]:
        words = self._parsed()
        if self.sent == len(self.text):
            return words
        return before(words, self.sent)

    def _parsed(self) -> Sequence[Word]:
        return self._words.of(self.text)


@lru_cache(maxsize=1)  # one report is first attributed, then counted
def _verbatim_end(report: str, text: str, played: int, sent: int) -> int:
    """Where `report` ends, if it is to the letter what `text` plays next; else 0.

    A short cut, because most reports are. It leads where comparing words would: the report has to
    begin with a word and be whole words, and a word has to follow, because punctuation by itself
    belongs to the word before it.
    """
    report = report.strip()
    start = _next_chunk(text, played)
    end = start + len(report)
    if not (report[:1].isalnum() and end <= sent and text.startswith(report, start)):
        return 0
    following = _next_chunk(text, end)
    word_follows = following == len(text) or text[following].isalnum()
    return end if word_follows and is_boundary(text, start) and is_boundary(text, end) else 0


def _next_chunk(text: str, offset: int) -> int:
    """Where the next chunk begins, at `offset` or after it."""
    while offset < len(text) and text[offset].isspace():
        offset += 1
    return offset


# --- words --------------------------------------------------------------------------------------


@lru_cache(maxsize=1)  # one report is first attributed, then counted
def _sounds(text: str) -> tuple[str, ...]:
    return tuple(words_in(text))


def _stand_at(sounds: Sequence[str], words: Sequence[Word], index: int) -> bool:
    if not sounds or index < 0 or index + len(sounds) > len(words):
        return False
    return [word.sound for word in words[index : index + len(sounds)]] == [*sounds]


def _find(sounds: Sequence[str], words: Sequence[Word], start: int) -> int | None:
    """The first index from `start` on where `sounds` are in `words`, or None."""
    if not sounds:
        return None
    # As one text, because searching a string is far faster than comparing slices of a list.
    text = f" {' '.join(word.sound for word in words[start:])} "
    at = text.find(f" {' '.join(sounds)} ")
    return None if at < 0 else start + text.count(" ", 0, at)


def _find_alike(sounds: Sequence[str], words: Sequence[Word], start: int) -> int | None:
    """The index after the last of `sounds` that matches, if half of them do from `start` on."""
    # A number may be read as several words, or the other way round, so twice as many are searched.
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
