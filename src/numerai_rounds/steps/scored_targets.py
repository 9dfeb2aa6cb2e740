"""The targets that predictions are scored on, and which of them the headlines are on."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from numerai_rounds.base.columns import ALIAS, VALIDATION
from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.base.params import Params
from numerai_rounds.io.history import reader


class Targets(NamedTuple):
    """What predictions are scored on."""

    main: str
    """What headlines are on."""
    more: list[str]
    """Others, each once: those asked for, the one that the model learns, the one that the round pays for."""


def chosen(parameters: Params) -> Targets:
    """Headlines are on `score.target`, or what the pinned round pays for, or what the model learns.

    The last where nobody pays, or where no validation era has answers to what is paid for. ConfigurationError for a
    target that the data does not have, and for the alias where it hides another one.
    """
    section, policy = parameters.score, parameters.round.payout
    known = reader.target_names(VALIDATION)
    named = {"target": [parameters.target], "score.targets": section.targets}
    if section.target is not None:
        named["score.target"] = [section.target]
    for key, names in named.items():
        for name in names:
            _check(name, known, key)
    paid = [policy.target] if policy and policy.target in known else []
    main = section.target or (paid[0] if paid and _is_answered(paid[0]) else parameters.target)
    more = dict.fromkeys([*section.targets, parameters.target, *paid])
    return Targets(main, [name for name in more if name != main])


def _check(name: str, known: Sequence[str], key: str) -> None:
    reader.check_target(name, known, key)
    if name == ALIAS:
        try:
            reader.era_table(ALIAS)
        except ConfigurationError as error:
            raise ConfigurationError(f"{key}: {error}") from None


def _is_answered(target: str) -> bool:
    eras = reader.eras(VALIDATION, VALIDATION)
    return any(np.isfinite(rows.target).any() for rows in reader.read(VALIDATION, eras, [], target, "middle"))
