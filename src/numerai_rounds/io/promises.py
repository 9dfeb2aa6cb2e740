"""What validation said of a model before it played, as the commit that made it has it."""

import json
import math
from typing import Any, NamedTuple

import yaml

from numerai_rounds.io import git, paths


class Promise(NamedTuple):
    """The scores of validation at a commit."""

    target: str | None
    """What the figures without a target in their name are on."""
    share: float | None
    """Of outcomes that the intervals are to cover."""
    figures: dict[str, float]
    """The headlines by name, such as `corr_mean_low`; those that are there."""


def read(commit: str) -> Promise:
    """What a commit or tag has; nothing where it has no such files, or is not here."""
    params = _params(commit)
    target, section = params.get("target"), params.get("score")
    interval = section.get("interval") if isinstance(section, dict) else None
    return Promise(target if isinstance(target, str) else None, _number(interval), figures(commit))


def figures(commit: str) -> dict[str, float]:
    """The headline figures of validation at a commit or tag; empty where it has none."""
    try:
        found = json.loads(git.show(commit, paths.SCORES) or "{}")
    except ValueError:
        return {}
    numbers = {name: _number(value) for name, value in found.items()} if isinstance(found, dict) else {}
    return {name: number for name, number in numbers.items() if number is not None}


def _params(commit: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(git.show(commit, paths.PARAMS) or "{}")
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
