"""What a run is made of: whatever of it is edited, nobody takes the last commit, or an older one, for what made it."""

from pathlib import Path

import pytest

from numerai_rounds.io.repository import ingredients
from tests.past import ground

FILES = {
    "conf/config.yaml": True,
    "src/numerai_rounds/stages/train.py": False,
    "dvc.yaml": False,
    "requirements.lock": False,
}
"""Each with whether an experiment of the same parameters stays what it was."""


@pytest.mark.parametrize("name", FILES)
def test_every_ingredient_counts(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = ground(tmp_path)
    monkeypatch.chdir(tmp_path)
    for file in (*FILES, "params.yaml", "README.md"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text("seed: 1\n")
    here.commit("Everything")
    here.run("git", "tag", "before")
    assert ingredients.uncommitted(recorded=True) == []
    assert ingredients.makes("before", "seed: 1\n")
    assert not ingredients.makes("before", "seed: 2\n")
    Path("README.md").write_text("Nothing is made of it.\n")
    Path(name).write_text("seed: 1 # edited\n")
    assert ingredients.uncommitted() == [name]
    here.commit("An edit")
    assert ingredients.makes("before", "seed: 1\n") is FILES[name]
