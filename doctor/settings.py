"""The settings can be used, and what is worth knowing of them."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from config import NO_PUBLIC_URL, Settings, SettingsError, load_settings, unknown_names
from doctor.network import certificates
from doctor.report import Outcome, Report
from trust.addresses import is_loopback


def read_settings(report: Report) -> Settings | None:
    """The settings, and whatever is wrong with them; None if they cannot be used."""
    try:
        settings = load_settings()
    except SettingsError as error:
        found, *problems = str(error).splitlines()
        report.add(Outcome.FAILED, "settings", found, *map(str.strip, problems))
        report.add(Outcome.SKIPPED, "app, guide, call, relay", "they take the settings")
        return None
    report.add(Outcome.OK, "settings", "they can be used")
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
            f"the trusted certificates cannot be read ({type(error).__name__})",
            "SSL_CERT_FILE has to name a PEM file, SSL_CERT_DIR a directory of them, or be unset.",
        )
        return False
    return True


def warnings_about(settings: Settings) -> Iterator[tuple[str, str]]:
    """What is worth knowing of settings that can be used: the warning, and the advice."""
    public_url, signed = settings.public_url, bool(settings.auth_token)
    if public_url and not signed:
        yield (
            "PUBLIC_URL is set without TWILIO_AUTH_TOKEN: whoever comes through it is refused",
            "Set TWILIO_AUTH_TOKEN to the primary token of the Twilio account.",
        )
    elif not signed:
        yield (
            "TWILIO_AUTH_TOKEN is not set: only this machine is served",
            "That is enough for `make call`. For a telephone number, set it and PUBLIC_URL.",
        )
    elif not public_url:
        yield NO_PUBLIC_URL, "Set it to the https address of the number's webhook, without /twiml."
    if public_url and urlsplit(public_url).netloc.rpartition("]")[2].count(":"):
        yield (
            "PUBLIC_URL names a port, which Twilio may sign otherwise than we check",
            "Use the standard port 443, and an address without a port.",
        )
    if not is_loopback(settings.host):
        yield (
            f"HOST is {settings.host}: other machines of the network can connect",
            "A tunnel or a proxy on this machine needs no more than HOST=127.0.0.1.",
        )
    if settings.password and not signed:
        yield (
            "PHONE_PASSWORD is set without TWILIO_AUTH_TOKEN: nobody is asked for it",
            "Leave it out: the browser phone is served to this machine alone.",
        )
    if settings.log_transcripts:
        yield "LOG_TRANSCRIPTS is on: the log holds what callers say", "Set it for tests only."
