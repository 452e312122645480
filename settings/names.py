"""Warnings about names that are not settings, with the setting probably meant. PURE.

A warning never contains a value, nor a name that may be one: a line of `.env` without its name can
be a secret.
"""

import io
import re
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from dotenv.parser import Binding, parse_stream
from dotenv.variables import Variable, parse_variables

SHARED_PREFIXES: Final = frozenset(
    {"CALL", "HOST", "LOG", "PORT", "PUBLIC", "SETUP", "TWILIO", "WORKERS"}
)
"""First words of our names that other programs use too. Unknown names in the environment that
begin with one may be theirs."""

RENAMED: Final = {"RECORDINGS_DIR": "CALL_LOG_DIR"}
"""Former names of settings, which are still read, and their names now."""

ENVIRONMENT_ONLY: Final = frozenset(
    {"SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
)
"""Variables that the app's libraries read from the environment; `.env` is not exported to it."""

CLOSE_ENOUGH: Final = 0.75
"""A `difflib` ratio: to GUIDE_BASE_URL, GUIDE_URL has 0.78 and DATABASE_URL 0.69."""

_FROM_KUBERNETES: Final = re.compile(r".+_(SERVICE_(HOST|PORT.*)|PORT(_\d+_(TCP|UDP|SCTP).*)?)")
"""Kubernetes sets these in each pod for every service, which may be named `guide` or `relay`."""

_NAME: Final = re.compile(r"[\w.-]+", re.ASCII)
_PLAIN_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*|[a-z][a-z0-9_]*")


def unknown_in_environment(names: Iterable[str], known: Collection[str]) -> Iterator[str]:
    """A warning for each name in the environment that looks like a setting and is not.

    `known` are the names of all settings, in upper case.
    """
    prefixes = {name.partition("_")[0] for name in known} - SHARED_PREFIXES
    for name in names:
        if name.upper() in RENAMED:
            yield _renamed(name)
        prefix, rest, _ = name.upper().partition("_")
        is_ours = prefix in prefixes and rest and name.upper() not in known
        if is_ours and not _FROM_KUBERNETES.fullmatch(name.upper()):
            yield _unknown(name, _neighbour(name, known))


def unknown_in_env_file(text: str, known: Collection[str]) -> Iterator[str]:
    """A warning for each line of `.env` that sets nothing.

    `known` are the names of all settings, in upper case.
    """
    bindings = list(parse_stream(io.StringIO(text)))
    interpolated = {
        part.name
        for binding in bindings
        for part in parse_variables(binding.value or "")
        if isinstance(part, Variable)
    }
    for binding in bindings:
        name, value = binding.key, binding.value
        if name is None or value is None:
            if binding.error or name is not None:
                yield _no_setting(binding)
        elif name.upper() in RENAMED:
            yield _renamed(name)
        elif name.upper() in ENVIRONMENT_ONLY:
            yield f"{name} is not read from .env; set it in the environment"
        elif name.upper() not in known and name not in interpolated:
            neighbour = _neighbour(name, known)
            # The tail of a base64 or base32 key that ends in = looks like a name too.
            is_name = neighbour or (_PLAIN_NAME.fullmatch(name) and value.strip("="))
            yield _unknown(name, neighbour) if is_name else _no_setting(binding)


def _neighbour(name: str, known: Collection[str]) -> str | None:
    if not _NAME.fullmatch(name):
        return None
    return next(iter(get_close_matches(name.upper(), known, n=1, cutoff=CLOSE_ENOUGH)), None)


def _renamed(name: str) -> str:
    now = RENAMED[name.upper()]
    return f"{name} is now called {now}; set only {now}"


def _unknown(name: str, neighbour: str | None) -> str:
    guess = f"; did you mean {neighbour}?" if neighbour else ""
    return f"{name} is not a setting{guess}"


def _no_setting(binding: Binding) -> str:
    before, line = binding.original
    blank_lines = before[: len(before) - len(before.lstrip())].count("\n")
    return (
        f".env line {line + blank_lines} is not a setting: expected NAME=value, "
        "with every quote closed"
    )
