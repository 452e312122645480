"""Simulated callers: hundreds of calls as Twilio would hold them, on a fixed timetable.

Each call has its own WebSocket, signed as Twilio signs it, and time slots. At the start of a slot
the caller has said something, whether or not the server has finished with the previous turn, so a
slow server gets no relief. The reply comes back as `text` frames, whose words say when the guide
sent them (`stamps`). The caller reports what it plays as Twilio does, but compressed in time: a
clause counts as played as soon as it has arrived.

In some turns the caller cuts in: an interrupt during the reply, and 150 ms later the words. These
alternate between a backchannel ("mm-hmm"), after which the reply may go on, and a question, which
asks for another reply. Such a turn takes two slots.
"""

import asyncio
import contextlib
import html
import json
import random
import re
import time
from array import array
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final, cast
from urllib.parse import urlencode

import relay_protocol
from bench import framing
from bench.scripted_guide import Pace
from bench.servers import AUTH_TOKEN, GREETING, Server, ServerError
from bench.stamps import LENGTH, moment
from bench.wheel import Wheel
from emulator import frames

QUESTIONS: Final = (
    "What time do you open on Saturday?",
    "Do you have a table for four tonight?",
    "How much is the delivery to the old town?",
    "Where can I park my car near you?",
    "Can I bring my dog along?",
    "What do you have for vegetarians?",
    "Is there music on Friday evenings?",
    "Could you spell your address for me?",
)
BACKCHANNEL: Final = "mm-hmm"
INTERRUPTING_QUESTION: Final = "what about Sunday?"

UNDECIDED_MS: Final = 150
"""From an interrupt to the words said over the agent."""

OPEN_S: Final = 30.0
"""How long all calls together may take to connect."""

CLOSE_S: Final = 5.0
"""How long they may take to end."""

_PARAMETER: Final = re.compile(r'<Parameter name="token" value="([^"]*)"')


@dataclass(slots=True)
class Tally:
    """What callers saw during a measurement. Latencies are in nanoseconds."""

    asked: int = 0
    """Turns begun."""
    frames: int = 0
    tokens: int = 0
    """Words received, each counted once even if it was said again."""
    first_ns: "array[int]" = field(default_factory=lambda: array("q"))
    """From the caller's words to the first word of the reply, less the guide's own time."""
    token_ns: "array[int]" = field(default_factory=lambda: array("q"))
    """From the guide's sending of a word to its arrival at the caller."""
    cut_ns: "array[int]" = field(default_factory=lambda: array("q"))
    """From an interrupt to the last frame before the caller's words; 0 if there was none."""
    resumed_ns: "array[int]" = field(default_factory=lambda: array("q"))
    """From a backchannel to the first word of the resumed reply."""
    errors: "Counter[str]" = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Script:
    """What callers do."""

    pace: Pace
    barge_in: float = 0.0
    """The share of turns with a barge-in."""
    rest_ms: int = 600
    """The part of a slot after the reply. The caller speaks in its second half."""

    @property
    def slot_ms(self) -> int:
        """The length of a slot."""
        return self.pace.first_ms + self.pace.tokens * self.pace.token_ms + self.rest_ms


def _frame(content: frames.Frame) -> bytes:
    text = json.dumps(content, separators=(",", ":"))
    return framing.frame(text.encode(), masked=True)


def _says(text: str) -> bytes:
    return _frame(frames.client_speaking(False)) + _frame(frames.prompt(text, "en-US", last=True))


_BEGINS_TO_SPEAK: Final = _frame(frames.client_speaking(True))
_ASKS: Final = tuple(_says(question) for question in QUESTIONS)
_MURMURS: Final = _says(BACKCHANNEL)
_OBJECTS: Final = _says(INTERRUPTING_QUESTION)
_PLAYS: Final = _frame(frames.agent_speaking(True))
_SILENT: Final = _frame(frames.agent_speaking(False))
_HANGS_UP: Final = framing.frame((1000).to_bytes(2), framing.CLOSE, masked=True)
_GREETS: Final = _PLAYS + _frame(frames.tokens_played(GREETING)) + _SILENT


class Caller(asyncio.Protocol):
    """One call."""

    def __init__(self, fleet: "Fleet", number: int, identity: frames.Identity, token: str) -> None:
        self._fleet = fleet
        self._wheel = fleet.wheel
        self._script = fleet.script
        self._identity = identity
        self._token = token
        self._random = random.Random(number)  # noqa: S311 - reproducible timetables
        self._questions = cycle(_ASKS[number % len(_ASKS) :] + _ASKS[: number % len(_ASKS)])
        self._interruptions = cycle((_MURMURS, _OBJECTS) if number % 2 else (_OBJECTS, _MURMURS))
        self._frames = framing.FrameReader()
        self._head = b""
        self._is_open = False
        self._hung_up = False
        # The current turn.
        self._next_ms = 0  # when the next one begins
        self._turns_left: int | None = None
        self._asked_ns = 0  # when the caller's last words were sent
        self._awaits_first = False
        self._in_reply = False  # from its first word to the end of the talk cycle
        self._clause = ""  # the unfinished clause so far
        self._newest_ns = 0  # the stamp of the newest word
        # An interruption.
        self._cut_ns = 0  # when it was sent, until the next turn
        self._last_frame_ns = 0  # the last one after it
        self._is_cut = False  # from the interrupt to the words
        self._may_resume = False

    # --- the socket -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)
        self._transport.write(self._fleet.handshake)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count an error if the server refused or closed the call."""
        del exc
        if not self._hung_up:
            self._fail("closed" if self._is_open else "refused")
            self._hung_up = True
        self._fleet.note_closed(self)

    def data_received(self, data: bytes) -> None:
        """Handle what the server sends."""
        now = time.monotonic_ns()
        if not self._is_open:
            data = self._shake_hands(data)
        try:
            for opcode, payload in self._frames.feed(data):
                if opcode == framing.TEXT:
                    self._hear(payload, now)
                elif opcode == framing.PING:
                    self._transport.write(framing.frame(payload, framing.PONG, masked=True))
        except (framing.FramingError, ValueError, KeyError, TypeError, AttributeError):
            self._fail("malformed frame")

    def _shake_hands(self, data: bytes) -> bytes:
        """Read the answer to the upgrade; returns the bytes after it."""
        self._head += data
        head, blank, rest = self._head.partition(b"\r\n\r\n")
        if not blank:
            return b""
        self._head = b""
        if not head.startswith(b"HTTP/1.1 101 "):
            self._transport.close()
            return b""
        self._is_open = True
        parameters = {"token": self._token} if self._token else {}
        self._transport.write(_frame(frames.setup(self._identity, parameters)) + _GREETS)
        self._fleet.note_open()
        return rest

    def hang_up(self) -> None:
        """End the call as Twilio does. The server closes the connection."""
        self._hung_up = True
        if not self._transport.is_closing():
            self._transport.write(_HANGS_UP)

    def _fail(self, kind: str) -> None:
        self._fleet.tally.errors[kind] += 1

    # --- speaking -------------------------------------------------------------------------

    def begin(self, at_ms: int, turns: int | None = None) -> None:
        """Take turns from `at_ms` on: that many, or as long as the call lasts."""
        self._turns_left = turns
        self._next_ms = at_ms
        self._wheel.at(at_ms, self._ask)

    def _ask(self) -> None:
        if self._hung_up:
            return
        self._end_turn()
        if self._turns_left is not None:
            if not self._turns_left:
                return
            self._turns_left -= 1
        script = self._script
        cuts_in = script.barge_in and self._random.random() < script.barge_in
        slots = 2 if cuts_in else 1
        if cuts_in:
            # Between 20 % and 70 % of the reply.
            share = self._random.uniform(0.2, 0.7)
            pace = script.pace
            after = pace.first_ms + int(share * pace.tokens * pace.token_ms)
            self._wheel.at(self._next_ms + after, self._cut_in)
        self._next_ms += slots * script.slot_ms
        self._wheel.at(self._next_ms - script.rest_ms // 2, self._begin_to_speak)
        self._wheel.at(self._next_ms, self._ask)
        self._fleet.tally.asked += 1
        self._say(next(self._questions))

    def _say(self, words: bytes) -> None:
        self._awaits_first = True
        self._asked_ns = time.monotonic_ns()
        self._transport.write(words)

    def _begin_to_speak(self) -> None:
        if not self._hung_up:
            self._transport.write(_BEGINS_TO_SPEAK)

    def _end_turn(self) -> None:
        """End the slot; a reply that has not begun by now is an error."""
        if self._awaits_first:
            # Counted with its time so far, so that the slowest are not left out.
            waited_ns = time.monotonic_ns() - self._asked_ns
            self._fleet.tally.first_ns.append(waited_ns - self._script.pace.first_ms * 1_000_000)
            self._fail("no reply")
        self._awaits_first = self._may_resume = False
        self._cut_ns = 0

    # --- cutting in -----------------------------------------------------------------------

    def _cut_in(self) -> None:
        if self._hung_up or not self._in_reply:
            return  # nothing is playing
        fragment = self._clause
        played = _frame(frames.tokens_played(fragment)) if fragment else b""
        cut = _frame(frames.interrupt(fragment, 40 * len(fragment.split())))
        self._is_cut, self._in_reply, self._clause = True, False, ""
        self._cut_ns = self._last_frame_ns = time.monotonic_ns()
        self._transport.write(_BEGINS_TO_SPEAK + played + cut + _SILENT)
        self._wheel.after(UNDECIDED_MS, self._speak_over)

    def _speak_over(self) -> None:
        if self._hung_up:
            return
        self._fleet.tally.cut_ns.append(self._last_frame_ns - self._cut_ns)
        self._is_cut = False
        words = next(self._interruptions)
        self._may_resume = words is _MURMURS
        self._say(words)

    # --- hearing --------------------------------------------------------------------------

    def _hear(self, payload: bytes, now: int) -> None:
        """Handle a frame. Raises if Twilio would reject it."""
        content = json.loads(payload)
        words, last = content["token"], content["last"]
        if content["type"] != "text" or not isinstance(last, bool):
            raise ValueError("not a text frame")
        self._fleet.tally.frames += 1
        for word in words.split():
            self._note_word(word.rstrip(",."), now)
        if self._is_cut:
            self._last_frame_ns = now
            return
        if words:
            self._play(words)
        if last and self._in_reply:
            played = _frame(frames.tokens_played(self._clause)) if self._clause else b""
            self._transport.write(played + _SILENT)
            self._in_reply, self._clause = False, ""

    def _note_word(self, word: str, now: int) -> None:
        tally = self._fleet.tally
        is_first = len(word) == 2 * LENGTH
        try:
            sent_ns = moment(word[-LENGTH:], now)
        except KeyError:
            self._fail("unexpected words")
            return
        if self._awaits_first:
            self._note_first(word if is_first else "", sent_ns, now)
        if sent_ns <= self._newest_ns:
            return  # said again
        self._newest_ns = sent_ns
        tally.tokens += 1
        if not (self._cut_ns and sent_ns < self._asked_ns):  # rightly held back by the pause
            tally.token_ns.append(now - sent_ns)

    def _note_first(self, word: str, sent_ns: int, now: int) -> None:
        """Handle a word while a first word is awaited: it may be that, or a resumed reply."""
        was_written = sent_ns < self._asked_ns
        if was_written or not word:
            if self._may_resume:  # the reply that was cut goes on
                if was_written:  # otherwise the guide was slow, not the server
                    self._fleet.tally.resumed_ns.append(now - self._asked_ns)
                self._awaits_first = self._may_resume = False
        else:
            arrived_ns = moment(word[:LENGTH], sent_ns)
            self._fleet.tally.first_ns.append((now - self._asked_ns) - (sent_ns - arrived_ns))
            self._awaits_first = self._may_resume = False

    def _play(self, words: str) -> None:
        """Report a clause as played as soon as it is complete."""
        reports = b""
        if not self._in_reply:
            self._in_reply = True
            reports = _PLAYS
        self._clause += words
        if "," in words or "." in words:
            end = max(self._clause.rfind(","), self._clause.rfind(".")) + 1
            reports += _frame(frames.tokens_played(self._clause[:end]))
            self._clause = self._clause[end:]
        if reports:
            self._transport.write(reports)


class Fleet:
    """The callers of one server."""

    def __init__(self, server: Server, script: Script, wheel: Wheel) -> None:
        self.script = script
        self.wheel = wheel
        self.tally = Tally()
        self.callers: list[Caller] = []
        self._server = server
        self._host = f"127.0.0.1:{server.port}"
        self._run = f"{random.getrandbits(64):016x}"
        self._placed = 0
        self._open = 0
        self._opened = asyncio.Event()
        self._emptied = asyncio.Event()
        self._wanted = 0
        # As behind a proxy that terminates TLS.
        signature = relay_protocol.sign(AUTH_TOKEN, f"wss://{self._host}/ws")
        self.handshake = (
            f"GET /ws HTTP/1.1\r\nHost: {self._host}\r\nX-Forwarded-Proto: https\r\n"
            "User-Agent: load\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {b64encode(bytes(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
            f"X-Twilio-Signature: {signature}\r\n\r\n"
        ).encode()

    # --- placing calls --------------------------------------------------------------------

    async def place(self, calls: int) -> list[Caller]:
        """Place that many more calls and wait until all are open. Returns the new ones."""
        sids = [f"CA{self._run}{self._placed + index:016x}" for index in range(calls)]
        self._placed += calls
        tokens = await self._ask_webhook(sids) if self._server.kind.has_webhook else [""] * calls
        self._opened.clear()
        self._wanted = self._open + calls
        loop = asyncio.get_running_loop()
        placed: list[Caller] = []
        for number, (sid, token) in enumerate(zip(sids, tokens, strict=True)):
            identity = frames.Identity(
                call_sid=sid,
                session_id=f"VX{sid[2:]}",
                account_sid="AC" + "0" * 32,
                caller="+15550123",
                called="+15550100",
            )
            caller = Caller(self, number, identity, token)
            self.callers.append(caller)
            placed.append(caller)
            await loop.create_connection(
                lambda caller=caller: caller,  # type: ignore[misc]
                "127.0.0.1",
                self._server.port,
            )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._opened.wait(), OPEN_S)
        if self._open < self._wanted:
            raise ServerError(f"only {self._open} of {self._wanted} calls were accepted")
        return placed

    def note_open(self) -> None:
        """Note that a call has been accepted."""
        self._open += 1
        if self._open == self._wanted:
            self._opened.set()

    def note_closed(self, caller: Caller) -> None:
        """Note that a call's socket has closed."""
        self._open -= 1
        self.callers.remove(caller)
        if not self.callers:
            self._emptied.set()

    async def _ask_webhook(self, sids: list[str]) -> list[str]:
        """The call tokens in the answers to the voice webhook; "" if there is none."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        tokens: list[str] = []
        for sid in sids:
            form = {"CallSid": sid, "From": "+15550123", "To": "+15550100", "CallStatus": "ringing"}
            body = urlencode(form)
            signature = relay_protocol.sign(AUTH_TOKEN, f"https://{self._host}/twiml", form)
            writer.write(
                f"POST /twiml HTTP/1.1\r\nHost: {self._host}\r\nX-Forwarded-Proto: https\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n"
                f"Content-Length: {len(body)}\r\nX-Twilio-Signature: {signature}\r\n\r\n"
                f"{body}".encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = re.search(r"\r\ncontent-length: *(\d+)", head)
            if not head.startswith("http/1.1 200 ") or length is None:
                raise ServerError(f"the voice webhook answered {head[:40]!r}")
            twiml = (await reader.readexactly(int(length[1]))).decode()
            token = _PARAMETER.search(twiml)
            tokens.append(html.unescape(token[1]) if token else "")
        writer.close()
        return tokens

    # --- holding them ---------------------------------------------------------------------

    def begin(self) -> None:
        """Let all callers take turns from now on, their starts spread over one slot."""
        start, slot, calls = self.wheel.now() + 50, self.script.slot_ms, len(self.callers)
        for index, caller in enumerate(self.callers):
            caller.begin(start + index * slot // calls)

    async def take_one_turn(self, a_second: int) -> None:
        """Let every caller take one turn, `a_second` per second; returns when all are done."""
        start = self.wheel.now() + 50
        for index, caller in enumerate(self.callers):
            caller.begin(start + index * 1000 // a_second, turns=1)
        await asyncio.sleep(len(self.callers) / a_second + 2 * self.script.slot_ms / 1000)

    async def measure(self, slots: float) -> Tally:
        """What callers see during that many slots from now."""
        self.tally = tally = Tally()
        await asyncio.sleep(slots * self.script.slot_ms / 1000)
        self.tally = Tally()
        return tally

    async def hang_up(self) -> None:
        """End all calls, and wait until the server has closed them."""
        for caller in self.callers:
            caller.hang_up()
        self._emptied.clear()
        if self.callers:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), CLOSE_S)
