"""Who may place a call: Twilio by signature, a visitor by cookie, and each setup by its token."""

import time
from typing import Annotated

import structlog
from fastapi import Depends, HTTPException, Request
from starlette.datastructures import FormData
from starlette.requests import HTTPConnection

import relay_protocol as relay
from calls.overrides import CallOverrides, OverrideError
from config import SettingsError
from trust import addresses
from web.form_body import read_form
from web.state import AppState, SharedState


def may_call(connection: HTTPConnection, form: FormData, state: AppState) -> bool:
    """Whether a request comes from Twilio, or from a visitor who places a call on our page."""
    return _is_signed(connection, form, state) or state.visitors.may_call(connection, time.time())


def _is_signed(connection: HTTPConnection, form: FormData, state: AppState) -> bool:
    """Whether Twilio signed a request. Without an auth token every request passes."""
    auth_token = state.settings.auth_token
    if not auth_token:
        return True
    query = connection.scope["query_string"].decode("latin-1")
    path = connection.scope["path"] + (f"?{query}" if query else "")
    try:
        url = state.origin(connection) + path
    except ValueError:
        return False
    if connection.scope["type"] == "websocket":
        url = addresses.as_websocket(url)
    signatures = connection.headers.getlist("x-twilio-signature")
    return len(signatures) == 1 and relay.signature_is_valid(auth_token, url, form, signatures[0])


def setup_problem(setup: relay.Setup, state: AppState) -> str | None:
    """Why a setup may not start its call, or None if it may."""
    try:
        overrides = CallOverrides.from_fields(setup.parameters)
        state.settings.in_mode(overrides.mode)
    except (OverrideError, SettingsError) as error:
        return str(error)
    if not state.settings.auth_token:
        return None
    token = setup.parameters.get("token", "")
    return state.tokens.check(token, setup.call_sid, time.time(), str(overrides))


async def _authorized_form(request: Request, state: SharedState) -> FormData:
    form = await read_form(request)
    if not may_call(request, form, state):
        structlog.get_logger().warning("webhook refused", path=request.url.path, why="signature")
        raise HTTPException(
            403,
            "The X-Twilio-Signature header is not valid. Check that TWILIO_AUTH_TOKEN is the "
            "account's primary auth token, and that PUBLIC_URL is the address in the number's "
            "webhook.",
        )
    return form


AuthorizedForm = Annotated[FormData, Depends(_authorized_form)]
"""The fields of a webhook from someone who may place calls; others get a 403."""
