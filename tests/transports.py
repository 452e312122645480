"""The transports that can carry requests to a guide, for tests to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from guide import transport
from guide.libcurl import Libcurl
from guide.sdk import Sdk
from guide.transport import Choice

if TYPE_CHECKING:
    import pytest

CHOICES: Final = {
    "libcurl": Choice("libcurl", Libcurl),
    "openai": Choice("openai", Sdk, "the test wants it so"),
}


def choose(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this be the best transport that there is."""
    monkeypatch.setattr(transport, "_best", CHOICES[name])
    monkeypatch.setattr(transport, "_can_run", lambda: True)
