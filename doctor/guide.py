"""The guide takes the key, knows the model, replies within the deadlines, and streams."""

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
from guide.answer import GuideError
from guide.sdk_errors import explain
from guide_client import GuideClient, GuideOptions
from turn.history import Message

GREETING: Final = "Hello"
"""What the guide is asked."""

MODELS_TIMEOUT_S: Final = 3.0
"""Which models there are is a hint, and not worth a longer wait."""

MAX_MODELS_SHOWN: Final = 8


_Told = str | GuideError | None
"""What comes of asking: pieces of the reply, then why there are no more, or None at its end."""


async def ask_guide(settings: Settings) -> str:
    """The guide replies, asked just as on a call, by the app's own client."""
    client = GuideClient(
        GuideOptions(
            base_url=_base_url(settings),
            api_key=settings.guide_api_key.get_secret_value(),
            model=settings.guide_model,
            instructions=settings.guide_instructions,
        )
    )
    told: asyncio.Queue[_Told] = asyncio.Queue()
    try:
        client.ask([Message("user", GREETING)], told.put_nowait, told.put_nowait)
        first_s = await _read_reply(told, settings)
    except GuideError as error:
        raise failed(error.reason, error.advice, *await _models_hint(settings)) from None
    finally:
        await client.aclose()
    return f"{_name(settings)} replies, its first word after {first_s:.2f} s"


def _base_url(settings: Settings) -> str:
    return settings.guide_base_url or f"http://127.0.0.1:{settings.port}/demo/v1"


def _name(settings: Settings) -> str:
    if settings.guide_base_url is None:
        return "the demo guide"
    parts = urlsplit(settings.guide_base_url)  # a query may hold a secret
    return f"{settings.guide_model} at {parts.scheme}://{parts.netloc}"


async def _read_reply(told: asyncio.Queue[_Told], settings: Settings) -> float:
    """Read it to its end, piece by piece. Returns how many seconds the first one took."""
    began_at = time.monotonic()
    await _next_piece(told, "GUIDE_FIRST_TOKEN_TIMEOUT_S", settings.guide_first_token_timeout_s)
    first_s = time.monotonic() - began_at
    while await _next_piece(told, "GUIDE_STALL_TIMEOUT_S", settings.guide_stall_timeout_s):
        pass
    return first_s


async def _next_piece(told: asyncio.Queue[_Told], setting: str, limit_s: float) -> str | None:
    try:
        async with asyncio.timeout(limit_s):
            piece = await told.get()
    except TimeoutError:
        raise failed(
            f"no word came for {limit_s:g} s, which is {setting}",
            "A caller would hear the apology. Look at the guide's own log, try a faster",
            f"GUIDE_MODEL, or set a longer {setting}.",
        ) from None
    if isinstance(piece, GuideError):
        raise piece
    return piece


async def _models_hint(settings: Settings) -> list[str]:
    """Which models the guide lists, if the one that is set is not among them. Many list none."""
    try:
        async with asyncio.timeout(MODELS_TIMEOUT_S), _openai(settings) as sdk:
            answer = await sdk.get("/models", cast_to=httpx2.Response)
            names = [str(model["id"]) for model in answer.json()["data"]]
    except (*NETWORK_ERRORS, openai.OpenAIError, ValueError, LookupError, TypeError):
        return []
    if not names or settings.guide_model in names:
        return []
    shown = ", ".join(re.sub(r"[^\w./:@+-]", "?", name)[:80] for name in names[:MAX_MODELS_SHOWN])
    return [f"GUIDE_MODEL is not one of those it lists: {shown}"]


async def check_streaming(settings: Settings) -> str:
    """The guide streams its reply, which `GuideClient` does not tell."""
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
        told = explain(error)
        raise failed(told.reason, told.advice) from None
    if not content_type.lower().startswith("text/event-stream"):
        raise CheckError(
            Outcome.WARNING,
            "it sends its reply in one piece",
            "Callers hear nothing until it is complete. Use a guide that streams, if there is one.",
        )
    return "it streams"


def _openai(settings: Settings) -> openai.AsyncOpenAI:
    """The SDK, for what the app's client does not ask of a guide."""
    base_url = _base_url(settings)
    return openai.AsyncOpenAI(
        base_url=base_url,
        api_key=settings.guide_api_key.get_secret_value(),
        max_retries=0,
        http_client=http_client(
            base_url, settings.guide_first_token_timeout_s, follow_redirects=True
        ),
    )
