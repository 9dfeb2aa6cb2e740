"""Which targets, features and eras there are to ask for, and what is said of one that there is not."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from numerai_rounds.base.columns import ALIAS
from numerai_rounds.base.errors import ConfigurationError, one_of, some


def check_target(name: str, known: Sequence[str], key: str = "target") -> None:
    """Refuse a target that is none of `known`; the ConfigurationError names the nearest, and the `key` to change."""
    if name not in known:
        raise ConfigurationError(f"{key} is {name!r}, which the data does not have: {one_of(name, _named(known))}")


def check(side: str, kinds: Mapping[str, tuple[Collection[str], Sequence[str]]]) -> None:
    """Refuse what a side does not have; `kinds`: what is asked for, and what there is, by what it is called."""
    for kind, (asked, there) in kinds.items():
        if absent := set(asked).difference(there):
            name = min(absent)
            raise ConfigurationError(f"{side} has no {kind} {name!r}: {one_of(name, _named(there))}")


def refuse_alias(tables: Iterator[pa.Table], named: Sequence[str]) -> None:
    """Say which of the `named` targets the alias stands for; without any other target, the alias is the target.

    `tables` hold all of them, and the alias, of every row.
    """
    same = list(named)
    for table in tables if named else ():
        alias = table[ALIAS].to_numpy()
        same = [name for name in same if np.array_equal(table[name].to_numpy(), alias, equal_nan=True)]
    if named:
        meaning = f"it equals {same[0]} here" if same else "it equals none of the named targets here"
        advice = (
            f"Write {same[0]} instead, as in `rounds compose target={same[0]}`"
            if same
            else f"Name one of them: {some(named)}"
        )
        raise ConfigurationError(f"`target` is an alias that moves between data versions; {meaning}. {advice}.")


def _named(known: Sequence[str]) -> list[str]:
    """Without the alias `target` beside other targets: it would be refused."""
    names = [name for name in known if name != ALIAS]
    return names or list(known)
