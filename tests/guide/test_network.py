"""Which certificate authorities are trusted if the owner names none."""

import ssl
from types import SimpleNamespace

import certifi
import pytest

from guide.network import authorities


@pytest.mark.parametrize("file", ["/etc/ssl/cert.pem", None])
def test_authorities_of_the_system_are_trusted(
    monkeypatch: pytest.MonkeyPatch, file: str | None
) -> None:
    """The system's, or Mozilla's if the system has none."""
    paths = SimpleNamespace(cafile=file)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert authorities() == (file or certifi.where(), None)
