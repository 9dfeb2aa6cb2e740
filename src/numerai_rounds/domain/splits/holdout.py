"""The tournament's own split: train on its train eras, score on its validation eras."""

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from numerai_rounds.base import columns
from numerai_rounds.base.columns import DATA_TYPE, ERA
from numerai_rounds.base.eras import check_eras, era_number
from numerai_rounds.base.errors import DataError
from numerai_rounds.base.limits import ERAS
from numerai_rounds.base.params import SplitSection
from numerai_rounds.domain.splits import PURGED, SIDE, SKIPPED, TRAIN, UNRESOLVED, VALIDATION


class Params(SplitSection):
    """How the hold-out is made."""

    kind: Literal["holdout"]
    train_every_nth: Annotated[int, Field(ge=1, le=ERAS)]
    """Train on every n-th era, counted back from the last one before the purge; 1 keeps all."""


def split(params: Params, eras: pd.DataFrame, purge: int) -> pd.DataFrame:
    """Assign a side to every era; `purge` is the number of eras before validation that are left out.

    A target looks weeks ahead of its era, so the last train eras may be answered by the same returns as
    the first validation eras. A model trained on them has seen part of what it is scored on, and
    looks better than it is. The purge therefore follows from the target's horizon and from how far
    apart eras are, and is never chosen.

    A train era without a resolved target is on neither side, nor are those of data_type `test`, of which some
    targets may be known already. Every era of data_type validation is on that side, whether or not the target that the
    model learns is resolved there: scores may be on another one, and models that learn different targets are to be
    scored on the same eras. DataError where an era would be on two sides, where nothing is left to train on, or where
    the target is resolved in no validation era.
    """
    _check_order(eras)
    number = eras[ERA].map(era_number)
    resolved = eras["resolved"] > 0
    train = (eras[DATA_TYPE] == columns.TRAIN) & resolved
    validation = eras[DATA_TYPE] == columns.VALIDATION
    if not (validation & resolved).any():
        raise DataError(
            "No era to validate on: no era of data_type validation has a resolved target. "
            "Choose another target, or fetch newer data."
        )
    first = eras[ERA][validation].iloc[0]
    clear = train & (number < era_number(first) - purge)
    if not clear.any():
        raise DataError(
            f"No era left to train on: {train.sum()} train eras with a resolved target before era {first}, "
            f"purge {purge}. Use data with more train eras, or a target of a shorter horizon."
        )
    side = np.full(len(eras), UNRESOLVED, dtype=object)
    side[train] = PURGED
    side[clear] = SKIPPED
    side[np.flatnonzero(clear)[::-1][:: params.train_every_nth]] = TRAIN
    side[validation] = VALIDATION
    return eras.assign(**{SIDE: side})


def _check_order(eras: pd.DataFrame) -> None:
    twice = eras[eras[ERA].duplicated()]
    if len(twice):
        raise DataError(
            f"era {twice[ERA].iloc[0]} appears {(eras[ERA] == twice[ERA].iloc[0]).sum()} times; an era can be "
            "on one side only. Fetch the data again."
        )
    check_eras(eras[ERA].tolist(), "the list of eras")
    train = (eras[DATA_TYPE] == columns.TRAIN).to_numpy()
    late = np.flatnonzero(train[1:] & ~train[:-1])
    if len(late):
        before, after = eras.iloc[late[0]], eras.iloc[late[0] + 1]
        raise DataError(
            f"era {after[ERA]} of data_type train comes after era {before[ERA]} of {before[DATA_TYPE]}. "
            "All train eras must come before the others. Fetch the data again."
        )
