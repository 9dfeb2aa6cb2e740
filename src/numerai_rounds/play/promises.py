"""What validation said of a model before it played, as the commit that made it has it."""

import io
import math
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import pandas as pd
import yaml

from numerai_rounds.io.files import json_files, paths
from numerai_rounds.io.repository import git
from numerai_rounds.io.scores import score_files
from numerai_rounds.io.scores.figures import Basis

STATISTICS = ("mean", "mean_low", "mean_high", "sharpe")
"""Those of each score that are told."""


class Promise(NamedTuple):
    """The scores of validation at a commit."""

    target: str | None
    """What the figures without a target in their name are on."""
    share: float | None
    """Of outcomes that the intervals are to cover."""
    figures: dict[str, float]
    """Headlines and statistics of scores by name, such as `corr_mean_low`; those that are there."""
    rows: dict[str, dict[Hashable, Any]]
    """The statistics of each score, as `summary` has them; none where the commit has no such table."""

    def basis(self, score: str) -> Basis:
        """How many eras a score rests on, 0 where that is not known, and whether they are too few for an interval."""
        eras = self.rows[score]["eras"] if score in self.rows else self.figures.get("eras", 0) * (score == "corr")
        return Basis(int(eras), f"{score}_mean_low" not in self.figures)


def read(commit: str) -> Promise:
    """What a commit or tag has; nothing where it has no such files, or is not here."""
    params = _params(commit)
    section = params.get("score")
    interval = section.get("interval") if isinstance(section, dict) else None
    rows = _rows(commit)
    figures = {
        f"{score}_{name}": number
        for score, row in rows.items()
        for name in STATISTICS
        if (number := _number(row.get(name))) is not None
    }
    target = rows["corr"].get("target") if "corr" in rows else None
    learnt = params.get("target")
    known = next((name for name in (target, learnt) if isinstance(name, str)), None)
    return Promise(known, _number(interval), figures | _headlines(commit), rows)


def _headlines(commit: str) -> dict[str, float]:
    try:
        found = json_files.parsed(git.show(commit, paths.SCORES) or "{}")
    except ValueError:
        return {}
    numbers = {name: _number(value) for name, value in found.items()} if isinstance(found, dict) else {}
    return {name: number for name, number in numbers.items() if number is not None}


def _rows(commit: str) -> dict[str, dict[Hashable, Any]]:
    text = git.show(commit, paths.METRICS / score_files.FILES["summary"])
    try:
        table = pd.read_csv(io.StringIO(text or ""), dtype={"worst_era": str})
        records: list[dict[Hashable, Any]] = table.astype(object).to_dict("records")
        return {str(row["score"]): row for row in records if math.isfinite(row["eras"])}
    except (ValueError, KeyError, TypeError):
        return {}


def _params(commit: str) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(git.show(commit, paths.PARAMS) or "{}")
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
