"""split: decide which eras train the model, which judge it, and which do neither."""

from numerai_rounds.base import plugins
from numerai_rounds.base.columns import TRAIN, purge_eras
from numerai_rounds.io import console, history, params, paths, process, tables


def main() -> None:
    """Write one row an era with the side it is on."""
    parameters = params.load()
    purge = purge_eras(parameters.target, parameters.split.horizon_days)
    splitter = plugins.load("split", parameters.split.kind)
    eras = splitter.split(parameters.split, history.era_table(parameters.target), purge)
    for role, path in paths.ERAS.items():
        tables.write_csv(eras[(eras["data_type"] == TRAIN) == (role == TRAIN)], path)
    sides = eras.groupby("side", as_index=False).agg(
        eras=("era", "size"), first=("era", "min"), last=("era", "max"), rows=("rows", "sum")
    )
    console.table(
        f"{parameters.target}, purge of {purge} eras",
        list(sides.columns),
        [tuple(map(str, row)) for row in sides.itertuples(index=False)],
    )


if __name__ == "__main__":
    process.run(main)
