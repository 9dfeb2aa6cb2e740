"""From the scores of eras to what a person decides by: statistics with intervals, simulated payout, headlines."""

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from numerai_rounds.base.eras import Cadence
from numerai_rounds.base.params import Payout, ScoreSection
from numerai_rounds.domain.judgement import intervals, payout, statistics
from numerai_rounds.domain.scoring.loop import Scored, column_name

HEADLINES = (
    *("corr_mean", "corr_mean_low", "corr_mean_high", "corr_sharpe", "mmc_mean", "payout_mean"),
    *("spearman_mean", "spearman_sharpe_ddof1", "payout_ratio", "mae", "feature_exposure"),
    *("eras", "eras_unscored", "rows"),
)
"""What is said first: few enough to review. The table `summary` has every statistic, and figures that are none.

A headline is a line of a diff. CORR is decided by, so its interval is among them; a row of `summary`, which a changed
model changes in any case, holds the intervals of every other score beside its mean.
"""

STATISTICS = ("mean", "mean_low", "mean_high", "sharpe", "sharpe_ddof1")
"""Those of scores that headlines are made of."""

PAYOUT = "payout"
"""The column of what an era would have paid, as a share of the stake."""

STAKE = ("payout_nmr", "payout_yearly")
"""Columns of `summary` about the payout alone."""


@dataclass(frozen=True)
class Terms:
    """What statistics and payout depend on beside the scores."""

    section: ScoreSection
    main: str
    """The target that the headlines without a target in their name are on."""
    payout: Payout | None
    overlap: Callable[[str], int]
    """Number of eras in which a piece of news counts, by target; 1: eras share nothing."""
    cadence: Cadence
    """How far apart eras are."""


@dataclass(frozen=True)
class Judgement:
    """All that is said about one column of predictions."""

    scored: Scored
    """With a column `payout` of eras where a round's payout is known."""
    summary: pd.DataFrame
    by_year: pd.DataFrame
    curves: pd.DataFrame
    headlines: dict[str, float]
    """Those of `HEADLINES` that exist."""

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table, by name."""
        left_out = self.scored.left_out | {f"era {era}": why for era, why in self.scored.unscored.items()}
        return {
            "per_era": self.scored.per_era,
            "summary": self.summary,
            "by_year": self.by_year,
            "exposure": self.scored.by_feature,
            "exposure_groups": self.scored.by_group,
            "left_out": pd.DataFrame(left_out.items(), columns=["what", "why"]),
            "curves": self.curves,
        }


def judge(scored: Scored, terms: Terms) -> Judgement:
    """Statistics, years, curves and headlines of all scores."""
    scored, simulated = _paid(scored, terms)
    overlaps = {score: terms.overlap(target) for score, target in scored.scores.items()}
    section = terms.section
    summary = statistics.summary(scored.per_era, overlaps, section.interval, section.draws, terms.cadence.a_year)
    summary.insert(1, "target", [scored.scores[score] for score in summary["score"]])
    figures = scored.headlines | {
        f"{score}_{name}": value
        for score, row in summary.set_index("score")[list(STATISTICS)].iterrows()
        for name, value in row.items()
        if math.isfinite(value)
    }
    names = list(overlaps)
    short = summary[summary["mean_low"].isna()]
    unsure = {
        f"interval of {score}": f"{eras} eras that share news over {overlaps[score]} are {held:.1f} independent "
        f"pieces, {intervals.LEAST_PIECES} are needed"
        for score, eras, held in zip(short["score"], short["eras"], short["pieces"], strict=True)
    }
    return Judgement(
        replace(scored, left_out=scored.left_out | unsure),
        _completed(summary, simulated, scored),
        statistics.by_year(scored.per_era, names, terms.cadence.a_year),
        statistics.curves(scored.per_era, names),
        {name: figures[name] for name in HEADLINES if name in figures},
    )


def _completed(summary: pd.DataFrame, simulated: Mapping[str, float], scored: Scored) -> pd.DataFrame:
    """The statistics with what a stake would have become, and a row for each figure that is kept nowhere else.

    Such a figure has its name as `score`, its value as `mean`, and no `target`. A column's mean needs none.
    """
    paid = summary["score"] == PAYOUT
    stake = {name: [simulated.get(name, math.nan) if here else math.nan for here in paid] for name in STAKE}
    summary = summary.assign(**stake)
    kept = {*HEADLINES, *(f"{column}_mean" for column in scored.per_era)}
    rows: list[dict[Hashable, object]] = [
        {"score": name, "eras": len(scored.per_era), "mean": value}
        for name, value in scored.headlines.items()
        if name not in kept
    ]
    if not rows:
        return summary
    return pd.DataFrame([*summary.to_dict("records"), *rows], columns=summary.columns)


def _paid(scored: Scored, terms: Terms) -> tuple[Scored, dict[str, float]]:
    """The scores with what each era would have paid, and what a stake would have become."""
    policy = terms.payout
    if policy is None:
        return _without(scored, PAYOUT, "the round has no payout policy"), {}
    corr, mmc = (column_name(score, policy.target, terms.main) for score in ("corr", "mmc"))
    weights = {corr: policy.corr, mmc: policy.mmc}
    absent = [name for name, weight in weights.items() if weight and name not in scored.per_era]
    if absent:
        return _without(scored, PAYOUT, f"it needs {' and '.join(absent)}"), {}
    columns = [scored.per_era[name] if weights[name] else scored.per_era["rows"] * 0.0 for name in (corr, mmc)]
    returns = payout.returns(columns[0].to_numpy(), columns[1].to_numpy(), policy)
    paid = replace(
        scored,
        per_era=scored.per_era.assign(**{PAYOUT: returns}),
        scores=scored.scores | {PAYOUT: policy.target},
    )
    a_year = terms.cadence.a_year
    simulated = payout.simulate(returns, terms.overlap(policy.target), terms.section.stake, a_year)
    eras = int(np.isfinite(returns).sum())
    if eras < a_year:
        del simulated["payout_yearly"]
        paid = _without(paid, "payout_yearly", f"{eras} eras are no year of {a_year}")
    return paid, simulated


def _without(scored: Scored, what: str, why: str) -> Scored:
    return replace(scored, left_out=scored.left_out | {what: why})
