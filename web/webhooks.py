"""Twilio's webhooks: `/twiml` when a call comes in, `/action` when its session is over."""

import secrets
import time

import structlog
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse

import relay_protocol as relay
from calls.overrides import CallOverrides, OverrideError
from config import SettingsError
from trust import addresses
from web.authorization import AuthorizedForm
from web.logs import mask_caller
from web.state import SharedState

routes = APIRouter()


@routes.post("/twiml")
async def answer_call(request: Request, state: SharedState, form: AuthorizedForm) -> Response:
    """Connect a call to our WebSocket."""
    call_sid = str(form.get("CallSid", ""))
    origin = state.origin(request)
    try:
        overrides = CallOverrides.from_fields(form)
        settings = state.settings.in_mode(overrides.mode)
    except OverrideError as error:
        raise HTTPException(400, str(error)) from None
    except SettingsError as error:
        raise HTTPException(409, str(error)) from None
    token = state.tokens.mint(call_sid, time.time(), secrets.token_hex(8), str(overrides))
    structlog.get_logger().info("call offered", call=call_sid, caller=mask_caller(form.get("From")))
    twiml = relay.connect_twiml(
        url=addresses.as_websocket(f"{origin}/ws"),
        action=f"{origin}/action",
        attributes=settings.relay_attributes,
        parameters={"token": token, **overrides.parameters},
    )
    return Response(twiml, media_type="text/xml")


@routes.get("/twiml")
async def explain_webhook() -> Response:
    """Tell a person with a browser, or a number set to HTTP GET, how the webhook is used."""
    advice = (
        "This is the voice webhook, which accepts only POST requests from Twilio. In Twilio's "
        "console, set the number's 'A call comes in' to this address, with HTTP POST.\n"
    )
    return PlainTextResponse(advice, 405, headers={"Allow": "POST"})


@routes.post("/action")
async def end_call(form: AuthorizedForm) -> Response:
    """End a call whose session is over."""
    structlog.get_logger().info(
        "session over",
        call=str(form.get("CallSid", "")),
        status=str(form.get("SessionStatus", "")),
        error=str(form.get("ErrorCode", "")) or None,
        seconds=str(form.get("SessionDuration", "")) or None,
    )
    return Response(relay.empty_twiml(), media_type="text/xml")
