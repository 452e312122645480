"""The demo guide over HTTP, as an OpenAI-compatible endpoint.

JSON shapes follow the OpenAI API reference (chat completions, streaming chunks, models, errors).
Any API key is accepted: the app decides who may ask.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.requests import ClientDisconnect

from demo_guide.conversation import reply
from demo_guide.request import MODEL, Completion, RequestError, check_model, parse_completion

_MOST_BYTES = 256 * 1024  # several hours of talk
_SHORT_WORD = 3  # letters; a short word is sent with the next one
_CREATED = 1767225600  # 1 January 2026; a model must have a creation time


def create_router(*, first_token_s: float = 0.35, token_s: float = 0.03) -> APIRouter:
    """The endpoint's routes, below `/v1`.

    A streamed reply begins after `first_token_s` seconds and continues every `token_s` seconds,
    about the pace of a real model. It stops when the client disconnects.
    """
    router = APIRouter(prefix="/v1", tags=["demo guide"])

    @router.post("/chat/completions")
    async def create_completion(request: Request) -> Response:
        """Reply to a conversation, in one piece or streamed."""
        try:
            completion = parse_completion(await _read_body(request))
        except RequestError as error:
            return _error_response(error)
        tokens = split_tokens(reply(completion.messages))
        if not completion.stream:
            return JSONResponse(_whole(completion, tokens))
        events = paced_events(_chunks(completion, tokens), first_token_s, token_s)
        return StreamingResponse(_play(events), media_type="text/event-stream")

    @router.get("/models")
    async def list_models() -> dict[str, Any]:
        """List the only model."""
        return {"object": "list", "data": [_model()]}

    @router.get("/models/{model}")
    async def retrieve_model(model: str) -> Response:
        """Look up a model by its id."""
        try:
            check_model(model)
        except RequestError as error:
            return _error_response(error)
        return JSONResponse(_model())

    return router


def split_tokens(text: str) -> list[str]:
    """Cut a reply into pieces of one or two words, each with its leading space."""
    tokens: list[str] = []
    held = ""
    for word in text.split():
        piece = f"{held} {word}"
        held = piece if not held and len(word) <= _SHORT_WORD else ""
        if not held:
            tokens.append(piece)
    tokens += [held] if held else []
    return [tokens[0].lstrip(), *tokens[1:]]


# --- requests ----------------------------------------------------------------------------------


async def _read_body(request: Request) -> bytes:
    """Read the body, up to the size limit."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > _MOST_BYTES:
                raise _too_large()
    except ClientDisconnect:
        raise RequestError("The connection closed before the end of the request.") from None
    return bytes(body)


def _too_large() -> RequestError:
    return RequestError(
        f"The request body is larger than {_MOST_BYTES} bytes.",
        code="request_too_large",
        status=413,
    )


def _error_response(error: RequestError) -> Response:
    body = {
        "message": error.message,
        "type": "invalid_request_error",
        "param": error.param,
        "code": error.code,
    }
    return JSONResponse({"error": body}, status_code=error.status)


# --- responses ---------------------------------------------------------------------------------


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": _CREATED, "owned_by": "frontdesk"}


def _envelope(kind: str) -> dict[str, Any]:
    """The fields that all chunks of a completion share."""
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": MODEL,
        "system_fingerprint": None,
    }


def _usage(completion: Completion, tokens: list[str]) -> dict[str, int]:
    """Token counts: words of the prompt, pieces of the reply."""
    prompt = sum(len(message.text.split()) for message in completion.messages)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": len(tokens),
        "total_tokens": prompt + len(tokens),
    }


def _whole(completion: Completion, tokens: list[str]) -> dict[str, Any]:
    message = {"role": "assistant", "content": "".join(tokens), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _envelope("chat.completion") | {
        "choices": [choice],
        "usage": _usage(completion, tokens),
    }


def _chunks(completion: Completion, tokens: list[str]) -> list[dict[str, Any]]:
    """All chunks of a streamed reply: role, content, finish, and usage if requested."""
    deltas = [{"role": "assistant", "content": "", "refusal": None}]
    deltas += [{"content": token} for token in tokens]
    choices = [_chunk_choice(delta, None) for delta in deltas] + [_chunk_choice({}, "stop")]
    envelope = _envelope("chat.completion.chunk")
    if not completion.include_usage:
        return [envelope | {"choices": [choice]} for choice in choices]
    chunks = [envelope | {"choices": [choice], "usage": None} for choice in choices]
    return [*chunks, envelope | {"choices": [], "usage": _usage(completion, tokens)}]


def _chunk_choice(delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def paced_events(
    chunks: list[dict[str, Any]], first_token_s: float, token_s: float
) -> Iterator[tuple[float, str]]:
    """The server-sent events of a reply, each with the seconds to wait before it.

    The role is sent with the first token, and everything after the last token with the last.
    """
    for index, chunk in enumerate(chunks):
        is_token = bool(chunk["choices"] and chunk["choices"][0]["delta"])
        pause_s = token_s if index > 1 and is_token else 0
        yield first_token_s if index == 0 else pause_s, f"data: {json.dumps(chunk)}\n\n"
    yield 0, "data: [DONE]\n\n"


async def _play(events: Iterable[tuple[float, str]]) -> AsyncIterator[str]:
    """Send events at their pace. Cancelled when the client disconnects."""
    for pause_s, event in events:
        await asyncio.sleep(pause_s)
        yield event
