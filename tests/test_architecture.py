"""The architecture holds: layers, imports, sizes, and ARCHITECTURE.md about them."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from barge_in import BargeIn
from tests.places import ROOT
from turn.events import CallerSaid, State

LAYERS = {
    "app": 6,
    "web": 5, "phone": 5,
    "calls": 4, "config": 4,
    "guide_client": 3, "guide": 3,
    "barge_in": 2, "call_log": 2,
    "turn": 1, "utterance": 1, "relay_protocol": 1, "trust": 1, "settings": 1,
}  # fmt: skip
"""Each package of the app. It may import from its own layer and those below, never in a cycle."""

OUTSIDE = {
    "demo_guide": set(),
    "doctor": {"config", "emulator", "guide", "guide_client", "relay_protocol", "trust", "turn"},
    "emulator": {"relay_protocol"},
    "explain": {"call_log", "explaining", "utterance"},
    "explaining": {"barge_in", "call_log", "calls", "relay_protocol", "turn", "utterance"},
}
"""The packages outside the layers, and all that each may import from the app."""

PURE = (
    "barge_in",
    "call_log.format",
    "calls.overrides",
    "calls.relay_events",
    "explaining",
    "guide.answer",
    "guide.errors",
    "guide.event_stream",
    "guide.speech_text",
    "relay_protocol",
    "settings",
    "guide.options",
    "trust.addresses",
    "trust.tokens",
    "turn",
    "utterance",
)
"""Modules, and packages with all their modules, without I/O, clocks or randomness."""

IMPURE = {
    "asyncio", "httpx2", "logging", "openai", "os", "pycurl", "random", "secrets", "socket",
    "starlette", "structlog", "subprocess", "threading", "time", "websockets",
}  # fmt: skip


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_ours(path: Path) -> bool:
    top = path.relative_to(ROOT).parts[0]
    return not top.startswith(".") and top not in {"tests", "bench"}


MODULES = {
    _name(path): path
    for path in sorted([*ROOT.glob("*.py"), *ROOT.glob("*/**/*.py")])
    if _is_ours(path)
}
PACKAGES = {name.partition(".")[0] for name in MODULES}


@cache
def _imports(module: str) -> frozenset[str]:
    """Everything a module imports, by full name, at run time or for its types."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            within = [f"{node.module}.{alias.name}" for alias in node.names]
            names |= {name if name in MODULES else node.module or "" for name in within}
    return frozenset(names)


def _ours(module: str) -> set[str]:
    return {name for name in _imports(module) if name in MODULES} - {module}


def _package(module: str) -> str:
    return module.partition(".")[0]


def _is_pure(module: str) -> bool:
    return any(module == pure or module.startswith(f"{pure}.") for pure in PURE)


def test_every_package_has_its_place() -> None:
    """A new package is listed above, with its layer or with what it may import."""
    assert LAYERS.keys() | OUTSIDE.keys() == PACKAGES


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    """No package imports from above; those outside the layers import no more than they may."""
    package = _package(module)
    used = {_package(other) for other in _ours(module)} - {package}
    if package in OUTSIDE:
        assert used <= OUTSIDE[package]
    else:
        beside = {"demo_guide"} if package in {"app", "web"} else set()
        assert {other for other in used - beside if LAYERS.get(other, 9) > LAYERS[package]} == set()


def _cycle_from(module: str) -> list[str] | None:
    """A path along imports that leads back to where it began."""
    ways = [[other] for other in _ours(module)]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == module:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [[*way, other] for other in _ours(way[-1])]
    return None


@pytest.mark.parametrize("module", MODULES)
def test_no_module_imports_itself_in_a_cycle(module: str) -> None:
    """Directly or through others."""
    assert _cycle_from(module) is None


def test_packages_import_each_other_one_way() -> None:
    """Of two packages in one layer, at most one imports the other."""
    used = {(_package(module), _package(other)) for module in MODULES for other in _ours(module)}
    assert {pair for pair in used if pair[0] < pair[1] and pair[::-1] in used} == set()


def test_words_and_turns_do_not_know_each_other() -> None:
    """`turn` does not import `utterance`; only the machine uses both."""
    turn = {
        _package(other)
        for module in MODULES
        if _package(module) == "turn"
        for other in _ours(module)
    }
    assert "utterance" not in turn


@pytest.mark.parametrize("module", [module for module in MODULES if _is_pure(module)])
def test_pure_module_does_no_io(module: str) -> None:
    """No clock, no socket, no log, no randomness, and it imports none of ours that has them."""
    assert not {name.partition(".")[0] for name in _imports(module)} & IMPURE
    assert {other for other in _ours(module) if not _is_pure(other)} == set()


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_large(module: str) -> None:
    """A module that outgrows this holds more than one idea."""
    lines = len(MODULES[module].read_text(encoding="utf-8").splitlines())
    assert lines <= {"app": 150, "barge_in": 450}.get(module, 500)


def test_root_stays_small() -> None:
    """Almost every module is in a package."""
    assert len([*ROOT.glob("*.py")]) <= 8


def test_no_package_hides_a_standard_module() -> None:
    """`import calendar` means Python's."""
    assert {package for package in PACKAGES if package in sys.stdlib_module_names} == set()


# --- the page -----------------------------------------------------------------------------------


def _page() -> str:
    return (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_page_names_every_package(package: str) -> None:
    """A newcomer finds the package of any behaviour on the page."""
    is_package = (ROOT / package).is_dir()
    assert (f"`{package}/`" if is_package else f"`{package}.py`") in _page()


@pytest.mark.parametrize("module", [m for m in MODULES if "." in m and _package(m) in LAYERS])
def test_page_names_every_module_of_the_app(module: str) -> None:
    """And the module within it."""
    parts = MODULES[module].relative_to(ROOT).parts
    if parts[-1] != "__init__.py" and "phrases" not in parts:
        assert f"`{parts[-1]}`" in _page()


def _drawing() -> Iterator[str]:
    """The machine's table as the page shows it: the transitions to another state."""
    rows = [("state", "event", "next", "because"), ("-" * 9, "-" * 14, "-" * 9, "-" * 35)]
    asked_again = (State.THINKING, CallerSaid, State.THINKING)
    for state in State:
        for event, (_, targets) in BargeIn.TRANSITIONS.rows[state].items():
            for target, reason in targets.items():
                if target is not state or (state, event, target) == asked_again:
                    rows.append((state.value, event.__name__, target.value, reason))
    for state_name, event_name, target_name, reason in rows:
        yield f"{state_name:<9}  {event_name:<14}  {target_name:<9}  {reason}"


def test_page_shows_the_table_of_the_machine() -> None:
    """Every transition from one state to another, and why."""
    assert "\n".join(_drawing()) in _page()
