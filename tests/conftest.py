"""Every test runs without credentials, without a network beyond this machine, and in its own working folder."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from filelock import FileLock

from numerai_rounds.base import surroundings

surroundings.settle()  # before LightGBM is loaded: its threads would spin

if TYPE_CHECKING:
    from dvc.repo import Repo

ROOT = Path(__file__).parents[1]
SECRETS = (
    "NUMERAI_PUBLIC_ID",
    "NUMERAI_SECRET_KEY",
    "NUMERAI_API_URL",
    "TRIGGER_ID",
    "NUMERAI_COMPUTE_ID",
    "DVC_EXP_NAME",
    "DVC_ROOT",
)
TINY = (
    "data.features=240",  # the README chooses 200 of them
    "data.train_eras=40",
    "data.validation_eras=10",
    "data.rows_per_era=60",
    "select.k=10",
    "model.n_estimators=10",
    "model.min_data_in_leaf=20",
)
"""Overrides that make a pipeline of seconds out of the committed configuration."""
STAGES = ["fetch@history", "fetch@live", "split", "select", "bin", "train", "evaluate", "submit"]
"""Every stage but the guard."""

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # as in the background of a script: what tests start would as well
    signal.signal(signal.SIGINT, signal.default_int_handler)


LONG_FIRST = ("test_documents", "test_reproduction", "rounds/", "test_pipeline", "test_rot", "test_package", "test_")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests first, so that no process waits for one at the end."""
    items.sort(key=lambda item: _place(item.path.relative_to(ROOT / "tests").as_posix()))


def _place(file: str) -> int:
    return next((place for place, start in enumerate(LONG_FIRST) if file.startswith(start)), len(LONG_FIRST))


@pytest.fixture(autouse=True)
def hermetic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)


LONGEST = 900
"""Seconds that any command may take, on a machine that has much else to do."""


@dataclass(frozen=True)
class Repository:
    """A clone of the project in a folder of its own, as a person would have it."""

    path: Path

    def run(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone; its output and errors come back together."""
        done = subprocess.run(
            command,
            cwd=self.path,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LONGEST,
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
        return done

    def repro(self, *arguments: str, **environment: str) -> list[str]:
        """Run `dvc repro`; the names of the stages that ran, the guard left out."""
        output = self.run("dvc", "repro", *arguments, **environment).stdout
        ran = [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage '")]
        return [stage for stage in ran if stage != "guard"]

    def commit(self, message: str) -> None:
        """Commit everything that git does not ignore."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)

    def copy(self, path: Path) -> "Repository":
        """The whole folder, DVC's cache included, in another place."""
        shutil.copytree(self.path, path, symlinks=True)
        return Repository(path)

    def params(self) -> dict[str, Any]:
        """params.yaml as it is."""
        return yaml.safe_load((self.path / "params.yaml").read_text())


@contextmanager
def dvc(repository: Repository) -> "Iterator[Repo]":
    """DVC in this process: to start it takes many times as long as what it does here."""
    from dvc.repo import Repo

    with chdir(repository.path), warnings.catch_warnings(), Repo() as repo:
        warnings.simplefilter("ignore", DeprecationWarning)  # its own, and of what it imports
        yield repo


def clone(path: Path) -> Repository:
    """A copy of the working tree's files, committed in a fresh repository; its code is the one that runs."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, path / name)
    hand_on_compiled(ROOT, path)
    repository = Repository(path)
    repository.run("git", "init", "--quiet", "--initial-branch", "main")
    for key, value in {"user.name": "A Person", "user.email": "person@example.org"}.items():
        repository.run("git", "config", key, value)
    repository.commit("the project")
    return repository


def hand_on_compiled(source: Path, destination: Path) -> None:
    """Copy the machine code of numba that the other folder lacks: it is compiled once for all clones."""
    for kept in (source / "src").rglob("*.nb[ci]"):
        copy = destination / kept.relative_to(source)
        if not copy.exists():
            copy.parent.mkdir(exist_ok=True)
            shutil.copy2(kept, copy)


@contextmanager
def apart(home: Path) -> Iterator[None]:
    """What commands see: these programs, a clone's own code, no keys, no settings of this machine, no way out."""
    nowhere = "http://127.0.0.1:9"
    with pytest.MonkeyPatch.context() as patch:
        for name in SECRETS:
            patch.delenv(name, raising=False)
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # hundreds of processes would compile the same files
        patch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
        patch.setenv("PYTHONPATH", "src")
        patch.setenv("COLUMNS", "160")
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CONFIG_HOME", str(home))
        patch.setenv("DVC_GLOBAL_CONFIG_DIR", str(home))
        patch.setenv("DVC_SYSTEM_CONFIG_DIR", str(home))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.setenv(name, nowhere)
            patch.setenv(name.upper(), nowhere)
        patch.setenv("no_proxy", "127.0.0.1,localhost")
        yield


@pytest.fixture(autouse=True, scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with apart(tmp_path_factory.mktemp("home")):
        yield


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A clone with the committed configuration; nothing has run in it."""
    return clone(tmp_path / "clone")


Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(environment: None, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """Gives a folder for a name; the first of all processes that needs it makes what is in it."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        path, made = shared / f"once-{name}", shared / f"once-{name}.made"
        with FileLock(f"{path}.lock"):
            if not made.exists():
                shutil.rmtree(path, ignore_errors=True)
                path.mkdir()
                make(path)
                made.touch()
        return path

    return folder


@pytest.fixture(scope="session")
def tiny_once(once: Once) -> Repository:
    """Made once; tests work on copies of it."""

    def make(folder: Path) -> None:
        repository = clone(folder / "clone")
        repository.run("rounds", "compose", *TINY)
        repository.run("rounds", "open")
        repository.commit("tiny")

    return Repository(once("tiny", make) / "clone")


@pytest.fixture(scope="session")
def played_once(tiny_once: Repository, once: Once) -> Repository:
    """A tiny clone whose pipeline has run once, committed; tests that change anything work on copies of it."""

    def make(folder: Path) -> None:
        repository = tiny_once.copy(folder / "tiny")
        assert sorted(repository.repro()) == sorted(STAGES)
        repository.commit("played")
        hand_on_compiled(repository.path, ROOT)

    return Repository(once("played", make) / "tiny")


@pytest.fixture
def tiny(tiny_once: Repository, tmp_path: Path) -> Repository:
    """A clone with a tiny sample, its round opened and committed; nothing has run in it."""
    return tiny_once.copy(tmp_path / "tiny")
