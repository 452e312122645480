"""A caller who follows a script: a text file with one step per line.

PURE. A step is an optional condition and an action:

    # Lines that begin with a hash are comments.
    when quiet: What are your hours?
    after "until six": uh-huh
    after 2.5s: I would like [1.0s] a table for two.
    cough
    press 5
    when quiet: hang up

- `when quiet` waits until the agent has spoken since the previous step and has finished.
- `after "words"` waits until the caller has heard these words since the previous step.
- `after 2.5s` counts from the end of the previous step.
- A step without a condition follows as soon as the previous step is over.

`cough`, `press 5` and `hang up` are actions; anything else is spoken, and `[1.0s]` in it is a
pause. Quote text to speak it literally: `when quiet: "cough"`. A script without a final `hang up`
hangs up when all is quiet. No step waits forever: after 20 seconds of silence, or two minutes in
all, the script moves on and says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, assert_never

if TYPE_CHECKING:
    from emulator.line import Line

QUIET_S = 0.8
"""Silence on both sides after which the caller assumes the agent has finished."""
PATIENCE_S = 20.0
"""Silence on both sides after which a script stops waiting."""
LONGEST_WAIT_S = 120.0
"""The longest wait in one step, silence or not."""


class ScriptError(ValueError):
    """An invalid line of a script; the message gives its number and the valid forms."""


@dataclass(frozen=True, slots=True)
class Speak:
    """Say these words."""

    text: str


@dataclass(frozen=True, slots=True)
class Cough:
    """Make a sound without words."""


@dataclass(frozen=True, slots=True)
class Press:
    """Press a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""


Action: TypeAlias = Speak | Cough | Press | HangUp


@dataclass(frozen=True, slots=True)
class WhenQuiet:
    """The agent has spoken and has finished."""


@dataclass(frozen=True, slots=True)
class AfterWords:
    """The caller has heard these words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AfterSeconds:
    """This many seconds have passed since the previous step ended."""

    seconds: float


@dataclass(frozen=True, slots=True)
class AtOnce:
    """The previous step is over."""


Condition: TypeAlias = WhenQuiet | AfterWords | AfterSeconds | AtOnce


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a script."""

    condition: Condition
    action: Action
    source: str


@dataclass(frozen=True, slots=True)
class Cue:
    """An action to take now; the note is set if its condition never came true."""

    action: Action
    note: str = ""


# -- reading ---------------------------------------------------------------------------------------

_STEP_FORMS = (
    'a step is `when quiet: words`, `after "words heard": words`, `after 2.5s: words`,'
    " `cough`, `press 5` or `hang up`"
)
_CONDITIONED = re.compile(r"(when|after)\b(?P<when>[^\"“:]*(?:[\"“][^\"”]*[\"”])?\s*):(?P<what>.*)")
_QUOTED = re.compile(r"[\"“]([^\"”]*)[\"”]")


def parse_script(text: str) -> list[Step]:
    """Read a script.

    Raises:
        ScriptError: a line is not a step.
    """
    steps = []
    for number, line in enumerate(text.splitlines(), start=1):
        source = line.strip()
        if source and not source.startswith("#"):
            try:
                steps.append(_parse_step(source))
            except ScriptError as error:
                raise ScriptError(f"line {number}: {source!r}: {error}") from None
    return steps


def parse_typed(line: str) -> Action:
    """Read what an interactive caller typed: words, `/cough`, `/5` for a key, `/bye`.

    Raises:
        ScriptError: a slash is followed by something else.
    """
    if not line.startswith("/"):
        return Speak(line)
    command = line[1:].strip()
    if command == "cough":
        return Cough()
    if command == "bye":
        return HangUp()
    if re.fullmatch(r"[0-9*#]", command):
        return Press(command)
    raise ScriptError(f"{line!r}: type words, /cough, /5 (any of 0-9 * #) or /bye")


def _parse_step(source: str) -> Step:
    match = _CONDITIONED.fullmatch(source)
    if match:
        condition = _parse_condition(match.group(1), match.group("when").strip())
        return Step(condition, _parse_action(match.group("what").strip()), source)
    action = _parse_action(source)
    if isinstance(action, Speak):
        raise ScriptError(_STEP_FORMS)
    return Step(AtOnce(), action, source)


def _parse_condition(word: str, when: str) -> Condition:
    if word == "when" and when == "quiet":
        return WhenQuiet()
    quoted = _QUOTED.fullmatch(when)
    if word == "after" and quoted and _plain_words(quoted.group(1)):
        return AfterWords(tuple(_plain_words(quoted.group(1))))
    seconds = re.fullmatch(r"(\d+(?:\.\d+)?)\s*s", when)
    if word == "after" and seconds:
        return AfterSeconds(float(seconds.group(1)))
    raise ScriptError(_STEP_FORMS)


def _parse_action(what: str) -> Action:
    if not what:
        raise ScriptError("the action is missing; " + _STEP_FORMS)
    if what == "cough":
        return Cough()
    if what == "hang up":
        return HangUp()
    press = re.fullmatch(r"press\s+(\S+)", what)
    if press:
        if not re.fullmatch(r"[0-9*#]", press.group(1)):
            raise ScriptError("a key is one of 0-9 * #, as in `press 5`")
        return Press(press.group(1))
    quoted = _QUOTED.fullmatch(what)
    return Speak(quoted.group(1) if quoted else what)


def _plain_words(text: str) -> list[str]:
    """Words as they are compared: lower case, without punctuation."""
    plain = (re.sub(r"[^\w]", "", word).lower() for word in text.split())
    return [word for word in plain if word]


# -- following -------------------------------------------------------------------------------------


class ScriptedCaller:
    """Takes the steps of a script, each when its condition holds on the line."""

    def __init__(self, steps: list[Step]) -> None:
        self.deadline: float | None = None
        """When to ask again if nothing happens until then, as of the last `next_action`."""
        self._steps = [*steps]
        if not steps or not isinstance(steps[-1].action, HangUp):
            self._steps.append(Step(WhenQuiet(), HangUp(), "when quiet: hang up"))
        self._since = 0.0
        self._heard_before = 0
        self._quiet_since: float | None = None

    @classmethod
    def from_text(cls, text: str) -> ScriptedCaller:
        """A caller for the script in `text`; raises ScriptError where it is wrong."""
        return cls(parse_script(text))

    def next_action(self, line: Line, now: float) -> Cue | None:
        """What the caller does now, if anything. Call it after every event on the line."""
        if not self._steps:
            self.deadline = None
            return None
        step = self._steps[0]
        ready_at = self._ready_at(step.condition, line, now)
        if ready_at is not None and ready_at <= now:
            return self._take(step, "", line, now)
        patience_ends = self._patience_ends(line)
        if patience_ends <= now:
            note = f"stopped waiting after {now - self._since:.0f} s: {step.source}"
            return self._take(step, note, line, now)
        self.deadline = min(patience_ends, ready_at if ready_at is not None else patience_ends)
        return None

    def _take(self, step: Step, note: str, line: Line, now: float) -> Cue:
        del self._steps[0]
        self._since, self._heard_before, self._quiet_since = now, len(line.heard), None
        return Cue(step.action, note)

    def _ready_at(self, condition: Condition, line: Line, now: float) -> float | None:
        """When the condition will hold if nothing else happens; None if unknown."""
        match condition:
            case AtOnce():
                return now if line.caller_is_done else None
            case AfterSeconds(seconds):
                return max(self._since, line.voice_until) + seconds
            case AfterWords(words):
                return now if self._has_heard(words, line) else None
            case WhenQuiet():
                return self._quiet_at(line, now)
            case _:
                assert_never(condition)

    def _has_heard(self, words: tuple[str, ...], line: Line) -> bool:
        heard = _plain_words(" ".join(word.word for word in line.heard[self._heard_before :]))
        starts = range(len(heard) - len(words) + 1)
        return any(tuple(heard[start : start + len(words)]) == words for start in starts)

    def _quiet_at(self, line: Line, now: float) -> float | None:
        if not (line.agent_is_done and line.caller_is_done and self._is_answered(line)):
            self._quiet_since = None
            return None
        if self._quiet_since is None:
            self._quiet_since = now
        return self._quiet_since + QUIET_S

    def _is_answered(self, line: Line) -> bool:
        """Whether the agent has spoken since the previous step and the last interruption.

        An interrupted agent that is silent is still deciding.
        """
        if not line.heard:
            return not line.relay.welcome_greeting and not line.said
        interrupted = [cut.at for cut in line.cuts if cut.reason == "interrupt"]
        last_cut = interrupted[-1] if interrupted else 0.0
        return len(line.heard) > self._heard_before and line.heard[-1].at > last_cut

    def _patience_ends(self, line: Line) -> float:
        longest = self._since + LONGEST_WAIT_S
        if line.agent_is_speaking:
            return longest
        last_sound = max(self._since, line.voice_until, line.heard[-1].at if line.heard else 0.0)
        return min(longest, last_sound + PATIENCE_S)
