"""The forms that Twilio posts: the voice webhook at the start, the action request at the end.

PURE. Many fields are blank on real calls, and blank fields are signed too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.frames import Identity
    from emulator.line import Closing

_PLACES = [
    f"{party}{place}"
    for party in ("From", "To", "Caller", "Called")
    for place in ("City", "State", "Zip", "Country")
]


DECISIONS_ASKED = {"Decisions": "1"}
"""Not a field of Twilio's: it asks the app for its decision feed."""


def voice_form(identity: Identity) -> dict[str, str]:
    """What Twilio posts to the voice webhook when a call comes in."""
    return _call_form(identity) | {"CallStatus": "ringing"}


def action_form(identity: Identity, closing: Closing, *, duration_s: float) -> dict[str, str]:
    """What Twilio posts to the `action` of `<Connect>` once the session is over."""
    form = _call_form(identity) | {
        "CallStatus": closing.call_status,
        "SessionId": identity.session_id,
        "SessionStatus": closing.session_status,
        "SessionDuration": str(int(duration_s)),
    }
    if closing.handoff_data is not None:
        form["HandoffData"] = closing.handoff_data
    if closing.session_status == "failed":
        form |= {"ErrorCode": closing.error_code, "ErrorMessage": closing.error_message}
    return form


def _call_form(identity: Identity) -> dict[str, str]:
    return {
        "AccountSid": identity.account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": identity.call_sid,
        "Called": identity.called,
        "Caller": identity.caller,
        "Direction": "inbound",
        "From": identity.caller,
        "To": identity.called,
    } | dict.fromkeys(_PLACES, "")
