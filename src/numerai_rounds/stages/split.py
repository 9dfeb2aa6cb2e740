"""split: decide which eras train the model, which judge it, and which do neither."""

from numerai_rounds.base.columns import DATA_TYPE, ERA, TRAIN, VALIDATION
from numerai_rounds.base.eras import check_span, purge_eras
from numerai_rounds.conf import params, plugins
from numerai_rounds.io import console
from numerai_rounds.io.files import paths, tables
from numerai_rounds.io.history.reader import History
from numerai_rounds.io.machine import process


def main() -> None:
    """Write one row an era with the side it is on."""
    parameters = params.load()
    counted = History(paths.HISTORY).era_table(parameters.target)
    check_span(max(counted[ERA]), parameters.round.cadence)
    purge = purge_eras(parameters.target, parameters.split.horizon_days, parameters.round.cadence)
    splitter = plugins.splitter(parameters.split.kind)
    eras = splitter.split(parameters.split, counted, purge)
    in_train_file = eras[DATA_TYPE] == TRAIN
    tables.write_csv(eras[in_train_file], paths.ERAS[TRAIN])
    tables.write_csv(eras[~in_train_file], paths.ERAS[VALIDATION])
    sides = eras.groupby("side", as_index=False).agg(
        eras=("era", "size"), first=("era", "min"), last=("era", "max"), rows=("rows", "sum")
    )
    console.table(
        f"{parameters.target}, {parameters.round.eras} eras, a purge of {purge}",
        list(sides.columns),
        [(str(row.side), str(row.eras), str(row.first), str(row.last), f"{row.rows:,}") for row in sides.itertuples()],
    )


if __name__ == "__main__":
    process.stage(main)
