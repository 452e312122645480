"""Parses and checks requests for a chat completion. Pure.

Options that only a model could use (temperature, tools and so on) are ignored.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from demo_guide.conversation import Message

MODEL = "guide"
_MOST_MESSAGES = 1000
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_MOST_QUOTED = 80  # characters of a wrong value that an error quotes


class RequestError(Exception):
    """A request that cannot be served: an HTTP status and the fields of OpenAI's error object."""

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.status = status


@dataclass(frozen=True)
class Completion:
    """A request for a chat completion."""

    messages: tuple[Message, ...]
    stream: bool
    include_usage: bool


def parse_completion(body: bytes) -> Completion:
    """Parse and check a request's body. Raises `RequestError`."""
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError("The request body is not valid JSON.", code="invalid_json") from None
    if not isinstance(request, dict):
        raise _wrong_type("The request body", "an object", request)
    if "model" not in request:
        raise _missing("model")
    check_model(request["model"])
    options = _typed(request, "stream_options", dict, "an object") or {}
    return Completion(
        messages=tuple(_messages(request)),
        stream=_typed(request, "stream", bool, "a boolean") or False,
        include_usage=_typed(options, "include_usage", bool, "a boolean") or False,
    )


def check_model(model: object) -> None:
    """Raise `RequestError` (404) unless this is the demo guide's one model."""
    if not isinstance(model, str):
        raise _wrong_type("model", "a string", model, param="model")
    if model != MODEL:
        raise RequestError(
            f"The model {model[:_MOST_QUOTED]!r} does not exist: the only model is {MODEL!r}.",
            param="model",
            code="model_not_found",
            status=404,
        )


def _messages(request: dict[str, Any]) -> Iterator[Message]:
    if "messages" not in request:
        raise _missing("messages")
    messages = request["messages"]
    if not isinstance(messages, list):
        raise _wrong_type("messages", "an array", messages, param="messages")
    if not messages:
        raise RequestError(
            "messages is empty: expected at least one message.",
            param="messages",
            code="empty_array",
        )
    if len(messages) > _MOST_MESSAGES:
        raise RequestError(
            f"messages has {len(messages)} items: expected at most {_MOST_MESSAGES}.",
            param="messages",
            code="array_above_max_length",
        )
    for index, message in enumerate(messages):
        yield _message(message, f"messages[{index}]")


def _message(message: object, where: str) -> Message:
    if not isinstance(message, dict):
        raise _wrong_type(where, "an object", message, param=where)
    role = message.get("role")
    if role not in _ROLES:
        raise RequestError(
            f"{where}.role is {_quote(role)}: expected one of {', '.join(_ROLES)}.",
            param=f"{where}.role",
            code="invalid_value",
        )
    content = message.get("content")
    if content is None and role != "assistant":  # an assistant's tool call has no content
        raise _missing(f"{where}.content")
    return Message(role, _text(content, f"{where}.content"))


def _text(content: object, where: str) -> str:
    """The content as text: a string, or the text parts of a list."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise _wrong_type(where, "a string or an array of text parts", content, param=where)
    return " ".join(_part(part, f"{where}[{index}]") for index, part in enumerate(content))


def _part(part: object, where: str) -> str:
    if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str):
        return str(part["text"])
    raise RequestError(
        f"{where} is not a text part: the demo guide reads only "
        'parts of the form {"type": "text", "text": "..."}.',
        param=where,
        code="invalid_value",
    )


def _typed(values: dict[str, Any], key: str, kind: type, expected: str) -> Any:
    value = values.get(key)
    if value is not None and not isinstance(value, kind):
        raise _wrong_type(key, expected, value, param=key)
    return value


def _missing(param: str) -> RequestError:
    return RequestError(f"{param} is missing.", param=param, code="missing_required_parameter")


def _wrong_type(
    what: str, expected: str, value: object, *, param: str | None = None
) -> RequestError:
    return RequestError(
        f"{what} is {_quote(value)}: expected {expected}.", param=param, code="invalid_type"
    )


def _quote(value: object) -> str:
    """The value as JSON, shortened; for an array or object, only its type."""
    if isinstance(value, list | dict):
        return "an array" if isinstance(value, list) else "an object"
    text = json.dumps(value)
    return text if len(text) <= _MOST_QUOTED else f"{text[:_MOST_QUOTED]}..."
