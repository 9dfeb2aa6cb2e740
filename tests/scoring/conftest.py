"""A tiny pipeline that has run, and `rounds score` as a person calls it."""

import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from numerai_rounds.commands import configure
from numerai_rounds.commands.app import app
from numerai_rounds.io.machine import process
from numerai_rounds.play import opening
from numerai_rounds.stages import bin as binning
from numerai_rounds.stages import evaluate, fetch, select, split, train
from tests import tiny
from tests.conftest import ROOT
from tests.scoring.files import OVERRIDES, Said, Score, market


@pytest.fixture(scope="module")
def files() -> tiny.Market:
    return market()


@pytest.fixture(scope="module")
def evaluated_once(files: tiny.Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configuration, data, model and scores of a pipeline that has run; nobody changes it."""
    folder = tmp_path_factory.mktemp("evaluated")
    shutil.copytree(ROOT / "conf", folder / "conf")
    shutil.copy(ROOT / "params.yaml", folder)
    tiny.write_v5(folder / "mine", files)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        configure.compose([*OVERRIDES, "model.feature_fraction=1.0", "score.draws=200"])
        opening.open_round(None, following=False)
        for part in ("history", "live"):
            patch.setattr(sys, "argv", ["fetch", part])
            fetch.main()
        for stage in (split, select, binning, train, evaluate):
            stage.main()
    return folder


@pytest.fixture
def evaluated(evaluated_once: Path, hermetic: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, as the working folder."""
    monkeypatch.chdir(evaluated_once)
    return evaluated_once


@pytest.fixture
def own(evaluated_once: Path, hermetic: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy as the working folder, to be changed."""
    folder = tmp_path / "own"
    shutil.copytree(evaluated_once, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def score(capsys: pytest.CaptureFixture[str]) -> Score:
    def run(*arguments: object) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            process.run(partial(app, ["score", *map(str, arguments)]))
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return run
