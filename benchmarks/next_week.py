"""The files of the history as they might be a week later."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import measure
from benchmarks.data import TARGET

if TYPE_CHECKING:
    import pyarrow as pa

RESOLVED = 13
"""Eras whose targets a week brings, beside its own rows."""

LEVELS = (0, 0.25, 0.5, 0.75, 1)
BATCH_ROWS = 65_536


def write(folder: Path, into: Path) -> None:
    """Write validation.parquet and live.parquet of a week later, given the folder of this week's.

    The live era joins the history, its targets unknown; the oldest eras whose targets are missing get them; new live
    rows take the place of the old ones.
    """
    into.mkdir(parents=True, exist_ok=True)
    measure.done(measure.call(_write, folder, into))


def _write(folder: str, into: str) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    live = pq.read_table(Path(folder, "live.parquet"))
    with pq.ParquetFile(Path(folder, "validation.parquet")) as file:
        schema = file.schema_arrow
        table = file.read(["era", TARGET]).group_by("era", use_threads=False).aggregate([(TARGET, "count")])
        known = {row["era"]: row[f"{TARGET}_count"] for row in table.to_pylist()}
        waiting = [era for era, count in known.items() if not count]
        last = max(known)
        newest = f"{int(last) + 1:0{len(last)}d}"
        with pq.ParquetWriter(Path(into, "validation.parquet"), schema, compression="zstd") as writer:
            for batch in file.iter_batches(BATCH_ROWS):
                writer.write_table(_resolved(pa.Table.from_batches([batch]), waiting[:RESOLVED]))
            writer.write_table(_with(live, era=newest, data_type="test").select(schema.names).cast(schema))
    ids = [f"n{number:016x}" for number in range(live.num_rows)]
    turned = _with(live.take(np.arange(live.num_rows)[::-1]), id=ids)
    pq.write_table(turned, Path(into, "live.parquet"), compression="zstd")


def _resolved(table: "pa.Table", eras: list[str]) -> "pa.Table":
    """The rows with every missing target of `eras` known."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    now = pc.is_in(table.column("era"), pa.array(eras, pa.string()))
    if not pc.any(now).as_py():
        return table
    random = np.random.default_rng(table.num_rows)
    columns: dict[str, Any] = {"data_type": pc.if_else(now, "validation", table.column("data_type"))}
    for name in (name for name in table.schema.names if name.startswith("target")):
        missing = pc.and_(now, pc.is_null(table.column(name), nan_is_null=True))
        drawn = pa.array(random.choice(LEVELS, table.num_rows), table.schema.field(name).type)
        columns[name] = pc.if_else(missing, drawn, table.column(name))
    return _with(table, **columns)


def _with(table: "pa.Table", **columns: Any) -> "pa.Table":
    """The table with other values in some columns: one for all rows, or one for each."""
    import pyarrow as pa

    for name, values in columns.items():
        field = table.schema.field(name)
        if isinstance(values, str):
            values = [values] * table.num_rows  # noqa: PLW2901
        column = values if isinstance(values, pa.ChunkedArray) else pa.array(values, field.type)
        table = table.set_column(table.schema.names.index(name), field, column)
    return table
