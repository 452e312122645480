"""The attributes of a `<ConversationRelay>`, read from TwiML.

PURE. Defaults are Twilio's. As on a real call, unknown attributes and invalid values have no
effect; `RelayAttributes.warnings` lists both, as a Twilio account's debugger would (warning 12200).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Mapping

InputKind: TypeAlias = Literal["none", "dtmf", "speech", "any"]
"""Which of the caller's inputs may interrupt, or are reported."""

Sensitivity: TypeAlias = Literal["high", "medium", "low"]

T = TypeVar("T")

_INPUT_KINDS: dict[str, InputKind] = {
    "none": "none",
    "dtmf": "dtmf",
    "speech": "speech",
    "any": "any",
    "false": "none",
    "true": "any",
}
_SENSITIVITIES: dict[str, Sensitivity] = {"high": "high", "medium": "medium", "low": "low"}
_BOOLEANS = {"true": True, "false": False}

# Known to Twilio but without effect here: they affect audio, or what Twilio stores.
_INERT = frozenset(
    {
        "welcomeGreetingLanguage",
        "ttsProvider",
        "voice",
        "transcriptionProvider",
        "eotThreshold",
        "eagerEotThreshold",
        "deepgramSmartFormat",
        "asrSmartFormat",
        "profanityFilter",
        "hints",
        "elevenlabsTextNormalization",
        "ttsTextNormalization",
        "ttsLanguageTextNormalization",
        "elevenlabsLanguageTextNormalization",
        "intelligenceService",
        "conversationConfiguration",
        "conversationId",
        "customerName",
        "backgroundNoiseReduction",
        "applicationReconnect",
        "echoPromptFiltering",
        "turnDetection",
        "includeInPrompt",
    }
)


class TwimlError(ValueError):
    """The TwiML does not connect to a relay; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Language:
    """A `<Language>` element: settings for one language, without selecting it."""

    code: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayAttributes:
    """The relay's attributes, with Twilio's defaults."""

    url: str
    action: str = ""
    action_method: str = "POST"
    welcome_greeting: str = ""
    welcome_greeting_interruptible: InputKind = "any"
    tts_language: str = "en-US"
    transcription_language: str = "en-US"
    speech_model: str = ""
    partial_prompts: bool = False
    partial_prompt_on_hangup: bool = False
    speech_timeout_s: float | None = None
    """Silence that ends an utterance, in seconds; None for the relay's default (`auto`)."""
    interruptible: InputKind = "any"
    interrupt_sensitivity: Sensitivity = "high"
    report_input_during_agent_speech: InputKind = "none"
    ignore_backchannel: bool = False
    preemptible: bool = False
    dtmf_detection: bool = False
    speaker_events: bool = False
    tokens_played: bool = False
    languages: tuple[Language, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_twiml(cls, xml: str) -> RelayAttributes:
        """Read the `<ConversationRelay>` of the voice webhook's response.

        Raises:
            TwimlError: it is not XML, or has no relay with a `wss://` URL.
        """
        connect, relay = _find_relay(xml)
        values = _Values(relay.attrib)
        url = values.take("url")
        if not url.startswith("wss://"):
            raise TwimlError(f"<ConversationRelay url> must begin with wss://, but is {url!r}")
        language = values.take("language", "en-US")
        events = f"{values.take('events')} {values.take('debug')}".split()
        return cls(
            url=url,
            action=connect.get("action", ""),
            action_method=connect.get("method", "POST").upper(),
            welcome_greeting=values.take("welcomeGreeting"),
            welcome_greeting_interruptible=values.choice(
                "welcomeGreetingInterruptible", _INPUT_KINDS, "any"
            ),
            tts_language=values.take("ttsLanguage", language),
            transcription_language=values.take("transcriptionLanguage", language),
            speech_model=values.take("speechModel"),
            partial_prompts=values.flag("partialPrompts"),
            partial_prompt_on_hangup=values.flag("partialPromptOnHangup"),
            speech_timeout_s=values.milliseconds("speechTimeout"),
            interruptible=values.choice("interruptible", _INPUT_KINDS, "any"),
            interrupt_sensitivity=values.choice("interruptSensitivity", _SENSITIVITIES, "high"),
            report_input_during_agent_speech=values.choice(
                "reportInputDuringAgentSpeech", _INPUT_KINDS, "none"
            ),
            ignore_backchannel=values.flag("ignoreBackchannel"),
            preemptible=values.flag("preemptible"),
            dtmf_detection=values.flag("dtmfDetection"),
            speaker_events="speaker-events" in events,
            tokens_played="tokens-played" in events,
            languages=_languages(relay),
            parameters={p.get("name", ""): p.get("value", "") for p in relay.iter("Parameter")},
            warnings=values.warnings(),
        )

    def language_of_prompts(self, transcription_language: str) -> str:
        """The `lang` of prompts for a transcription language.

        `multi` and Deepgram's `flux` report only the primary tag (flux: seen on live calls).
        """
        if transcription_language == "multi":
            return "en"
        if self.speech_model.startswith("flux"):
            return transcription_language.partition("-")[0]
        return transcription_language


class _Values:
    """The attributes of an element, taken one by one; those left over become warnings."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self._left = dict(attributes)
        self._warnings: list[str] = []

    def take(self, name: str, default: str = "") -> str:
        return self._left.pop(name, default)

    def flag(self, name: str) -> bool:
        return self.choice(name, _BOOLEANS, default=False)

    def choice(self, name: str, values: Mapping[str, T], default: T) -> T:
        written = self._left.pop(name, None)
        if written is None:
            return default
        if written not in values:
            self._warnings.append(f"{name} is {written!r}; expected one of: {', '.join(values)}")
        return values.get(written, default)

    def milliseconds(self, name: str) -> float | None:
        """Take a time in ms and return seconds; None for `auto`."""
        written = self._left.pop(name, "auto")
        if written.isdecimal() and 600 <= int(written) <= 5000:
            return int(written) / 1000
        if written != "auto":
            self._warnings.append(f"{name} is {written!r}; expected auto or 600 to 5000 (ms)")
        return None

    def warnings(self) -> tuple[str, ...]:
        unknown = sorted(self._left.keys() - _INERT)
        inert = (f"{name} is not an attribute of <ConversationRelay>" for name in unknown)
        return (*self._warnings, *inert)


def _find_relay(xml: str) -> tuple[ElementTree.Element, ElementTree.Element]:
    try:
        # The XML comes from the developer's own server.
        response = ElementTree.fromstring(xml)  # noqa: S314
    except ElementTree.ParseError as error:
        raise TwimlError(f"the response is not XML ({error})") from None
    connect = response.find("Connect")
    relay = connect.find("ConversationRelay") if connect is not None else None
    if response.tag != "Response" or connect is None or relay is None:
        raise TwimlError("the response has no <Response><Connect><ConversationRelay>")
    return connect, relay


def _languages(relay: ElementTree.Element) -> tuple[Language, ...]:
    elements = (dict(element.attrib) for element in relay.iter("Language"))
    return tuple(Language(element.pop("code", ""), element) for element in elements)
