"""`/ws`, a session of the relay: its setup, then the call.

Frames reach the call in one of two ways. Most take the direct channel, straight from the bytes on
the socket (`web.relay_socket`). Those that come before the channel is open, or that are not plain
text in one piece, come through the server's queue, and are given to the call here.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import structlog
from fastapi import APIRouter, WebSocket
from starlette.datastructures import FormData
from starlette.websockets import WebSocketDisconnect, WebSocketState

import relay_protocol as relay
from call_log.writer import AddEntry, open_call_log
from calls.call import Call, Logger
from calls.decision_feed import DecisionFeed
from calls.live_call import LiveCall
from calls.overrides import CallOverrides
from web.authorization import may_call, setup_problem
from web.logs import mask_caller
from web.relay_socket import MAX_MESSAGE_BYTES, direct_channel
from web.state import AppState, SharedState

routes = APIRouter()


@routes.websocket("/ws")
async def serve_session(websocket: WebSocket, state: SharedState) -> None:
    """Let the relay in, wait for the call's setup, and hold the call."""
    logger = structlog.get_logger()
    if not may_call(websocket, FormData(), state):
        logger.warning("relay refused", why="signature")
        await websocket.close(1008)  # before accept: an HTTP 403
        return
    await websocket.accept()
    frames = _frames(websocket, logger)
    accepted = await _accept_setup(frames, state, logger)
    if accepted is None:
        await _close(websocket, 1008)
        return
    setup, raw = accepted
    logger = logger.bind(call=setup.call_sid)
    async with open_call_log(state.settings.call_log_dir, setup.call_sid, logger) as call_log:
        if call_log is not None:
            call_log(0.0, "in", raw)
        await _hold_call(websocket, frames, setup, state, logger, call_log=call_log)


async def _accept_setup(
    frames: AsyncIterator[str], state: AppState, logger: Logger
) -> tuple[relay.Setup, str] | None:
    """The setup of a call that may start, and its raw frame. All frames before it are ignored."""
    try:
        async with asyncio.timeout(state.settings.setup_timeout_s):
            async for raw in frames:
                with suppress(relay.FrameError):
                    frame = relay.parse_frame(raw)
                    if isinstance(frame, relay.Setup):
                        break
            else:
                return None
    except TimeoutError:
        logger.warning("relay refused", why="no setup in time")
        return None
    problem = setup_problem(frame, state)
    if problem is None:
        return frame, raw
    logger.warning("relay refused", why=problem, call=frame.call_sid)
    return None


async def _hold_call(
    websocket: WebSocket,
    frames: AsyncIterator[str],
    setup: relay.Setup,
    state: AppState,
    logger: Logger,
    *,
    call_log: AddEntry | None,
) -> None:
    overrides = CallOverrides.from_fields(setup.parameters)
    decision_feed = DecisionFeed() if overrides.decisions else None
    channel = direct_channel(websocket.scope)
    call = Call(
        state.guide(websocket),
        state.settings.turn_options(overrides.mode),
        channel.send,
        logger=logger,
        log_transcripts=state.settings.log_transcripts,
        call_log=call_log,
        decision_feed=decision_feed,
    )
    live_call = LiveCall(setup.call_sid, setup.parameters.get("token", ""), decision_feed)
    state.live_calls.append(live_call)
    logger.info("call began", caller=mask_caller(setup.caller), direction=setup.direction)
    began_at = time.monotonic()
    try:
        with call.in_progress():
            channel.listen(call.receive)
            async for raw in frames:
                call.receive(raw)
    finally:
        state.live_calls.remove(live_call)
        logger.info("call ended", seconds=round(time.monotonic() - began_at, 1))
    await _close(websocket, 1000)


async def _frames(websocket: WebSocket, logger: Logger) -> AsyncIterator[str]:
    """The text frames in the server's queue, until the socket closes.

    In place of a frame that is binary or too long it gives "", which is no valid frame.
    """
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        size = len(text.encode()) if text is not None else len(message["bytes"])
        if size > MAX_MESSAGE_BYTES:
            logger.warning("relay refused", why="frame far too long", bytes=size)
            await _close(websocket, 1009)
            return
        yield text if text is not None and size <= relay.MAX_FRAME_BYTES else ""


async def _close(websocket: WebSocket, code: int) -> None:
    if WebSocketState.DISCONNECTED not in {websocket.application_state, websocket.client_state}:
        with suppress(WebSocketDisconnect):  # it has closed, and we have not read that yet
            await websocket.close(code)
