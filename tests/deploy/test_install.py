"""Installing: exactly what the lock files name, whatever was released since, by pip and by uv.

A small index on loopback stands in for PyPI. It has a newer release than the lock of a package that
another asks for with an extra, which pips before 23.3 cannot tell from one that is not pinned.
"""

import base64
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.places import ROOT

LOCKS = ("requirements.lock", "requirements-libcurl.lock", "requirements-dev.lock")
UV = Path(sys.executable).with_name("uv")
OLDEST_PIP = (
    "pip==23.0 --hash=sha256:b5f88adff801f5ef052bcdef3daa31b55eb67b0fccd6d0106c206fa248e0463c"
)


# ---------------------------------------------------------------- a small index and project


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


class Index:
    """A package index on loopback."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        handler = partial(QuietHandler, directory=str(directory))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def release(self, name: str, version: str, *requires: str) -> str:
        """Publish a wheel with nothing in it; returns the line that locks it."""
        info = f"{name}-{version}.dist-info"
        metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        files = {
            f"{name}.py": "",
            f"{info}/METADATA": "\n".join(
                [*metadata, "Provides-Extra: toml", *(f"Requires-Dist: {r}" for r in requires), ""]
            ),
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        rows = [f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in files.items()]
        files[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"])
        folder = self.directory / name
        folder.mkdir(exist_ok=True)
        wheel = folder / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, text in files.items():
                archive.writestr(path, text)
        links = [f'<a href="{file.name}">{file.name}</a>' for file in sorted(folder.glob("*.whl"))]
        (folder / "index.html").write_text("\n".join(links), encoding="utf-8")
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def _digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Project:
    """A directory with our Makefile, and lock files for the small index."""

    def __init__(self, directory: Path, index: Index) -> None:
        self.directory = directory
        self.index = index
        (directory / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
        self.lock("requirements.lock", index.release("plugin", "1.0", "measure[toml]>=1.0"))
        self.lock("requirements.lock", index.release("measure", "1.0"))
        self.lock("requirements-libcurl.lock", index.release("speedy", "1.0"))
        self.lock("requirements-dev.lock", index.release("linter", "1.0"))
        index.release("measure", "2.0")  # since the lock was made

    def lock(self, file: str, line: str) -> None:
        with (self.directory / file).open("a", encoding="utf-8") as lock:
            lock.write(f"{line}\n")

    def run(self, *command: str, uv: bool = False) -> "subprocess.CompletedProcess[str]":
        """Run a command in the project, with the index for all that is to be had."""
        path = os.environ["PATH"].split(os.pathsep)
        kept = [folder for folder in path if uv or not (Path(folder) / "uv").exists()]
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PIP_", "UV_", "MAKE"))
        } | {
            "PATH": os.pathsep.join([*([str(UV.parent)] if uv else []), *kept]),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": self.index.url,
            "PIP_NO_CACHE_DIR": "1",
            "UV_NO_CONFIG": "1",
            "UV_NO_CACHE": "1",
            "UV_DEFAULT_INDEX": self.index.url,
            "NO_PROXY": "127.0.0.1",
        }
        return subprocess.run(
            command,
            cwd=self.directory,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
            check=False,
        )

    def make(self, *words: str, uv: bool = False) -> "subprocess.CompletedProcess[str]":
        return self.run("make", f"PYTHON={sys.executable}", *words, uv=uv)

    @property
    def installed(self) -> set[str]:
        """What is in its environment, beside pip."""
        found = self.directory.glob(".venv/lib/python*/site-packages/*.dist-info")
        names = {path.name.removesuffix(".dist-info") for path in found}
        return {name for name in names if not name.startswith(("pip-", "setuptools-"))}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    (tmp_path / "index").mkdir()
    served = Index(tmp_path / "index")
    yield served
    served.close()


@pytest.fixture
def project(tmp_path: Path, index: Index) -> Project:
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project", index)


@pytest.fixture
def oldest_pip(project: Project) -> str:
    """The Python of an environment in the project with the oldest pip that we promise."""
    python = str(project.directory / ".venv/bin/python")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", project.directory / ".venv"], check=True
    )
    wanted = project.directory / "oldest-pip.lock"
    wanted.write_text(OLDEST_PIP, encoding="utf-8")
    got = subprocess.run(
        [UV, "pip", "install", "--quiet", "--require-hashes", "--python", python, "-r", wanted],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if got.returncode and "CI" not in os.environ:
        pytest.skip("pip 23.0 cannot be downloaded here")
    assert got.returncode == 0, got.stderr
    return python


def _commands_by_hand() -> list[list[str]]:
    """How the README installs without make."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\.venv/bin/python -m pip .*", readme, re.MULTILINE)
    return [line.partition("#")[0].split() for line in lines]


# ---------------------------------------------------------------- what is shown


def test_the_trap_is_set(project: Project, oldest_pip: str) -> None:
    """An old pip that is left to resolve refuses the lock, because of the later release."""
    told = project.run(
        oldest_pip, *["-m", "pip", "install", "--require-hashes", "-r", "requirements.lock"]
    )
    assert told.returncode != 0
    assert "must have their versions pinned" in told.stdout


def test_oldest_pip_installs_by_the_readme(project: Project, oldest_pip: str) -> None:
    """The README's commands install what the locks name with the oldest pip."""
    assert _commands_by_hand()
    for command in _commands_by_hand():
        told = project.run(*command)
        assert told.returncode == 0, told.stdout
    assert project.installed == {"plugin-1.0", "measure-1.0", "speedy-1.0", "linter-1.0"}
    assert project.run(oldest_pip, "-m", "pip", "--version").stdout.startswith("pip 23.0 ")


@pytest.mark.parametrize("uv", [False, True], ids=["pip", "uv"])
def test_make_installs_what_runs_then_what_develops(project: Project, uv: bool) -> None:
    """`make install` installs what runs, and `make develop` the rest into the same place."""
    told = project.make("install", uv=uv)
    assert (told.returncode, told.stdout) == (0, "Installing into .venv\n")
    assert project.installed == {"plugin-1.0", "measure-1.0", "speedy-1.0"}
    told = project.make("develop", uv=uv)
    assert told.returncode == 0, told.stdout
    assert project.installed == {"plugin-1.0", "measure-1.0", "speedy-1.0", "linter-1.0"}


@pytest.mark.parametrize("uv", [False, True], ids=["pip", "uv"])
def test_what_does_not_fit_together_is_refused(project: Project, uv: bool) -> None:
    """A lock that lacks what a package in it needs does not count as installed."""
    project.lock("requirements.lock", project.index.release("needy", "1.0", "absent>=3"))
    for _ in range(2):  # nor does it the next time
        told = project.make("install", uv=uv)
        assert told.returncode != 0
        assert "absent" in told.stdout


@pytest.mark.parametrize("uv", [False, True], ids=["pip", "uv"])
def test_other_bytes_are_refused(project: Project, uv: bool) -> None:
    """A file that is not the one that was locked is not installed."""
    project.index.release("measure", "1.0", "planted")
    told = project.make("install", uv=uv)
    assert told.returncode != 0
    assert "hash" in told.stdout.lower()
    assert "measure-1.0" not in project.installed


@pytest.mark.parametrize("uv", [False, True], ids=["pip", "uv"])
def test_machine_without_libcurl_is_told(project: Project, index: Index, uv: bool) -> None:
    """Where there is no wheel of pycurl, the rest is installed, and what follows is said."""
    (index.directory / "speedy/speedy-1.0-py3-none-any.whl").unlink()
    index.release("speedy", "0.9")
    told = project.make("install", uv=uv)
    assert told.returncode == 0
    assert "replies stream through the openai SDK" in told.stdout
    assert project.installed == {"plugin-1.0", "measure-1.0"}


def test_who_runs_installs_no_test_tool(project: Project) -> None:
    """Targets that run need no more than the locks of what runs; those that develop say so."""
    for target in ("run", "call", "doctor"):
        assert "requirements-dev.lock" not in project.make("-n", target).stdout
    for target in ("test", "check", "cover", "search", "screenshots"):
        assert "requirements-dev.lock" in project.make("-n", target).stdout


def _locked(file: str) -> dict[str, str]:
    text = (ROOT / file).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE))


def test_locks_agree() -> None:
    """What two locks name is the same release, and what runs is free of test tools."""
    run, _, develop = (_locked(file) for file in LOCKS)
    assert {name for name in run.keys() & develop.keys() if run[name] != develop[name]} == set()
    assert not {"pytest", "hypothesis", "ruff", "mypy", "selenium"} & run.keys()


@pytest.mark.parametrize("file", [*LOCKS, "bench/requirements.lock"])
def test_lock_is_complete(file: str) -> None:
    """Every requirement has its release and hashes, and none says where it comes from."""
    entries = re.split(r"\n(?! )", (ROOT / file).read_text(encoding="utf-8").strip())
    bad: Sequence[str] = [
        entry.partition("\n")[0]
        for entry in entries
        if not re.fullmatch(r"[a-z0-9.-]+==\S+( ; [^\n]+?)?( \\\n    --hash=sha256:\w{64})+", entry)
    ]
    assert bad == []
