"""What is asked of git, in repositories as other people have them."""

from pathlib import Path

import pytest

from numerai_rounds.io import git
from tests.past import ground, head


def test_a_sparse_checkout_commits_what_it_would_leave_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = ground(tmp_path)
    monkeypatch.chdir(tmp_path)
    here.run("git", "sparse-checkout", "set", "conf")
    receipt = Path("receipts/round-1400/mine-1.json")
    receipt.parent.mkdir(parents=True)
    receipt.write_text("{}\n")
    assert git.commit("Receipts", [receipt]) == head(here)
    assert git.kept(receipt) == [str(receipt)]
    assert git.changed() == []
