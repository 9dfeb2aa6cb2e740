"""Files that unpack to far more than they weigh are refused from their end, with next to no time and memory."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from numerai_rounds.base import limits
from numerai_rounds.base.eras import check_eras, era_number
from numerai_rounds.base.errors import DataError
from numerai_rounds.io.fetch import checks
from numerai_rounds.io.files import parquet
from numerai_rounds.io.history.live import Live
from numerai_rounds.io.legacy.convert import convert
from tests import tiny

MEASURED = """
import resource, sys
from pathlib import Path
from numerai_rounds.base.errors import DataError
from numerai_rounds.io.fetch import checks
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    checks.check_file(Path(sys.argv[1]), sys.argv[2])
except DataError as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def bomb(path: Path, rows: int, columns: int = 1) -> Path:
    """A small file of many rows: each column says one thing, again and again."""
    ids = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), ["n1"])
    table = pa.table({"id": ids, "era": ids, "data_type": ids})
    level = pa.array(np.zeros(rows, np.int8))
    for number in range(columns):
        table = table.append_column(f"feature_{number}", level)
    pq.write_table(table, path, compression="zstd")
    return path


@pytest.mark.parametrize(
    ("role", "rows", "columns", "sentence"),
    [
        ("live", 3_000_000, 1, "claims to have 3,000,000 rows in"),
        ("live_benchmark_models", 300_000, 1, "claims to have 300,000 rows in"),
        ("train", 3_000_000, 20, "claims to have 69,000,000 values in"),
        ("validation", 3_000_000, 20, "claims to have 69,000,000 values in"),
        ("meta_model", 3_000_000, 20, "claims to have 69,000,000 values in"),
    ],
)
def test_a_file_that_unpacks_to_more_than_any_is_refused_before_it_is(
    tmp_path: Path, role: str, rows: int, columns: int, sentence: str
) -> None:
    path = bomb(tmp_path / f"{role}.parquet", rows, columns)
    assert path.stat().st_size < 300_000
    command = [sys.executable, "-c", MEASURED, str(path), role]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[0].startswith(f"{role} ({path}) {sentence}")
    assert int(said[1]) < 20_000  # KB


def metadata(**changes: object) -> pq.FileMetaData:
    class Claims:
        num_rows, num_columns, num_row_groups = 100, 10, 1

    claims = Claims()
    vars(claims).update(changes)
    return claims


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"num_rows": 50_000_001}, "50,000,001 rows"),
        ({"num_rows": -1}, "-1 rows"),
        ({"num_columns": 50_001}, "50,001 columns"),
        ({"num_row_groups": 50_001}, "50,001 row groups"),
        ({"num_rows": 49_000_000, "num_columns": 40_000}, "1,960,000,000,000 values"),
    ],
)
def test_every_number_of_a_footer_has_a_limit(changes: dict[str, object], what: str) -> None:
    from numerai_rounds.io.files import extent

    with pytest.raises(DataError, match=f"train claims to have {what} in 1,000 bytes"):
        extent.check(metadata(**changes), 1_000, limits.ROWS, "train")


def test_the_real_tournament_of_many_years_is_far_below_every_limit() -> None:
    features, rows_a_year, years = 3_600, 370_000, 50
    rows = 6_900_000 + years * rows_a_year
    assert rows < limits.ROWS
    assert 4 * features < limits.COLUMNS
    assert rows * features < limits.DENSEST * rows * features / 20  # a byte of a real file holds 3 values; 20 is absurd
    assert 1_221 + 52 * years < limits.ERAS
    assert limits.LIVE_ROWS > 7_100 * 10


@pytest.mark.parametrize("name", ["id", "era", "data_type"])
@pytest.mark.parametrize("encoded", [True, False], ids=["said once", "said in each row"])
def test_a_long_text_is_never_copied_to_its_rows(tmp_path: Path, name: str, encoded: bool) -> None:
    live = tiny.market().live.reset_index()
    live[name] = "x" * (2_000_000 if encoded else 5_000)
    path = tmp_path / "live.parquet"
    pq.write_table(pa.Table.from_pandas(live), path, use_dictionary=encoded, compression="zstd")
    with pytest.raises(DataError, match=rf"live \(.*\): `{name}` (holds a text of|unpacks to)|claims to unpack to"):
        checks.check_file(path, "live")


def test_the_ids_that_a_submission_is_checked_against_have_limits_too(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="claims to have 300,000 rows"):
        Live(bomb(tmp_path / "live.parquet", 300_000)).ids()
    tiny.market().live.to_parquet(tmp_path / "sound.parquet")
    assert len(Live(tmp_path / "sound.parquet").ids()) == tiny.ROWS_PER_ERA


def test_more_eras_than_any_are_not_gathered(tmp_path: Path) -> None:
    rows = 60_000
    eras = [f"{number % 2 + 1:04}" for number in range(rows)]
    table = pa.table(
        {
            "id": [f"n{number}" for number in range(rows)],
            "era": eras,
            "data_type": ["train"] * rows,
            "feature_a": pa.array(np.zeros(rows, np.int8)),
            "target": pa.array(np.zeros(rows, np.float32)),
        }
    )
    pq.write_table(table, tmp_path / "train.parquet")
    with pytest.raises(DataError, match="era '0001' comes after era '0002'"):
        checks.check_file(tmp_path / "train.parquet", "train")


def lie(path: Path, before: int, after: int, count: int = 1) -> None:
    """Change a number in the footer of a file, which is a thrift zigzag varint of any place."""
    content = bytearray(path.read_bytes())
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    places = [place for place in range(start, len(content) - 8) if content[place:].startswith(varint(before))]
    assert len(varint(before)) == len(varint(after))
    for place in places[:count]:
        content[place : place + len(varint(after))] = varint(after)
    path.write_bytes(content)


def varint(number: int) -> bytes:
    left, found = number << 1, bytearray()
    while left > 0x7F:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*found, left])


@pytest.mark.parametrize(("claimed", "count"), [(8_191, 1), (8_191, 2), (8_191, 99), (4_097, 1), (4_097, 2)])
def test_a_footer_that_lies_about_its_rows_is_found(tmp_path: Path, claimed: int, count: int) -> None:
    live = tiny.market().live
    live = live.iloc[np.arange(6_000) % len(live)].copy()
    live.index = [f"n{number}" for number in range(6_000)]
    live.index.name = "id"
    path = tmp_path / "live.parquet"
    live.to_parquet(path)
    lie(path, 6_000, claimed, count)
    with pytest.raises(DataError, match=re.escape("live (")):
        checks.check_file(path, "live")


@pytest.mark.parametrize("length", [2**31 - 1, 2**32 - 1, 10_000_000])
def test_a_footer_larger_than_its_file_is_refused_unread(tmp_path: Path, length: int) -> None:
    path = tmp_path / "live.parquet"
    path.write_bytes(parquet.MAGIC + b"\0" * 100 + length.to_bytes(4, "little") + parquet.MAGIC)
    with pytest.raises(DataError, match=f"is damaged: it claims a footer of {length:,} bytes"):
        checks.check_file(path, "live")


NAMES = "id,era,data_type,feature_a1,target"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (f"{NAMES},{','.join(f'x{number}' for number in range(60_000))}\n", "names 60,005 columns, and at most 50,000"),
        ("x" * (17 << 20), "has a line of more than 16,777,216 letters"),
        (f"{NAMES}\nn1,era{'9' * 5_000},train,0.5,0.5\n", "must be era1, era2"),
        (f"{NAMES}\nn1,era{'9' * 10},train,0.5,0.5\n", "must be era1, era2"),
        (
            f"{NAMES}\n" + "".join(f"n{number},era{number},train,0.5,0.5\n" for number in range(1, 20_100)),
            "there are more than 20,000 eras",
        ),
    ],
    ids=["columns", "a line", "a huge era", "a large era", "eras"],
)
def test_a_csv_beyond_all_is_refused(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "numerai_training_data.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=re.escape(sentence)):
        convert(path, "train", tmp_path / "train.parquet")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_an_era_of_more_digits_than_any_is_no_era() -> None:
    with pytest.raises(DataError, match="is not a number such as '0575'"):
        check_eras(["9" * 5_000], "train")
    with pytest.raises(DataError, match="is not a number such as '0575'"):
        era_number("9" * 10)
