"""How a guide's answer, good or bad, becomes a reply, over real sockets."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import httpx2
import pycurl
import pytest
import trustme

import guide_client
from guide.answer import MAX_REPLY_CHARS
from guide.errors import GuideError
from guide.event_stream import MAX_EVENT_BYTES
from guide.libcurl import Libcurl
from guide.options import GuideOptions
from guide.transport import Choice
from guide_client import GuideClient
from tests.guide_server import Answer, GuideServer, Step, chunk, event
from tests.transports import CHOICES, choose
from turn.history import Message

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
    from pathlib import Path
    from typing import Self

HI = [Message("user", "hi there, secret words")]
KEY = "sk-very-secret"


@pytest.fixture(params=CHOICES, autouse=True)
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test runs with both transports, with the same outcome."""
    name: str = request.param
    choose(name, monkeypatch)
    return name


@asynccontextmanager
async def guide(
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[tuple[GuideServer, GuideClient]]:
    async with GuideServer(tls) as server, connected(server.base_url) as client:
        yield server, client


@asynccontextmanager
async def connected(base_url: str, instructions: str = "") -> AsyncIterator[GuideClient]:
    client = GuideClient(GuideOptions(base_url, KEY, "guide", instructions))
    try:
        yield client
    finally:
        await client.aclose()


async def pieces(
    client: GuideClient, messages: Sequence[Message] = HI
) -> AsyncGenerator[str, None]:
    """Ask, and yield the reply as it arrives. Closing the generator drops it."""
    told: asyncio.Queue[str | GuideError | None] = asyncio.Queue()
    request = client.ask(messages, told.put_nowait, told.put_nowait)
    try:
        while isinstance(piece := await told.get(), str):
            assert piece
            yield piece
        if piece is not None:
            raise piece
    finally:
        request.drop()


async def ask(client: GuideClient, messages: Sequence[Message] = HI) -> list[str]:
    async with aclosing(pieces(client, messages)) as reply:
        return [piece async for piece in reply]


def is_busy(client: GuideClient) -> bool:
    """Whether a request is in progress, or the rest of its answer still being read."""
    transport: Any = client._transport
    requests = transport._exchanges if isinstance(transport, Libcurl) else transport
    return bool(requests._in_progress)


async def settled(client: GuideClient) -> None:
    """Wait until no request is in progress and every answer has been read."""
    async with asyncio.timeout(10):
        while is_busy(client):  # noqa: ASYNC110 - nobody else wants to know
            await asyncio.sleep(0)


@asynccontextmanager
async def redirecting_to(address: str) -> AsyncIterator[str]:
    """A guide that redirects to another address; yields its own."""

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 307 Moved\r\nlocation: {address}\r\n"
        writer.write(f"{head}content-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(redirect, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def failure(client: GuideClient) -> GuideError:
    """Ask; returns the error, which must be safe to log."""
    with pytest.raises(GuideError) as caught:
        await ask(client)
    error = caught.value
    assert KEY not in str(error)
    assert "secret" not in str(error)
    assert str(error) == f"The guide {error.reason}. {error.advice}"
    return error


# ---------------------------------------------------------------- asking and answering


async def test_guide_is_asked_as_configured() -> None:
    """The request carries the key, the model and the conversation, and asks for a stream."""
    async with guide() as (server, client):
        await ask(client, [*HI, Message("assistant", "Hello."), *HI])
        (request,) = server.requests
        assert request.path == "/v1/chat/completions"
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert request.body["model"] == "guide"
        assert request.body["stream"] is True
        assert [message["role"] for message in request.messages] == ["user", "assistant", "user"]


async def test_request_tells_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's variables are not for this guide, and answers are not compressed."""
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "other-account")
    async with guide() as (server, client):
        assert "".join(await ask(client)) == "Hello there."
        headers = server.requests[0].headers
    assert "other-account" not in headers.values()
    assert headers["user-agent"] == "frontdesk"
    assert headers.get("accept-encoding", "identity") == "identity"


async def test_guide_is_asked_without_a_key() -> None:
    """A guide on the same machine may need none."""
    async with GuideServer() as server:
        client = GuideClient(GuideOptions(server.base_url, "", "guide"))
        assert "".join(await ask(client)) == "Hello there."
        await client.aclose()
        assert server.requests[0].headers["authorization"] == "Bearer"


async def test_guide_gets_instructions_first() -> None:
    """Instructions are a system message before the conversation; without any, none is sent."""
    async with GuideServer() as server, connected(server.base_url, "Be brief.") as client:
        await ask(client)
        system = {"role": "system", "content": "Be brief."}
        assert server.requests[0].messages == [system, asdict(HI[0])]


async def test_reply_comes_in_pieces_as_they_are_sent() -> None:
    """A piece arrives before the guide has sent the next one, cleaned and never empty."""
    async with guide() as (server, client):
        more = asyncio.Event()
        server.script(lambda _messages: ["**Hel", "lo**", " ", "", more, "there."])
        stream = pieces(client)
        said = await anext(stream)
        while said != "Hello":  # what comes together is given out together
            said += await anext(stream)
        more.set()
        assert [piece async for piece in stream] == [" there."]


async def test_reply_ends_with_what_was_held_back() -> None:
    """The last character, which might have begun markup, is said when the reply is complete."""
    async with guide() as (server, client):
        server.script(lambda _messages: ["- Nine or ten"])
        assert "".join(await ask(client)) == "Nine or ten."


async def test_client_ignores_what_is_not_said() -> None:
    """Only the content of the first choice is spoken, whatever else the chunks hold."""
    said = {"delta": {"content": "no"}, "finish_reason": "stop"}
    silent: list[dict[str, object]] = [
        chunk(None, delta={"role": "assistant", "content": ""}),
        chunk(None, delta={"reasoning_content": "no", "reasoning": "no", "tool_calls": []}),
        chunk(None, delta={"content": ["no"]}),
        chunk(None, delta=None),
        {**chunk("no"), "choices": []},
        {**chunk("no"), "choices": None},
        {**chunk("no"), "choices": [None]},
        {**chunk("no"), "choices": {"0": "no"}},
        {"usage": {"total_tokens": 1}, "error": None, "novelty": True},
        {},
    ]
    async with guide() as (server, client):
        second = {**chunk("no"), "choices": [{"delta": {"content": "yes"}}, said]}
        junk = [event("null"), event("[]"), event("7"), b": ping\r\n\r\n", b"event: x\nid: 1\n\n"]
        server.script(lambda _messages: [*silent, *junk, second, *silent, *junk])
        assert await ask(client) == ["yes"]


@pytest.mark.parametrize(
    "end",
    [
        [Step.FINISH, Step.HANG],
        [Step.FINISH, Step.CUT],
        [Step.FINISH, Step.RESET],
        [Step.FINISH, b"garbage\n\n", Step.END],
        [Step.DONE, Step.HANG],
        [Step.DONE, Step.END],
        [chunk(".", finish_reason="length"), Step.HANG],
        [b"data:[DONE] \r\r", Step.HANG],
    ],
)
async def test_reply_is_complete_at_either_sign(
    end: list[Step | bytes | dict[str, object]],
) -> None:
    """A finish reason or `[DONE]` completes a reply at once, whatever the connection does next."""
    async with guide() as (server, client):
        server.script(lambda _messages: ["Yes", *end])
        assert "".join(await ask(client)).rstrip(".") == "Yes"


async def test_client_reads_an_answer_that_dribbles() -> None:
    """Bytes may come one at a time, in the middle of a character and of a line end."""
    body = b"\xef\xbb\xbf" + event(chunk("Grüß")).replace(b"\n", b"\r\n") + b"data: "
    body += json.dumps(chunk(" dich 東京."), ensure_ascii=False).encode() + b"\n\n"
    async with guide() as (server, client):
        server.script(lambda _messages: [bytes([byte]) for byte in body])
        assert "".join(await ask(client)) == "Grüß dich 東京."


async def test_invalid_utf8_does_not_end_a_reply() -> None:
    """An invalid byte is left out, and the words around it are said."""
    async with guide() as (server, client):
        broken = event(chunk("before XX after")).replace(b"XX", b"\xff\xfe")
        server.script(lambda _messages: [broken])
        assert "".join(await ask(client)) == "before after"


async def test_client_takes_an_answer_that_is_not_streamed() -> None:
    """An endpoint that ignores `stream` is understood."""
    async with guide() as (server, client):
        whole = {"choices": [{"message": {"content": "**All** at once"}, "finish_reason": "stop"}]}
        server.script(lambda _messages: [Answer(body=json.dumps(whole))])
        assert await ask(client) == ["All at once"]


async def test_stream_beyond_the_bound_ends_quietly() -> None:
    """A guide that never stops is cut off at the bound, and its request is closed."""
    async with guide() as (server, client):
        flood = event(chunk("word " * 1000)) * 5 + b"data: {garbage\n\n"
        server.script(lambda _messages: [flood, Step.HANG])
        assert len("".join(await ask(client))) == MAX_REPLY_CHARS
        await server.requests[0].abandoned.wait()


async def test_whole_answer_beyond_the_bound_is_cut() -> None:
    """The bound is the same for a reply that comes in one piece."""
    whole = {"choices": [{"message": {"content": "word " * MAX_REPLY_CHARS}}]}
    async with guide() as (server, client):
        server.script(lambda _messages: [Answer(body=json.dumps(whole))])
        assert len("".join(await ask(client))) == MAX_REPLY_CHARS


# ---------------------------------------------------------------- connections


async def test_replies_share_one_connection() -> None:
    """Replies one after another come over the same connection, each drained to its end."""
    async with guide() as (server, client):
        for number in range(1, 6):
            assert "".join(await ask(client)) == "Hello there."
            await settled(client)
            assert server.connections == 1
            assert len(server.requests) == number


async def test_warmed_connection_serves_the_first_reply() -> None:
    """It is open before anything is asked, and no other is opened."""
    async with guide() as (server, client):
        client.warm()
        await settled(client)
        assert (server.connections, server.requests) == (1, [])
        assert "".join(await ask(client)) == "Hello there."
        assert server.connections == 1


async def test_guide_that_cannot_be_warmed_is_no_error() -> None:
    """Errors while warming are ignored; the next reply will report them."""
    async with GuideServer() as server:
        base_url = server.base_url
    for address in (base_url, "ftp://127.0.0.1/v1"):
        async with connected(address) as client:
            client.warm()


async def test_rest_of_an_answer_is_read() -> None:
    """What follows a complete reply neither delays its end nor costs the connection."""
    async with guide() as (server, client):
        later = asyncio.Event()
        usage = {"choices": [], "usage": {"total_tokens": 5}}
        server.script(lambda _messages: ["Hello", Step.FINISH, later, usage, Step.DONE, Step.END])
        assert await ask(client) == ["Hello"]
        later.set()
        await settled(client)
        assert await ask(client) == ["Hello"]
        await server.requests[1].answered.wait()
        assert server.connections == 1


async def test_concurrent_replies_do_not_wait_for_each_other() -> None:
    """Twenty replies are in progress at once."""
    async with guide() as (server, client):
        everyone = asyncio.Event()
        server.script(lambda _messages: ["Hello", everyone, " there."])
        asked = [asyncio.create_task(ask(client)) for _ in range(20)]
        await server.received(20)
        everyone.set()
        assert {"".join(pieces) for pieces in await asyncio.gather(*asked)} == {"Hello there."}


async def test_closing_the_stream_closes_the_request() -> None:
    """A reply that is dropped is no longer generated: the guide sees its client leave."""
    async with guide() as (server, client):
        server.script(lambda _messages: ["Hello", Step.HANG])
        stream = pieces(client)
        assert await anext(stream) == "Hello"
        assert not server.requests[0].abandoned.is_set()
        await stream.aclose()
        await server.requests[0].abandoned.wait()


@pytest.mark.parametrize("steps", [[Step.HANG], [Step.OPEN, Step.HANG], ["Hello", Step.HANG]])
async def test_cancelling_the_task_closes_the_request(steps: list[Step | str]) -> None:
    """A cancelled task aborts its request: before the head, after it, and mid-reply."""
    async with guide() as (server, client):
        server.script(lambda _messages: steps)
        asking = asyncio.create_task(ask(client))
        request = await server.received(1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await request.abandoned.wait()


async def test_finished_answer_is_not_drained_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guide that does not end a complete answer loses the connection."""
    monkeypatch.setattr(guide_client, "DRAIN_TIMEOUT_S", 0.0)
    async with guide() as (server, client):
        server.script(lambda _messages: ["Hello", Step.FINISH, Step.HANG])
        assert await ask(client) == ["Hello"]
        await server.requests[0].abandoned.wait()


async def test_closing_the_client_ends_its_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A closed client leaves no connection behind."""
    monkeypatch.setattr(guide_client, "DRAIN_TIMEOUT_S", 3600.0)
    async with guide() as (server, client):
        server.script(lambda _messages: ["Hello", Step.FINISH, Step.HANG])
        assert await ask(client) == ["Hello"]
        assert is_busy(client)
        await client.aclose()
        await server.requests[0].abandoned.wait()


async def test_proxy_is_not_used_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is not used for a guide on the same machine."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with guide() as (_, client):
        assert "".join(await ask(client)) == "Hello there."


async def test_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A remote guide is asked through it, with its full URL."""
    asked: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        body = event(chunk("Hello there.", finish_reason="stop"))
        head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {len(body)}"
        writer.write(head.encode() + b"\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server, connected("http://guide.invalid/v1") as client:
        assert await ask(client) == ["Hello there."]
    assert asked[0].startswith("POST http://guide.invalid/v1/chat/completions HTTP/1.1\r\n")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_authority_that_is_named_is_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """A guide with a private certificate is reached once its authority is named."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    if variable == "SSL_CERT_FILE":
        monkeypatch.setenv(variable, str(tmp_path / "authority.pem"))
    else:  # where OpenSSL looks for a file that is named by a hash
        openssl = shutil.which("openssl")
        if openssl is None:
            pytest.skip("openssl is needed to make such a directory")
        run = await asyncio.create_subprocess_exec(openssl, "rehash", str(tmp_path))
        assert await run.wait() == 0
        monkeypatch.setenv(variable, str(tmp_path))
    async with guide(context) as (_, client):
        assert "".join(await ask(client)) == "Hello there."


async def test_authority_that_cannot_be_read_harms_no_plain_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is an error only where TLS needs it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with guide() as (_, client):
        assert "".join(await ask(client)) == "Hello there."
    async with guide(context) as (_, client):
        assert (await failure(client)).reason == "cannot be reached over TLS"


@pytest.mark.parametrize("scheme", ["", "http://"])
async def test_proxy_may_be_named_without_its_scheme(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """As other programs accept it."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with GuideServer() as server:
        monkeypatch.setenv("http_proxy", scheme + server.base_url[len("http://") : -len("/v1")])
        async with connected("http://guide.invalid/v1") as client:
            assert "".join(await ask(client)) == "Hello there."
        assert server.requests[0].path == "http://guide.invalid/v1/chat/completions"


async def test_key_is_not_sent_where_a_redirect_leads() -> None:
    """Another origin gets the conversation, as the guide asked, but never the key."""
    async with GuideServer() as other, redirecting_to(f"{other.base_url}/chat/completions") as url:
        async with connected(url) as client:
            assert "".join(await ask(client)) == "Hello there."
        assert "authorization" not in other.requests[0].headers


class ManualTransport:
    """A transport, and its only exchange, whose answer the test feeds by hand."""

    status = 200
    content_type = "text/event-stream"
    receive: Callable[[bytes], bool]

    def post(
        self, _path: str, _body: bytes, receive: Callable[[bytes], bool], _end: object
    ) -> Self:
        self.receive = receive
        return self

    def warm(self) -> None: ...

    def stop(self) -> None: ...

    async def aclose(self) -> None: ...


async def test_transport_learns_when_words_have_gone_out() -> None:
    """Before the first word every piece is urgent; after it none is, not even one without words."""
    carrier = ManualTransport()
    client = GuideClient(
        GuideOptions("http://127.0.0.1/v1", KEY, "guide"),
        Choice("manual", lambda _url, _key: carrier),
    )
    said: list[str] = []
    request = client.ask(HI, said.append, lambda _error: None)
    contents = ["", "<think>hm</think>", "Hello", ""]
    spoken = [carrier.receive(event(chunk(content))) for content in contents]
    assert (spoken, said) == ([False, False, True, True], ["Hello"])
    request.drop()


# ---------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("status", "reason", "setting"),
    [
        (400, "rejected the request (HTTP 400)", "GUIDE_MODEL"),
        (401, "rejected the API key (HTTP 401)", "GUIDE_API_KEY"),
        (403, "rejected the API key (HTTP 403)", "GUIDE_API_KEY"),
        (404, "found no such URL or model (HTTP 404)", "GUIDE_BASE_URL"),
        (405, "rejected the request (HTTP 405)", "GUIDE_BASE_URL"),
        (429, "reached a rate limit or quota (HTTP 429)", "GUIDE_API_KEY"),
        (500, "failed (HTTP 500)", "GUIDE_MODEL"),
        (503, "failed (HTTP 503)", "GUIDE_MODEL"),
    ],
)
async def test_status_names_the_setting(status: int, reason: str, setting: str) -> None:
    """Each status has a reason and names a setting; the guide is asked only once."""
    async with guide() as (server, client):
        body = json.dumps({"error": {"message": f"{KEY} and secret words", "code": "secret"}})
        server.script(lambda _messages: [Answer(status, body)])
        error = await failure(client)
        assert (error.reason, len(server.requests)) == (reason, 1)
        assert setting in error.advice


BAD_ANSWERS = {
    "end": (["Hel", Step.END], "stopped mid-reply"),
    "end at once": ([Step.OPEN, Step.END], "stopped mid-reply"),
    "end in an event": (
        [event(chunk("a", finish_reason="stop"))[:-1], Step.END],
        "stopped mid-reply",
    ),
    "cut": (["Hel", Step.CUT], "dropped the connection"),
    "cut before the head": ([Step.CUT], "dropped the connection"),
    "reset": (["Hel", Step.RESET], "dropped the connection"),
    "reset before the head": ([Step.RESET], "dropped the connection"),
    "garbage": (["Hel", b"data: {garbage secret\n\n"], "sent invalid JSON"),
    "deep": ([b"data: " + b"[" * 100_000 + b"\n\n"], "sent invalid JSON"),
    "deep within": (
        [b'data: {"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n\n"],
        "sent invalid JSON",
    ),
    "error": (["Hel", {"error": {"message": "secret"}}], "reported an error instead of a reply"),
    "no words": ([" ", "**", "<think>secret"], "sent an empty reply"),
    "no content": ([Step.FINISH], "sent an empty reply"),
    "long line": ([b"data: " + b"x" * MAX_EVENT_BYTES], "sent too much data at once"),
    "page": (
        [Answer(body="<html>", content_type="text/html")],
        "did not answer with a chat completion",
    ),
    "untyped": ([Answer(body="secret", content_type="")], "did not answer with a chat completion"),
    "empty": ([Answer(body="")], "sent invalid JSON"),
    "whole error": ([Answer(body='{"error": "secret"}')], "reported an error instead of a reply"),
    "whole nothing": ([Answer(body='{"choices": []}')], "sent an empty reply"),
    "whole list": ([Answer(body="[]")], "sent an empty reply"),
    "whole bytes": ([Answer(body=b"\xff")], "sent invalid JSON"),
    "whole flood": (
        [Answer(body=" " * (MAX_EVENT_BYTES + 1))],
        "sent too much data at once",
    ),
    "redirects": ([Answer(307, "")], "rejected the request (HTTP 307)"),
}


@pytest.mark.parametrize(("steps", "reason"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
async def test_bad_answer_is_a_guide_error(
    steps: list[str | bytes | dict[str, object] | Step | Answer], reason: str
) -> None:
    """Whatever an endpoint does wrong has a reason, and the next reply is not harmed."""
    async with guide() as (server, client):
        server.script(lambda _messages: steps)
        error = await failure(client)
        assert error.reason.startswith(reason)
        assert "GUIDE_" in error.advice
        server.reply("Hello again.")
        assert "".join(await ask(client)) == "Hello again."


async def test_bad_answer_is_not_listened_to_any_longer() -> None:
    """An answer that has failed is closed at once, even if the guide has more to send."""
    async with guide() as (server, client):
        server.script(lambda _messages: ["Hel", b"data: {garbage\n\n", Step.HANG])
        error = await failure(client)
        await server.requests[0].abandoned.wait()
        assert error.__traceback__  # which would keep the answer, were it not closed


async def test_guide_that_is_not_there_cannot_be_reached() -> None:
    """A refused connection says so, and names the address."""
    async with GuideServer() as server:
        base_url = server.base_url
    async with connected(base_url) as client:
        error = await failure(client)
    assert error.reason == "cannot be reached"
    assert "GUIDE_BASE_URL" in error.advice


async def test_certificate_that_is_not_trusted_is_named() -> None:
    """An untrusted certificate has another reason than an unreachable guide."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with guide(context) as (_, client):
        error = await failure(client)
    assert error.reason == "cannot be reached over TLS"
    assert "SSL_CERT_FILE" in error.advice


async def test_certificate_is_checked_where_a_redirect_leads() -> None:
    """A redirect from http:// to https:// does not skip the check."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    async with GuideServer(context) as secure:
        async with (
            redirecting_to(f"{secure.base_url}/chat/completions") as url,
            connected(url) as client,
        ):
            error = await failure(client)
        assert not secure.requests
    assert error.reason == "cannot be reached over TLS"


@pytest.mark.parametrize(
    ("base_url", "api_key", "content"),
    [
        ("ftp://127.0.0.1/v1", KEY, "hi"),
        ("http://127.0.0.1:9/v1", "schlüssel-secret", "hi"),
        ("http://127.0.0.1:9/v1", KEY, "\ud83d secret"),
    ],
)
async def test_request_that_cannot_be_made_is_a_guide_error(
    base_url: str, api_key: str, content: str
) -> None:
    """A setting or a message that cannot be sent raises nothing else."""
    client = GuideClient(GuideOptions(base_url, api_key, "guide"))
    with pytest.raises(GuideError, match="GUIDE_BASE_URL") as caught:
        await ask(client, [Message("user", content)])
    assert "secret" not in str(caught.value)
    await client.aclose()


async def test_stream_keeps_the_cause_of_its_error(transport: str) -> None:
    """The exception behind a reason is chained, for a traceback."""
    async with guide() as (server, client):
        server.script(lambda _messages: ["Hel", Step.CUT])
        error = await failure(client)
    cause = {"libcurl": pycurl.error, "openai": httpx2.RemoteProtocolError}[transport]
    assert isinstance(error.__cause__, cause)


def test_options_do_not_show_the_key() -> None:
    """The key is not in the repr."""
    options = GuideOptions("http://127.0.0.1/v1", KEY, "guide")
    assert KEY not in repr(options)
    assert options != replace(options, api_key="other")
