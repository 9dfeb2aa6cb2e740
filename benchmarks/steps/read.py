"""Reading all train rows, nothing done with them."""

import os
from collections.abc import Iterator
from importlib import import_module

from benchmarks import data
from benchmarks.measure import Measured, call
from benchmarks.report import LIMIT, OURS, Finding, Result
from benchmarks.suite import Bench

ORDER = 1

PANDAS, POLARS = "pandas.read_parquet", "polars.read_parquet"
PANDAS_BYTES, POLARS_BYTES = 2.9, 1.3
"""Memory that reading int8 values takes, in bytes a value: Arrow's table, a copy of it, and what decoding holds."""

BLOCK = 64
"""Features that `ours, by columns` asks for at a time."""


def run(bench: Bench) -> Iterator[Result]:
    """Read the medium features, then all: our reader, its columns, pandas, polars, and the bytes alone."""
    project, files = bench.project, bench.data.folder
    project.compose()
    project.repro("fetch@history")
    for chosen in ("medium", "all"):
        values = bench.data.rows["train"] * bench.data.sets[chosen]
        race = bench.race(
            f"{bench.data.sets[chosen]:,} features of {bench.data.rows['train']:,} rows",
            {
                OURS: project.call(by_eras, chosen),
                "ours, by columns": project.call(by_columns, chosen),
                PANDAS: call(pandas, files, chosen, needs=PANDAS_BYTES * values),
                POLARS: call(polars, files, chosen, needs=POLARS_BYTES * values),
                LIMIT: project.call(bytes_alone, chosen),
            },
            volume=values,
        )
        yield race
        if chosen == "medium":
            yield Finding("read speed-up", race.times(PANDAS))
            yield Finding("read memory", race.memory(OURS, of=PANDAS))


def by_eras(chosen: str, side: str = "train") -> Measured:
    """Our reader, era by era; the number of rows."""
    from numerai_rounds.conf import params
    from numerai_rounds.io.history.reader import History

    parameters = params.load()
    eras = [
        era for era, kind in History().era_table(parameters.target)[["era", "data_type"]].to_numpy() if kind == side
    ]
    features = History().feature_sets()[chosen]
    yield
    rows = History(missing_features=parameters.missing_features).read(side, eras, features, [parameters.target])
    return sum(len(era.ids) for era in rows)


def by_columns(chosen: str) -> Measured:
    """Our reader, some features of all rows at a time; the number of rows."""
    from numerai_rounds.conf import params
    from numerai_rounds.io.history.reader import History

    parameters = params.load()
    eras = list(History().era_table(parameters.target)["era"])
    features = History().feature_sets()[chosen]
    yield
    rows = History(missing_features=parameters.missing_features).training(eras, features, parameters.target)
    starts = range(0, len(features), BLOCK)
    return max(len(rows.columns(start, min(start + BLOCK, len(features)))) for start in starts)


def pandas(folder: str, chosen: str) -> Measured:
    """The table of a notebook; the number of rows."""
    import pandas as pd

    columns = ["era", data.TARGET, *data.names(folder, chosen)]
    yield
    return len(pd.read_parquet(f"{folder}/train.parquet", columns=columns))


def polars(folder: str, chosen: str) -> Measured:
    """The same with polars; the number of rows."""
    pl = import_module("polars")
    columns = ["era", data.TARGET, *data.names(folder, chosen)]
    yield
    return len(pl.read_parquet(f"{folder}/train.parquet", columns=columns))


def bytes_alone(chosen: str) -> Measured:
    """Read the bytes that our reader reads, and do nothing with them; their number."""
    from numerai_rounds.io.files import paths
    from numerai_rounds.io.history import manifest, packed
    from numerai_rounds.io.history.reader import History

    folder = paths.raw("history", "train")
    side = manifest.read(folder)
    wanted = set(History().feature_sets()[chosen])
    places = [place for place, name in enumerate(side.features) if name in wanted]
    yield
    total = 0
    for chunk in side.chunks:
        width = packed.packed_width(chunk.rows)
        buffer = memoryview(bytearray(BLOCK * width))
        with manifest.features_path(folder, chunk.name).open("rb", buffering=0) as file:
            for start, count in _spans(places):
                total += os.preadv(file.fileno(), [buffer[: count * width]], start * width)
    return total


def _spans(places: list[int]) -> Iterator[tuple[int, int]]:
    """Neighbours read together: where they start, and how many they are."""
    start = count = 0
    for place in places:
        if count and place == start + count and count < BLOCK:
            count += 1
            continue
        if count:
            yield start, count
        start, count = place, 1
    yield start, count
