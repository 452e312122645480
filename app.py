"""The app: its routes, put together and served.

`python app.py` serves it with the settings in the environment, and so does
`uvicorn app:app --ws web.relay_socket:RelaySocket`.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

import structlog
from fastapi import Depends, FastAPI

import demo_guide
import phone
from config import VERSION, Settings, SettingsError, load_settings, warnings_at_start
from web import decision_stream, health, logs, relay_session, server, webhooks
from web.local_only import LocalOnly, require_local
from web.state import AppState

NEXT_STEPS: Final = """\
  Talk to it          open the address in a browser and press Call (with an auth token set,
                      this needs PHONE_PASSWORD too)
  Simulate a call     make call, in a second terminal
  Connect a number    set TWILIO_AUTH_TOKEN and PUBLIC_URL in .env, and the number's voice
                      webhook to PUBLIC_URL/twiml; see SETUP.md
  Use your own guide  set GUIDE_BASE_URL, GUIDE_API_KEY and GUIDE_MODEL in .env
  Check the setup     make doctor
"""


def create_app(settings: Settings) -> FastAPI:
    """Build the app from these settings."""
    state = AppState(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        chosen, why = state.transport.name, state.transport.why_not_libcurl
        reason = {"why_not_libcurl": why} if why else {}
        structlog.get_logger().info("guide transport chosen", transport=chosen, **reason)
        yield
        await state.aclose()

    app = FastAPI(title="Frontdesk", version=VERSION, lifespan=lifespan, openapi_url=None)
    app.state.shared = state
    for module in (webhooks, relay_session, decision_stream, health):
        app.include_router(module.routes)
    local_only = [Depends(require_local)]
    app.include_router(demo_guide.create_router(), prefix="/demo", dependencies=local_only)
    if state.visitors.are_expected:
        phone.add_pages(app, state.visitors, phone.facts_of(settings))
    else:
        app.add_api_route("/", health.say_running)
    if not settings.auth_token:
        app.add_middleware(LocalOnly)
    app.add_middleware(phone.BrowserHeaders)
    return app


@cache  # uvicorn asks twice
def __getattr__(name: str) -> FastAPI:
    """Build the app when `uvicorn app:app` asks for it; importing this module reads no settings.

    `worker` is the same app for a process that `main` started, which has given the warnings.
    """
    if name not in {"app", "worker"}:
        raise AttributeError(name)
    settings = _settings_or_exit()
    logs.configure(settings.log_level)
    if name == "app":
        _log_warnings(settings)
    return _create_long_lived_app(settings)


def _create_long_lived_app(settings: Settings) -> FastAPI:
    app = create_app(settings)
    server.tune_garbage_collector()
    return app


def _settings_or_exit() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        sys.exit(str(error))


def _log_warnings(settings: Settings) -> None:
    for warning in warnings_at_start(settings):
        structlog.get_logger().warning("check the settings", why=warning)


def main() -> None:
    """Serve the app until told to stop."""
    settings = _settings_or_exit()
    logs.configure(settings.log_level)
    try:
        listeners = server.listen(settings.host, settings.port, settings.workers)
    except OSError as error:
        sys.exit(
            f"Cannot listen on {settings.host} port {settings.port}: {error.strerror}.\n"
            f"Stop the program that uses it, or set another port: PORT={settings.port + 1} make run"
        )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"Frontdesk {VERSION} is listening on http://{host}:{settings.port}\n\n{NEXT_STEPS}")
    if not settings.auth_token:
        print("TWILIO_AUTH_TOKEN is not set: only requests from this machine are accepted.\n")
    sys.stdout.flush()
    _log_warnings(settings)
    server.serve(
        "app:worker" if settings.workers > 1 else _create_long_lived_app(settings), listeners
    )


if __name__ == "__main__":
    main()
