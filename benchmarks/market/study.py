"""What statistics share: ICs, models, scores and neutral predictions of a sample, each made once."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.market.data import MAIN, AbsentError, Floats, Sample, Side
from benchmarks.market.training import Training
from numerai_rounds.base.eras import WEEKLY, overlap_eras
from numerai_rounds.domain.arrays import ranks
from numerai_rounds.domain.arrays.correlation import moments
from numerai_rounds.domain.arrays.neutral import neutralized
from numerai_rounds.domain.judgement import statistics
from numerai_rounds.domain.metrics import corr
from numerai_rounds.domain.scoring.era import CrossSection, Era
from numerai_rounds.domain.scoring.metric import BENCHMARK, META_MODEL, Inputs

BENCHMARK_60, BENCHMARK_20, META = "lgbm_ender60", "lgbm_ender20", "numerai_meta_model"
"""How the names of others end: before the first two comes the version of the data, `v53_`."""


class Study:
    """A sample, and what was found out about it so far."""

    def __init__(self, sample: Sample) -> None:
        """Begin with nothing. `training.close` removes what is written meanwhile."""
        self.sample = sample
        self.training = Training(sample)
        self.once = self.training.once

    @property
    def default(self) -> Floats:
        """Validation predictions of the default pipeline: shape (1, rows)."""
        return self.training.boosted()

    def other(self, ending: str) -> Floats:
        """Predictions of another model: shape (1, rows), NaN where it has none. AbsentError where there is none."""
        others = self.sample.validation.others
        names = sorted(name for name in others if name.endswith(ending) and np.isfinite(others[name]).any())
        if not names:
            raise AbsentError(f"the predictions of {ending}")
        found: Floats = others[names[-1]][None]
        return found

    def ics(self, target: str, *sides: str) -> Floats:
        """Correlation of each feature with a target in each era: shape (eras, features), NaN where either is constant.

        `sides`: `train`, `validation` or both, one after the other.
        """
        both = {"train": self.sample.train, "validation": self.sample.validation}
        return np.concatenate([self.once(("ics", target, side), partial(_ics, both[side], target)) for side in sides])

    def mean_corr(self, predictions: Floats, target: str = MAIN) -> Floats:
        """Mean CORR over validation eras of each column of predictions: shape (columns,)."""
        return average(self.scores(predictions, corr, target))

    def scores(self, predictions: Floats, metric: Any = corr, target: str = MAIN) -> Floats:
        """A score of the project on each validation era: shape (columns, eras), NaN where there is none."""
        scorer, nothing = metric.Metric(Inputs([predictions])), np.full(len(predictions), np.nan)
        found = []
        for era in self._eras(predictions, target):
            (values,) = scorer.era(era).values() if era is not None else (nothing,)
            found.append(values)
        return np.array(found).T

    def _eras(self, predictions: Floats, target: str) -> Iterator[Era | None]:
        """Each era as metrics see it, on the rows with predictions and a target; None where there are none."""
        side, answers = self.sample.validation, self.sample.validation.target(target)
        others = {role: self._beside(ending) for role, ending in ((BENCHMARK, BENCHMARK_60), (META_MODEL, META))}
        for label, rows in zip(side.eras, side.slices(), strict=True):
            known = np.isfinite(answers[rows]) & np.isfinite(predictions[:, rows]).all(axis=0)
            if not known.any():
                yield None
                continue
            section = CrossSection(
                label,
                pa.nulls(int(known.sum())),
                np.ascontiguousarray(predictions[:, rows][:, known]),
                np.empty((0, int(known.sum())), np.int8),
                {role: values[rows][known] for role, values in others.items()},
            )
            values = answers[rows].astype(np.float64)
            yield Era(section, values[known], float(np.nanmean(values)))

    def _beside(self, ending: str) -> Floats:
        try:
            predictions = self.other(ending)
        except AbsentError:
            predictions = np.full((1, self.sample.validation.starts[-1]), np.nan)
        return predictions.ravel()

    def neutral(self, predictions: Floats, which: str, shares: Sequence[float]) -> Floats:
        """Predictions, shape (rows,), less some shares of their fit to the features of a set: shape (shares, rows).

        As in numerai-tools, era by era, on gaussianised ranks; NaN where there are no predictions.
        """
        side, places = self.sample.validation, self.sample.places(self.training.features(which))
        found = np.full((len(shares), len(predictions)), np.nan)
        for rows in side.slices():
            known = np.flatnonzero(np.isfinite(predictions[rows])) + rows.start
            if len(known):
                gaussian = ranks.gaussianize(ranks.shares(ranks.twice_ranks(predictions[None, known])))
                left = neutralized(gaussian, side.levels[np.ix_(places, known)])
                # What is left comes scaled to a deviation of 1: its own scale is its fit to the whole.
                rest = left * (gaussian * left).mean() / np.square(left).mean()
                found[:, known] = gaussian - np.array(shares)[:, None] * (gaussian - rest)
        return found


def overlap(target: str) -> int:
    """Eras in which a piece of news counts."""
    return overlap_eras(target, None, WEEKLY)


def average(values: Floats, axis: int = -1) -> Floats:
    """Mean of the numbers among values along an axis; NaN where there are none."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    found = np.full(count.shape, np.nan)
    np.divide(np.where(known, values, 0).sum(axis=axis), count, out=found, where=count > 0)
    return found


def sharpe(scores: Floats) -> float:
    """Sharpe ratio of one series, per era, as the project has it; NaN where there is none."""
    known = scores[np.isfinite(scores)]
    return statistics.sharpe(known, ddof=0) if len(known) else float("nan")


def _ics(side: Side, target: str) -> Floats:
    answers, found = side.target(target).astype(np.float64), []
    for rows in side.slices():
        known = np.isfinite(answers[rows])
        levels = side.levels[:, rows]
        found.append(moments(levels if known.all() else levels[:, known], answers[rows][known]).pearson())
    return np.array(found)
