"""What happens on a call, and what to do about it: the words of `barge_in`.

Events are facts and are named like facts, actions are orders and are named like orders. Both speak
of the caller, the agent and the guide; what carries them is not known here.

They are frozen structs of msgspec, which are built in a fifth of the time that a frozen dataclass
takes. For every word of a reply there is one of each.
"""

from enum import StrEnum

from msgspec import Struct

from turn.history import Message
from utterance import Act


class State(StrEnum):
    """Who has the floor."""

    LISTENING = "listening"  # nobody
    THINKING = "thinking"  # the guide has been asked, and the caller has heard nothing yet
    SPEAKING = "speaking"  # the agent
    PAUSED = "paused"  # the caller spoke over the agent, and it is not decided who goes on
    ENDED = "ended"


# --- Events: what happened ----------------------------------------------------------------------


class CallerSaid(Struct, frozen=True):
    """The caller's utterance so far; `final` when the transcriber is done with it."""

    text: str
    final: bool = True
    lang: str = ""


class CallerSpeaking(Struct, frozen=True):
    """The caller began or ceased to make sound."""

    on: bool


class AgentSpeaking(Struct, frozen=True):
    """The agent became audible, or fell silent."""

    on: bool


class TokensPlayed(Struct, frozen=True):
    """A stretch of the agent's words that the caller has heard."""

    text: str


class Interrupted(Struct, frozen=True):
    """The line stopped the agent, and forgot what it had not yet played."""

    heard: str = ""
    duration_ms: int | None = None


class GuideToken(Struct, frozen=True):
    """A piece of a reply, ready to be spoken."""

    reply: int
    text: str


class GuideFinished(Struct, frozen=True):
    """The guide has written all of a reply."""

    reply: int


class GuideFailed(Struct, frozen=True):
    """The guide will write no more of a reply, and it is not whole."""

    reply: int


class DeadlinePassed(Struct, frozen=True):
    """It is as late as the machine's deadline."""


class CallEnded(Struct, frozen=True):
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


class Say(Struct, frozen=True):
    """Speak these words, which go on from the ones before in the talk cycle."""

    text: str


class CloseTalkCycle(Struct, frozen=True):
    """No more words belong to what is being said."""


class AskGuide(Struct, frozen=True):
    """Ask for reply number `reply` to this conversation."""

    reply: int
    messages: tuple[Message, ...]


class DropGuide(Struct, frozen=True):
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


class Decided(Struct, frozen=True):
    """For the record: what was decided on what the caller said, and why. Nothing to perform."""

    outcome: Outcome
    rule: str
    said: str = ""
    heard: str = ""
    act: Act | None = None
    before: State = State.LISTENING
    paused_for_s: float | None = None


Action = Say | CloseTalkCycle | AskGuide | DropGuide | Decided
