"""The benchmark models and the meta model, and what an own model is beside them."""

import numpy as np
from scipy.stats import rankdata

from benchmarks.market.data import Floats
from benchmarks.market.row import Figures, Row, Statistic
from benchmarks.market.statistics.models import SETS
from benchmarks.market.study import BENCHMARK_20, BENCHMARK_60, META, Study, average, sharpe
from numerai_rounds.domain.arrays import ranks
from numerai_rounds.domain.metrics import bmc, mmc


def neutral(study: Study) -> Figures:
    """Change of the benchmark's CORR, as a share of it, once half and all of its fit to `medium` are taken out.

    Era by era, out of gaussianised ranks, as numerai-tools' `neutralize` with a proportion of .5 and 1. The small
    model is LightGBM with the default parameters on `small`, neutral to the same features; it has no figure where it
    has no positive CORR to begin with.
    """
    (benchmark,), (small,) = study.other(BENCHMARK_60), study.training.boosted("small")
    half, whole = changes(study, benchmark, study.neutral(benchmark, "medium", (0.5, 1.0)))
    (own,) = changes(study, small, study.neutral(small, "small", (1.0,)))
    return {"neutral_50": half, "neutral_100": whole, "small_neutral": own}


def changes(study: Study, before: Floats, after: Floats) -> list[float]:
    """Change of mean CORR, as a share of that of `before`, which is NaN unless it is positive."""
    base, *values = study.mean_corr(np.concatenate([before[None], after]))
    return [float(value / base - 1) if base > 0 else float("nan") for value in values]


def contributions(study: Study) -> Figures:
    """Mean BMC and MMC of the default LightGBM, on the scale of numerai-tools.

    Over the validation eras that the benchmark ender60, or the meta model, has predictions for.
    """
    return {key: float(average(study.scores(study.default, metric))[0]) for key, metric in (("bmc", bmc), ("mmc", mmc))}


def alike(study: Study) -> Figures:
    """Correlation of the ranks of predictions with those of the benchmark ender60, within an era: mean over eras.

    Of the default LightGBM, and of LightGBM with the default parameters on sets of features.
    """
    side, (theirs,) = study.sample.validation, study.other(BENCHMARK_60)
    models = {"alike": study.default} | {f"alike_{name}": study.training.boosted(name) for name in SETS}
    ours = np.concatenate(list(models.values()))
    found = []
    for rows in side.slices():
        known = np.isfinite(theirs[rows])
        ranked = rankdata(ours[:, rows][:, known], axis=1)
        found.append(ranks.pearson(ranked, rankdata(theirs[rows][known])) if known.any() else ranked.mean(axis=1))
    return dict(zip(models, average(np.array(found).T).tolist(), strict=True))


def benchmarks(study: Study) -> Figures:
    """CORR, Sharpe ratio and eras of the benchmark models and the meta model on the main target.

    Over the validation eras that each of them has predictions for. The meta model's share is of the benchmark's CORR
    on the same eras.
    """
    found: Figures = {}
    (ender60,) = study.scores(study.other(BENCHMARK_60))
    for key, name in (("ender60", BENCHMARK_60), ("ender20", BENCHMARK_20), ("meta", META)):
        (values,) = study.scores(study.other(name))
        known = np.isfinite(values)
        found |= {
            f"{key}_corr": float(average(values)),
            f"{key}_sharpe": sharpe(values),
            f"{key}_eras": float(known.sum()),
            f"{key}_share": float(average(values) / average(ender60[known])),
        }
    return found


STATISTICS = {
    "neutral": Statistic(
        neutral,
        (
            Row("neutral_50", "benchmark half neutral to medium: change of CORR", ".03", low=-0.10),
            Row("neutral_100", "benchmark neutral to medium: change of CORR", "-.06", low=-0.25),
            Row("small_neutral", "small LightGBM neutral to its own features", "-.40"),
        ),
    ),
    "contributions": Statistic(
        contributions,
        (
            Row("bmc", "BMC of the default LightGBM", ".0003 to .005", 0.0005, 0.004),
            Row("mmc", "MMC of the default LightGBM", ".0017 to .0059", 0.001, 0.006),
        ),
    ),
    "alike": Statistic(
        alike,
        (
            Row("alike", "correlation of the default LightGBM with the benchmark", ".55 to .70", 0.45, 0.75),
            Row("alike_small", "of LightGBM on small"),
            Row("alike_medium", "on medium", ".55"),
            Row("alike_all", "on all features", ".70"),
        ),
    ),
    "benchmarks": Statistic(
        benchmarks,
        (
            Row("ender60_corr", "CORR of the benchmark ender60", ".0286", 0.024, 0.032),
            Row("ender60_sharpe", "Sharpe ratio of it"),
            Row("ender60_eras", "eras of it"),
            Row("ender20_share", "benchmark ender20 / ender60", ".83", 0.7, 0.9),
            Row("ender20_corr", "CORR of the benchmark ender20", ".0237"),
            Row("ender20_sharpe", "Sharpe ratio of it"),
            Row("meta_share", "meta model / benchmark ender60, same eras", ".77", 0.7, 0.9),
            Row("meta_corr", "CORR of the meta model", ".0221"),
            Row("meta_sharpe", "Sharpe ratio of it"),
            Row("meta_eras", "resolved eras of it", "100"),
        ),
    ),
}
