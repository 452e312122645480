"""Words that carry the time at which they were sent.

The guide writes them, a server relays them, and a caller reads them wherever they turn up, one or
several per frame. So a word's latency is known without a table shared by callers and guide, and
even if a server says the word again.

A stamp is four letters and digits, starting with a letter: about as long as an English word,
because longer text would cost servers that look at every character more. It counts ticks of two
microseconds on CLOCK_MONOTONIC and wraps around after 24 seconds, longer than anything here takes.
"""

from itertools import product
from string import ascii_letters, digits
from typing import Final

TICK_NS: Final = 2_000

_HEADS: Final = [a + b for a, b in product(ascii_letters, digits + ascii_letters)]
_TAILS: Final = [a + b for a, b in product(digits + ascii_letters, repeat=2)]
_HEAD_OF: Final = {pair: index * len(_TAILS) for index, pair in enumerate(_HEADS)}
_TAIL_OF: Final = {pair: index for index, pair in enumerate(_TAILS)}
_SPAN: Final = len(_HEADS) * len(_TAILS)

LENGTH: Final = 4


def stamp(now_ns: int) -> str:
    """The word for a time."""
    head, tail = divmod(now_ns // TICK_NS % _SPAN, len(_TAILS))
    return _HEADS[head] + _TAILS[tail]


def moment(word: str, now_ns: int) -> int:
    """The time that a word stands for, in nanoseconds: the latest one before `now_ns`.

    Raises `KeyError` for a word that is not a stamp.
    """
    ticks = _HEAD_OF[word[:2]] + _TAIL_OF[word[2:]]
    return now_ns - (now_ns // TICK_NS - ticks) % _SPAN * TICK_NS
