"""DVC's run-cache after a kill or rot: what is damaged there is dropped, and `dvc repro` goes on."""

import os
import random
import re
import shutil
from pathlib import Path

import pytest

from numerai_rounds.io.dvc import run_cache
from tests.conftest import Repository

RUNS = Path(".dvc/cache/runs")
SEED = 20261125


@pytest.fixture
def played(played_once: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A copy of the clone that has run; the test works in it."""
    repository = played_once.copy(tmp_path / "played")
    monkeypatch.chdir(repository.path)
    return repository


def entries() -> list[Path]:
    return sorted(path for path in RUNS.glob("*/*/*") if path.is_file())


def submitted() -> Path:
    """The entry of the last stage."""
    return next(path for path in entries() if "stages.submit" in path.read_text())


def test_sound_entries_stay(played: Repository) -> None:
    before = entries()
    run_cache.drop_damaged()
    assert before
    assert entries() == before


def counted(text: bytes) -> list[int]:
    """Places in an entry, less the sizes of what was read: nothing comes of those."""
    read = text[: text.index(b"\nouts:")]
    sizes = [match.span() for match in re.finditer(rb"\b(size|nfiles): \d+", read)]
    return [place for place in range(len(text)) if not any(first <= place < end for first, end in sizes)]


def test_a_flipped_bit_anywhere_in_an_entry_drops_it(played: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    path, chance = submitted(), random.Random(SEED)
    content, others = path.read_bytes(), set(entries()) - {path}
    for _ in range(60):
        damaged = bytearray(content)
        damaged[chance.choice(counted(content))] ^= 1 << chance.randrange(8)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(damaged)
        run_cache.drop_damaged()
        assert not path.parent.exists(), damaged
    assert set(entries()) == others
    assert "1 damaged entry removed from DVC's run-cache." in capsys.readouterr().err


def test_numbers_that_only_dvcs_own_parser_takes_for_such_are_no_damage(played: Repository) -> None:
    played.run("rounds", "compose", "model.learning_rate=1e-05", "model.n_estimators=1")
    played.repro("train")
    before = entries()
    assert "learning_rate: 1e-05" in "".join(path.read_text() for path in before)
    run_cache.drop_damaged()
    assert entries() == before


@pytest.mark.parametrize("left", ["an empty folder", "the beginning of an entry"])
def test_what_a_kill_leaves_does_not_stop_dvc(played: Repository, left: str) -> None:
    path = submitted()
    content, made = path.read_text(), Path("data/submission/live_predictions.csv").read_bytes()
    path.unlink()
    if left != "an empty folder":
        (path.parent / ".kmrSW3qmfDhvHdHbMPuyeS.tmp").write_text(content[: content.index("\nouts:\n") + 1])
    shutil.rmtree("data/submission")
    lock = Path("dvc.lock").read_text()
    Path("dvc.lock").write_text(lock[: lock.index("  submit:\n")])
    played.commit("before submit ran")
    assert played.repro() == ["submit"]
    assert Path("data/submission/live_predictions.csv").read_bytes() == made
    assert not os.path.lexists(path.parent / ".kmrSW3qmfDhvHdHbMPuyeS.tmp")
