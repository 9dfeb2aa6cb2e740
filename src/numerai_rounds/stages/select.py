"""select: choose the features to train on, looking at training eras only."""

from numerai_rounds.base.columns import TRAIN
from numerai_rounds.conf import params, plugins
from numerai_rounds.io import console
from numerai_rounds.io.files import paths, tables
from numerai_rounds.io.history.reader import History
from numerai_rounds.io.machine import process


def main() -> None:
    """Write every candidate with what the selector asks about it, and the chosen features in the order of choice."""
    parameters = params.load()
    history = History(paths.HISTORY, parameters.missing_features)
    selector, target = plugins.selector(parameters.select.kind), parameters.target
    candidates = selector.candidates(parameters.select, history.features(TRAIN), history.feature_sets())
    eras, rows = tables.read_side(TRAIN).era, 0
    statistics = selector.statistics(parameters.select, candidates)
    with console.progress("select", len(eras), "eras") as advance:
        for era in history.read(TRAIN, eras, candidates, [target]):
            known = era.known(target)
            statistics.add(known.features, known.targets[target])
            rows += len(known.ids)
            advance(1)
    table = statistics.table()
    selected = selector.choose(parameters.select, table)
    tables.write_csv(table, paths.CANDIDATES)
    tables.write_csv(selected, paths.SELECTED)
    first = selected.head(5).merge(table, on="feature")
    about = [name for name in ("era_mean", "sign_agreement") if name in table]
    shown = {"score": "{:.5f}", "era_mean": "{:.5f}", "sign_agreement": "{:.1%}"}
    console.table(
        f"{len(selected):,} of {len(candidates):,} features chosen on {len(eras):,} eras, {rows:,} rows",
        ["feature", "score", *about],
        [
            (str(row["feature"]), *(shown[name].format(row[name]) for name in ("score", *about)))
            for row in first.to_dict("records")
        ],
    )


if __name__ == "__main__":
    process.stage(main)
