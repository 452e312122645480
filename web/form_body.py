"""A posted form, with a limit on its size, whoever sent it."""

from contextlib import suppress
from typing import Final
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect

MAX_BODY_BYTES: Final = 64 * 1024
"""One of Twilio's webhooks is a few kilobytes."""

MAX_FIELDS: Final = 500
"""One of Twilio's webhooks has about forty fields."""


async def read_form(request: Request) -> FormData:
    """The fields in a request's body. Raises `HTTPException` if it is too long or not a form."""
    body = b""
    with suppress(ClientDisconnect):
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise HTTPException(413, f"expected at most {MAX_BODY_BYTES} bytes")
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise HTTPException(400, "expected form fields") from None
    return FormData([*fields])
