"""Accuracy of `utterance.classify` on telephone speech, next to rules that need no training.

    python bench/barge_in_accuracy.py --corpus PATH [--split train|val|test]

PATH is either a JSON Lines file with the fields `heard`, `said` and `why`, or a checkout of the
Switchboard Dialog Act corpus as split by N. Duran (`swda_data/{train,val,test}/*.txt`, one line per
segment, `speaker|text|tag`).

A turn should cancel the agent's reply if one of its segments asks or directs, or if it answers a
question just asked; otherwise the reply should go on. Turns with a conventional closing are left
out, because a goodbye takes the floor on our line but not in that corpus. Every rule is scored
twice: on the words as transcribed, and as a raw transcript has them, in lower case without
punctuation. A rule is told what was heard only on turns that answer a question.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from utterance import classify

# Dialog-act tags. Questions: yes-no, wh-, open, or-, declarative yes-no and wh-, "pardon?", tag.
# Then an order, and a conventional closing.
ASKS = frozenset({"qy", "qw", "qo", "qrr", "qy^d", "qw^d", "br", "^g"})
DIRECTS = "ad"
CLOSES = "fc"

ASKING = "asks or directs"
ANSWERING = "answers a question just asked"
LISTENING = "listens or remarks"

Rule = Callable[[str, str], bool]
"""Whether words said, after words heard, should cancel the reply."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says after the other, and why it should or should not cancel."""

    heard: str
    said: str
    why: str


@dataclass(frozen=True, slots=True)
class Score:
    """The scores of a rule, from 0 to 1."""

    precision: float
    recall: float
    false_stops: float
    answers: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


# --- The corpus ------------------------------------------------------------------------------


def load(corpus: Path, split: str) -> list[Turn]:
    """The turns of a JSON Lines file, or of one split of a checkout."""
    if corpus.is_file():
        return [_turn(json.loads(line)) for line in corpus.read_text("utf-8").splitlines() if line]
    calls = sorted((corpus / "swda_data" / split).glob("*.txt"))
    if not calls:
        raise SystemExit(f"{corpus}: neither a file nor a checkout with swda_data/{split}/*.txt")
    return [turn for call in calls for turn in turns(call.read_text("utf-8").splitlines())]


def _turn(fields: dict[str, str]) -> Turn:
    return Turn(fields["heard"], fields["said"], fields["why"])


def turns(lines: Iterable[str]) -> Iterator[Turn]:
    """The turns of one call: runs of segments by one speaker, each after the run before it."""
    segments = [line.split("|", 2) for line in lines if line.count("|") >= 2]
    runs = [list(run) for _, run in groupby(segments, key=lambda segment: segment[0])]
    for before, run in pairwise(runs):
        acts = {act for _, _, act in run}
        if CLOSES not in acts:
            yield Turn(_text(before), _text(run), _why(acts, before[-1][2]))


def _text(run: Iterable[list[str]]) -> str:
    return " ".join(text.strip() for _, text, _ in run)


def _why(acts: set[str], last_act_heard: str) -> str:
    if acts & ASKS or DIRECTS in acts:
        return ASKING
    return ANSWERING if last_act_heard in ASKS else LISTENING


def raw(said: str) -> str:
    """The words as in a raw transcript."""
    return " ".join(re.sub(r"[^\w' ]", " ", said.lower()).split())


# --- The rules -------------------------------------------------------------------------------

_FILLERS = re.compile(r"(?:(?:um|uh|er|oh|well|so|and|but|okay|ok|yeah|yes|right|huh|now) )*")

_QUESTION = re.compile(
    r"(?:what|where|when|why|who|whose|which|how|do|does|did|is|are|was|were|can|could|will|would"
    r"|should|have|has|am|may)\b"
)

_STOP = re.compile(r"(?:stop|wait|hold on|hang on|excuse me|no|actually|sorry|one moment)\b")


def frontdesk(said: str, heard: str) -> bool:
    """`utterance.classify`."""
    return classify(said, heard).cancels


def any_word(said: str, _heard: str) -> bool:
    """Any speech stops the agent, as in most systems."""
    return bool(said.strip())


def three_words(said: str, _heard: str) -> bool:
    """Three words or more stop the agent."""
    return len(said.split()) >= 3


def question_mark(said: str, _heard: str) -> bool:
    """A question mark stops the agent."""
    return "?" in said


def first_word(said: str, _heard: str) -> bool:
    """A final question mark, a first word that asks, or a stop phrase."""
    plain = raw(said)
    first = _FILLERS.sub("", plain, count=1)
    return bool(said.endswith("?") or _QUESTION.match(first) or _STOP.match(plain))


RULES: dict[str, Rule] = {
    "any word": any_word,
    "three words or more": three_words,
    "a question mark": question_mark,
    "first word or a stop phrase": first_word,
    "frontdesk": frontdesk,
}


# --- Scoring ---------------------------------------------------------------------------------


def score(corpus: Iterable[Turn], rule: Rule, *, read: Callable[[str], str] = str) -> Score:
    """Score a rule on turns whose words are first passed through `read`."""
    cancelled = {ASKING: [0, 0], ANSWERING: [0, 0], LISTENING: [0, 0]}
    for turn in corpus:
        heard = turn.heard if turn.why == ANSWERING else ""
        cancelled[turn.why][rule(read(turn.said), heard)] += 1
    missed, found = cancelled[ASKING]
    went_on, stopped = cancelled[LISTENING]
    return Score(
        precision=_share(found, stopped),
        recall=_share(found, missed),
        false_stops=_share(stopped, went_on),
        answers=_share(*reversed(cancelled[ANSWERING])),
    )


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else 0.0


def table(corpus: list[Turn]) -> str:
    """Every rule on both readings, one line each."""
    lines = [f"{'':31}{'F1':>6}{'prec.':>7}{'recall':>8}{'false stops':>13}{'answers':>9}"]
    for title, read in (("as transcribed", str), ("without punctuation", raw)):
        lines.append(title)
        for name, rule in RULES.items():
            result = score(corpus, rule, read=read)
            lines.append(
                f"  {name:29}{result.f1:6.3f}{result.precision:7.3f}{result.recall:8.3f}"
                f"{result.false_stops:13.1%}{result.answers:9.1%}"
            )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True, metavar="PATH")
    parser.add_argument("--split", choices=("train", "val", "test"), default="val")
    options = parser.parse_args(arguments)
    corpus = load(options.corpus, options.split)
    counts = {
        why: sum(turn.why == why for turn in corpus) for why in (ASKING, ANSWERING, LISTENING)
    }
    print(", ".join(f"{count} {why}" for why, count in counts.items()))
    print(table(corpus))


if __name__ == "__main__":
    main()
