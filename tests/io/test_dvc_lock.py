"""dvc.lock as it is read everywhere: here, as a commit has it, and where it is no dvc.lock."""

from pathlib import Path

import pytest

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io.dvc import lockfile
from numerai_rounds.io.files import paths, vouched
from numerai_rounds.io.files.dvc_lock import DvcLock, predicted_in
from tests.past import ground

TEXT = """schema: '2.0'
stages:
  train:
    cmd: python -m numerai_rounds.stages.train
    params:
      params.yaml:
        model.seed: 1
        seed: 2
    outs:
    - path: models/model.txt
      hash: md5
      md5: 0123456789abcdef0123456789abcdef
      size: 4
  submit:
    cmd: python -m numerai_rounds.stages.submit
    params:
      params.yaml:
        round.number: 1343
"""


def test_here_and_at_a_commit_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = ground(tmp_path)
    monkeypatch.chdir(tmp_path)
    paths.LOCK.write_text(TEXT)
    here.run("git", "add", "dvc.lock")
    here.run("git", "commit", "--quiet", "--message", "Played")
    for found in (lockfile.here(), lockfile.at("HEAD"), lockfile.accepted(TEXT)):
        assert found is not None
        assert found.param("train", "seed") == 2
        assert found.param("evaluate", "seed") is None
        assert found.output("train", "models/model.txt") == "0123456789abcdef0123456789abcdef"
        assert found.output("submit", "models/model.txt") is None
        assert found.predicted == predicted_in(TEXT) == 1343
        assert found.changed_params({"model": {"seed": 1}, "seed": 3}) == ["round.number", "seed"]
    assert vouched.outputs()["models/model.txt"].stage == "train"


def test_a_commit_without_a_dvc_lock_has_no_stages_and_a_broken_one_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ground(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="nothing has run yet"):
        lockfile.here()
    assert lockfile.at("HEAD").stages == {}
    paths.LOCK.write_text("stages: [")
    here.run("git", "add", "dvc.lock")
    here.run("git", "commit", "--quiet", "--message", "Broken")
    with pytest.raises(ConfigurationError, match=r"dvc\.lock of HEAD is no YAML"):
        lockfile.at("HEAD")
    assert lockfile.accepted("stages: [") is lockfile.accepted("stages:\n  train: 1\n") is None


@pytest.mark.parametrize("content", [None, [], {"stages": 1}, {"stages": {"train": {"outs": [1, {"path": "a"}]}}}])
def test_what_is_no_entry_of_dvc_is_passed_over(content: object) -> None:
    found = DvcLock(content)
    assert [*found.outputs()] == []
    assert found.predicted is None
