"""How much of a reply the caller has heard, and what is left to say.

A reply is one text that grows as the guide writes it. Two offsets in it matter, in characters:

    0 <= heard <= sent <= len(text)

`sent` is how much the line was given, `heard` how much of that the caller has heard. A line that
cuts a reply forgets what it had queued, and `rewind` sets `sent` back to where the reply resumes.
What is said again is played and reported again, so the talk cycle has offsets of its own: where it
began, and how far it is known to have been played. `heard` is the furthest that playback ever got.

The line reports in the words of its voice: case, punctuation and spacing may differ, and "$9.50"
may come back as "nine dollars fifty". So words are aligned (`alignment`). There are two kinds of
report:

* `tokensPlayed` is a stretch that was played. These come in order and without gaps, so each goes on
  where the last one ended.
* `interrupt` has the words said when the caller cut in. On live calls this was only the cut part of
  the segment being spoken; elsewhere it is everything since the talk cycle began. Both are found.

No report moves `heard` back, or beyond `sent`.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Final

from turn.alignment import find, follow, locate, stands_at
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
    _is_in_step: bool = True  # whether no cut has been since the last report that fits
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
        self._is_in_step = False
        self.sent = self._cycle_start = self._played = self._resume_point()

    # --- hearing, on a line that reports what it plays ------------------------------------

    def played(self, report: str) -> None:
        """A stretch was played (`tokensPlayed`), from where the last one ended.

        If the voice spelled it in other words, how far it reaches is assumed, until the next report
        shows where that goes on, or an interrupt that it was cut.
        """
        assumed = max(self._played, self._unconfirmed)
        end = _verbatim_end(report, self.text, assumed, self.sent)
        if end:
            self._unconfirmed, self._unconfirmed_report = 0, ()
            self._played, self._is_in_step = end, True
            self.heard = max(self.heard, end)
            return
        words, sent = _sounds(report), self._sent_words()
        if not words:
            return
        known, here = self._index(self._played), self._index(assumed)
        # Its beginning may have been reported already, but then it still ends beyond `here`.
        first = max(self._index(self._cycle_start), here - len(words) + 1)
        at = here if stands_at(words, sent, here) else find(words, sent, first)
        if at is not None and at <= here:
            self._go_on_from(at + len(words))
        elif at is None and find(words, sent[:known], 0) is not None:
            return  # a repeated report
        else:
            self._play_respelled(words, sent, known, here, at)

    def cut_after(self, report: str) -> None:
        """Playback was cut after these words.

        A line that reports playback reports them twice, as played and in the interrupt; they count
        once. What they left unconfirmed was cut, so it does not count.
        """
        self._is_in_step = False
        words, sent, here = _sounds(report), self._sent_words(), self._index(self._played)
        if self._unconfirmed_report and words in ((), self._unconfirmed_report):
            self._unconfirmed, self._unconfirmed_report = 0, ()
            return
        assumed = max(here, self._index(self._unconfirmed))
        start = self._index(self._cycle_start)
        whole = stands_at(words, sent, start) and start + len(words) >= here
        at = start if whole else find(words, sent, max(start, here - len(words)))
        if at is not None and at <= assumed:
            self._play_to(at + len(words))
        elif at is None:  # else these are strays
            fits = (follow(words, sent, start, start), follow(words, sent, here, assumed))
            self._play_to(max((fit.end for fit in fits if fit), default=0))

    def confirm(self) -> None:
        """Count what was unconfirmed as heard: the line went on after it, or fell silent."""
        self._played = max(self._played, self._unconfirmed)
        self.heard = max(self.heard, self._unconfirmed)
        self._unconfirmed, self._unconfirmed_report = 0, ()

    def _go_on_from(self, place: int) -> None:
        """Playback has reached a place for certain, so nothing of it is left to assume."""
        self._unconfirmed, self._unconfirmed_report = 0, ()
        self._is_in_step = True
        self._play_to(place)

    def _play_respelled(
        self, words: tuple[str, ...], sent: Sequence[Word], known: int, here: int, at: int | None
    ) -> None:
        """Words that do not go on where playback is, to the letter, are in the voice's spelling.

        `at` is where they are further on. That is progress if they outweigh what was passed over;
        else they are strays, which reached the line just after a cut.
        """
        fit = follow(words, sent, known, here)
        may_be_strays = not self._is_in_step and at is not None and at >= self._index(self.heard)
        if at is not None and (fit is None or fit.rest or may_be_strays):
            return
        if fit is None:
            self.confirm()
            place = self._clause_end(sent, here)
        else:
            self._go_on_from(fit.end)
            place = self._clause_end(sent, fit.end) if fit.rest else None
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
        if stands_at(words, sent, start) and start + len(words) >= here:
            self._play_to(start + len(words))  # everything since the talk cycle began
            return
        # Only the cut part, the beginning of which may have been in an earlier interrupt.
        first = max(start, here - len(words))
        at = find(words, sent, first)
        if at is not None:
            self._play_to(at + len(words))
            return
        fit = locate(words, sent, first)
        if fit is None:
            self.advance(estimated_words)
        else:
            self._play_to(fit.end)

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
        assumed = max(self._played, self._unconfirmed)
        if _verbatim_end(report, self.text, assumed, self.sent):
            return True
        words, sent = _sounds(report), self._sent_words()
        return any(stands_at(words, sent, self._index(at)) for at in {assumed, self._played})

    def resembles_next(self, report: str) -> bool:
        """Whether most of `report`, or its first word, is what this reply plays next."""
        words, sent, here = _sounds(report), self._sent_words(), self._index(self._played)
        assumed = max(here, self._index(self._unconfirmed))
        fits = follow(words, sent, here, assumed) is not None
        return fits or stands_at(words[:1], sent, here)

    def contains(self, report: str) -> bool:
        """Whether the words of `report` are anywhere in what was sent."""
        return find(_sounds(report), self._sent_words(), 0) is not None

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
    if following != len(text) and not text[following].isalnum():
        return 0
    # Most words have blanks around them.
    begins = not start or text[start - 1].isspace() or is_boundary(text, start)
    ends = following > end or end == len(text) or is_boundary(text, end)
    return end if begins and ends else 0


def _next_chunk(text: str, offset: int) -> int:
    """Where the next chunk begins, at `offset` or after it."""
    while offset < len(text) and text[offset].isspace():
        offset += 1
    return offset


# --- words --------------------------------------------------------------------------------------


@lru_cache(maxsize=1)  # one report is first attributed, then counted
def _sounds(text: str) -> tuple[str, ...]:
    return tuple(words_in(text))


def same_words(one: str, other: str) -> bool:
    """Whether two texts sound alike."""
    return _sounds(one) == _sounds(other)
