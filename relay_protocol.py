"""ConversationRelay on the wire: frames in and out as typed messages, the TwiML, the signature.

Twilio opens a WebSocket to us and sends one JSON object a text frame. `parse_frame` turns such a
frame into one of the `Incoming` messages; what we answer is one of the `Outgoing` messages, whose
`encode` gives the text to send. Both directions are strict in their own way:

* **In**: unknown types and keys are tolerated, for Twilio adds them without notice; a frame that
  is not what it says it is raises `FrameError`, and the caller of this module drops it.
* **Out**: Twilio rejects a whole frame for one unknown key, a null or a wrong type (error 64107),
  so the messages refuse to be built from anything else.

Nothing here does I/O. Facts are from Twilio's ConversationRelay documentation unless a comment says
that they were seen on live calls.
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
    """A frame that cannot be what it claims to be. The message quotes no words: safe to log."""


class Setup(Struct, frozen=True):
    """The first frame: which call this is. `caller` is empty where the number is withheld."""

    call_sid: str
    session_id: str = ""
    account_sid: str = ""
    caller: str = ""
    called: str = ""
    direction: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


class Prompt(Struct, frozen=True):
    """What the caller said, transcribed: the whole utterance so far, final or not."""

    text: str
    final: bool = True
    lang: str = ""


class Interrupt(Struct, frozen=True):
    """Twilio stopped the agent and purged its queue.

    `heard` was seen to hold only the part of the speech segment that was cut, not the whole reply,
    and may be empty. `duration_ms` is how long that part had played, where it is reported.
    """

    heard: str = ""
    duration_ms: int | None = None


class Dtmf(Struct, frozen=True):
    """One key pressed: `0-9`, `*` or `#`. Seen a millisecond before the interrupt it causes."""

    digit: str


class AgentSpeaking(Struct, frozen=True):
    """Playback of the agent's audio (the greeting included) began or ended."""

    on: bool


class ClientSpeaking(Struct, frozen=True):
    """The caller began or ceased to speak; also while the agent speaks."""

    on: bool


class TokensPlayed(Struct, frozen=True):
    """A stretch of our text that has been played to the caller, sent when it has finished."""

    text: str


class RelayError(Struct, frozen=True):
    """Twilio refused something. The description echoes the refused frame: do not log it whole."""

    description: str


class Unknown(Struct, frozen=True):
    """A type, or an info event, that this version does not know. To be ignored."""

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
"""A longer frame is dropped. Twilio publishes no limit; public servers cap at this size."""

MAX_PARAMETERS: Final = 100
"""More custom parameters than this are nobody's."""

_DIGITS: Final = frozenset("0123456789*#")
_SWITCH: Final = {"on": True, "start": True, "off": False, "stop": False}
_BOOL: Final = ("false", "true")
_UNSPEAKABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def parse_frame(raw: str) -> Incoming:
    """Read one text frame.

    Raises `FrameError` for anything that is not one JSON object with a `type` and the fields of
    that type, for a key that stands in it twice (two readers would disagree on it), and for text
    with control characters or lone surrogates in it.
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
        raise FrameError("a key stands in it twice")
    return frame


def _no_constant(name: str) -> NoReturn:
    raise FrameError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _text(frame: Mapping[str, Any], key: str) -> str:
    """A string field; missing and null (seen on live calls) are empty."""
    value = frame.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FrameError(f"{key} is no string")
    if not value.isprintable() and _UNSPEAKABLE.search(value):
        raise FrameError(f"{key} holds characters that are no text")
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
    """The custom parameters that are strings. Telnyx sends others too, of no use to us."""
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > MAX_PARAMETERS:
        raise FrameError("customParameters is no object of reasonable size")
    strings = {name: value for name, value in given.items() if isinstance(value, str)}
    if _UNSPEAKABLE.search("".join(strings.values())):
        raise FrameError("a custom parameter holds characters that are no text")
    return strings


def _read_prompt(frame: dict[str, Any]) -> Prompt:
    if "voicePrompt" not in frame:
        raise FrameError("no voicePrompt")
    last = frame.get("last")
    if last is None:  # absent on older accounts: a prompt without it is final
        last = True
    if not isinstance(last, bool):
        raise FrameError("last is no boolean")
    return Prompt(_text(frame, "voicePrompt").strip(), last, _text(frame, "lang"))


def _read_interrupt(frame: dict[str, Any]) -> Interrupt:
    return Interrupt(
        _text(frame, "utteranceUntilInterrupt").strip(),
        _milliseconds(frame.get("durationUntilInterruptMs")),
    )


def _milliseconds(value: object) -> int | None:
    """A duration: a number today, a string in early documentation, sometimes absent."""
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
        raise FrameError("digit is no key of a telephone")
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

    `last` closes the talk cycle. `preemptible` marks audio that the next talk cycle may cut.
    Twilio concatenates tokens, so they keep their own spaces.
    """

    token: str
    last: bool = False
    preemptible: bool = True

    def __post_init__(self) -> None:
        if (type(self.token), type(self.last), type(self.preemptible)) != (str, bool, bool):
            _check_types(self)

    def encode(self) -> str:
        """The frame as JSON text, written out: there is one for almost every token."""
        token, last, preemptible = _quote(self.token), _BOOL[self.last], _BOOL[self.preemptible]
        return f'{{"type":"text","token":{token},"last":{last},"preemptible":{preemptible}}}'


class Play(Struct, frozen=True):
    """An audio file to play, in the same queue as text. `loop` 0 plays it 1,000 times, the most."""

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
    """Keys to press on the line: `0-9`, `*`, `#`, and `w` for a wait of half a second."""

    digits: str

    def __post_init__(self) -> None:
        _check_types(self)
        if not re.fullmatch(r"[0-9w#*]+", self.digits):
            raise ValueError(f"expected one or more of 0-9 w # *, got {self.digits!r}")

    def encode(self) -> str:
        """The frame as JSON text."""
        return _encode(type="sendDigits", digits=self.digits)


class Language(Struct, frozen=True):
    """From here on speak, transcribe, or both in another language (BCP 47 tags)."""

    tts: str = ""
    transcription: str = ""

    def __post_init__(self) -> None:
        _check_types(self)
        if not (self.tts or self.transcription):
            raise ValueError("expected a language to speak, to transcribe, or both")

    def encode(self) -> str:
        """The frame as JSON text, without the keys that are not set."""
        keys = {"ttsLanguage": self.tts, "transcriptionLanguage": self.transcription}
        return _encode(type="language", **{key: tag for key, tag in keys.items() if tag})


class End(Struct, frozen=True):
    """End the session, not the call: Twilio then asks the `action` URL what to do next.

    `handoff_data` is one string and comes back there as `HandoffData`.
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

    `attributes` are ConversationRelay's own names; `action` is asked once when the session is over.
    Everything is escaped for XML.
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
    """A response without verbs, which ends the call."""
    return str(VoiceResponse())


def sign(auth_token: str, url: str, form: Mapping[str, str] | None = None) -> str:
    """What Twilio puts into `X-Twilio-Signature` for a request to `url` with these form fields.

    A WebSocket upgrade is signed over the TwiML's `url` as written, scheme `wss`, without fields.
    """
    return str(RequestValidator(auth_token).compute_signature(url, form or {}))


def signature_is_valid(auth_token: str, url: str, form: object, signature: str) -> bool:
    """Whether `signature` is Twilio's for this request.

    `form` is a mapping, or a multi-dict with `getlist` where a field may be repeated. For HTTP the
    port may or may not be part of what was signed; both are tried.
    """
    try:
        return bool(RequestValidator(auth_token).validate(url, form, signature))
    except ValueError:  # a URL that cannot be one, such as a port beyond 65535
        return False
