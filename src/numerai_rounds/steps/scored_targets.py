"""The targets that predictions are scored on, and which of them the headlines are on."""

from typing import NamedTuple

import numpy as np

from numerai_rounds.base.columns import ALIAS, VALIDATION
from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.base.params import Params
from numerai_rounds.io.history import asked
from numerai_rounds.io.history.reader import History


class Targets(NamedTuple):
    """What predictions are scored on."""

    main: str
    """What headlines are on."""
    more: list[str]
    """Others, each once: those asked for, the one that the model learns, the one that the round pays for."""


def chosen(parameters: Params, history: History) -> Targets:
    """Headlines are on `score.target`, or what the pinned round pays for, or what the model learns.

    The last where nobody pays, or where no validation era has answers to what is paid for. ConfigurationError for a
    target that the data does not have, and for the alias where it hides another one.
    """
    section, policy = parameters.score, parameters.round.payout
    known = history.targets(VALIDATION)
    named = {"target": [parameters.target], "score.targets": section.targets}
    if section.target is not None:
        named["score.target"] = [section.target]
    for key, targets in named.items():
        for name in targets:
            _check(name, history, key)
    paid = [policy.target] if policy and policy.target in known else []
    main = section.target or (paid[0] if paid and _is_answered(paid[0], history) else parameters.target)
    more = dict.fromkeys([*section.targets, parameters.target, *paid])
    return Targets(main, [name for name in more if name != main])


def _check(name: str, history: History, key: str) -> None:
    asked.check_target(name, history.targets(VALIDATION), key)
    if name == ALIAS:
        try:
            history.check_target(ALIAS)
        except ConfigurationError as error:
            raise ConfigurationError(f"{key}: {error}") from None


def _is_answered(target: str, history: History) -> bool:
    eras = history.eras(VALIDATION, VALIDATION)
    return any(np.isfinite(rows.targets[target]).any() for rows in history.read(VALIDATION, eras, targets=[target]))
