"""guard: stop `dvc repro` before any work when params.yaml is not what conf/ composes to."""

import os

from numerai_rounds.io import atomic, compose, paths, process


def main() -> None:
    """Compare, and write a constant file that `fetch` depends on.

    Inside `dvc exp run` DVC itself composes conf/ with the experiment's overrides, which nobody has checked yet: there
    params.yaml must fit its schema instead.
    """
    if "DVC_EXP_NAME" in os.environ:
        from numerai_rounds.io import params

        params.load()
    else:
        compose.check_params()
    atomic.write_text(paths.GUARD, "params.yaml is what conf/ composes to\n")


if __name__ == "__main__":
    process.run(main)
