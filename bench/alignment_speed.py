"""How long it takes to find where a report of playback ends, as replies grow.

    python bench/alignment_speed.py

Reports are verbatim, spelled out by the voice, or of a cut somewhere in the reply; each is timed
once, in a reply whose words are known already.
"""

import random
import statistics
import sys
import time
from difflib import SequenceMatcher
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rapidfuzz.distance import Indel

from turn.playback import Playback

CLAUSES = (
    ("The room is $120.50 a night.", "The room is one hundred twenty dollars and fifty a night."),
    ("Breakfast is included,", "breakfast is is included"),
    ("it starts at 6:30 every day.", "it starts at half past six every day"),
    (
        "Call us at 555-0199 before noon,",
        "call us at five five five zero one nine nine before noon",
    ),
    ("or write to info@example.com today.", "or write to info at example dot com today"),
    ("Dr. Smith is at 12 Main St. as well.", "Doctor Smith is at twelve Main Street as well"),
)
NOWHERE = "nothing of this kind was said at all, and no more of it will be"
LENGTHS = (50, 500, 5_000, 20_000)
REPORTS = 200


def reply_of(words: int, rng: random.Random) -> list[tuple[str, str]]:
    """So many words of clauses, each as written and as read."""
    clauses, count = [], 0
    while count < words:
        clauses.append(rng.choice(CLAUSES))
        count += len(clauses[-1][0].split())
    return clauses


def milliseconds(kind: str, words: int, rng: random.Random) -> float:
    """The time of one report of this kind in a reply of so many words."""
    clauses = reply_of(words, rng)
    text = " ".join(written for written, _ in clauses)
    played = rng.randrange(len(clauses))
    written, read = clauses[played]
    playback = Playback(text, sent=len(text))
    playback.contains("")  # reads the words, which is done as they come
    if kind in {"verbatim", "spelled out"}:
        before = " ".join(clause for clause, _ in clauses[:played])
        playback.find_cut(before, 0)
    started = time.perf_counter()
    if kind == "verbatim":
        playback.played(written)
    elif kind == "spelled out":
        playback.played(read)
    else:
        playback.find_cut(read if kind == "cut" else NOWHERE, 3)
    return (time.perf_counter() - started) * 1e3


def microseconds_to_match(rng: random.Random) -> tuple[float, float]:
    """The time to match a report's words with the next of the reply: rapidfuzz's, and difflib's."""
    report = " ".join(read for _, read in reply_of(12, rng)).lower().split()
    reply = " ".join(written for written, _ in reply_of(26, rng)).lower().split()
    times = []
    for match in (
        lambda: Indel.opcodes(reply, report).as_list(),
        lambda: SequenceMatcher(None, reply, report, autojunk=False).get_opcodes(),
    ):
        started = time.perf_counter()
        match()
        times.append((time.perf_counter() - started) * 1e6)
    return times[0], times[1]


def main() -> None:
    """Print a line for each kind of report and length of reply."""
    rng = random.Random(1)  # noqa: S311 - the same replies every time
    for kind in ("verbatim", "spelled out", "cut", "cut nowhere"):
        for words in LENGTHS:
            times = [milliseconds(kind, words, rng) for _ in range(REPORTS)]
            print(
                f"{kind:<12} {words:>6} words: median {statistics.median(times):.3f} ms,"
                f" slowest {max(times):.3f} ms"
            )
    both = [microseconds_to_match(rng) for _ in range(REPORTS)]
    ours, theirs = (statistics.median(times) for times in zip(*both, strict=True))
    print(f"matching words: rapidfuzz {ours:.1f} µs, difflib {theirs:.1f} µs")


if __name__ == "__main__":
    main()
