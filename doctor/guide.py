"""Checks that the guide accepts the key, knows the model, replies in time and streams."""

import asyncio
import re
import time
from typing import Final
from urllib.parse import urlsplit

import httpx2
import openai

from config import Settings
from doctor.network import NETWORK_ERRORS, http_client
from doctor.report import CheckError, Outcome, failed
from guide.errors import GuideError
from guide.sdk_errors import explain
from guide_client import GuideClient
from turn.history import Message

GREETING: Final = "Hello"
"""What we say to the guide."""

MODELS_TIMEOUT_S: Final = 3.0
"""The list of models is only a hint, not worth a longer wait."""

MAX_MODELS_SHOWN: Final = 8


_Piece = str | GuideError | None
"""A piece of the reply, the error that ended it, or None at its end."""


async def ask_guide(settings: Settings) -> str:
    """Check that the guide replies, with the client that the app uses on calls."""
    client = GuideClient(settings.guide_options(_demo_url(settings)))
    pieces: asyncio.Queue[_Piece] = asyncio.Queue()
    try:
        client.ask([Message("user", GREETING)], pieces.put_nowait, pieces.put_nowait)
        first_s = await _read_reply(pieces, settings)
    except GuideError as error:
        raise failed(error.reason, error.advice, *await _models_hint(settings)) from None
    finally:
        await client.aclose()
    return f"{_name(settings)} replies; first word after {first_s:.2f} s"


def _demo_url(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.port}/demo/v1"


def _name(settings: Settings) -> str:
    if settings.guide_base_url is None:
        return "the demo guide"
    parts = urlsplit(settings.guide_base_url)  # a query may hold a secret
    return f"{settings.guide_model} at {parts.scheme}://{parts.netloc}"


async def _read_reply(pieces: asyncio.Queue[_Piece], settings: Settings) -> float:
    """Read the reply to its end. Returns the seconds until its first piece."""
    began_at = time.monotonic()
    await _next_piece(pieces, "GUIDE_FIRST_TOKEN_TIMEOUT_S", settings.guide_first_token_timeout_s)
    first_s = time.monotonic() - began_at
    while await _next_piece(pieces, "GUIDE_STALL_TIMEOUT_S", settings.guide_stall_timeout_s):
        pass
    return first_s


async def _next_piece(pieces: asyncio.Queue[_Piece], setting: str, limit_s: float) -> str | None:
    try:
        async with asyncio.timeout(limit_s):
            piece = await pieces.get()
    except TimeoutError:
        raise failed(
            f"no words for {limit_s:g} s ({setting})",
            "Callers would hear the apology. Check the guide's log, try a faster GUIDE_MODEL, or",
            f"raise {setting}.",
        ) from None
    if isinstance(piece, GuideError):
        raise piece
    return piece


async def _models_hint(settings: Settings) -> list[str]:
    """The models that the guide lists, if GUIDE_MODEL is not among them. Many list none."""
    try:
        async with asyncio.timeout(MODELS_TIMEOUT_S), _openai(settings) as sdk:
            answer = await sdk.get("/models", cast_to=httpx2.Response)
            names = [str(model["id"]) for model in answer.json()["data"]]
    except (*NETWORK_ERRORS, openai.OpenAIError, ValueError, LookupError, TypeError):
        return []
    if not names or settings.guide_model in names:
        return []
    shown = ", ".join(re.sub(r"[^\w./:@+-]", "?", name)[:80] for name in names[:MAX_MODELS_SHOWN])
    return [f"GUIDE_MODEL is not among the models it lists: {shown}"]


async def check_streaming(settings: Settings) -> str:
    """Check that the guide streams its replies; `GuideClient` does not say."""
    try:
        async with (
            _openai(settings) as sdk,
            sdk.chat.completions.with_streaming_response.create(
                model=settings.guide_model,
                messages=[{"role": "user", "content": GREETING}],
                stream=True,
            ) as answer,
        ):
            content_type = answer.headers.get("content-type", "")
    except (*NETWORK_ERRORS, openai.OpenAIError) as error:
        explained = explain(error)
        raise failed(explained.reason, explained.advice) from None
    if not content_type.lower().startswith("text/event-stream"):
        raise CheckError(
            Outcome.WARNING,
            "replies arrive all at once",
            "Callers hear nothing until a reply is complete. Use a guide that streams.",
        )
    return "replies stream"


def _openai(settings: Settings) -> openai.AsyncOpenAI:
    """The SDK, for requests that `GuideClient` does not make."""
    guide = settings.guide_options(_demo_url(settings))
    return openai.AsyncOpenAI(
        base_url=guide.base_url,
        api_key=guide.api_key,
        max_retries=0,
        http_client=http_client(
            guide.base_url, settings.guide_first_token_timeout_s, follow_redirects=True
        ),
    )
