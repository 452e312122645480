"""One call on the relay: hears the caller, speaks the app's words, and reports both to the app.

PURE and sans-IO. Every method takes `now` (seconds on a clock that never goes back) and returns
the frames to send to the app, in order; `deadline` says when to call `advance`. Once `closing` is
set the call is over: nothing more is accepted or sent.

Barge-in on the wire is one burst (seen on live calls): `clientSpeaking` on, the heard fragment in
`tokensPlayed`, `interrupt`, the first partial prompt, `agentSpeaking` off. A pressed key precedes
the interrupt it causes.

Where sources disagree, this line assumes the worst: speech over the agent is delivered only if
`reportInputDuringAgentSpeech` asks for it, even if it interrupts. That covers keys, and the whole
of an utterance that began over the agent. `end` drops whatever was not yet spoken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

from emulator import frame_schema, frames
from emulator.line_events import Cut, Said, Transcribed
from emulator.player import InterruptReport, Player, Terms
from emulator.voice import CallerVoice, Recognized, VoiceOff, VoiceOn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulator.frames import Frame, Identity
    from emulator.line_events import Heard
    from emulator.twiml import InputKind, RelayAttributes
    from emulator.voice import VoiceEvent

MOST_MALFORMED = 10
"""The number of malformed frames in a row that closes the session (ConversationRelay docs)."""

_WORDS_TO_INTERRUPT = {"high": 1, "medium": 2, "low": 3}

# Our own short list: Twilio does not publish its list.
_BACKCHANNELS = frozenset(
    {"ah", "aha", "hm", "hmm", "mhm", "mm-hmm", "ok", "okay", "right", "sure", "uh-huh"}
    | {"yeah", "yep", "yes", "yup"}
)

SessionStatus: TypeAlias = Literal["completed", "ended", "failed"]


@dataclass(frozen=True, slots=True)
class Manner:
    """What varies between real calls: speaking paces, and what an interrupt reports."""

    agent_words_per_second: float = 2.5
    caller_words_per_second: float = 3.0
    silence_s: float = 0.5
    """Silence that ends an utterance if `speechTimeout` is `auto`."""
    interrupt_report: InterruptReport = "fragment"


@dataclass(frozen=True, slots=True)
class Closing:
    """How the session ended, for closing the socket and the action request."""

    at: float
    code: int
    reason: str
    session_status: SessionStatus
    call_status: Literal["completed", "in-progress"]
    error_code: str = ""
    error_message: str = ""
    handoff_data: str | None = None


class Line:
    """A call between a caller and an app that speaks ConversationRelay."""

    def __init__(
        self, identity: Identity, relay: RelayAttributes, manner: Manner | None = None
    ) -> None:
        manner = manner or Manner()
        self.identity = identity
        self.relay = relay
        self.closing: Closing | None = None
        self._player = Player(
            words_per_second=manner.agent_words_per_second,
            interrupt_report=manner.interrupt_report,
        )
        self._voice = CallerVoice(
            words_per_second=manner.caller_words_per_second,
            silence_s=relay.speech_timeout_s or manner.silence_s,
        )
        self.events = self._player.events
        """Everything that happened on the line, in order."""
        self._now = 0.0
        self._malformed_in_a_row = 0
        self._tts_language = relay.tts_language
        self._prompt_language = relay.language_of_prompts(relay.transcription_language)
        self._began_over_agent = False

    # -- state ---------------------------------------------------------------------------------

    @property
    def heard(self) -> list[Heard]:
        """Every word of the agent that the caller has heard, in order."""
        return self._player.heard

    @property
    def cycles(self) -> dict[int, str]:
        """The text received for each talk cycle, by its number; 0 is the greeting."""
        return self._player.cycles

    @property
    def cuts(self) -> list[Cut]:
        """What the caller never heard, and why."""
        return [event for event in self.events if isinstance(event, Cut)]

    @property
    def said(self) -> list[Said]:
        """What the caller said and did."""
        return [event for event in self.events if isinstance(event, Said)]

    @property
    def agent_is_speaking(self) -> bool:
        """Whether the agent is audible right now."""
        return self._player.playing is not None

    @property
    def agent_is_done(self) -> bool:
        """Whether the agent is silent, the queue is empty and no talk cycle is open."""
        return self._player.idle

    @property
    def caller_is_done(self) -> bool:
        """Whether the caller is silent and the last utterance is finished."""
        return self._voice.idle

    @property
    def voice_until(self) -> float:
        """When the caller's last sound ends, or ended."""
        return self._voice.voice_until

    @property
    def deadline(self) -> float | None:
        """When to call `advance` next; None if nothing is due."""
        if self.closing:
            return None
        deadlines = (self._player.deadline, self._voice.deadline)
        return min((at for at in deadlines if at is not None), default=None)

    # -- time and frames -----------------------------------------------------------------------

    def start(self, now: float) -> list[Frame]:
        """Begin the session: send `setup` and speak the greeting."""
        self._now = now
        terms = Terms(self.relay.welcome_greeting_interruptible, False, self._tts_language)
        self._player.greet(self.relay.welcome_greeting, terms, now)
        return [frames.setup(self.identity, self.relay.parameters)]

    def advance(self, now: float) -> list[Frame]:
        """Do everything due by `now`."""
        out: list[Frame] = []
        while (at := self.deadline) is not None and at <= now:
            self._now = max(self._now, at)
            if at == self._player.deadline:
                out += self._subscribed(self._player.step(at))
            else:
                out += self._hear(self._voice.step(), at)
        self._now = max(self._now, now)
        return out

    def receive(self, raw: str | bytes, now: float) -> list[Frame]:
        """Handle a frame from the app."""
        out = self.advance(now)
        if self.closing:
            return out
        try:
            frame = frame_schema.parse(raw)
        except frame_schema.MalformedFrameError:
            return out + self._refuse(raw)
        self._malformed_in_a_row = 0
        self._perform(frame)
        return out

    # -- the caller ----------------------------------------------------------------------------

    def speaks(self, text: str, now: float) -> list[Frame]:
        """The caller says `text`, after anything still being said; `[1.5s]` in it is a pause.

        A pause longer than the silence that ends an utterance splits it in two.
        """
        out = self.advance(now)
        if not self.closing:
            self.events.append(Said(self._now, text))
            self._voice.speak(text, self._now)
        return out

    def coughs(self, now: float) -> list[Frame]:
        """The caller makes a sound without words: it interrupts, but no prompt follows."""
        out = self.advance(now)
        if not self.closing:
            self.events.append(Said(self._now, "(coughs)"))
            self._voice.cough(self._now)
        return out

    def presses(self, digit: str, now: float) -> list[Frame]:
        """The caller presses a key; no effect without `dtmfDetection`."""
        out = self.advance(now)
        if self.closing:
            return out
        self.events.append(Said(self._now, f"(presses {digit})"))
        if not self.relay.dtmf_detection:
            return out
        if not self.agent_is_speaking or self._reports("dtmf"):
            out.append(frames.dtmf(digit))
        if self._may_interrupt("dtmf"):
            out += [*self._interrupt(), *self._subscribed([frames.agent_speaking(False)])]
        return out

    def hangs_up(self, now: float) -> list[Frame]:
        """The caller hangs up."""
        out = self.advance(now)
        if self.closing:
            return out
        self.events.append(Said(self._now, "(hangs up)"))
        unfinished = " ".join(self._voice.unfinished)
        if unfinished and self.relay.partial_prompt_on_hangup and self._is_reported():
            out.append(frames.prompt(unfinished, self._prompt_language, last=True))
        self._player.hush("hang up", self._now)
        reason = "Closing websocket session"
        self.closing = Closing(self._now, 1000, reason, "completed", "completed")
        return out

    def loses_app(self, now: float, code: int = 1006, reason: str = "") -> list[Frame]:
        """The app's socket closed without an `end`: a failure, whatever the code."""
        out = self.advance(now)
        if not self.closing:
            self._fail(code, reason)
        return out

    # -- frames from the app -------------------------------------------------------------------

    def _perform(self, frame: frame_schema.AppFrame) -> None:
        match frame:
            case frame_schema.Text():
                terms = self._terms(frame.interruptible, frame.preemptible, frame.lang)
                self._player.say(frame.token, terms, self._now, last=frame.last)
            case frame_schema.Play():
                terms = self._terms(frame.interruptible, frame.preemptible)
                self._player.play(frame.source, frame.loop, terms, self._now)
            case frame_schema.SendDigits():
                at_once = self._voice.speaking
                terms = self._terms(None, False)
                self._player.send_digits(frame.digits, terms, self._now, at_once=at_once)
            case frame_schema.SwitchLanguage():
                self._tts_language = frame.tts_language or self._tts_language
                if frame.transcription_language:
                    self._prompt_language = self.relay.language_of_prompts(
                        frame.transcription_language
                    )
            case frame_schema.End():
                self._player.hush("end", self._now)
                self.closing = Closing(
                    self._now,
                    1000,
                    "Closing websocket session",
                    "ended",
                    "in-progress",
                    handoff_data=frame.handoff_data,
                )
            case _:
                assert_never(frame)

    def _terms(
        self, interruptible: bool | None, preemptible: bool | None, lang: str | None = None
    ) -> Terms:
        """A frame's own settings, with the session's as defaults."""
        by: InputKind = self.relay.interruptible
        if interruptible is not None:
            by = "any" if interruptible else "none"
        if preemptible is None:
            preemptible = self.relay.preemptible
        return Terms(by, preemptible, lang or self._tts_language)

    def _refuse(self, raw: str | bytes) -> list[Frame]:
        self._malformed_in_a_row += 1
        if self._malformed_in_a_row == MOST_MALFORMED:
            self._fail(1007, "Too many consecutive malformed messages.")
        return [frames.error(raw)]

    def _fail(self, code: int, reason: str) -> None:
        self._player.hush("dropped", self._now)
        self.closing = Closing(
            self._now, code, reason, "failed", "in-progress", "64105", "Websocket ended"
        )

    # -- events of the caller's voice ----------------------------------------------------------

    def _hear(self, events: Iterable[VoiceEvent], at: float) -> list[Frame]:
        out: list[Frame] = []
        interrupted = False
        for event in events:
            match event:
                case VoiceOn():
                    self._began_over_agent = self.agent_is_speaking
                    out += self._subscribed([frames.client_speaking(True)])
                case Recognized(words):
                    if self._takes_the_floor(words):
                        interrupted = True
                        out += self._interrupt()
                    out += self._partial(words)
                case VoiceOff(words):
                    out += self._subscribed([frames.client_speaking(False)])
                    out += self._final(words, at)
                case _:
                    assert_never(event)
        return out + self._subscribed([frames.agent_speaking(False)] if interrupted else [])

    def _takes_the_floor(self, words: tuple[str, ...]) -> bool:
        """Whether the words so far interrupt; at `high`, a sound without words does too."""
        if not self._may_interrupt("speech") or self._is_ignored(words):
            return False
        needed = _WORDS_TO_INTERRUPT[self.relay.interrupt_sensitivity]
        return needed == 1 or len(words) >= needed

    def _partial(self, words: tuple[str, ...]) -> list[Frame]:
        wanted = self.relay.partial_prompts and words and not self._is_ignored(words)
        if not wanted or not self._is_reported():
            return []
        return [frames.prompt(" ".join(words), self._prompt_language, last=False)]

    def _final(self, words: tuple[str, ...], at: float) -> list[Frame]:
        if not words:
            return []
        text = " ".join(words)
        reported = self._is_reported() and not self._is_ignored(words)
        self.events.append(Transcribed(at, text, reported))
        return [frames.prompt(text, self._prompt_language, last=True)] if reported else []

    def _is_reported(self) -> bool:
        """Whether the current utterance is sent to the app."""
        return not self._began_over_agent or self._reports("speech")

    def _is_ignored(self, words: tuple[str, ...]) -> bool:
        """Whether `ignoreBackchannel` hides an utterance: all of its words acknowledge."""
        if not (self.relay.ignore_backchannel and words):
            return False
        return all(word.strip(",.!?").lower() in _BACKCHANNELS for word in words)

    def _reports(self, kind: Literal["dtmf", "speech"]) -> bool:
        return self.relay.report_input_during_agent_speech in (kind, "any")

    def _may_interrupt(self, kind: Literal["dtmf", "speech"]) -> bool:
        terms = self._player.playing
        return terms is not None and terms.interruptible in (kind, "any")

    def _interrupt(self) -> list[Frame]:
        """Stop the agent and report what was heard; `_hear` and `presses` report its silence."""
        cut = self._player.interrupt(self._now)
        fragment = [frames.tokens_played(cut.fragment)] if cut.fragment else []
        return [*self._subscribed(fragment), frames.interrupt(cut.utterance, cut.duration_ms)]

    def _subscribed(self, reports: Iterable[Frame]) -> list[Frame]:
        """The `info` frames among these that the TwiML's `events` subscribes to."""
        return [
            report
            for report in reports
            if (
                self.relay.tokens_played
                if report["name"] == "tokensPlayed"
                else self.relay.speaker_events
            )
        ]
