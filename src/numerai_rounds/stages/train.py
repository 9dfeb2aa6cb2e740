"""train: fit the model on the training eras and save it as text, with the importance of its features."""

import numpy as np

from numerai_rounds.base import plugins
from numerai_rounds.base.columns import TRAIN
from numerai_rounds.base.params import Params
from numerai_rounds.io import atomic, console, history, params, paths, process, tables


def main() -> None:
    """Train on rows whose chosen target is known; the bytes of the model do not depend on `threads`."""
    parameters = params.load()
    names = tables.read_selected()
    features, target = _matrix(names, parameters)
    model_kind = plugins.load("model", parameters.model.kind)
    with console.progress("train", 1, "model") as advance:
        model = model_kind.fit(parameters.model, features, names, target, parameters.seed, parameters.threads, advance)
    importance = model.importance()
    atomic.write_text(paths.MODEL, model.text)
    tables.write_csv(importance, paths.IMPORTANCE)
    console.table(
        f"{parameters.model.kind} on {len(target):,} rows x {len(names):,} features",
        ["feature", "importance"],
        [(row.feature, f"{row.importance:.4g}") for row in importance.head(5).itertuples()],
    )


def _matrix(names: list[str], parameters: Params) -> tuple[np.ndarray, np.ndarray]:
    """Features int8 (rows, columns), columns contiguous, and target float32 of all training eras."""
    eras = tables.read_side(TRAIN)
    rows = int(eras["resolved"].sum())
    features = np.empty((rows, len(names)), dtype=np.int8, order="F")
    target = np.empty(rows, dtype=np.float32)
    start = 0
    with console.progress("read", len(eras), "eras") as advance:
        for era in history.read(TRAIN, eras.era, names, parameters.target, parameters.missing_features):
            resolved = era.resolved()
            stop = start + len(resolved.ids)
            features[start:stop], target[start:stop] = resolved.features, resolved.target
            start = stop
            advance(1)
    return features, target


if __name__ == "__main__":
    process.run(main)
