"""What a caller can do with what they say, and the verdict that each of the `rules` gives."""

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What a caller does with what they say."""

    BACKCHANNEL = "backchannel"
    """Listens, agrees or thanks, and wants nothing: "right, okay", "no problem"."""
    NOISE = "noise"
    """Says nothing: "um", a stray "the", or an echo of the agent's own words."""
    REMARK = "remark"
    """Says something that needs no reply now: "my wife loves that place"."""
    QUESTION = "question"
    """Wants to know, or did not hear: "what about Sunday", "pardon", "hello?"."""
    REQUEST = "request"
    """Wants something done: "I'd like to book", "a person please"."""
    STOP = "stop"
    """Wants the agent to stop, and nothing else: "hold on", "no"."""
    CORRECTION = "correction"
    """Finds what was said wrong or unwanted: "no, Tuesday", "no thank you"."""
    ANSWER = "answer"
    """Responds to the question that was just heard: "nine works", "uh-huh"."""
    GOODBYE = "goodbye"
    """Is about to go: "that's all, bye"."""


_KEEPS_TALKING = frozenset({Act.BACKCHANNEL, Act.NOISE, Act.REMARK})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the caller does, whether that takes the floor, and the rule that says so.

    ``cancels`` is whether the words cancel a reply; otherwise it goes on.
    """

    act: Act
    cancels: bool
    rule: str


def _verdict(act: Act, rule: str) -> Verdict:
    return Verdict(act, act not in _KEEPS_TALKING, rule)


NO_WORDS = _verdict(Act.NOISE, "no-words")
FILLERS = _verdict(Act.NOISE, "only-fillers")
FRAGMENT = _verdict(Act.NOISE, "fragment")
ECHO = _verdict(Act.NOISE, "echo-of-the-agent")
SOUND = _verdict(Act.BACKCHANNEL, "sound-of-listening")
LISTENING = _verdict(Act.BACKCHANNEL, "nothing-but-listening")
STATEMENT = _verdict(Act.REMARK, "statement")
STOP = _verdict(Act.STOP, "stop-phrase")
BARE_NO = _verdict(Act.STOP, "bare-no")
GOODBYE = _verdict(Act.GOODBYE, "goodbye-phrase")
CORRECTION = _verdict(Act.CORRECTION, "correction-phrase")
INSTEAD = _verdict(Act.CORRECTION, "no-and-instead")
ORDER = _verdict(Act.REQUEST, "order")
WISH = _verdict(Act.REQUEST, "wish")
CHOICE = _verdict(Act.REQUEST, "choice")
PLEASE = _verdict(Act.REQUEST, "please")
PERSON = _verdict(Act.REQUEST, "person-please")
HELLO = _verdict(Act.QUESTION, "hello-over-speech")
REPEAT = _verdict(Act.QUESTION, "did-not-hear")
ASKS_FIRST = _verdict(Act.QUESTION, "question-begins-clause")
ASKS_ANYWHERE = _verdict(Act.QUESTION, "question-inside")
INVERSION = _verdict(Act.QUESTION, "question-begins-with-verb")
TAG = _verdict(Act.QUESTION, "question-tag")
MARK = _verdict(Act.QUESTION, "question-mark")
ANSWER = _verdict(Act.ANSWER, "after-a-question")

RULES = frozenset(
    verdict.rule for verdict in list(globals().values()) if isinstance(verdict, Verdict)
)
"""The names of all rules."""
