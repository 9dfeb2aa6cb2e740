"""select: choose the features to train on, looking at training eras only."""

from numerai_rounds.base.columns import TRAIN
from numerai_rounds.conf import params, plugins
from numerai_rounds.domain.arrays.correlation import Correlations
from numerai_rounds.io import console
from numerai_rounds.io.files import paths, tables
from numerai_rounds.io.history import reader
from numerai_rounds.io.machine import process


def main() -> None:
    """Write every candidate with its correlations, and the chosen features in the order of choice."""
    parameters = params.load()
    selector = plugins.selector(parameters.select.kind)
    candidates = selector.candidates(parameters.select, reader.feature_names(TRAIN), reader.feature_sets())
    eras = tables.read_side(TRAIN).era
    correlations = Correlations(candidates)
    with console.progress("select", len(eras), "eras") as advance:
        for rows in reader.read(TRAIN, eras, candidates, parameters.target, parameters.missing_features):
            resolved = rows.resolved()
            correlations.add(resolved.features, resolved.target)
            advance(1)
    table = correlations.table()
    selected = selector.choose(parameters.select, table)
    tables.write_csv(table, paths.CANDIDATES)
    tables.write_csv(selected, paths.SELECTED)
    first = selected.head(5).merge(table, on="feature")
    console.table(
        f"{len(selected):,} of {len(candidates):,} features chosen on {len(eras):,} eras, {correlations.rows:,} rows",
        ["feature", "score", "era_mean", "sign_agreement"],
        [
            (str(row.feature), f"{row.score:.5f}", f"{row.era_mean:.5f}", f"{row.sign_agreement:.1%}")
            for row in first.itertuples()
        ],
    )


if __name__ == "__main__":
    process.stage(main)
