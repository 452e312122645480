"""What happens on a call, and what to do about it: the words of `barge_in`.

Events are facts and are named like facts, actions are orders and are named like orders. Both speak
of the caller, the agent and the guide; what carries them is not known here.
"""

from dataclasses import dataclass
from enum import StrEnum

from history import Message
from utterance import Act


class State(StrEnum):
    """Who has the floor."""

    LISTENING = "listening"  # nobody
    THINKING = "thinking"  # the guide has been asked, and the caller has heard nothing yet
    SPEAKING = "speaking"  # the agent
    PAUSED = "paused"  # the caller spoke over the agent, and it is not decided who goes on
    ENDED = "ended"


# --- Events: what happened ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallerSaid:
    """The caller's utterance so far; `final` when the transcriber is done with it."""

    text: str
    final: bool = True
    lang: str = ""


@dataclass(frozen=True, slots=True)
class CallerSpeaking:
    """The caller began or ceased to make sound."""

    on: bool


@dataclass(frozen=True, slots=True)
class AgentSpeaking:
    """The agent became audible, or fell silent."""

    on: bool


@dataclass(frozen=True, slots=True)
class TokensPlayed:
    """A stretch of the agent's words that the caller has heard."""

    text: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The line stopped the agent, and forgot what it had not yet played."""

    heard: str = ""
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class GuideToken:
    """A piece of a reply, ready to be spoken."""

    reply: int
    text: str


@dataclass(frozen=True, slots=True)
class GuideFinished:
    """The guide has written all of a reply."""

    reply: int


@dataclass(frozen=True, slots=True)
class GuideFailed:
    """The guide will write no more of a reply, and it is not whole."""

    reply: int


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """It is as late as the machine's deadline."""


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The caller is gone."""


Event = (
    CallerSaid
    | CallerSpeaking
    | AgentSpeaking
    | TokensPlayed
    | Interrupted
    | GuideToken
    | GuideFinished
    | GuideFailed
    | DeadlinePassed
    | CallEnded
)

# --- Actions: what to do about it ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Say:
    """Speak these words, which go on from the ones before in the talk cycle."""

    text: str


@dataclass(frozen=True, slots=True)
class CloseTalkCycle:
    """No more words belong to what is being said."""


@dataclass(frozen=True, slots=True)
class AskGuide:
    """Ask for reply number `reply` to this conversation."""

    reply: int
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class DropGuide:
    """Close the stream of reply number `reply`."""

    reply: int


class Outcome(StrEnum):
    """What became of something the caller said, or of a silence."""

    ASKED = "asked"  # a turn
    EXTENDED = "extended"  # more of the turn that the guide is answering
    CANCELLED = "cancelled"  # a turn that took the floor from a reply
    RESUMED = "resumed"  # the reply goes on; a remark is in the history
    KEPT = "kept"  # in the history, and nothing else changes
    IGNORED = "ignored"  # in the record alone
    GAVE_UP = "gave up"  # the rest of the reply, for a clear stop not yet final


@dataclass(frozen=True, slots=True)
class Decided:
    """For the record: what was decided on what the caller said, and why. Nothing to perform."""

    outcome: Outcome
    rule: str
    said: str = ""
    heard: str = ""
    act: Act | None = None
    before: State = State.LISTENING
    paused_for_s: float | None = None


Action = Say | CloseTalkCycle | AskGuide | DropGuide | Decided
