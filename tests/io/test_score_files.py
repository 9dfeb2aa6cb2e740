"""Scores come back as they were written, or not at all."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from numerai_rounds.base.errors import DataError
from numerai_rounds.io.files import tables
from numerai_rounds.io.scores import score_files
from numerai_rounds.io.scores.score_files import COMPARED, FILES, HEADLINES, IN_GIT, Scores

TABLES: dict[str, dict[str, list[Any]]] = {
    "per_era": {"era": ["0007", "0008"], "rows": [3, 4], "corr": [0.123456, np.nan]},
    "summary": {
        "score": ["corr"],
        "target": ["target_ender_60"],
        "eras": [1],
        "mean": [0.123456],
        "mean_low": [0.1],
        "mean_high": [0.2],
        **{name: [np.nan] for name in ("std", "sharpe", "sharpe_low", "sharpe_high", "hit_rate", "max_drawdown")},
        "worst": [0.123456],
        "worst_era": ["0007"],
    },
    "by_year": {"score": ["corr"], "year": [1], "first_era": ["0007"], "last_era": ["0008"]},
    "exposure": {"feature": ["feature_a"], "exposure_rms": [np.nan]},
    "exposure_groups": {"group": [], "features": []},
    "left_out": {"what": ["mmc", "era 0008"], "why": ['no, "none"', "one row"]},
    "curves": {"era": ["0007"], "score": ["corr"], "value": [0.5]},
}


COUNTED = {"eras": 2, "eras_unscored": 0, "rows": 7}


def scores(**headlines: float) -> Scores:
    return Scores(
        {**COUNTED, "corr_mean": 0.1234567, **headlines}, {name: pd.DataFrame(t) for name, t in TABLES.items()}
    )


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_scores_come_back(tmp_path: Path) -> None:
    score_files.write(scores(), tmp_path)
    back = score_files.read(tmp_path)
    assert back.headlines == {**COUNTED, "corr_mean": 0.123457}
    assert isinstance(back.headlines["eras"], int)
    for name, table in scores().tables.items():
        pd.testing.assert_frame_equal(back.tables[name], table, check_dtype=False)


def test_what_git_keeps_is_read_without_the_rest(tmp_path: Path) -> None:
    score_files.write(scores(), tmp_path)
    for name in set(FILES).difference(IN_GIT):
        (tmp_path / FILES[name]).unlink()
    assert set(score_files.read(tmp_path, IN_GIT).tables) == set(IN_GIT)
    with pytest.raises(DataError, match="is missing"):
        score_files.read(tmp_path)


def test_exactly_the_named_files_are_written_the_same_every_time(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        score_files.write(scores(), tmp_path / folder)
    written = content(tmp_path / "one")
    assert set(written) == {str(HEADLINES), str(COMPARED), *map(str, FILES.values())}
    assert written[str(COMPARED)] == b'{"corr_mean": 0.123456}\n'  # those of its figures that there are, on one line
    assert written == content(tmp_path / "two")
    assert not any(b"\r" in text for text in written.values())
    assert b"0008,4,\n" in written["per_era.csv"]


@pytest.mark.parametrize("failing", range(len(FILES)))
def test_headlines_come_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    write, count = tables.write_csv, iter(range(len(FILES)))

    def fail(*arguments: Any) -> None:
        if next(count) == failing:
            raise OSError(28, "No space left on device")
        write(*arguments)

    monkeypatch.setattr(tables, "write_csv", fail)
    with pytest.raises(OSError, match="No space left"):
        score_files.write(scores(), tmp_path)
    assert not (tmp_path / HEADLINES).exists()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_headlines_are_finite(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        score_files.write(scores(corr_sharpe=value), tmp_path)
    assert not (tmp_path / HEADLINES).exists()


@pytest.mark.parametrize("file", FILES.values(), ids=str)
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (Path.unlink, "is missing"),
        (lambda path: path.write_text(""), "is no table of scores"),
        (lambda path: path.write_text("a,b\n1,2\n1,2,3\n"), "is no table of scores"),
        (lambda path: path.write_bytes(b"\xff\xfe\x00"), "is no table of scores"),
        (lambda path: path.write_text("<<<<<<< HEAD\nera,rows\n"), "is no table of scores"),
        (lambda path: path.write_text("a,b\n1,2\n"), "is no table of scores"),
    ],
)
def test_a_damaged_table_is_a_sentence(tmp_path: Path, file: Path, spoil: Any, sentence: str) -> None:
    score_files.write(scores(), tmp_path)
    spoil(tmp_path / file)
    with pytest.raises(DataError, match=f"{file} {sentence}. `dvc repro` makes it again"):
        score_files.read(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"a": "b"}', '{"a": {}}', "{", "1"])
def test_damaged_headlines_are_a_sentence(tmp_path: Path, text: str) -> None:
    score_files.write(scores(), tmp_path)
    (tmp_path / HEADLINES).write_text(text)
    with pytest.raises(DataError, match=r"validation.json does not hold scores. `dvc repro` makes it again"):
        score_files.read(tmp_path)


def test_missing_headlines_are_a_sentence(tmp_path: Path) -> None:
    score_files.write(scores(), tmp_path)
    (tmp_path / HEADLINES).unlink()
    with pytest.raises(DataError, match=r"validation.json is missing. `dvc repro` makes it again"):
        score_files.read(tmp_path)


SPOILED = {
    "a column of words": ("per_era.csv", lambda table: table.assign(foreign="x"), "holds? no numbers .foreign"),
    "a row of words": ("summary.csv", lambda table: pd.concat([table, table.astype(str) + "x"]), "hold no numbers"),
    "no target": ("summary.csv", lambda table: table.drop(columns="target"), "has no column target"),
    "no reason": ("left_out.csv", lambda table: table.drop(columns="why"), "has no column why"),
    "no eras": ("summary.csv", lambda table: table.assign(eras=np.nan), "has rows without a number of eras"),
    "the score alone": ("summary.csv", lambda table: table[["score"]], "has no column target, eras, mean and 10 more"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_table_with_foreign_content_is_a_sentence(tmp_path: Path, name: str) -> None:
    file, spoil, sentence = SPOILED[name]
    score_files.write(scores(), tmp_path)
    spoil(pd.read_csv(tmp_path / file)).to_csv(tmp_path / file, index=False)
    with pytest.raises(DataError, match=f"{file} .*{sentence}"):
        score_files.read(tmp_path)


@pytest.mark.parametrize("file", ["per_era.csv", "summary.csv", "left_out.csv"])
def test_foreign_numbers_are_nobodys_business(tmp_path: Path, file: str) -> None:
    score_files.write(scores(foreign=1.5), tmp_path)
    pd.read_csv(tmp_path / file).assign(foreign=1.5).to_csv(tmp_path / file, index=False)
    back = score_files.read(tmp_path)
    assert back.headlines["foreign"] == 1.5
    assert list(back.tables["left_out"]) == ["what", "why"]


@pytest.mark.parametrize("change", [{"eras": 1.5}, {"rows": 1e300}, {"eras_unscored": 0.5}])
def test_counts_are_whole(tmp_path: Path, change: dict[str, float]) -> None:
    score_files.write(scores(**change), tmp_path)
    with pytest.raises(DataError, match=f"does not tell {next(iter(change))} as whole numbers"):
        score_files.read(tmp_path)
