"""Predictions are found by their ids, whatever the file, and only what is asked for is read."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerai_rounds.base.errors import ConfigurationError, DataError, MachineError
from numerai_rounds.io.files import ids as hashing
from numerai_rounds.io.scores import predictions
from numerai_rounds.io.scores.predictions import Predictions

IDS = ["n1", "n2", "n3", "n4"]
NAMES = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=30, unique=True)


def table(ids: list[str], **columns: list[float | None]) -> pa.Table:
    numbers = {name: pa.array(values, pa.float64()) for name, values in columns.items()}
    return pa.table({"id": pa.array(ids, pa.string()), **numbers})


def plain(ids: list[str] = IDS) -> Predictions:
    return Predictions(table(ids, p=[float(row) for row in range(len(ids))]), ["p"], "mine", gaps=False)


def one_word(ids: pa.Array) -> np.ndarray:
    return np.zeros(len(ids), np.uint64)


def two_words(ids: pa.Array) -> np.ndarray:
    return np.array([len(name) % 2 for name in ids.to_pylist()], np.uint64)


@pytest.fixture(params=[None, one_word, two_words], ids=["hashed", "all collide", "many collide"], scope="module")
def hashed(request: pytest.FixtureRequest) -> object:
    """The hash of ids as it is, and ones under which different ids share a word."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param is not None:
            patch.setattr(hashing, "hashes", request.param)
        yield


@pytest.mark.usefixtures("hashed")
class TestPlaces:
    @settings(deadline=None)
    @given(NAMES, NAMES)
    def test_are_those_of_a_dictionary(self, ours: list[str], asked: list[str]) -> None:
        where = {name: row for row, name in enumerate(ours)}
        found = plain(ours).places(pa.array(asked, pa.string()))
        assert found.tolist() == [where.get(name, -1) for name in asked]

    def test_of_no_ids(self) -> None:
        assert plain().places(pa.array([], pa.string())).tolist() == []

    def test_of_one_row(self) -> None:
        assert plain(["n3"]).places(pa.array(IDS)).tolist() == [-1, -1, 0, -1]

    @pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
    def test_of_ids_of_any_type(self, kind: pa.DataType) -> None:
        assert plain().places(pa.array(["n4", "zz", "n1"]).cast(kind)).tolist() == [3, -1, 0]

    def test_of_a_part_of_an_array(self) -> None:
        assert plain().places(pa.array(["zz", "n4", "n2", "yy"])[1:3]).tolist() == [3, 1]

    def test_repeated_ids_are_refused_and_others_are_not(self) -> None:
        with pytest.raises(DataError, match=r"mine: 1 ids occur more than once \(n2\)"):
            plain(["n1", "n2", "n3", "n2"])


def test_values_by_id() -> None:
    two = Predictions(table(IDS, a=[1, 2, 3, 4], b=[5, 6, 7, 8]), ["b", "a"], "mine", gaps=False)
    assert len(two) == 4
    assert two.columns == ["b", "a"]
    np.testing.assert_array_equal(two.of(pa.array(["n3", "zz", "n1"])), [[7, np.nan, 5], [3, np.nan, 1]])


def test_chunks_and_slices_of_a_table() -> None:
    parts = pa.concat_tables([table(["zz", "n1"], p=[0, 1])[1:], table(["n2"], p=[2])])
    np.testing.assert_array_equal(Predictions(parts, ["p"], "mine", gaps=False).of(pa.array(["n2", "n1"])), [[2, 1]])


def test_gaps_are_let_through_where_they_may_be() -> None:
    gappy = table(IDS, p=[1, None, float("nan"), 4])
    np.testing.assert_array_equal(
        Predictions(gappy, ["p"], "theirs", gaps=True).of(pa.array(IDS)), [[1, np.nan, np.nan, 4]]
    )
    with pytest.raises(DataError, match=r"mine: 2 of 4 values of `p` are no numbers below .* such as n2: nan, n3: nan"):
        Predictions(gappy, ["p"], "mine", gaps=False)


@pytest.mark.parametrize("gaps", [True, False])
@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e150, -1e300])
def test_what_no_square_holds_is_refused(value: float, gaps: bool) -> None:
    with pytest.raises(DataError, match="1 of 4 values of `p`"):
        Predictions(table(IDS, p=[1, 2, value, 4]), ["p"], "mine", gaps=gaps)


def test_examples_are_few() -> None:
    with pytest.raises(DataError, match="4 of 4 values") as refused:
        Predictions(table(IDS, p=[None] * 4), ["p"], "mine", gaps=False)
    assert "n4" not in str(refused.value)


def test_great_whole_numbers_keep_their_order() -> None:
    values = np.arange(4, dtype=np.int64) * 2**60
    great = pa.table({"id": IDS, "p": values})
    assert np.array_equal(Predictions(great, ["p"], "mine", gaps=False).values[0].argsort(), range(4))


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns, index=pd.Index(IDS, name="id"))


EVERY = {"b": 1.0, "era": 5, "data_type": 3, "feature_x": 2, "target": 0.5, "target_x_20": 0.5, "a": 2, "name": "x"}


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize(
    ("columns", "read"), [(None, ["b", "a"]), (["a"], ["a"]), (["target", "b", "target"], ["target", "b"])]
)
def test_columns_of_a_file(tmp_path: Path, ending: str, columns: list[str] | None, read: list[str]) -> None:
    path = tmp_path / f"mine.{ending}"
    mine = frame(**EVERY)
    mine.to_parquet(path) if ending == "parquet" else mine.to_csv(path)
    assert predictions.read(path, columns).columns == read


def test_names_that_pandas_gives_are_no_predictions(tmp_path: Path) -> None:
    mine = frame(a=1.0, **{"Unnamed: 0": 1, "__index_level_0__": 2, "": 3})
    mine.to_parquet(tmp_path / "mine.parquet")
    assert predictions.read(tmp_path / "mine.parquet").columns == ["a"]


def test_other_columns_of_a_parquet_file_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    pq.write_table(pa.table({"id": IDS, "broken": [1.0, 2, 3, 4], "a": [1.0, 2, 3, 4]}), path, compression=None)
    held = pq.ParquetFile(path).metadata.row_group(0).column(1)
    content = bytearray(path.read_bytes())
    start = held.dictionary_page_offset
    content[start : start + held.total_compressed_size] = bytes(held.total_compressed_size)
    path.write_bytes(content)
    assert predictions.read(path, ["a"]).values.tolist() == [[1, 2, 3, 4]]
    with pytest.raises(DataError, match="cannot be read"):
        predictions.read(path)


def test_the_folders_of_a_file_are_no_columns(tmp_path: Path) -> None:
    folder = tmp_path / "seed=1"
    folder.mkdir()
    frame(a=1.0).to_parquet(folder / "mine.parquet")
    assert predictions.read(folder / "mine.parquet").columns == ["a"]


def test_points_in_names_mean_nothing(tmp_path: Path) -> None:
    frame(**{"a.b": 1.0, "a": 2.0, "id.x": 3.0}).to_parquet(tmp_path / "mine.parquet")
    assert predictions.read(tmp_path / "mine.parquet", ["a.b", "a"]).values[:, 0].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (["c"], r"mine.csv has no column 'c'; there are: .*a, b"),
        (["name"], "'name' holds string. Predictions are numbers"),
        (["id"], "'id' holds string. Predictions are numbers"),
    ],
)
def test_a_column_that_there_is_not(tmp_path: Path, columns: list[str], sentence: str) -> None:
    frame(**EVERY).to_csv(tmp_path / "mine.csv")
    with pytest.raises(ConfigurationError, match=sentence):
        predictions.read(tmp_path / "mine.csv", columns)


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (PermissionError(13, "Permission denied"), MachineError, r"may not be read \(Permission denied\)"),
        (OSError("Couldn't deserialize\x1b[31m thrift\n"), DataError, r"\(Couldn't deserialize \[31m thrift\)"),
        (OSError(5, "Input/output error"), OSError, "Input/output error"),
        (pa.ArrowNotImplementedError("no such " * 900), DataError, r"cannot be read \(no such .{150,200} \.\.\.\)"),
    ],
)
def test_what_a_library_says_becomes_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception], sentence: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(pq, "ParquetFile", fail)
    monkeypatch.setattr(pa.csv, "read_csv", fail)
    for ending in ("parquet", "csv"):
        with pytest.raises(kind, match=sentence):
            predictions.read(tmp_path / f"mine.{ending}")


@settings(deadline=None)
@given(values=st.lists(st.floats(-1e149, 1e149), min_size=4, max_size=4))
def test_a_csv_keeps_every_bit(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    path = tmp_path_factory.mktemp("csv") / "mine.csv"
    frame(p=values).to_csv(path)
    assert predictions.read(path).values[0].tolist() == values
