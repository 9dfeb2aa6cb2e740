"""What the stage `fetch` does for the history of a local folder, and weeks that pass in that folder."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from numerai_rounds.base.params import Pin
from numerai_rounds.io.fetch import staged
from numerai_rounds.io.files import paths
from numerai_rounds.io.sources import local
from tests import tiny

FOLDER = Path("files")
STAGED = paths.STAGING / "history"


class KilledError(BaseException):
    """Ends a run in the middle, as a signal would."""


def bring(
    fetched: list[str] | None = None,
    *,
    stop_after: int | None = None,
    accept_changes: bool = False,
    folder: Path = FOLDER,
    **data: Any,
) -> None:
    """Put the history of `folder` in place; `fetched` gets the roles that are, and a run may stop after some."""
    params = local.Params(kind="local", path=str(folder), **data)
    pins = local.pins(params, None)[0]
    done = [] if fetched is None else fetched
    most = None if stop_after is None else len(done) + stop_after

    def fetch(role: str, pin: Pin, path: Path) -> None:
        if len(done) == most:
            raise KilledError
        local.fetch(params, None, role, pin, path)
        done.append(role)

    staged.bring("history", pins, params, fetch, accept_changes=accept_changes)


def placed() -> dict[str, bytes]:
    """Every file of the history, by its path."""
    found = paths.HISTORY.rglob("*")
    return {str(path.relative_to(paths.HISTORY)): path.read_bytes() for path in found if path.is_file()}


def untouched() -> dict[str, tuple[int, int, bytes]]:
    """Inode, time and content of every file of the history; what is written anew has another."""
    found: dict[str, tuple[int, int, bytes]] = {}
    for name, whole in placed().items():
        about = (paths.HISTORY / name).stat()
        found[name] = (about.st_ino, about.st_mtime_ns, whole)
    return found


def renewed(bringing: Callable[[], None]) -> set[str]:
    """The files of the history that are not what and where they were, before `bringing`."""
    before = untouched()
    bringing()
    after = untouched()
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def resolved(market: tiny.Market) -> tiny.Market:
    """The targets of the older test era become known, and it is one no longer."""
    later = copy.deepcopy(market)
    test = later.validation["era"] == "0043"
    later.validation.loc[test, "data_type"] = "validation"
    known = market.validation.loc[market.validation["era"] == "0031", tiny.TARGETS]
    later.validation.loc[test, tiny.TARGETS] = known.to_numpy()
    return later


def with_new_era(market: tiny.Market) -> tiny.Market:
    """An era more, whose targets are not known."""
    later = copy.deepcopy(market)
    other = tiny.market(seed=9).validation
    new = other[other["era"] == "0044"].assign(era="0045")
    later.validation = pd.concat([later.validation, new])
    return later


def a_week_later(market: tiny.Market) -> tiny.Market:
    """What a week brings: an era more, and an era's targets."""
    return with_new_era(resolved(market))


def revised(market: tiny.Market, era: str, column: str, rows: int = 3) -> tiny.Market:
    """Other values in the first rows of an era of validation."""
    later = copy.deepcopy(market)
    place = np.flatnonzero(later.validation["era"] == era)[:rows]
    number = later.validation.columns.get_loc(column)
    values = later.validation.iloc[place, number]
    other = (values + 1) % 5 if column.startswith("feature_") else (values + 0.25) % 1.25
    later.validation.iloc[place, number] = other.astype(values.dtype)
    return later
