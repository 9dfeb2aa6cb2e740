"""select: choose the features to train on, looking at training eras only."""

from numerai_rounds.base import plugins
from numerai_rounds.base.columns import TRAIN
from numerai_rounds.domain.correlation import Correlations
from numerai_rounds.io import console, history, params, paths, process, tables


def main() -> None:
    """Write every candidate with its correlations, and the chosen features in the order of choice."""
    parameters = params.load()
    selector = plugins.load("select", parameters.select.kind)
    candidates = selector.candidates(parameters.select, history.feature_names(TRAIN), history.feature_sets())
    eras = tables.read_side(TRAIN).era
    correlations = Correlations(candidates)
    with console.progress("select", len(eras), "eras") as advance:
        for rows in history.read(TRAIN, eras, candidates, parameters.target, parameters.missing_features):
            resolved = rows.resolved()
            correlations.add(resolved.features, resolved.target)
            advance(1)
    table = correlations.table()
    selected = selector.choose(parameters.select, table)
    tables.write_csv(table, paths.CANDIDATES)
    tables.write_csv(selected, paths.SELECTED)
    console.table(
        f"{len(selected):,} of {len(candidates):,} candidate features",
        ["feature", "score"],
        [(row.feature, f"{row.score:.5f}") for row in selected.head(5).itertuples()],
    )


if __name__ == "__main__":
    process.run(main)
