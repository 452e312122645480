"""Checks an installation and says what to fix, one line per check.

It reads the settings as the app does, from the environment and `.env`, then checks the app, the
guide and, if PUBLIC_URL is set, access from outside. It sends the guide a greeting and places a
short call to the app, signed as Twilio signs it. If the app is not running, it is started for the
duration of the checks. The exit status is 0 if nothing failed.

It prints no secrets and none of the guide's words.
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
        f"         Run `make install`, then `.venv/bin/python -m doctor`. This is Python"
        f" {sys.version.split()[0]}; 3.11 or later is required."
    )

REPLY_TIMEOUT_S: Final = 60.0
"""The longest that a reply to "Hello" may take."""


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
        sys.exit("\nInterrupted before all checks were done.")
    print(f"\n{report.failures} failed." if report.failures else "\nNo checks failed.")
    sys.exit(1 if report.failures else 0)


async def check_installation(settings: Settings, report: Report) -> None:
    """Run every check in order; skip those that depend on one that failed."""
    for found, advice in warnings_about(settings):
        report.add(Outcome.WARNING, "settings", found, advice)
    async with AsyncExitStack() as cleanup:
        app = await report.perform("app", find_app(settings, cleanup), START_TIMEOUT_S)
        if app and app.has_demo_guide != (settings.guide_base_url is None):
            report.add(
                Outcome.FAILED, "app", "runs with a different GUIDE_BASE_URL", "Restart the app."
            )
        await _check_guide(settings, report, app_answers=app is not None)
        await _check_call(settings, report, app_answers=app is not None)
        if settings.public_url:
            await _check_public_url(settings, settings.public_url, report)


async def _check_guide(settings: Settings, report: Report, *, app_answers: bool) -> None:
    if settings.guide_base_url is None and not app_answers:
        report.add(Outcome.SKIPPED, "guide", "the demo guide needs the app")
    elif await report.perform("guide", ask_guide(settings), _turn_limit_s(settings)):
        await report.perform("guide streaming", check_streaming(settings))


async def _check_call(settings: Settings, report: Report, *, app_answers: bool) -> None:
    if not app_answers:
        report.add(Outcome.SKIPPED, "call", "needs the app")
        return
    client = local_client(settings)
    offer = await report.perform("call", offer_call(client))
    await report.perform("call, unsigned", refuse_unsigned_webhook(client))
    held = await report.perform("relay", hold_call(client, offer), _turn_limit_s(settings))
    await report.perform("relay, unsigned", refuse_unsigned_socket(client))
    if settings.workers > 1:
        report.add(
            Outcome.SKIPPED, "relay, reused token", "each worker knows only its own used tokens"
        )
    else:
        await report.perform(
            "relay, reused token", refuse_used_token(client, offer if held else None)
        )


async def _check_public_url(settings: Settings, public_url: str, report: Report) -> None:
    client = public_client(settings, public_url)
    if await report.perform("PUBLIC_URL", reach_public_url(client, settings)):
        offer = await report.perform("PUBLIC_URL, call", offer_call(client))
        await report.perform("PUBLIC_URL, relay", hold_call(client, offer), _turn_limit_s(settings))


def _turn_limit_s(settings: Settings) -> float:
    """The longest that a turn may take: the guide's deadlines and a reply."""
    deadlines = settings.guide_first_token_timeout_s + settings.guide_stall_timeout_s
    return deadlines + REPLY_TIMEOUT_S


if __name__ == "__main__":
    main()
