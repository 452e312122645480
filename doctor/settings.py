"""Checks that the settings are valid, and warns of those that may surprise."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from config import NO_PUBLIC_URL, Settings, SettingsError, load_settings, unknown_names
from doctor.network import certificates
from doctor.report import Outcome, Report
from trust.addresses import is_loopback


def read_settings(report: Report) -> Settings | None:
    """Read the settings and report what is wrong with them. Returns None if they are invalid."""
    try:
        settings = load_settings()
    except SettingsError as error:
        found, *problems = str(error).splitlines()
        report.add(Outcome.FAILED, "settings", found, *map(str.strip, problems))
        report.add(Outcome.SKIPPED, "app, guide, call, relay", "needs valid settings")
        return None
    report.add(Outcome.OK, "settings", "valid")
    for warning in unknown_names():
        report.add(Outcome.WARNING, "settings", warning)
    return settings if _can_read_certificates(report) else None


def _can_read_certificates(report: Report) -> bool:
    try:
        certificates()
    except OSError as error:
        report.add(
            Outcome.FAILED,
            "settings",
            f"cannot read the trusted certificates ({type(error).__name__})",
            "Set SSL_CERT_FILE to a PEM file, SSL_CERT_DIR to a directory of them, or unset them.",
        )
        return False
    return True


def warnings_about(settings: Settings) -> Iterator[tuple[str, str]]:
    """Warnings about valid settings, each with advice."""
    public_url, signed = settings.public_url, bool(settings.auth_token)
    if public_url and not signed:
        yield (
            "PUBLIC_URL is set without TWILIO_AUTH_TOKEN: requests through it are refused",
            "Set TWILIO_AUTH_TOKEN to the Twilio account's primary auth token.",
        )
    elif not signed:
        yield (
            "TWILIO_AUTH_TOKEN is not set: only this machine is served",
            "That is enough for `make call`. For a phone number, set it and PUBLIC_URL.",
        )
    elif not public_url:
        yield NO_PUBLIC_URL, "Set it to the https URL of the number's webhook, without /twiml."
    if public_url and urlsplit(public_url).netloc.rpartition("]")[2].count(":"):
        yield (
            "PUBLIC_URL has a port: Twilio may sign a different URL",
            "Serve on the standard port 443, and leave the port out of PUBLIC_URL.",
        )
    if not is_loopback(settings.host):
        yield (
            f"HOST is {settings.host}: other machines on the network can connect",
            "For a tunnel or proxy on this machine, HOST=127.0.0.1 is enough.",
        )
    if settings.password and not signed:
        yield (
            "PHONE_PASSWORD is set without TWILIO_AUTH_TOKEN: it is not used",
            "Remove it: the browser phone is open to this machine only.",
        )
    if settings.log_transcripts:
        yield "LOG_TRANSCRIPTS is on: what callers say is logged", "Turn it on only to debug."
