"""What was really said and heard on a call, as the guide is told of it.

The caller's words are entered when they are decided on, the agent's as a stretch of a reply of
which only the part that the caller has heard counts, now or later. So nothing has to be taken back
when a reply is withdrawn, cut or resumed: a reply of which nothing was heard is not there, and the
caller's words around it become one message.

What lies so far back that no report can change it is kept as the messages it has become.
"""

from dataclasses import dataclass
from typing import Literal

from turn.playback import Playback


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(slots=True)
class _CallerWords:
    text: str

    role: Literal["user"] = "user"
    is_settled: Literal[True] = True


@dataclass(slots=True)
class _AgentWords:
    """What the caller has heard of `playback` between two offsets; the end is open until set."""

    playback: Playback
    start: int = 0
    end: int | None = None

    role: Literal["assistant"] = "assistant"

    @property
    def text(self) -> str:
        heard = self.playback.heard
        return self.playback.text[self.start : heard if self.end is None else self.end].strip()

    @property
    def is_settled(self) -> bool:
        return self.playback.is_settled


class History:
    """The conversation so far."""

    def __init__(self) -> None:
        self._settled: list[Message] = []
        self._entries: list[_CallerWords | _AgentWords] = []  # what comes after that

    def caller_said(self, text: str) -> None:
        """Enter words of the caller at the end."""
        self._entries.append(_CallerWords(text))

    def agent_says(self, playback: Playback) -> None:
        """Enter a reply that begins now."""
        self._entries.append(_AgentWords(playback))

    def agent_acknowledges(self, playback: Playback) -> None:
        """Enter words of the agent that come before the reply entered last."""
        self._entries.insert(len(self._entries) - 1, _AgentWords(playback))

    def caller_remarked(self, text: str) -> None:
        """Enter words of the caller at the place which the reply of the moment has reached.

        What is heard of that reply from now on comes after them.
        """
        reply = self._entries[-1]
        self.caller_said(text)
        if isinstance(reply, _AgentWords):
            reply.end = reply.playback.heard
            self._entries.append(_AgentWords(reply.playback, start=reply.end))

    def messages(self, turns: int | None = None) -> tuple[Message, ...]:
        """The chat: alternating roles, the caller first, nothing empty.

        With `turns`, only the last so many messages of the caller and what lies between them.
        """
        while self._entries and self._entries[0].is_settled:
            _enter(self._settled, self._entries.pop(0))
        messages = [*self._settled]
        for entry in self._entries:
            _enter(messages, entry)
        if turns is None:
            return tuple(messages)
        asked = [index for index, message in enumerate(messages) if message.role == "user"]
        return tuple(messages[asked[-turns:][0] :])


def _enter(messages: list[Message], entry: _CallerWords | _AgentWords) -> None:
    """Add what was said at the end, to the last message if that is of the same role."""
    text = entry.text
    if not text:
        return
    if messages and messages[-1].role == entry.role:
        messages[-1] = Message(entry.role, f"{messages[-1].content} {text}")
    else:
        messages.append(Message(entry.role, text))
