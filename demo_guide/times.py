"""The time of day as people say it: understood from words or digits, and spoken.

A time is a number of minutes since midnight. Pure.
"""

from collections.abc import Sequence
from typing import NamedTuple

NOON = 12 * 60

# fmt: off
_BELOW_TWENTY = (
    "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
# fmt: on
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
_NUMBERS = {word: number for number, word in enumerate(_BELOW_TWENTY)} | _TENS
_NAMED = {
    "noon": NOON,
    "midday": NOON,
    "morning": 10 * 60,  # a guess, which the caller can correct
    "afternoon": 14 * 60,
    "anytime": 10 * 60,
    "whenever": 10 * 60,
}
_FRACTIONS = {"half": 30, "quarter": 15}
_BEFORE = frozenset({"at", "about", "around", "by", "it"})
_NOT_A_TIME = frozenset({"st", "nd", "rd", "th", "dollars", "minutes", "hours", "days", "weeks"})


class Time(NamedTuple):
    """A time found in a caller's words."""

    minutes: int
    certain: bool
    """Whether it can only be a time ("at nine", "9:30", "nine o'clock"), unlike "nine"."""
    words: int
    """How many words it took."""


# --- understanding -----------------------------------------------------------------------------


def number(word: str) -> int | None:
    """The number below sixty that a word or up to two digits stand for."""
    if word.isdecimal():
        return int(word) if len(word) <= 2 and int(word) < 60 else None
    return _NUMBERS.get(word)


def find_time(words: Sequence[str], start: int) -> Time | None:
    """The time that begins at `words[start]`, if one does. Words are in lower case."""
    ahead = [*words[start : start + 8], "", "", "", ""]
    if ahead[0] in _NAMED:
        return Time(_NAMED[ahead[0]], certain=True, words=1)
    clock = _relative(ahead) or _digits(ahead[0]) or _hour_and_minutes(ahead)
    if clock is None:
        return None
    hour, minutes, used, exact = clock
    if ahead[used] in _NOT_A_TIME:
        return None
    if ahead[used] == "oclock":
        used, exact = used + 1, True
    half, said = _half_of_day(ahead, used)
    certain = exact or bool(said) or (start > 0 and words[start - 1] in _BEFORE)
    return Time(_on_the_day(hour, half) * 60 + minutes, certain, used + said)


def _relative(ahead: Sequence[str]) -> tuple[int, int, int, bool] | None:
    """Half past nine, half nine, quarter to ten, ten past nine."""
    minutes = _FRACTIONS.get(ahead[0], number(ahead[0]))
    if minutes is None or not minutes:
        return None
    if ahead[0] == "half" and (hour := _hour(ahead[1])) is not None:
        return hour, 30, 2, True
    hour = _hour(ahead[2])
    if hour is None:
        return None
    if ahead[1] == "past":
        return hour, minutes, 3, True
    if ahead[1] == "to":
        return (hour - 2) % 12 + 1, 60 - minutes, 3, True
    return None


def _digits(word: str) -> tuple[int, int, int, bool] | None:
    """9:30, 9.30 and 930."""
    head, _, tail = word.replace(".", ":").partition(":")
    if not tail and len(head) in {3, 4}:
        head, tail = head[:-2], head[-2:]
    if not (head.isdecimal() and tail.isdecimal() and len(head) <= 2 and len(tail) == 2):
        return None
    if int(head) > 23 or int(tail) > 59:
        return None
    return int(head), int(tail), 1, True


def _hour_and_minutes(ahead: Sequence[str]) -> tuple[int, int, int, bool] | None:
    """Nine, nine thirty, nine forty five, nine oh five."""
    hour = _hour(ahead[0])
    if hour is None:
        return None
    first, second = number(ahead[1]), number(ahead[2])
    if ahead[1] in {"oh", *_TENS} and second is not None and 0 < second < 10:
        return hour, (first or 0) + second, 3, True
    if first is not None and first >= 10:
        return hour, first, 2, True
    return hour, 0, 1, False


def _hour(word: str) -> int | None:
    hour = number(word)
    return hour if hour is not None and 1 <= hour <= 23 else None


def _half_of_day(ahead: Sequence[str], at: int) -> tuple[str, int]:
    """Whether "am" or "pm" was said after the hour, in any form, and in how many words."""
    if ahead[at] in {"am", "pm"}:
        return ahead[at], 1
    if ahead[at : at + 2] == ["in", "the"]:
        half = {"morning": "am", "afternoon": "pm", "evening": "pm"}.get(ahead[at + 2])
        return (half, 3) if half else ("", 0)
    return "", 0


def _on_the_day(hour: int, half: str) -> int:
    """The hour from 0 to 23; without "am" or "pm", the one when a shop is open."""
    if hour > 12 or (not half and hour >= 9):
        return hour
    return hour % 12 + (0 if half == "am" else 12)


# --- speaking ----------------------------------------------------------------------------------


def say_time(minutes: int) -> str:
    """A time in words: "nine", "half past nine"."""
    hour, past = divmod(minutes, 60)
    match past:
        case 0:
            return _say_hour(hour)
        case 15:
            return f"a quarter past {_say_hour(hour)}"
        case 30:
            return f"half past {_say_hour(hour)}"
        case 45:
            return f"a quarter to {_say_hour(hour + 1)}"
        case _:
            return f"{_say_hour(hour)} {_say_minutes(past)}"


def say_time_of_day(minutes: int) -> str:
    """A time with its part of the day: "nine in the morning"."""
    if minutes == NOON:
        return "noon"
    if minutes < NOON:
        return f"{say_time(minutes)} in the morning"
    return f"{say_time(minutes)} in the {'afternoon' if minutes < 17 * 60 else 'evening'}"


def say_number(value: int) -> str:
    """A number below sixty in words."""
    if value < 20:
        return _BELOW_TWENTY[value]
    tens = next(word for word, number in _TENS.items() if number == value // 10 * 10)
    return tens if value % 10 == 0 else f"{tens}-{_BELOW_TWENTY[value % 10]}"


def _say_hour(hour: int) -> str:
    return say_number((hour - 1) % 12 + 1)


def _say_minutes(minutes: int) -> str:
    return f"oh {say_number(minutes)}" if minutes < 10 else say_number(minutes)
