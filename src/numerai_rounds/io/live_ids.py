"""The live ids as they are served now: a submission is checked against these."""

import tempfile
from pathlib import Path

import pandas as pd

from numerai_rounds.base import limits, plugins
from numerai_rounds.base.columns import ID
from numerai_rounds.base.errors import DataError, StaleError
from numerai_rounds.base.params import Params
from numerai_rounds.io import console, parquet, paths

LIVE = "live"


def ids_now(parameters: Params, *, strict: bool = False) -> "pd.Index[str]":
    """Ids of the live file of the pinned round as served now.

    Where that file was replaced since it was pinned, its ids are read anew, and StaleError is raised where they
    differ, or in any case under `strict`: the predictions are of features that are not served any more.
    """
    source = plugins.load("data", parameters.data.kind)
    pinned, number = parameters.round.live.get(LIVE), parameters.round.number
    here = paths.raw("live", LIVE)
    now = source.live_pins(parameters.data, number, parameters.round).get(LIVE)
    is_same = (now and now.known) == (pinned and pinned.known)
    if is_same and here.exists() and (now is None or now.size in (None, here.stat().st_size)):
        return _ids(here)
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / f"{LIVE}.parquet"
        source.fetch(parameters.data, number, LIVE, now, fresh)
        ids = _ids(fresh)
    if is_same:
        return ids
    ours = _ids(here) if here.exists() else ids[:0]
    gone, new = len(set(ours).difference(ids)), len(set(ids).difference(ours))
    if strict or gone or new:
        raise StaleError(
            f"the live file of round {number} was replaced since it was fetched: {new:,} ids are new, {gone:,} are "
            "gone. Run `rounds open` and `dvc repro`, then upload; `rounds run` does all of it."
        )
    console.complain("the live file was replaced since it was fetched, with the same ids: `rounds run` predicts again.")
    return ids


def _ids(path: Path) -> "pd.Index[str]":
    """The ids of a live file that nobody has checked yet; a DataError where it cannot be one."""
    where = f"{LIVE} ({path.name})"
    with parquet.opened(path, where, limits.LIVE_ROWS) as file:
        if ID not in file.schema_arrow.names:
            raise DataError(f"{where} has no `{ID}`. Run `rounds open` and `dvc repro`.")
        parquet.check_texts(path, [ID], where)
        found = [name for piece in parquet.column(file, ID) for name in piece.to_pylist()]
    ids: pd.Index[str] = pd.Index(found, name=ID, dtype="str")
    return ids
