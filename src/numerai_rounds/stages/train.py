"""train: fit the model on the binned rows and save it as text, with the importance of its features."""

from numerai_rounds.conf import params, plugins
from numerai_rounds.io import console
from numerai_rounds.io.files import atomic, paths, tables, vouched
from numerai_rounds.io.machine import process


def main() -> None:
    """Train; the bytes of the model do not depend on `threads`."""
    parameters = params.load()
    kind = plugins.model(parameters.model.kind)
    vouched.check_folder(paths.BINNED)  # LightGBM ends the process where its bins are damaged
    with console.progress("train", 1, "model") as advance:
        model = kind.fit(parameters.model, str(paths.BINNED), parameters.seed, parameters.threads, advance)
    importance = model.importance()
    atomic.write_text(paths.MODEL, model.text)
    tables.write_csv(importance, paths.IMPORTANCE)
    console.table(
        f"{parameters.model.kind} on {len(importance):,} features",
        ["feature", "importance"],
        [(str(row.feature), f"{row.importance:#.4g}") for row in importance.head(5).itertuples()],
    )


if __name__ == "__main__":
    process.stage(main)
