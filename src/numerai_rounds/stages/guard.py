"""guard: stop `dvc repro` before any work when params.yaml is not what conf/ composes to."""

import os

from numerai_rounds.io import atomic, compose, paths, process


def main() -> None:
    """Compare, and write a constant file that `fetch` depends on.

    Skipped inside `dvc exp run`, where DVC itself composes conf/ with the experiment's overrides.
    """
    if "DVC_EXP_NAME" not in os.environ:
        compose.check_params()
    atomic.write_text(paths.GUARD, "params.yaml is what conf/ composes to\n")


if __name__ == "__main__":
    process.run(main)
