"""The types of settings: their bounds, and what is wrong with a value outside them. PURE."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr

from trust.addresses import host_of

_CONTROL_CHARACTERS: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]"
)
_MIN_PASSWORD: Final = 12


def _speakable(text: str) -> str:
    if _CONTROL_CHARACTERS.search(text):
        raise ValueError("expected text without control characters")
    return text


def _sentence(text: str) -> str:
    if text and not text.endswith((".", "!", "?")):
        raise ValueError(
            "expected a sentence that ends in . ! or ?, because the voice waits for it"
        )
    return text


def _language_tag(tag: str) -> str:
    if not re.fullmatch(r"multi|[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag):
        raise ValueError("expected a language tag such as en-US, or multi")
    return tag


def _name(name: str) -> str:
    if not re.fullmatch(r"[\w.:/-]{1,200}", name):
        raise ValueError("expected at most 200 letters, digits and . _ : / - without spaces")
    return name


def _guide_url(url: str) -> str:
    if not _is_http_url(url):
        raise ValueError("expected a URL such as https://api.example.com/v1")
    return url.rstrip("/")


def _public_url(url: str) -> str:
    if not _is_http_url(url) or not re.fullmatch(r"https://[^?#]*", url):
        raise ValueError("expected an https URL without a query, such as https://desk.example.com")
    if route := re.fullmatch(r"(https://[^/]+\S*?)/+(twiml|action|ws)/*", url):
        raise ValueError(f"must not end in /{route[2]}; use {route[1]}")
    return url.rstrip("/")


def _is_http_url(url: str) -> bool:
    parts = re.fullmatch(r"https?://([^/?#]+)\S*", url)
    return bool(parts and host_of(parts[1]))


def _one_word(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if not value.isascii() or any(character.isspace() for character in value):
        raise ValueError("expected only the secret itself: ASCII characters without spaces")
    return secret


def _long(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < _MIN_PASSWORD:
        raise ValueError(
            f"expected at least {_MIN_PASSWORD} characters; to generate one: "
            'python3 -c "import secrets; print(secrets.token_urlsafe())"'
        )
    return secret


Speakable = Annotated[str, AfterValidator(_speakable)]
Stripped = Annotated[Speakable, AfterValidator(str.strip)]
Sentence = Annotated[Stripped, AfterValidator(_sentence)]
"""Text that ends in a full stop, or no text."""

Hints = Annotated[str, Field(max_length=10_000), AfterValidator(_speakable)]
Language = Annotated[str, AfterValidator(_language_tag)]
Name = Annotated[str, AfterValidator(_name)]
GuideUrl = Annotated[str, AfterValidator(_guide_url)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Secret = Annotated[SecretStr, AfterValidator(_one_word)]
Password = Annotated[SecretStr, AfterValidator(_long)]
Seconds = Annotated[
    float, Field(gt=0, le=3600, allow_inf_nan=False, json_schema_extra={"unit": "seconds"})
]
SpeechTimeout = Annotated[int, Field(ge=600, le=5000, json_schema_extra={"unit": "milliseconds"})]
WordsPerSecond = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Turns = Annotated[int, Field(ge=1)]
Input = Literal["none", "dtmf", "speech", "any"]
"""Kinds of caller input: key presses (`dtmf`), speech, or both (`any`)."""
