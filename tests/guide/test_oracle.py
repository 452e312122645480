"""We read in a guide's stream what the `openai` SDK reads in it.

The SDK is the oracle. It gets the same bytes, in pieces, from a transport that breaks off after the
last one, so that only a reader that has seen the end of the reply takes it for complete. From what
it gives out, the contents of the first choice are taken, until there is a finish reason, and
cleaned for speech like ours.

`DIFFERENCES` names where the two part. The bounds of a reply and of an event are ours alone too,
and no stream here comes near them.
"""

from __future__ import annotations

import asyncio
import enum
import io
import itertools
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx2
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guide.answer import Answer
from guide.options import GuideOptions
from guide.speech_text import SpeechText
from guide_client import GuideClient
from tests.guide_server import GuideServer, Step
from tests.transports import CHOICES
from turn.history import Message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from guide.errors import GuideError
    from guide.transport import Choice


class End(enum.Enum):
    """How a stream ended, in words that fit both readers."""

    COMPLETE = enum.auto()
    BROKE_OFF = enum.auto()
    ERROR = enum.auto()
    NOT_JSON = enum.auto()


class Reading(NamedTuple):
    """What a reader made of a stream."""

    said: str
    end: End


# ---------------------------------------------------------------- the two readers

OUR_ENDS: Final = {
    None: End.COMPLETE,
    "sent an empty reply": End.COMPLETE,  # which the SDK leaves to its caller to see
    "stopped mid-reply": End.BROKE_OFF,
    "reported an error instead of a reply": End.ERROR,
    "sent invalid JSON": End.NOT_JSON,
}


def read(pieces: Iterable[bytes]) -> Reading:
    """Our reading, asked for as the client asks."""
    answer = Answer("text/event-stream")
    said = ""
    for piece in pieces:
        said += answer.receive(piece)
        if answer.is_over:
            break
    else:
        said += answer.end()
    return Reading(said, OUR_ENDS[answer.fault.reason if answer.fault else None])


class Sdk(httpx2.AsyncBaseTransport):
    """The SDK, and the transport that it reads from."""

    def __init__(self) -> None:
        self._openai = openai.AsyncOpenAI(
            api_key="key",
            base_url="http://127.0.0.1/v1",
            max_retries=0,
            http_client=httpx2.AsyncClient(transport=self),
        )
        self._pieces: Sequence[bytes] = ()
        self._breaks = True

    async def read(self, pieces: Sequence[bytes], *, breaks: bool = True) -> Reading:
        """The SDK's reading of a body that then breaks off or ends properly."""
        self._pieces, self._breaks = pieces, breaks
        speech = SpeechText()
        said = ""
        try:
            async for content in self._contents():
                said += speech.feed(content)
        except openai.APIConnectionError:
            return Reading(said, End.BROKE_OFF)
        except openai.APIError:
            return Reading(said, End.ERROR)
        except ValueError:
            return Reading(said, End.NOT_JSON)
        return Reading(said + speech.finish(), End.COMPLETE)

    async def _contents(self) -> AsyncIterator[str]:
        stream = await self._openai.chat.completions.create(
            model="guide", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        async with stream:
            chunk: Any  # nothing is checked: what is missing is None, whatever the types say
            async for chunk in stream:
                for choice in (chunk.choices or ())[:1]:
                    if choice.delta and choice.delta.content:
                        yield choice.delta.content
                    if choice.finish_reason:
                        return

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(
            200,
            headers={"content-type": "text/event-stream"},
            content=self._body(request),
            extensions={"http_version": b"HTTP/2"},  # it reads on after `[DONE]` in HTTP/1.1
        )

    async def _body(self, request: httpx2.Request) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._breaks:
            raise httpx2.ReadError("broken", request=request)


@pytest.fixture(scope="module")
def sdk() -> Sdk:
    return Sdk()


def single_bytes(stream: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in stream]


# ---------------------------------------------------------------- what endpoints send


def sse(*lines: str, ends: Sequence[str] = ("\n",)) -> bytes:
    """These lines, with these ends by turns; an empty line ends an event."""
    return "".join(map(str.__add__, lines, itertools.cycle(ends))).encode()


OPENAI = (
    'data: {"id":"chatcmpl-B1","object":"chat.completion.chunk","created":1741570283,'
    '"model":"gpt-4o-mini","service_tier":"default","system_fingerprint":"fp_44","choices":[%s],'
    '"usage":null,"obfuscation":"x7Qp"}'
)
AZURE = (
    'data: {"choices":[{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},'
    '%s"index":0,"logprobs":null}],"created":1741570283,"id":"chatcmpl-B2","model":"gpt-4o",'
    '"object":"chat.completion.chunk","system_fingerprint":"fp_44"}'
)
VLLM = (
    'data: {"id":"chatcmpl-8e","object":"chat.completion.chunk","created":1741570283,'
    '"model":"Qwen/Qwen2.5-7B-Instruct","choices":[{"index":0,%s}]}'
)
OLLAMA = (
    'data: {"id":"chatcmpl-531","object":"chat.completion.chunk","created":1741570283,'
    '"model":"llama3.2","system_fingerprint":"fp_ollama","choices":[{"index":0,'
    '"delta":{"role":"assistant","content":"%s"},"finish_reason":%s}]}'
)
LLAMA_CPP = (
    'data: {"choices":[{"finish_reason":%s,"index":0,"delta":{%s}}],"created":1741570283,'
    '"id":"chatcmpl-Hq","model":"gpt-3.5-turbo","system_fingerprint":"b4870-ef19",'
    '"object":"chat.completion.chunk"}'
)
OPENROUTER = (
    'data: {"id":"gen-1741570283-Ab","provider":"DeepInfra","model":"meta-llama/llama-3.3-70b",'
    '"object":"chat.completion.chunk","created":1741570283,%s"choices":[{"index":0,'
    '"delta":{"role":"assistant","content":"%s"},"finish_reason":%s,'
    '"native_finish_reason":%s,"logprobs":null}]}'
)
GEMINI = (
    'data: {"choices":[{"delta":{"content":"%s","role":"assistant"},%s"index":0}],'
    '"created":1741570283,"id":"q8f","model":"gemini-2.0-flash","object":"chat.completion.chunk"}'
)
DEEPSEEK = (
    'data: {"id":"1f","object":"chat.completion.chunk","created":1741570283,'
    '"model":"deepseek-reasoner","choices":[{"index":0,"delta":{"content":%s,'
    '"reasoning_content":%s},"logprobs":null,"finish_reason":%s}]}'
)
PLAIN = 'data: {"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":%s}]}'

RECORDED: Final[dict[str, tuple[bytes, Reading]]] = {
    "openai": (
        sse(
            OPENAI % '{"index":0,"delta":{"role":"assistant","content":"","refusal":null},'
            '"logprobs":null,"finish_reason":null}',
            "",
            OPENAI % '{"index":0,"delta":{"content":"Grüß"},"logprobs":null,"finish_reason":null}',
            "",
            OPENAI % '{"index":0,"delta":{"content":" dich 👋🏽 dort."},"finish_reason":null}',
            "",
            OPENAI % '{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}',
            "",
            OPENAI % "",
            "",
            "data: [DONE]",
            "",
        ),
        Reading("Grüß dich dort.", End.COMPLETE),
    ),
    "azure": (
        sse(
            'data: {"choices":[],"created":0,"id":"","model":"","object":"",'
            '"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}',
            "",
            AZURE % '"delta":{"content":"","refusal":null,"role":"assistant"},',
            "",
            AZURE % '"delta":{"content":"We are"},"finish_reason":null,',
            "",
            AZURE % '"content_filter_offsets":{"start_offset":0,"end_offset":6},',
            "",
            AZURE % '"delta":{"content":" open."},"finish_reason":null,',
            "",
            AZURE % '"delta":{},"finish_reason":"stop",',
            "",
            "data: [DONE]",
            "",
        ),
        Reading("We are open.", End.COMPLETE),
    ),
    "vllm": (
        sse(
            VLLM % '"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null',
            "",
            VLLM % '"delta":{"content":"东京塔"},"logprobs":null,"finish_reason":null',
            "",
            VLLM % '"delta":{"content":""},"logprobs":null,"finish_reason":"stop",'
            '"stop_reason":null',
            "",
            "data: [DONE]",
            "",
        ),
        Reading("东京塔", End.COMPLETE),
    ),
    "ollama": (
        sse(
            OLLAMA % ('At \\u003c 9 \\u0026 \\"late', "null"),
            "",
            OLLAMA % ('\\" 5\\u20ac.', "null"),
            "",
            OLLAMA % ("", '"length"'),
            "",
            "data: [DONE]",
            "",
        ),
        Reading('At < 9 & "late" 5€.', End.COMPLETE),
    ),
    "llama.cpp": (
        sse(
            LLAMA_CPP % ("null", '"role":"assistant","content":null'),
            "",
            LLAMA_CPP % ("null", '"content":"𠮷野"'),
            "",
            LLAMA_CPP % ("null", '"content":" is in."'),
            "",
            LLAMA_CPP % ('"stop"', ""),
            "",
            "data: [DONE]",
            "",
        ),
        Reading("𠮷野 is in.", End.COMPLETE),
    ),
    "llama.cpp, an error in a field of its own": (
        sse(
            LLAMA_CPP % ("null", '"content":"Nine"'),
            "",
            'error: {"code":500,"message":"context shift is disabled","type":"server_error"}',
            "",
        ),
        Reading("Nine", End.BROKE_OFF),
    ),
    "openrouter": (
        sse(
            ": OPENROUTER PROCESSING",
            "",
            ": OPENROUTER PROCESSING",
            "",
            OPENROUTER % ("", "Señor", "null", "null"),
            "",
            ": OPENROUTER PROCESSING",
            "",
            OPENROUTER % ("", " Ñu.", "null", "null"),
            "",
            OPENROUTER % ("", "", '"stop"', '"stop"'),
            "",
            OPENROUTER % ('"usage":{"total_tokens":9},', "", "null", "null"),
            "",
            "data: [DONE]",
            "",
        ),
        Reading("Señor Ñu.", End.COMPLETE),
    ),
    "openrouter, an error instead of the rest": (
        sse(
            ": OPENROUTER PROCESSING",
            "",
            OPENROUTER % ("", "Yes", "null", "null"),
            "",
            OPENROUTER
            % ('"error":{"code":502,"message":"Provider disconnected"},', "", '"error"', "null"),
            "",
        ),
        Reading("Yes", End.ERROR),
    ),
    "gemini, lines that end with CRLF": (
        sse(
            GEMINI % ("Здравствуйте", ""),
            "",
            GEMINI % ("!", '"finish_reason":"stop",'),
            "",
            "data: [DONE]",
            "",
            ends=["\r\n"],
        ),
        Reading("Здравствуйте!", End.COMPLETE),
    ),
    "deepseek, reasoning": (
        sse(
            ": keep-alive",
            "",
            DEEPSEEK % ("null", '"Hmm, nine?"', "null"),
            "",
            DEEPSEEK % ('"At nine."', "null", "null"),
            "",
            DEEPSEEK % ('""', "null", '"stop"'),
            "",
            "data: [DONE]",
            "",
        ),
        Reading("At nine.", End.COMPLETE),
    ),
    "dashscope, fields without a space": (
        sse(
            "id:1",
            "event:result",
            ":HTTP_STATUS/200",
            (PLAIN % ("你", "null")).replace("data: ", "data:"),
            "",
            "id:2",
            "event:result",
            ":HTTP_STATUS/200",
            (PLAIN % ("好", '"stop"')).replace("data: ", "data:"),
            "",
        ),
        Reading("你好", End.COMPLETE),
    ),
    "every field": (
        sse(
            "retry: 3000",
            "event: message",
            "id: 1",
            PLAIN % ("Ja", "null"),
            "",
            PLAIN % ("wohl", "null"),
            "id: 2",
            "",
            "data: [DONE]",
            "",
        ),
        Reading("Jawohl", End.COMPLETE),
    ),
    "data in several lines": (
        sse(
            'data: {"choices": [',
            ": as it is printed",
            'data:   {"delta": {"content": "Ça va."}}',
            "data: ]}",
            "",
            "data: [DONE]",
            "",
            ends=["\r\n", "\r\n", "\r"],
        ),
        Reading("Ça va.", End.COMPLETE),
    ),
    "data in several lines, of which one ends inside a string": (
        sse('data: {"choices": [{"delta": {"content": "Ça', 'data:  va."}}]}', ""),
        Reading("", End.NOT_JSON),
    ),
    "an error event": (
        sse(
            PLAIN % ("Wir", "null"),
            "",
            "event: error",
            'data: {"error":{"message":"Überlast","type":"server_error","param":null,"code":null}}',
            "",
            "data: [DONE]",
            "",
        ),
        Reading("Wir", End.ERROR),
    ),
    "an error in a word": (
        sse(PLAIN % ("Wir", "null"), "", 'data: {"error":"überlastet"}', ""),
        Reading("Wir", End.ERROR),
    ),
    "broken JSON": (
        sse(PLAIN % ("Até", "null"), "", 'data: {"choices":[{"index":0,"delta":{"cont', ""),
        Reading("Até", End.NOT_JSON),
    ),
    "a page": (
        sse(PLAIN % ("Até", "null"), "", "data: <html><h1>502 Bad Gateway</h1></html>", ""),
        Reading("Até", End.NOT_JSON),
    ),
    "a character in two chunks": (
        sse(PLAIN % ("Sim \\ud83d", "null"), "", PLAIN % ("\\ude42 não", '"stop"'), ""),
        Reading("Sim não", End.COMPLETE),
    ),
    "characters that end a line elsewhere": (
        sse(PLAIN % ("Sim\u2028não\x85", "null"), "", PLAIN % ("\x7fsim", '"stop"'), ""),
        Reading("Sim não sim", End.COMPLETE),
    ),
    "cut inside a character": (
        sse(PLAIN % ("Sim", "null"), "", PLAIN % ("não 🙂", "null")).partition(b"\x99\x82")[0],
        Reading("Sim", End.BROKE_OFF),
    ),
    "cut before the blank line": (
        sse(PLAIN % ("Sim", "null"), "", PLAIN % ("não", '"stop"')),
        Reading("Sim", End.BROKE_OFF),
    ),
    "finish reason without [DONE]": (
        sse(PLAIN % ("Então", "null"), "", PLAIN % (" sim", '"stop"'), ""),
        Reading("Então sim", End.COMPLETE),
    ),
    "[DONE] without a finish reason": (
        sse(PLAIN % ("Então", "null"), "", PLAIN % (" sim", "null"), "", "data: [DONE]", ""),
        Reading("Então sim", End.COMPLETE),
    ),
    "nothing": (b"", Reading("", End.BROKE_OFF)),
    "nothing but [DONE]": (b"data: [DONE]\n\n", Reading("", End.COMPLETE)),
}


@pytest.mark.parametrize(("stream", "reading"), RECORDED.values(), ids=RECORDED)
async def test_recorded_stream_is_read_as_the_sdk_reads_it(
    sdk: Sdk, stream: bytes, reading: Reading
) -> None:
    """The SDK reads it so, and so do we, whole, byte by byte and split at any one place."""
    assert await sdk.read([stream]) == await sdk.read(single_bytes(stream)) == reading
    assert read(single_bytes(stream)) == reading
    for place in range(len(stream) + 1):
        assert read([stream[:place], stream[place:]]) == reading


@pytest.mark.parametrize("transport", CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize(("stream", "reading"), RECORDED.values(), ids=RECORDED)
async def test_recorded_stream_has_the_same_words_by_either_transport(
    transport: Choice, stream: bytes, reading: Reading
) -> None:
    """From a guide on a socket, which breaks off after the last byte."""
    said: list[str] = []
    why: list[str | None] = []
    over = asyncio.Event()

    def end(error: GuideError | None) -> None:
        why.append(error.reason if error else None)
        over.set()

    async with GuideServer() as server:
        server.script(lambda _: [stream, Step.CUT])
        client = GuideClient(GuideOptions(server.base_url, "key", "guide"), transport)
        client.ask([Message("user", "hi")], said.append, end)
        async with asyncio.timeout(10):
            await over.wait()
        await client.aclose()
    ends = {**OUR_ENDS, "dropped the connection": End.BROKE_OFF}
    assert Reading("".join(said), ends[why[0]]) == reading


# ---------------------------------------------------------------- what nobody wrote by hand

# Letters of one to four bytes, what JSON escapes, and characters that end a line elsewhere.
TEXTS = st.text(
    st.sampled_from('aé東𠮷👍 "\\/\n\r\0\x85\u2028\ufeff')
    | st.characters(categories=["L", "N", "S"]),
    min_size=1,
)


def chunks(**delta: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Chunks whose first choice has this delta."""
    choice = st.fixed_dictionaries(
        {"delta": st.fixed_dictionaries(delta)},
        optional={"index": st.just(0), "finish_reason": st.none() | st.just("")},
    )
    other = st.just({"index": 1, "delta": {"content": "no"}, "finish_reason": "stop"})
    return st.fixed_dictionaries(
        {"choices": st.tuples(choice) | st.tuples(choice, other)},
        optional={"usage": st.none(), "error": st.none() | st.just({})},
    )


TALK = (
    chunks(content=TEXTS)
    | chunks(content=TEXTS, role=st.just("assistant"))
    | chunks(content=TEXTS, reasoning_content=TEXTS)
)
SILENCE = chunks(content=st.none(), reasoning_content=TEXTS) | st.sampled_from(
    [{}, {"choices": []}, {"choices": None}, {"choices": [{}]}, {"choices": [{"delta": None}]}]
)
JSON = st.builds(
    json.dumps, TALK | SILENCE, ensure_ascii=st.booleans(), indent=st.sampled_from([None, 0, 1])
)
LAST_WORDS = st.sampled_from(
    [
        "[DONE]",
        '{"choices": [{"delta": {}, "finish_reason": "stop"}]}',
        '{"choices": [{"delta": {"content": "東"}, "finish_reason": "length"}]}',
        '{"error": {"message": "é"}}',
        '{"choices": [',
    ]
)
# Never LF after CR: the two would be one end, and run an event into the next.
LINE_ENDS = st.sampled_from([["\n"], ["\r"], ["\r\n"], ["\r\n", "\n"], ["\r\n", "\r"]])
FIELDS = st.lists(
    st.sampled_from(
        [": é", ":data: 1", "event: message", "retry: 5", "retry: é", "x", "data2: 1", " "]
    ),
    max_size=3,
)


def events(data: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Events with this data, in as many lines as it has."""
    return st.builds(
        lambda data, prefix, fields, ends: sse(
            *fields, *(prefix + line for line in data.split("\n")), "", ends=ends
        ),
        data,
        st.sampled_from(["data: ", "data:"]),
        FIELDS,
        LINE_ENDS,
    )


STRAY = st.builds(sse, st.sampled_from(["", ":", ": é"]), ends=LINE_ENDS)
TORN = st.builds(lambda event, size: event[:size], events(JSON), st.integers(0, 80))
STREAMS = st.builds(
    lambda begin, end, rest: b"".join([*begin, *end, rest]),
    st.lists(events(JSON) | STRAY, min_size=1, max_size=6),
    st.lists(events(LAST_WORDS), max_size=2),
    TORN,
)
SIZES = st.lists(st.integers(min_value=1, max_value=50), min_size=1)


@settings(max_examples=200)
@given(STREAMS, SIZES)
async def test_generated_stream_is_read_as_the_sdk_reads_it(
    sdk: Sdk, stream: bytes, sizes: list[int]
) -> None:
    """What the SDK makes of some pieces, we make of them and of any others."""
    body = io.BytesIO(stream)
    pieces = list(itertools.takewhile(bool, map(body.read, itertools.cycle(sizes))))
    assert read(pieces) == read([stream]) == read(single_bytes(stream)) == await sdk.read(pieces)


# ---------------------------------------------------------------- where the two part

DIFFERENCES: Final[dict[str, tuple[bytes, Reading, Reading]]] = {
    # A guide that dies may end its body well. We want to be told that the reply is complete.
    "an end without a sign": (
        sse(PLAIN % ("Sim", "null"), ""),
        Reading("Sim", End.BROKE_OFF),
        Reading("Sim", End.COMPLETE),
    ),
    # The standard replaces what is no UTF-8, and a bad byte is no reason to lose a reply.
    "invalid UTF-8": (
        sse(PLAIN % ("Sim Xnão", '"stop"'), "").replace(b"X", b"\xff"),
        Reading("Sim não", End.COMPLETE),
        Reading("", End.NOT_JSON),
    ),
    # The standard skips it. To the SDK it is part of a field's name, and the event is lost.
    "a byte order mark": (
        sse("\ufeff" + PLAIN % ("Sim", "null"), "", PLAIN % (", não", '"stop"'), ""),
        Reading("Sim, não", End.COMPLETE),
        Reading(", não", End.COMPLETE),
    ),
    # Some endpoints keep a connection alive with it. The SDK takes it for one with empty data.
    "an event without data": (
        sse("event: ping", "", "data:", "", PLAIN % ("Sim", '"stop"'), ""),
        Reading("Sim", End.COMPLETE),
        Reading("", End.NOT_JSON),
    ),
    # We want the mark alone, whatever space is around it; the SDK, data that begin with it.
    "space before [DONE]": (
        sse(PLAIN % ("Sim", "null"), "", "data:  [DONE]", ""),
        Reading("Sim", End.COMPLETE),
        Reading("Sim", End.NOT_JSON),
    ),
    "more than [DONE]": (
        sse(PLAIN % ("Sim", "null"), "", "data: [DONE]{", ""),
        Reading("Sim", End.NOT_JSON),
        Reading("Sim", End.COMPLETE),
    ),
}


@pytest.mark.parametrize(("stream", "ours", "theirs"), DIFFERENCES.values(), ids=DIFFERENCES)
async def test_difference_from_the_sdk_is_on_purpose(
    sdk: Sdk, stream: bytes, ours: Reading, theirs: Reading
) -> None:
    """One that the SDK has given up belongs among the recorded streams."""
    assert read([stream]) == read(single_bytes(stream)) == ours
    assert await sdk.read([stream], breaks=False) == theirs
