"""bin: bring the training rows into the form that the model learns from."""

from numerai_rounds.base.columns import TRAIN
from numerai_rounds.conf import params, plugins
from numerai_rounds.io import console
from numerai_rounds.io.files import atomic, paths, tables
from numerai_rounds.io.history.reader import History
from numerai_rounds.io.machine import process


def main() -> None:
    """Write the dataset of the rows whose chosen target is known; its bytes do not depend on `threads`."""
    parameters = params.load()
    names, eras = tables.read_selected(), list(tables.read_side(TRAIN).era)
    history = History(paths.HISTORY, parameters.missing_features)
    rows = history.training(eras, names, parameters.target)
    model = plugins.model(parameters.model.kind)
    with atomic.writing_folder(paths.BINNED) as folder, console.progress("bin", 1, "dataset") as advance:
        model.build(parameters.model.dataset, rows, parameters.threads, str(folder), advance)
    size = sum(path.stat().st_size for path in paths.BINNED.iterdir())
    console.table(
        f"dataset of {parameters.model.kind}",
        ["rows", "features", "bytes"],
        [(f"{len(rows.target):,}", f"{len(names):,}", f"{size:,}")],
    )


if __name__ == "__main__":
    process.stage(main)
