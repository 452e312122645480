"""What the page needs to know about the app before it places a call."""

from typing import get_args

from config import VERSION, Settings, SettingsError
from turn.options import Mode


def facts_of(settings: Settings) -> dict[str, object]:
    """The facts, in the form the page reads.

    `modes` maps each barge-in mode to why it cannot be used, or to None if it can.
    """
    return {
        "version": VERSION,
        "demo_guide": settings.guide_base_url is None,
        "language": settings.relay_language,
        "mode": settings.barge_in_mode,
        "modes": {mode: _why_not(settings, mode) for mode in get_args(Mode)},
        "signed_in": bool(settings.auth_token),
    }


def _why_not(settings: Settings, mode: Mode) -> str | None:
    try:
        settings.in_mode(mode)
    except SettingsError as error:
        return str(error)
    return None
