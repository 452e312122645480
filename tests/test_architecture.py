"""The house keeps its shape: who may import whom, and the drawings that show it."""

import ast
import re
from pathlib import Path

import pytest

import barge_in
from tests.places import ROOT

PURE = {
    "phrases": set(),
    "transcript": {"phrases"},
    "utterance": {"phrases", "transcript"},
    "playback": set(),
    "history": {"playback"},
    "turn_events": {"history", "utterance"},
    "turn_options": set(),
    "attribution": {"playback"},
    "reply": {"playback", "turn_options"},
    "barge_in": {
        "history",
        "playback",
        "attribution",
        "reply",
        "turn_events",
        "turn_options",
        "utterance",
    },
    "relay_protocol": set(),
    "relay_events": {"relay_protocol", "turn_events"},
    "recording": {"turn_events", "turn_options"},
    "replay": {
        "barge_in",
        "recording",
        "relay_events",
        "relay_protocol",
        "turn_events",
        "turn_options",
    },
    "settings": {"trust", "turn"},
    "trust": set(),
    "wishes": {"turn_options"},
    "speech_text": set(),
    "guide_answer": {"speech_text"},
}
"""Modules without I/O, and all that each may import of ours."""

SHELL = {
    "config": {"guide", "settings", "trust", "turn"},
    "forms": set(),
    "loopback": {"trust"},
    "log": set(),
    "guide": {"guide_answer", "trust"},
    "guide_client": {"guide", "guide_answer", "history"},
    "demo_guide": set(),
    "recorder": {"recording"},
    "relay_socket": set(),
    "server": {"relay_socket"},
    "decisions": set(),
    "call": {
        "barge_in",
        "decisions",
        "guide_answer",
        "guide_client",
        "history",
        "recorder",
        "recording",
        "relay_events",
        "relay_protocol",
        "turn_events",
        "turn_options",
    },
    "phone": {"config", "forms", "trust", "turn_options"},
    "app": {
        "call",
        "config",
        "decisions",
        "demo_guide",
        "forms",
        "guide",
        "guide_client",
        "log",
        "loopback",
        "phone",
        "recorder",
        "relay_protocol",
        "relay_socket",
        "server",
        "trust",
        "turn_options",
        "wishes",
    },
    "explain": {"recording", "replay", "utterance"},
    "emulator": {"relay_protocol"},
    "doctor": {
        "config",
        "emulator",
        "guide",
        "guide_answer",
        "guide_client",
        "history",
        "relay_protocol",
        "trust",
    },
}

IMPURE = {
    "asyncio", "httpx2", "logging", "openai", "os", "pycurl", "random", "secrets", "socket",
    "structlog", "subprocess", "threading", "time", "websockets",
}  # fmt: skip


def _files(module: str) -> list[Path]:
    package = ROOT / module
    return sorted(package.rglob("*.py")) if package.is_dir() else [ROOT / f"{module}.py"]


def _imports(module: str) -> set[str]:
    names: set[str] = set()
    for path in _files(module):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
    return {name.partition(".")[0] for name in names} - {module}


def _ours() -> set[str]:
    modules = {path.stem for path in ROOT.glob("*.py")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    return (modules | packages) - {"tests", "bench"}


def test_every_module_has_its_place() -> None:
    """A new module is entered here, with what it may import."""
    assert _ours() == set(PURE) | set(SHELL)


@pytest.mark.parametrize("module", [*PURE, *SHELL])
def test_imports_point_down(module: str) -> None:
    """No module imports what is not below it."""
    assert _imports(module) & _ours() <= (PURE | SHELL)[module]


@pytest.mark.parametrize("module", PURE)
def test_pure_module_does_no_io(module: str) -> None:
    """No clock, no socket, no log, no randomness: time is an argument."""
    assert not _imports(module) & IMPURE


def test_drawing_of_the_machine_is_the_same_in_code_and_docs() -> None:
    """ARCHITECTURE.md shows what the docstring of `barge_in` shows."""
    drawing = re.search(r"    state +event.*?(?=\n\n)", barge_in.__doc__ or "", re.DOTALL)
    assert drawing is not None
    lines = [line[4:] for line in drawing[0].splitlines()]
    assert "\n".join(lines) in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_every_module_is_in_the_architecture() -> None:
    """A newcomer finds any behaviour from the list of files."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert {name for name in _ours() if f"`{name}" not in text} == set()
