"""How long `utterance.classify` takes, for typical utterances and for growing ones.

    python bench/classify_speed.py

The time is the best of several runs, which leaves out whatever else the machine does.
"""

import statistics
import sys
import timeit
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from utterance import classify

HEARD = "We're open until six on weekdays. Would you like to book a table?"

TYPICAL = (
    "uh huh",
    "right right okay yeah",
    "Oh, okay, thank you.",
    "yeah okay but what about Sundays",
    "Wait, what about Sunday?",
    "No, I want Tuesday instead.",
    "can I speak to a person please",
    "my number is 555 0100",
    "when I called last time they said free delivery",
    "I was wondering if you could tell me how much it costs",
    "hold on a second let me get a pen",
    "espera",
)

# Words that begin many known phrases, and words that begin none.
GROWING = ("and the thing is do you know ", "delivery tuesday ")

LENGTHS = (100, 1_000, 10_000)


def microseconds(said: str, heard: str = "", *, calls: int) -> float:
    """The time of one call of `classify`, in microseconds: the best of several runs."""
    runs = timeit.repeat(lambda: classify(said, heard), number=calls, repeat=15)
    return min(runs) / calls * 1e6


def main() -> None:
    """Print both tables."""
    for title, heard in (("nothing heard", ""), ("a question heard", HEARD)):
        times = [microseconds(said, heard, calls=200) for said in TYPICAL]
        print(
            f"typical utterance, {title}: median {statistics.median(times):.1f} µs,"
            f" slowest {max(times):.1f} µs"
        )
    for unit in GROWING:
        for length in LENGTHS:
            said = unit * (length // len(unit.split()))
            per_word = microseconds(said, calls=max(1, 1_000 // length)) / length
            print(f"{length:>6} words of {unit.strip()!r}: {per_word:.2f} µs per word")


if __name__ == "__main__":
    main()
