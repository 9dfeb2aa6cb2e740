"""The live ids as they are served now: a submission is checked against these."""

import tempfile
from pathlib import Path

import pandas as pd

from numerai_rounds.base.errors import StaleError
from numerai_rounds.base.params import Params
from numerai_rounds.conf import plugins
from numerai_rounds.io import console
from numerai_rounds.io.files import paths
from numerai_rounds.io.history.live import Live

LIVE = "live"


def ids_now(parameters: Params, *, strict: bool = False) -> "pd.Index[str]":
    """Ids of the live file of the pinned round as served now.

    Where that file was replaced since it was pinned, its ids are read anew, and StaleError is raised where they
    differ, or in any case under `strict`: the predictions are of features that are not served any more.
    """
    source = plugins.source(parameters.data.kind)
    pinned, number = parameters.round.live.get(LIVE), parameters.round.number
    here = paths.raw("live", LIVE)
    now = source.live_pins(parameters.data, number, parameters.round)[LIVE]
    is_same = now.known == (pinned and pinned.known)
    if is_same and here.exists() and now.size in (None, here.stat().st_size):
        return Live().ids()
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / f"{LIVE}.parquet"
        source.fetch(parameters.data, number, LIVE, now, fresh)
        ids = Live(fresh).ids()
    if is_same:
        return ids
    ours = Live().ids() if here.exists() else ids[:0]
    gone, new = len(set(ours).difference(ids)), len(set(ids).difference(ours))
    if strict or gone or new:
        raise StaleError(
            f"the live file of round {number} was replaced since it was fetched: {new:,} ids are new, {gone:,} are "
            "gone. Run `rounds open` and `dvc repro`, then upload; `rounds run` does all of it."
        )
    console.complain("the live file was replaced since it was fetched, with the same ids: `rounds run` predicts again.")
    return ids
