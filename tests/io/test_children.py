"""Whatever is started gets the same: this environment's programs, English words, and the working folder's git."""

import re
import sys
from pathlib import Path

import pytest

from numerai_rounds.io.machine import children
from tests.conftest import ROOT


def test_programs_of_this_environment_come_first_where_a_scheduler_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = str(Path(sys.executable).parent)
    for path in ("/usr/bin:/bin", f"/usr/bin:{programs}:/bin"):
        monkeypatch.setenv("PATH", path)
        assert children.usual()["PATH"] == f"{programs}:/usr/bin:/bin"
    assert children.text(children.run(["sh", "-c", "command -v dvc"]).stdout).strip() == f"{programs}/dvc"


def test_words_are_not_localised_and_a_hooks_repository_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {
        "LC_ALL": "de_DE.UTF-8",
        "LANGUAGE": "de",
        "GIT_DIR": "/x",
        "GIT_INDEX_FILE": "/y",
        "GIT_CONFIG_GLOBAL": "/z",
    }
    for name, value in odd.items():
        monkeypatch.setenv(name, value)
    given = children.usual({"GIT_INDEX_FILE": "/ours"})
    assert (given["LC_ALL"], given["LANGUAGE"], given["GIT_TERMINAL_PROMPT"]) == ("C", "", "0")
    assert "GIT_DIR" not in given
    assert (given["GIT_INDEX_FILE"], given["GIT_CONFIG_GLOBAL"]) == ("/ours", "/z")


def test_nothing_is_started_in_another_way() -> None:
    starts = re.compile(r"subprocess\.(run|Popen|call|check_\w+|getoutput)\(|os\.(system|popen|spawn\w+)\(")
    files = {path for path in (ROOT / "src").rglob("*.py") if starts.search(path.read_text())}
    assert {path.name for path in files} == {"children.py"}
