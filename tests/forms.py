"""Files of predictions as people write them, sound and spoilt: each is made of a frame with the index `id`.

ending, write = GOOD["id as a column"]
write(frame, tmp_path / f"mine.{ending}")
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

Frame = pd.DataFrame
Write = Callable[[Frame, Path], Any]


def written(frame: Frame, path: Path) -> Path:
    """Write a frame with its index, as the ending of the path says."""
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path)
    return path


def arrow(**columns: Any) -> Write:
    return lambda _, path: pq.write_table(pa.table(columns), path)


def text(content: str | bytes) -> Write:
    return lambda _, path: path.write_bytes(content if isinstance(content, bytes) else content.encode())


def ids_of(kind: pa.DataType) -> Write:
    def write(frame: Frame, path: Path) -> None:
        ids = pa.array(frame.index.to_list()).cast(kind)
        pq.write_table(pa.table({"id": ids, "prediction": frame["prediction"].to_numpy()}), path)

    return write


def ids_from(ids: Callable[[Frame], list[Any]]) -> Write:
    return lambda frame, path: written(frame.set_axis(pd.Index(ids(frame), name="id")), path)


def spoilt(**values: Any) -> Write:
    """Put values into the second and third row."""

    def write(frame: Frame, path: Path) -> None:
        table = frame.reset_index()
        for name, value in values.items():
            table[name] = table[name].astype(object) if isinstance(value, str) else table[name]
            table.loc[1:2, name] = value
        table.to_parquet(path, index=False) if path.suffix == ".parquet" else table.to_csv(path, index=False)

    return write


def changed(change: Callable[[bytearray], bytes]) -> Write:
    """Write a parquet file, then change its bytes."""

    def write(frame: Frame, path: Path) -> None:
        frame.to_parquet(path)
        path.write_bytes(change(bytearray(path.read_bytes())))

    return write


def zeros_inside(content: bytearray) -> bytes:
    content[200:1200] = bytes(1000)
    return bytes(content)


def two_of_a_name(_: Frame, path: Path) -> None:
    pq.write_table(pa.table([["a"], [0.1], [0.2]], names=["id", "p", "p"]), path)


GOOD: dict[str, tuple[str, Write]] = {
    "id as the index": ("parquet", Frame.to_parquet),
    "id as a column": ("parquet", lambda frame, path: frame.reset_index().to_parquet(path)),
    "id as a category": ("parquet", lambda f, p: f.set_axis(pd.CategoricalIndex(f.index, name="id")).to_parquet(p)),
    "id as large_string": ("parquet", ids_of(pa.large_string())),
    "id as binary": ("parquet", ids_of(pa.binary())),
    "id as a dictionary": ("parquet", ids_of(pa.dictionary(pa.int32(), pa.string()))),
    "whole numbers": ("parquet", lambda frame, path: frame.rank(method="dense").astype(int).to_parquet(path)),
    "whole numbers in a CSV": ("csv", lambda frame, path: frame.rank(method="dense").astype(int).to_csv(path)),
    "decimals": ("parquet", lambda f, p: f.astype(pd.ArrowDtype(pa.decimal128(38, 30))).to_parquet(p)),
    "text and truth beside": ("parquet", lambda frame, path: frame.assign(name="a", yes=True).to_parquet(path)),
    "features and targets beside": (
        "parquet",
        lambda frame, path: frame.assign(era=1, data_type="a", feature_a=2, target=1.0, target_a=1.0).to_parquet(path),
    ),
    "a numbered CSV": ("csv", lambda frame, path: frame.reset_index().to_csv(path)),
    "a quoted CSV": ("csv", lambda frame, path: frame.to_csv(path, quoting=1)),
    "a CSV of Windows": ("csv", lambda frame, path: frame.to_csv(path, lineterminator="\r\n", encoding="utf-8-sig")),
    "capital letters": ("CSV", Frame.to_csv),
}
"""Form -> the file's ending, and how it is written."""

BAD: dict[str, tuple[str, Write, str]] = {
    "constant": ("parquet", lambda f, p: f.assign(prediction=1.0).to_parquet(p), "'prediction' is constant in each"),
    "one constant": ("parquet", lambda f, p: f.assign(b=1.0).to_parquet(p), "'b' is constant in each of the 12 eras"),
    "missing": ("parquet", spoilt(prediction=np.nan), "2 of 288 values of `prediction` are no numbers below"),
    "missing in a CSV": ("csv", spoilt(prediction=np.nan), "2 of 288 values of `prediction` are no numbers below"),
    "infinite": ("parquet", spoilt(prediction=np.inf), ": inf, n"),
    "infinite in a CSV": ("csv", spoilt(prediction=-np.inf), ": -inf. Every prediction must be finite"),
    "huge": ("parquet", spoilt(prediction=1e200), r": 1e\+200"),
    "some unknown ids": (
        "parquet",
        ids_from(lambda frame: ["a ", "b", "c", "d", *frame.index[4:]]),
        "4 of 288 ids are not in the data, such as 'a ', 'b', 'c'. Predict with",
    ),
    "unknown ids of most of an era": (
        "csv",
        ids_from(lambda f: [*map(str, range(20)), *f.index[20:]]),
        "20 of 288 ids",
    ),
    "numbered ids": ("csv", ids_from(lambda f: list(range(len(f)))), "288 of 288 ids are not in the data, such as '0'"),
    "ids as fractions": ("parquet", ids_from(lambda f: list(np.arange(len(f)) / 2)), "288 of 288 ids are not in"),
    "repeated ids": ("parquet", lambda f, p: pd.concat([f, f[:3]]).to_parquet(p), "3 ids occur more than once"),
    "repeated ids in a CSV": ("csv", lambda f, p: pd.concat([f, f[:3]]).to_csv(p), "3 ids occur more than once"),
    "missing ids": ("parquet", spoilt(id=None), "2 rows have no id"),
    "missing ids in a CSV": ("csv", spoilt(id=None), "2 rows have no id"),
    "empty ids": ("parquet", spoilt(id=""), "2 rows have no id"),
    "no id at all": ("parquet", arrow(id=pa.nulls(3), p=[0.1, 0.2, 0.3]), "3 rows have no id"),
    "ids as lists": ("parquet", arrow(id=[[1]], p=[0.1]), "`id` holds list<.*>. Ids are text"),
    "ids as bytes": ("parquet", arrow(id=[b"\xff"], p=[0.1]), "`id` holds binary. Ids are text"),
    "no column of ids": ("parquet", lambda f, p: f.reset_index(drop=True).to_parquet(p), "no column `id`: its columns"),
    "an index without a name": ("parquet", lambda f, p: f.rename_axis(None).to_parquet(p), "Call the column or index"),
    "one row": ("parquet", lambda f, p: f[:1].to_parquet(p), r"less than 80% of an era \(era 0031: 1 of 24 rows\)"),
    "text": ("parquet", lambda f, p: f.astype(str).to_parquet(p), "no column of predictions: 'prediction' holds "),
    "text in a CSV": ("csv", spoilt(prediction="high"), "'prediction' holds string"),
    "truth": ("parquet", lambda f, p: (f > 0.5).to_parquet(p), "'prediction' holds bool"),
    "two of a name": ("parquet", two_of_a_name, "several columns 'p'"),
    "two of a name in a CSV": ("csv", text("id,p,p\na,1,2\n"), "several columns 'p'"),
    "two columns of ids": ("csv", text("id,id,p\na,a,2\n"), "several columns 'id'"),
    "semicolons": ("csv", lambda f, p: f.to_csv(p, sep=";"), "no column `id`: .*commas between columns"),
    "decimal commas": ("csv", lambda f, p: f.to_csv(p, sep=";", decimal=","), "cannot be read .*CSV in UTF-8"),
    "tabs": ("csv", lambda f, p: f.to_csv(p, sep="\t"), r"no column `id`: its columns are 'id\\tprediction'"),
    "single quotes": ("csv", lambda f, p: f.to_csv(p, quoting=1, quotechar="'"), "no column `id`"),
    "a ragged line": ("csv", text("id,p\na,1\nb,2,3\n"), "Expected 2 columns, got 3: b,2,3"),
    "another encoding": ("csv", lambda f, p: f.to_csv(p, encoding="utf-16"), "cannot be read .*CSV in UTF-8"),
    "a letter of another encoding": ("csv", text(b"id,pr\xe9diction\na,1\n"), "cannot be read .*CSV in UTF-8"),
    "no text": ("csv", text(bytes(range(256)) * 9), "cannot be read"),
    "an empty CSV": ("csv", text(""), "cannot be read"),
    "a CSV of names": ("csv", text("id,prediction\n"), "holds no rows"),
    "an empty parquet": ("parquet", text(""), "cannot be read"),
    "a parquet without rows": ("parquet", lambda f, p: f[:0].to_parquet(p), "holds no rows"),
    "half a parquet": ("parquet", changed(lambda content: content[:3000]), "cannot be read .*whole parquet file"),
    "a damaged parquet": ("parquet", changed(zeros_inside), "cannot be read .*whole parquet file"),
    "a CSV called parquet": ("parquet", Frame.to_csv, "cannot be read"),
    "a parquet called CSV": ("csv", Frame.to_parquet, "cannot be read"),
}
"""Form -> the file's ending, how it is written, and what is said of it as data; the frame has 12 eras of 24 rows."""

NO_FILE: dict[str, tuple[str, Write, str]] = {
    "a wrong ending": ("txt", text("a"), "neither a .parquet nor a .csv file"),
    "a packed CSV": ("csv.gz", Frame.to_csv, "neither a .parquet nor a .csv file"),
    "a folder": ("csv", lambda _, path: path.mkdir(), "is a folder: name a .parquet or a .csv file"),
    "nothing": ("parquet", lambda *_: None, "there is no file"),
}
"""Likewise of what is no such file."""
