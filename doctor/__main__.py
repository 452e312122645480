"""Checks an installation and says what to fix, one line a check.

It reads the settings as the app does, from the environment and `.env`, and looks at the app, the
guide and, where PUBLIC_URL is set, the way in from outside. It asks the guide a word or two, and
places a small call with the app, signed as Twilio signs. If the app does not run, it is started for
the time of the check. The exit status is 0 if nothing failed.

Secrets are not printed, nor is what the guide says.
"""

import sys

try:
    import argparse
    import asyncio
    import platform
    from contextlib import AsyncExitStack
    from typing import Final

    from config import Settings
    from doctor.app_client import local_client
    from doctor.app_process import START_TIMEOUT_S, find_app
    from doctor.guide import ask_guide, check_streaming
    from doctor.public_url import public_client, reach_public_url
    from doctor.report import Outcome, Report
    from doctor.settings import read_settings, warnings_about
    from doctor.trial_call import (
        hold_call,
        offer_call,
        refuse_unsigned_socket,
        refuse_unsigned_webhook,
        refuse_used_token,
    )
except (ImportError, SyntaxError) as problem:
    sys.exit(
        f"FAILED   installation: {problem}\n"
        f"         Run `make install`, then `.venv/bin/python -m doctor`. Python 3.11 or later is"
        f" needed; this is {sys.version.split()[0]}."
    )

REPLY_TIMEOUT_S: Final = 60.0
"""How long a reply to "Hello" may go on."""


def main() -> None:
    """Check, print, and exit with 0 if nothing failed."""
    summary, _, explanation = (__doc__ or "").partition("\n\n")
    argparse.ArgumentParser(
        prog="python -m doctor",
        description=summary,
        epilog=explanation,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    report = Report(sys.stdout)
    report.add(Outcome.OK, "Python", platform.python_version())
    try:
        if settings := read_settings(report):
            asyncio.run(check_installation(settings, report))
    except KeyboardInterrupt:
        sys.exit("\nInterrupted: not everything was checked.")
    print(f"\n{report.failures} failed." if report.failures else "\nNothing failed.")
    sys.exit(1 if report.failures else 0)


async def check_installation(settings: Settings, report: Report) -> None:
    """Perform every check, in order, each as far as the earlier ones permit."""
    for found, advice in warnings_about(settings):
        report.add(Outcome.WARNING, "settings", found, advice)
    async with AsyncExitStack() as cleanup:
        app = await report.perform("app", find_app(settings, cleanup), START_TIMEOUT_S)
        if app and app.has_demo_guide != (settings.guide_base_url is None):
            report.add(
                Outcome.FAILED, "app", "it runs with another GUIDE_BASE_URL", "Start it again."
            )
        await _check_guide(settings, report, app_answers=app is not None)
        await _check_call(settings, report, app_answers=app is not None)
        if settings.public_url:
            await _check_public_url(settings, settings.public_url, report)


async def _check_guide(settings: Settings, report: Report, *, app_answers: bool) -> None:
    if settings.guide_base_url is None and not app_answers:
        report.add(Outcome.SKIPPED, "guide", "the demo guide is a part of the app")
    elif await report.perform("guide", ask_guide(settings), _turn_limit_s(settings)):
        await report.perform("guide streaming", check_streaming(settings))


async def _check_call(settings: Settings, report: Report, *, app_answers: bool) -> None:
    if not app_answers:
        report.add(Outcome.SKIPPED, "call", "it takes the app")
        return
    client = local_client(settings)
    offer = await report.perform("call", offer_call(client))
    await report.perform("call, unsigned", refuse_unsigned_webhook(client))
    held = await report.perform("relay", hold_call(client, offer), _turn_limit_s(settings))
    await report.perform("relay, unsigned", refuse_unsigned_socket(client))
    if settings.workers > 1:
        report.add(Outcome.SKIPPED, "relay, replayed", "each of the workers refuses its own alone")
    else:
        await report.perform("relay, replayed", refuse_used_token(client, offer if held else None))


async def _check_public_url(settings: Settings, public_url: str, report: Report) -> None:
    client = public_client(settings, public_url)
    if await report.perform("PUBLIC_URL", reach_public_url(client, settings)):
        offer = await report.perform("PUBLIC_URL, call", offer_call(client))
        await report.perform("PUBLIC_URL, relay", hold_call(client, offer), _turn_limit_s(settings))


def _turn_limit_s(settings: Settings) -> float:
    """How long a turn may take: the guide's deadlines, a reply, and the apology after it."""
    deadlines = settings.guide_first_token_timeout_s + settings.guide_stall_timeout_s
    return deadlines + REPLY_TIMEOUT_S


if __name__ == "__main__":
    main()
