"""Words that carry the moment at which they were sent.

The guide writes them, a server relays them, and a caller reads them again wherever they turn up:
one word a frame, or several. So the time a word took is known without a table that callers and
guide would have to share, and however often a server says a word again.

A stamp is four letters and digits, the first a letter, about as long as an English word: text that
is longer would be dearer for a server that looks at every character. It counts ticks of two
microseconds on CLOCK_MONOTONIC and begins again after 24 seconds, longer than anything here waits.
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
    """The word for a moment."""
    head, tail = divmod(now_ns // TICK_NS % _SPAN, len(_TAILS))
    return _HEADS[head] + _TAILS[tail]


def moment(word: str, now_ns: int) -> int:
    """The moment that a word is for, in nanoseconds: the last such moment before `now_ns`.

    Raises `KeyError` for a word that is no stamp.
    """
    ticks = _HEAD_OF[word[:2]] + _TAIL_OF[word[2:]]
    return now_ns - (now_ns // TICK_NS - ticks) % _SPAN * TICK_NS
