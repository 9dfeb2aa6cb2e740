"""All that is said about scores over eras, whatever they are scores of. Higher is better in every score.

Tables of eras have a column `era` of labels such as `0575`, in order, and a column for each score, NaN where an era has
none. Such eras are left out of that score's series, whose neighbours may then be more than an era apart.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from numerai_rounds.base.columns import ERA
from numerai_rounds.base.eras import era_number
from numerai_rounds.domain.judgement import intervals
from numerai_rounds.domain.judgement.critical_values import lags_of, long_run_variance
from numerai_rounds.domain.judgement.intervals import Floats, Intervals, deviation

SUMMARY = (
    *("score", "eras", "pieces", "mean", "mean_low", "mean_high", "std"),
    *("sharpe", "sharpe_low", "sharpe_high", "sharpe_ddof1", "sharpe_corrected"),
    *("autocorrelation", "hit_rate", "max_drawdown", "max_drawdown_eras", "worst", "worst_era", "years_positive"),
)
"""Columns of `summary`."""

BY_YEAR = ("score", "year", "first_era", "last_era", "eras", "mean", "std", "sharpe", "hit_rate")
"""Columns of `by_year`."""

CURVES = (ERA, "score", "value", "cumulative", "drawdown")
"""Columns of `curves`."""


class Series(NamedTuple):
    """One score where it exists: at least one era."""

    score: str
    eras: Sequence[str]
    values: Floats
    """Shape (eras,), finite."""
    a_year: int
    """Eras."""

    @property
    def years(self) -> list[int]:
        """The year of each era, counted from era 1: if eras are weekly, eras 1 to 52 are year 1."""
        return [(era_number(era) - 1) // self.a_year + 1 for era in self.eras]


def summary(
    per_era: pd.DataFrame, overlaps: Mapping[str, int], interval: float, draws: int, a_year: int
) -> pd.DataFrame:
    """A row for each score of `overlaps` that any era has, in that order.

    `overlaps`: eras in which a piece of news counts, by the score's target. `interval`: share of outcomes that
    intervals are to cover. `draws`: simulated series behind them. `a_year`: eras of a year. A number that does not
    exist, such as the Sharpe ratio of one era, is NaN.

    - `eras`, `mean`, `std` (ddof 0): of the series.
    - `pieces`: independent eras that would tell as much: eras over overlap.
    - `mean_low`, `mean_high`, `sharpe_low`, `sharpe_high`: intervals (`domain.intervals`), NaN with too few pieces.
    - `sharpe`: mean over std with ddof 0, as in numerai-tools, per era, not per year; `sharpe_ddof1`: with ddof 1, as
      in Numerai's tutorial and pandas.
    - `sharpe_corrected`: mean over the root of the long-run variance: the Sharpe ratio of eras that do not overlap and
      are as certain of their mean. Overlap can only take away: the variance itself counts where it is larger. NaN with
      too few pieces.
    - `autocorrelation`: of neighbouring eras, -1 to 1.
    - `hit_rate`: share of eras above 0.
    - `max_drawdown`: the largest fall of the running sum below its highest value so far, 0 or more, lower is better;
      the first value is the first era's own. `max_drawdown_eras`: from the peak before that fall until the running sum
      is back there, or the end; of several equal falls, the first.
    - `worst`, `worst_era`: the lowest score and the first era that has it.
    - `years_positive`: share of years, as in `by_year`, whose mean is above 0.
    """
    rows = [_described(series, overlaps[series.score], interval, draws) for series in _each(per_era, overlaps, a_year)]
    return pd.DataFrame(rows, columns=list(SUMMARY))


def by_year(per_era: pd.DataFrame, scores: Iterable[str], a_year: int) -> pd.DataFrame:
    """A row for each score and year that has eras with it, in that order.

    `year`: of `a_year` eras, counted by era number: if they are weekly, eras 1 to 52 are year 1. `first_era`,
    `last_era`: the first and the last with a score. The others are as in `summary`.
    """
    rows = [
        {
            "score": series.score,
            "year": year,
            "first_era": part.eras[0],
            "last_era": part.eras[-1],
            "eras": len(part.eras),
            "mean": float(part.values.mean()),
            "std": deviation(part.values, ddof=0),
            "sharpe": sharpe(part.values, ddof=0),
            "hit_rate": hit_rate(part.values),
        }
        for series in _each(per_era, scores, a_year)
        for year, part in _by_year(series)
    ]
    return pd.DataFrame(rows, columns=list(BY_YEAR))


def curves(per_era: pd.DataFrame, scores: Iterable[str]) -> pd.DataFrame:
    """A row for each score and era that has it, by score, then era: what plots show.

    `value`: the score; `cumulative`: the running sum; `drawdown`: its distance to its highest value so far, 0 or less.
    """
    tables = [pd.DataFrame({name: pd.Series(dtype=float if name in CURVES[2:] else str) for name in CURVES})]
    for series in _each(per_era, scores, a_year=1):
        total = np.cumsum(series.values)
        columns = (series.eras, series.score, series.values, total, 0.0 - drawdowns(series.values))
        tables.append(pd.DataFrame(dict(zip(CURVES, columns, strict=True))))
    return pd.concat(tables, ignore_index=True)


def sharpe(values: Floats, ddof: int) -> float:
    """Mean over standard deviation of at least one finite value; NaN where there is no deviation.

    `ddof` is 0 for the population's deviation, as in numerai-tools, 1 for the sample's, as in pandas.
    """
    spread = deviation(values, ddof)
    return float(values.mean()) / spread if spread > 0 else math.nan


def autocorrelation(values: Floats) -> float:
    """Correlation of neighbouring values, -1 to 1; NaN where there is no deviation.

    Source: the sample autocorrelation of Box and Jenkins: one mean and one variance for both sides.
    """
    centred = values - values.mean()
    total = float(np.square(centred).sum())
    if deviation(values, ddof=0) == 0 or total == 0:
        return math.nan
    return float((centred[1:] * centred[:-1]).sum()) / total


def hit_rate(values: Floats) -> float:
    """Share of values above 0."""
    return float((values > 0).mean())


def drawdowns(values: Floats) -> Floats:
    """How far the running sum is below its highest value so far, 0 or more; the same shape."""
    total = np.cumsum(values)
    fallen: Floats = np.maximum.accumulate(total) - total
    return fallen


def max_drawdown(values: Floats) -> tuple[float, int]:
    """The largest drawdown, and the eras from the peak before it until the running sum is back, or the end."""
    fallen = drawdowns(values)
    deepest = int(fallen.argmax())
    if fallen[deepest] == 0:
        return 0.0, 0
    at_peak = np.flatnonzero(fallen == 0)
    peak = int(at_peak[at_peak < deepest].max())
    back = int(min(at_peak[at_peak > deepest], default=len(values) - 1))
    return float(fallen[deepest]), back - peak


def _each(per_era: pd.DataFrame, scores: Iterable[str], a_year: int) -> Iterator[Series]:
    for score in scores:
        present = per_era.loc[per_era[score].notna(), [ERA, score]]
        if len(present):
            yield Series(score, present[ERA].tolist(), present[score].to_numpy(dtype=np.float64), a_year)


def _by_year(series: Series) -> Iterator[tuple[int, Series]]:
    years = series.years
    for year in sorted(set(years)):
        first, stop = years.index(year), len(years) - years[::-1].index(year)
        yield year, Series(series.score, series.eras[first:stop], series.values[first:stop], series.a_year)


def _described(series: Series, overlap: int, interval: float, draws: int) -> dict[str, object]:
    values = series.values
    drawdown, drawdown_eras = max_drawdown(values)
    worst = int(values.argmin())
    return {
        "score": series.score,
        "eras": len(values),
        "pieces": intervals.pieces(len(values), overlap),
        "mean": float(values.mean()),
        **_bounds(intervals.estimated(values, overlap, interval, draws)),
        "std": deviation(values, ddof=0),
        "sharpe": sharpe(values, ddof=0),
        "sharpe_ddof1": sharpe(values, ddof=1),
        "sharpe_corrected": _sharpe_corrected(values, overlap),
        "autocorrelation": autocorrelation(values),
        "hit_rate": hit_rate(values),
        "max_drawdown": drawdown,
        "max_drawdown_eras": drawdown_eras,
        "worst": float(values[worst]),
        "worst_era": series.eras[worst],
        "years_positive": float(np.mean([part.values.mean() > 0 for _, part in _by_year(series)])),
    }


def _bounds(found: Intervals | None) -> dict[str, float]:
    cells: dict[str, float] = {}
    for name in Intervals._fields:
        low, high = (found and getattr(found, name)) or (math.nan, math.nan)
        cells |= {f"{name}_low": low, f"{name}_high": high}
    return cells


def _sharpe_corrected(values: Floats, overlap: int) -> float:
    eras = len(values)
    if eras < intervals.least_eras(overlap) or deviation(values, ddof=0) == 0:
        return math.nan
    # Around its own mean a series varies less than around the true one.
    long_run = float(long_run_variance(values[None] - values.mean(), lags_of(overlap))[0]) * eras / (eras - overlap)
    variance = max(long_run, deviation(values, ddof=0) ** 2)
    return float(values.mean()) / math.sqrt(variance)
