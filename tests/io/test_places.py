"""Where data may lie is said before anything is fetched; each form was tried with DVC itself."""

import os
from pathlib import Path

import pytest
import yaml

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io.files import paths
from numerai_rounds.io.machine import link_types, places
from tests.conftest import ROOT, Repository


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder beside the repository, which is the working folder."""
    (tmp_path / "repository").mkdir()
    os.chdir(tmp_path / "repository")
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


@pytest.mark.parametrize(
    "name", ["data", "data/raw", "data/split", "data/predictions", "data/submission", "models", "metrics"]
)
def test_a_link_out_of_the_repository_is_refused(disk: Path, name: str) -> None:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).symlink_to(disk)
    with pytest.raises(ConfigurationError, match=f"{name} is a link to .*/disk, outside of this repository.*cache.dir"):
        places.check()


def test_bins_that_are_a_link_are_refused(disk: Path) -> None:
    paths.DATA.mkdir()
    paths.BINNED.symlink_to(disk)
    with pytest.raises(ConfigurationError, match="data/binned is a link"):
        places.check()


def test_a_folder_on_another_disk_than_the_staging_folder_is_refused(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths.HISTORY.mkdir(parents=True)
    monkeypatch.setattr(places, "_disk", lambda path: int(path == paths.HISTORY))
    with pytest.raises(ConfigurationError, match="data/raw/history and data/staging are on different disks"):
        places.check()


@pytest.mark.parametrize("name", ["data", "models"])
def test_a_link_within_the_repository_is_fine(disk: Path, name: str) -> None:
    Path("big").mkdir()
    Path(name).symlink_to("big")
    places.check()


def test_every_folder_that_dvc_keeps_outputs_in_is_looked_at() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].values()
    outputs = [out if isinstance(out, str) else next(iter(out)) for stage in stages for out in stage["outs"]]
    kept = {Path(name).parent for name in outputs if "guard" not in name}
    assert kept <= {above for folder in places.FOLDERS for above in (folder, *folder.parents)}


def test_dvc_repro_and_a_run_stop_before_anything_is_fetched(tiny: Repository, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tiny.path / "data/raw").symlink_to(tmp_path / "disk")
    stopped = tiny.run("dvc", "repro", check=False).stdout
    assert "data/raw is a link to" in stopped
    assert "Running stage 'fetch" not in stopped
    run = tiny.run("rounds", "run", check=False)
    assert run.returncode == 2
    assert "data/raw is a link to" in run.stdout
    assert "wrong  folders" in tiny.run("rounds", "doctor", check=False).stdout
    assert not any((tmp_path / "disk").iterdir())


def test_a_link_type_that_does_not_work_is_said_before(tiny: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.path)
    for fine in ("hardlink", "symlink", "reflink,copy"):
        tiny.run("dvc", "config", "--local", "cache.type", fine)
        link_types.check()
    monkeypatch.setattr(os, "link", _refuse)  # as between two disks
    tiny.run("dvc", "config", "--local", "cache.type", "hardlink")
    with pytest.raises(ConfigurationError, match=r"cache\.type is hardlink, which does not work"):
        link_types.check()


def _refuse(*_: object, **__: object) -> None:
    raise OSError(18, "Invalid cross-device link")
