"""The DVC remote: what is said where it cannot give what is needed."""

from pathlib import Path

import pytest

from numerai_rounds.base.errors import ServiceError
from numerai_rounds.io.dvc import pipeline
from tests.past import ground

LOCK = """schema: '2.0'
stages:
  make:
    cmd: 'true'
    outs:
    - {path: made, hash: md5, md5: 0123456789abcdef0123456789abcdef, size: 1}
"""


def test_a_remote_that_lacks_what_is_needed_is_not_asked_again_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ground(tmp_path)
    monkeypatch.chdir(tmp_path)
    here.run("dvc", "init", "--quiet")
    here.run("dvc", "remote", "add", "--quiet", "--default", "store", str(tmp_path / "store"))
    Path("dvc.yaml").write_text("stages: {make: {cmd: 'true', outs: [made]}}\n")
    Path("dvc.lock").write_text(LOCK)
    with pytest.raises(ServiceError, match=r"may be down\. Run the same .*`dvc repro` makes it again here"):
        pipeline.bring(Path("made"))


def test_a_list_of_files_that_a_killed_push_left_empty_is_brought_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = ground(tmp_path)
    monkeypatch.chdir(tmp_path)
    here.run("dvc", "init", "--quiet")
    here.run("dvc", "remote", "add", "--quiet", "--default", "store", "store")
    Path("dvc.yaml").write_text("stages: {make: {cmd: mkdir made && echo 1 > made/one, outs: [made]}}\n")
    here.run("dvc", "repro", "--quiet")
    here.run("dvc", "push", "--quiet")
    (listed,) = Path("store/files/md5").rglob("*.dir")
    content = listed.read_bytes()
    listed.unlink()
    listed.touch(0o644)
    assert here.run("dvc", "push", "--quiet", check=False).returncode
    pipeline.push()
    assert listed.read_bytes() == content
    assert "was not written to its end: it is brought anew" in " ".join(capsys.readouterr().err.split())
