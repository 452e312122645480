"""The conversation for the guide: what was really said and heard.

The caller's words are entered once they are decided on. The agent's are entered as a stretch of a
reply, and read as whatever the caller has heard of it by then. So nothing has to be taken back when
a reply is withdrawn, cut or resumed: if none of it was heard it does not appear, and the caller's
words around it become one message.
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
    """What the caller has heard of `playback` from `start` to `end`; None is as far as it gets."""

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
        # What no report can change any more is kept as messages, so that a turn late in a long
        # call costs no more than an early one.
        self._settled: list[Message] = []
        self._entries: list[_CallerWords | _AgentWords] = []  # what follows them

    def caller_said(self, text: str) -> None:
        """Enter the caller's words at the end."""
        self._entries.append(_CallerWords(text))

    def agent_says(self, playback: Playback) -> None:
        """Enter a reply that begins now."""
        self._entries.append(_AgentWords(playback))

    def agent_acknowledges(self, playback: Playback) -> None:
        """Enter words that the agent says ahead of the reply entered last."""
        self._entries.insert(len(self._entries) - 1, _AgentWords(playback))

    def caller_remarked(self, text: str) -> None:
        """Enter the caller's words at the point that the present reply has reached.

        What is heard of the reply from now on comes after them.
        """
        reply = self._entries[-1]
        self.caller_said(text)
        if isinstance(reply, _AgentWords):
            reply.end = reply.playback.heard
            self._entries.append(_AgentWords(reply.playback, start=reply.end))

    def messages(self, turns: int | None = None) -> tuple[Message, ...]:
        """The chat: alternating roles, the caller first, nothing empty.

        With `turns`, it begins at the caller's message that many from the end.
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
    """Append what was said, to the last message if that has the same role."""
    text = entry.text
    if not text:
        return
    # Some guides refuse a chat whose roles do not alternate.
    if messages and messages[-1].role == entry.role:
        messages[-1] = Message(entry.role, f"{messages[-1].content} {text}")
    else:
        messages.append(Message(entry.role, text))
