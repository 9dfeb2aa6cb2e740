"""The guard composes conf/ once, and again as soon as anything that decides is another."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.conf import compose, composed
from numerai_rounds.io.files import paths
from tests.conftest import Repository


@pytest.fixture
def known(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone of which it is known that params.yaml fits."""
    monkeypatch.chdir(repository.path)
    composed.check()
    return repository


def flip(path: Path) -> None:
    """Another digit of the same file, at the same time of change."""
    about, text = path.stat(), path.read_text()
    place = next(match.start(1) for match in re.finditer(r"^ *\w+: ([0-68-9])", text, re.MULTILINE))
    path.write_text(f"{text[:place]}7{text[place + 1 :]}")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def link() -> None:
    Path("conf/elsewhere").symlink_to("model")
    flip(paths.PARAMS)


def test_what_is_known_is_not_composed_again(known: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "check_params", lambda **_: pytest.fail("it was composed again"))
    composed.check()


@pytest.mark.parametrize("change", [lambda: flip(paths.PARAMS), lambda: flip(Path("conf/model/lightgbm.yaml")), link])
def test_a_byte_of_what_decides_is_seen(known: Repository, change: Callable[[], None]) -> None:
    change()
    with pytest.raises(ConfigurationError, match=r"params\.yaml and conf/ differ in"):
        composed.check()


@pytest.mark.parametrize("left", ["", "0" * 64, "no digest\n", "\N{SNOWMAN}"])
def test_a_damaged_memory_is_none(known: Repository, monkeypatch: pytest.MonkeyPatch, left: str) -> None:
    composed.KNOWN.write_text(left, encoding="utf-8")
    asked: list[str] = []
    monkeypatch.setattr(compose, "check_params", lambda **_: asked.append("again"))
    composed.check()
    assert asked == ["again"]


def test_another_build_of_hydra_composes_again(known: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(compose, "check_params", lambda **_: asked.append("again"))
    monkeypatch.setattr(composed, "_installed", lambda library: library.encode())
    composed.check()
    assert asked == ["again"]
