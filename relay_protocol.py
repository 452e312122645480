"""ConversationRelay on the wire: frames in and out as typed messages, the TwiML, the signature.

Twilio opens a WebSocket to us and sends one JSON object per text frame. `parse_frame` turns it into
one of the `Incoming` messages. We send `Outgoing` messages, whose `encode` returns the text of the
frame. The two directions are strict in different ways:

* **In**: unknown types and keys are tolerated, because Twilio adds them without notice. A known
  type with invalid fields raises `FrameError`; the caller drops the frame.
* **Out**: Twilio rejects a whole frame for one unknown key, a null or a wrong type (error 64107),
  so a message cannot be built from anything else.

Nothing here does I/O. Wire facts are from Twilio's documentation ("ConversationRelay WebSocket
messages", "<ConversationRelay>", "Webhooks security"), unless marked as seen on live calls. The
shapes of `info` frames are not in it; they are those of recorded live calls.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring_ascii as _quote
from typing import Any, Final, NoReturn

from msgspec import Struct, field
from msgspec.structs import fields
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Connect, ConversationRelay, VoiceResponse

# --- Frames from Twilio -----------------------------------------------------------------------


class FrameError(ValueError):
    """An invalid frame. The message quotes none of it, so it is safe to log."""


class Setup(Struct, frozen=True):
    """The first frame: which call this is. `caller` is empty if the number is withheld."""

    call_sid: str
    session_id: str = ""
    account_sid: str = ""
    caller: str = ""
    called: str = ""
    direction: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


class Prompt(Struct, frozen=True):
    """What the caller said, transcribed: the whole utterance so far, final or partial."""

    text: str
    final: bool = True
    lang: str = ""


class Interrupt(Struct, frozen=True):
    """The caller spoke over the agent: Twilio stopped playback and emptied its queue.

    On live calls `heard` was only what had played of the segment that was cut, not of the whole
    reply, and sometimes empty. `duration_ms` is how long that part had played, None if unreported.
    """

    heard: str = ""
    duration_ms: int | None = None


class Dtmf(Struct, frozen=True):
    """A key press: `0-9`, `*` or `#`. On live calls it came just before its interrupt."""

    digit: str


class AgentSpeaking(Struct, frozen=True):
    """Playback of the agent's audio, including the greeting, began or ended."""

    on: bool


class ClientSpeaking(Struct, frozen=True):
    """The caller began or stopped speaking; also sent while the agent speaks."""

    on: bool


class TokensPlayed(Struct, frozen=True):
    """A piece of our text that has been played to the caller to its end."""

    text: str


class RelayError(Struct, frozen=True):
    """Twilio rejected a frame. The description quotes that frame: do not log it whole."""

    description: str


class Unknown(Struct, frozen=True):
    """A type or info event that this version does not know. Ignore it."""

    kind: str


Incoming = (
    Setup
    | Prompt
    | Interrupt
    | Dtmf
    | AgentSpeaking
    | ClientSpeaking
    | TokensPlayed
    | RelayError
    | Unknown
)

MAX_FRAME_BYTES: Final = 64 * 1024
"""A longer frame is dropped. Twilio documents no limit; other public servers use this one."""

MAX_PARAMETERS: Final = 100
"""More custom parameters than any real call has."""

_DIGITS: Final = frozenset("0123456789*#")
# Twilio sends "on" and "off"; a public test double for it sends "start" and "stop".
_SWITCH: Final = {"on": True, "start": True, "off": False, "stop": False}
_BOOL: Final = ("false", "true")
_UNSPEAKABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def parse_frame(raw: str) -> Incoming:
    """Parse one text frame.

    Raises `FrameError` unless it is one JSON object with a `type` and that type's fields, for
    duplicate keys (two parsers could disagree on them), and for text with control characters or
    lone surrogates.
    """
    frame = _load(raw)
    kind = _text(frame, "type")
    if not kind:
        raise FrameError("no type")
    reader = _READERS.get(kind)
    return Unknown(kind[:40]) if reader is None else reader(frame)


def _load(raw: str) -> dict[str, Any]:
    try:
        text = raw.strip(" \t\r\n")
        frame, end = _DECODER.raw_decode(text)
        if end < len(text):
            raise FrameError("not JSON")
    except FrameError:
        raise
    except (ValueError, RecursionError) as error:
        raise FrameError("not JSON") from error
    if not isinstance(frame, dict):
        raise FrameError("not a JSON object")
    return frame


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    frame = dict(pairs)
    if len(frame) != len(pairs):
        raise FrameError("duplicate key")
    return frame


def _no_constant(name: str) -> NoReturn:
    raise FrameError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _text(frame: Mapping[str, Any], key: str) -> str:
    """A string field; a missing or null one (null was seen on live calls) is empty."""
    value = frame.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FrameError(f"{key} is not a string")
    if not value.isprintable() and _UNSPEAKABLE.search(value):
        raise FrameError(f"{key} contains control characters or surrogates")
    return value


def _read_setup(frame: dict[str, Any]) -> Setup:
    call_sid = _text(frame, "callSid")
    if not call_sid:
        raise FrameError("no callSid")
    return Setup(
        call_sid=call_sid,
        session_id=_text(frame, "sessionId"),
        account_sid=_text(frame, "accountSid"),
        caller=_text(frame, "from"),
        called=_text(frame, "to"),
        direction=_text(frame, "direction"),
        parameters=_parameters(frame.get("customParameters")),
    )


def _parameters(given: object) -> dict[str, str]:
    """The custom parameters that are strings. Telnyx also sends other types; they are ignored."""
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > MAX_PARAMETERS:
        raise FrameError(f"customParameters is not an object of at most {MAX_PARAMETERS} keys")
    strings = {name: value for name, value in given.items() if isinstance(value, str)}
    if _UNSPEAKABLE.search("".join(strings.values())):
        raise FrameError("a custom parameter contains control characters or surrogates")
    return strings


def _read_prompt(frame: dict[str, Any]) -> Prompt:
    if "voicePrompt" not in frame:
        raise FrameError("no voicePrompt")
    last = frame.get("last")
    if last is None:  # older accounts send only final prompts, without it
        last = True
    if not isinstance(last, bool):
        raise FrameError("last is not a boolean")
    return Prompt(_text(frame, "voicePrompt").strip(), last, _text(frame, "lang"))


def _read_interrupt(frame: dict[str, Any]) -> Interrupt:
    return Interrupt(
        _text(frame, "utteranceUntilInterrupt").strip(),
        _milliseconds(frame.get("durationUntilInterruptMs")),
    )


def _milliseconds(value: object) -> int | None:
    """A duration: documented as a number, formerly as a string, and sometimes absent."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        duration = float(value)
    except (ValueError, OverflowError):
        return None
    return int(duration) if math.isfinite(duration) and duration >= 0 else None


def _read_dtmf(frame: dict[str, Any]) -> Dtmf:
    digit = frame.get("digit")
    if not isinstance(digit, str) or digit not in _DIGITS:
        raise FrameError("digit is not one of 0-9 * #")
    return Dtmf(digit)


def _read_info(frame: dict[str, Any]) -> Incoming:
    name = _text(frame, "name")
    if name == "tokensPlayed":
        return TokensPlayed(_text(frame, "value"))
    if name in {"agentSpeaking", "clientSpeaking"}:
        on = _SWITCH.get(_text(frame, "value"))
        if on is None:
            raise FrameError(f"{name} is neither on nor off")
        return AgentSpeaking(on) if name == "agentSpeaking" else ClientSpeaking(on)
    return Unknown(f"info {name[:40]}")


def _read_error(frame: dict[str, Any]) -> RelayError:
    return RelayError(_text(frame, "description"))


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], Incoming]]] = {
    "setup": _read_setup,
    "prompt": _read_prompt,
    "interrupt": _read_interrupt,
    "dtmf": _read_dtmf,
    "info": _read_info,
    "error": _read_error,
}

# --- Frames to Twilio -------------------------------------------------------------------------


def _check_types(frame: "Outgoing") -> None:
    for declared in _FIELDS[type(frame)]:
        given = type(getattr(frame, declared.name))
        if given is not declared.type:
            raise TypeError(f"expected {declared.name} as {declared.type}, got {given}")


class Text(Struct, frozen=True):
    """Words to speak.

    `last` closes the talk cycle. `preemptible` lets the next talk cycle cut this audio short.
    Twilio concatenates tokens, so a token carries its own spaces.
    """

    token: str
    last: bool = False
    preemptible: bool = True

    def __post_init__(self) -> None:
        if (type(self.token), type(self.last), type(self.preemptible)) != (str, bool, bool):
            _check_types(self)

    def encode(self) -> str:
        """The frame as JSON text, formatted by hand because almost every token is one."""
        token, last, preemptible = _quote(self.token), _BOOL[self.last], _BOOL[self.preemptible]
        return f'{{"type":"text","token":{token},"last":{last},"preemptible":{preemptible}}}'


class Play(Struct, frozen=True):
    """An audio file to play, queued with the text. `loop` 0 means 1,000 times, the maximum."""

    source: str
    loop: int = 1
    preemptible: bool = False

    def __post_init__(self) -> None:
        _check_types(self)
        is_url = re.fullmatch(r"https?://[^\s/?#]\S*", self.source)
        if not is_url or not 0 <= self.loop <= 1000:
            raise ValueError(f"expected an http(s) URL and 0 to 1000 loops, got {self!r}")

    def encode(self) -> str:
        """The frame as JSON text."""
        return _encode(
            type="play", source=self.source, loop=self.loop, preemptible=self.preemptible
        )


class SendDigits(Struct, frozen=True):
    """Keys to press on the line: `0-9`, `*`, `#`, and `w` to wait half a second."""

    digits: str

    def __post_init__(self) -> None:
        _check_types(self)
        if not re.fullmatch(r"[0-9w#*]+", self.digits):
            raise ValueError(f"expected one or more of 0-9 w # *, got {self.digits!r}")

    def encode(self) -> str:
        """The frame as JSON text."""
        return _encode(type="sendDigits", digits=self.digits)


class Language(Struct, frozen=True):
    """Switch the language of speech, of transcription, or of both (BCP 47 tags)."""

    tts: str = ""
    transcription: str = ""

    def __post_init__(self) -> None:
        _check_types(self)
        if not (self.tts or self.transcription):
            raise ValueError("expected a language to speak, to transcribe, or both")

    def encode(self) -> str:
        """The frame as JSON text, without unset keys."""
        keys = {"ttsLanguage": self.tts, "transcriptionLanguage": self.transcription}
        return _encode(type="language", **{key: tag for key, tag in keys.items() if tag})


class End(Struct, frozen=True):
    """End the session, not the call: Twilio then asks the `action` URL what to do next.

    `handoff_data` is a string that comes back there as `HandoffData`.
    """

    handoff_data: str = ""

    def __post_init__(self) -> None:
        _check_types(self)

    def encode(self) -> str:
        """The frame as JSON text."""
        handoff = {"handoffData": self.handoff_data} if self.handoff_data else {}
        return _encode(type="end", **handoff)


Outgoing = Text | Play | SendDigits | Language | End

_FIELDS: Final = {kind: fields(kind) for kind in (Text, Play, SendDigits, Language, End)}


def _encode(**frame: str | int | bool) -> str:
    return json.dumps(frame, separators=(",", ":"))


# --- TwiML and the signature --------------------------------------------------------------------


def connect_twiml(
    url: str,
    action: str,
    attributes: Mapping[str, str | bool | int | float],
    parameters: Mapping[str, str],
) -> str:
    """The answer to the voice webhook: connect the call to the WebSocket at `url`.

    `attributes` are those of `<ConversationRelay>`. Twilio requests `action` when the session is
    over. Everything is escaped for XML.
    """
    relay = ConversationRelay(url=url, **{name: _attribute(v) for name, v in attributes.items()})
    for name, value in parameters.items():
        relay.parameter(name=name, value=value)
    response = VoiceResponse()
    response.append(Connect(action=action, method="POST").append(relay))
    return str(response)


def _attribute(value: str | bool | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def empty_twiml() -> str:
    """A response without verbs: the call ends."""
    return str(VoiceResponse())


def sign(auth_token: str, url: str, form: Mapping[str, str] | None = None) -> str:
    """The `X-Twilio-Signature` of a request to `url` with these form fields.

    For a WebSocket upgrade, `url` is the one in the TwiML, with scheme `wss`, and there are no
    fields (twilio-labs/twilio-aspnet#162).
    """
    return str(RequestValidator(auth_token).compute_signature(url, form or {}))


def signature_is_valid(auth_token: str, url: str, form: object, signature: str) -> bool:
    """Whether `signature` is Twilio's for this request.

    `form` is a mapping, or a multi-dict with `getlist` if fields may repeat. For HTTP requests the
    URL is tried with and without its port, because Twilio signs either.
    """
    try:
        return bool(RequestValidator(auth_token).validate(url, form, signature))
    except ValueError:  # an invalid URL, for example with a port above 65535
        return False
