"""Predictions are written as they come, and read back as a table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from numerai_rounds.io.files import tables
from tests import odd_names

ERAS = ["0575", "0576", "0577", "0578"]


def write(path: Path, rows: int, kind: pa.DataType | None = None) -> pd.DataFrame:
    """What was written, as one table."""
    frames = []
    with tables.writing_predictions(path) as append:
        for number, era in enumerate(ERAS):
            ids, values = [f"n{era}{row:05d}" for row in range(rows)], np.random.default_rng(number).normal(size=rows)
            append(era, pa.array(ids, kind or pa.string()), values)
            frames.append(pd.DataFrame({"era": era, "prediction": values}, index=pd.Index(ids, name="id", dtype="str")))
    return pd.concat(frames)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
def test_predictions_read_back_as_they_were_written(tmp_path: Path, kind: pa.DataType) -> None:
    expected = write(tmp_path / "found.parquet", 50, kind)
    found = pd.read_parquet(tmp_path / "found.parquet")
    pd.testing.assert_frame_equal(found, expected.astype({"era": "str"}), check_exact=True)


def test_row_groups_end_with_an_era_and_bytes_repeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "GROUP_ROWS", 101)
    for name in ("one", "two"):
        write(tmp_path / name, 60)
    metadata = pq.read_metadata(tmp_path / "one")
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [120, 120]
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_no_rows_make_an_empty_table(tmp_path: Path) -> None:
    with tables.writing_predictions(tmp_path / "found.parquet"):
        pass
    found = pd.read_parquet(tmp_path / "found.parquet")
    assert (found.index.name, list(found.columns), len(found)) == ("id", ["era", "prediction"], 0)


def test_nothing_is_in_place_where_predicting_failed(tmp_path: Path) -> None:
    def broken(append) -> None:
        append("0575", pa.array(["n1"]), np.array([0.5]))
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"), tables.writing_predictions(tmp_path / "found.parquet") as append:
        broken(append)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("column", ["feature", "group", "what"])
def test_names_read_back_as_they_were_written(tmp_path: Path, column: str) -> None:
    names = [*odd_names.FEATURES, *odd_names.SETS, "null", "true", "0x1", "1.0", '"', "#", "\n"]
    values = [0.5, None] * len(names)
    table = pd.DataFrame({column: names, "score": values[: len(names)], "era": "0001"})
    tables.write_csv(table, tmp_path / "names.csv")
    back = tables.read_csv(tmp_path / "names.csv")
    assert list(back[column]) == names
    assert back["score"].equals(table["score"])
    assert set(back["era"]) == {"0001"}


def test_a_submission_of_odd_ids_reads_back(tmp_path: Path) -> None:
    ids = ["a\rb", 'a"b', "a\nb", "a\r\nb", " a ", "a,b", "NA", "null", "1e5", "01", "Größe 😀"]
    tables.write_submission(pd.DataFrame({"id": ids, "prediction": np.linspace(0.1, 0.9, len(ids))}), tmp_path / "file")
    found = pd.read_csv(tmp_path / "file", dtype={"id": str}, keep_default_na=False)
    assert list(found["id"]) == ids
