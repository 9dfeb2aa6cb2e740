"""guard: stop `dvc repro` before any work when what would run is not what would be recorded.

dvc.yaml runs this file by its path, so that it is the working folder's own, whatever package Python finds: the code of
another folder may be too old to look. Nor may `python` be new enough: from 3.8 it is told.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

PACKAGE = "numerai_rounds"
OLDEST = (3, 11)
LACKING = 2
"""Exit code where Python has not got what the pipeline needs: the configuration."""


def main() -> None:
    """Compare params.yaml with conf/, and write a constant file that `fetch` depends on.

    Inside `dvc exp run` DVC itself composes conf/ with the experiment's overrides, which nobody has checked yet: there
    params.yaml must fit its schema instead, and whatever it is composed of must be in git. `rounds run` says by which
    preset it plays an experiment: params.yaml is then compared with what conf/ and that compose to. Folders that DVC
    would refuse only after a stage has run are refused here. A dvc.lock that was cut off is told of here: DVC would run
    anew what it has lost, with data that may not be there any more. What DVC was killed while writing in its run-cache
    goes.
    """
    from numerai_rounds.conf import composed
    from numerai_rounds.conf.pinned_source import check_source
    from numerai_rounds.io.dvc import run_cache, torn_lock
    from numerai_rounds.io.files import atomic, paths, yaml_files
    from numerai_rounds.io.machine import places

    places.check()
    torn_lock.refuse_lost()
    run_cache.drop_unfinished()
    if "DVC_EXP_NAME" in os.environ:
        from numerai_rounds.conf import params
        from numerai_rounds.io.repository import experiments

        experiments.check_tracked()
        params.load()
    else:
        composed.check()
    # Which source the files were pinned for changes no stage, so that none would look at it.
    raw = yaml_files.of_dvc(paths.PARAMS.read_text(encoding="utf-8"))
    pinned, data = raw.get("round"), raw.get("data")
    if isinstance(pinned, dict) and isinstance(data, dict):  # what is none, the next stage says
        check_source(pinned.get("source"), data.get("kind"))
    atomic.write_text(paths.GUARD, "params.yaml is what conf/ composes to\n")


def _found() -> Path | None:
    """The package that `python -m` imports here, as the other stages do; None where there is none."""
    first = [] if os.environ.get("PYTHONSAFEPATH") else [str(Path.cwd())]
    sys.path[:0] = first
    try:
        spec = find_spec(PACKAGE)
    finally:
        del sys.path[: len(first)]
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None


def _start() -> None:
    folder = Path(__file__).resolve().parent
    if sys.path and Path(sys.path[0]).resolve() == folder:  # Python's own `select` is looked for there otherwise
        del sys.path[0]
    found = _found()
    sys.path.insert(0, str(folder.parents[1]))
    if found is None or sys.version_info[:2] < OLDEST:
        _end(PACKAGE)
    try:
        from numerai_rounds.io.machine import process
    except ModuleNotFoundError as error:
        _end(str(error.name))
    process.stage(main, found)


def _end(absent: str) -> NoReturn:
    sys.stderr.write(
        f"error: the `python` that runs the stages, {sys.executable}, has no {absent}. Run `make env` and "
        f"`source .venv/bin/activate` in {Path.cwd()}.\n"
    )
    sys.exit(LACKING)


if __name__ == "__main__":
    _start()
