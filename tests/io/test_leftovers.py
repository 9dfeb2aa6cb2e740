"""Files that were being written when their process was killed: gone with the next run, in nobody's way until then."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from numerai_rounds.io.files import atomic
from numerai_rounds.io.machine import exclusive, leftovers

KILLED = """
import os, signal, sys
from pathlib import Path
from numerai_rounds.io.files import atomic
with atomic.writing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
WRITTEN = [
    "conf/round.yaml",
    "conf/model/lightgbm.yaml",
    "params.yaml",
    "metrics/validation.json",
    "metrics/plots/curves.csv",
    "receipts/round-1400/mine-01234567.json",
    "models/model.txt",
    "data/guard.txt",
    "data/raw/history/manifest.json",
    "data/raw/history/train/targets/0001-0010.parquet",
    "data/staging/live/live.parquet",
    "data/submission/live_predictions.csv",
    "data/package/predict.pkl",
    ".dvc/tmp/rounds.json",
]


@pytest.fixture(autouse=True)
def conf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(exclusive.__file__).parents[2]))
    Path("conf").mkdir()


def left_by_a_kill(path: str) -> Path:
    """The temporary file that a killed writer of `path` leaves."""
    subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert not Path(path).exists()
    (found,) = Path(path).parent.glob(".*.tmp")
    return found


@pytest.mark.parametrize("path", ["conf/round.yaml", "metrics/plots/curves.csv"])
def test_what_a_killed_process_left_is_removed_when_a_run_starts(path: str) -> None:
    left = left_by_a_kill(path)
    with exclusive.only_one("rounds run"):
        assert not left.exists()


def test_it_is_found_wherever_we_write() -> None:
    left = []
    for path in WRITTEN:
        temporary = Path(path).with_name(f".{Path(path).name}.{2**22 + 1}.tmp")  # no number of any process
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
        left.append(temporary)
    assert sorted(leftovers.clear()) == sorted(left)
    assert not any(path.exists() for path in left)


def test_what_dvc_was_bringing_into_place_is_removed_as_well() -> None:
    left = Path("data/raw/history/train/features/.AbCdEfGhIjKlMnOpQrSt_-.tmp")
    left.parent.mkdir(parents=True)
    left.touch()
    assert leftovers.clear() == [left]


def test_the_file_of_a_process_at_work_stays() -> None:
    with atomic.writing(Path("params.yaml")) as temporary:
        temporary.write_text("seed: 7\n")
        assert leftovers.clear() == []
    assert Path("params.yaml").read_text() == "seed: 7\n"


def test_a_number_that_another_process_has_by_now_keeps_nothing() -> None:
    left = Path(f"conf/.round.yaml.{os.getpid()}.tmp")
    left.touch()
    os.utime(left, (1, 1))  # written before this process began
    assert leftovers.clear() == [left]


@pytest.mark.parametrize("name", [".mine.tmp", "notes.123.tmp", "round.yaml"])
def test_files_of_other_people_stay(name: str) -> None:
    path = Path("conf", name)
    path.touch()
    assert leftovers.clear() == []
    assert path.exists()
