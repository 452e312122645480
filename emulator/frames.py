"""The frames that Twilio sends, as documented and as seen on live calls.

PURE. Each function returns one frame as the object that goes over the socket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Frame: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The call's identifiers and its two parties."""

    call_sid: str
    session_id: str
    account_sid: str
    caller: str
    called: str


def setup(identity: Identity, parameters: Mapping[str, str]) -> Frame:
    """The first frame. An inbound call is still ringing when it is sent (seen on live calls)."""
    return {
        "type": "setup",
        "sessionId": identity.session_id,
        "callSid": identity.call_sid,
        "parentCallSid": "",
        "from": identity.caller,
        "to": identity.called,
        "forwardedFrom": "",
        "callerName": "",
        "direction": "inbound",
        "callType": "PSTN",
        "callStatus": "RINGING",
        "accountSid": identity.account_sid,
        "customParameters": dict(parameters),
    }


def prompt(text: str, lang: str, *, last: bool) -> Frame:
    """What the caller said: the whole utterance so far, and whether it is final."""
    return {"type": "prompt", "voicePrompt": text, "lang": lang, "last": last}


def interrupt(utterance: str, duration_ms: int) -> Frame:
    """The caller interrupted the playback."""
    return {
        "type": "interrupt",
        "utteranceUntilInterrupt": utterance,
        "durationUntilInterruptMs": duration_ms,
    }


def dtmf(digit: str) -> Frame:
    """A key the caller pressed."""
    return {"type": "dtmf", "digit": digit}


def error(raw: str | bytes) -> Frame:
    """The rejection of a frame from the app, quoting it."""
    quoted = raw if isinstance(raw, str) else raw.decode(errors="replace")
    return {"type": "error", "description": f"Invalid message received, code: 64107, {quoted}"}


def agent_speaking(on: bool) -> Frame:
    """The agent's audio has begun, or has run out."""
    return {"type": "info", "name": "agentSpeaking", "value": "on" if on else "off"}


def client_speaking(on: bool) -> Frame:
    """The caller's voice has begun, or has fallen silent."""
    return {"type": "info", "name": "clientSpeaking", "value": "on" if on else "off"}


def tokens_played(text: str) -> Frame:
    """The segment of speech that was played, or the part of it that was, with its spaces."""
    return {"type": "info", "name": "tokensPlayed", "value": text}
