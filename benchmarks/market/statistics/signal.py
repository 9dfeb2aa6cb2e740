"""Features' correlations with targets, over time. An IC is that of one feature with a target within one era."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.market.data import MAIN, Floats, Side
from benchmarks.market.row import Figures, Row, Statistic
from benchmarks.market.study import Study, average, overlap
from numerai_rounds.domain.arrays.correlation import moments
from numerai_rounds.domain.judgement import statistics
from numerai_rounds.io.market.signal import weights
from numerai_rounds.io.market.size import Market
from numerai_rounds.io.market.stocks import hidden_levels
from numerai_rounds.io.market.terms import values

AGNES = "target_agnes_60"
SIDES = ("train", "validation")
NAN = float("nan")


def autocorrelation(study: Study) -> Figures:
    """Lag-1 autocorrelation of an era's mean IC over features, over train and validation eras in order.

    Signs are as features come: the mean is signed. *By sign* gives each feature the sign of its mean IC over these
    eras before. *Own* is each feature's own autocorrelation, the mean over features. The target is ender, 60 days.
    """
    ics = varying(study.ics(MAIN, *SIDES))
    signs = np.sign(average(ics, axis=0))
    own = [_own(series) for series in ics.T]
    return {
        "autocorrelation": _own(average(ics)),
        "autocorrelation_signed": _own(average(ics * signs)),
        "autocorrelation_own": float(average(np.array(own))),
    }


def sizes(study: Study) -> Figures:
    """Mean IC of a feature over train and validation eras, in size: mean and maximum over features, and their ratio.

    The best feature's Sharpe ratio is the largest in size of any over the validation eras; its share of eras is the
    largest share of these eras in which an IC has the sign of its mean.
    """
    size = np.abs(average(varying(study.ics(MAIN, *SIDES)), axis=0))
    late = study.ics(MAIN, "validation")
    late = late[:, np.isfinite(late).all(axis=0)]
    means, spread = late.mean(axis=0), late.std(axis=0)
    return {
        "ic_mean": float(size.mean()),
        "ic_max": float(size.max()),
        "ic_ratio": float(size.max() / size.mean()),
        "best_sharpe": float((np.abs(means) / spread).max()),
        "best_positive": float((late * np.sign(means) > 0).mean(axis=0).max()),
    }


def persistence(study: Study) -> Figures:
    """Correlation over features of their mean IC in train eras with that in validation eras, noise allowed for.

    That is the correlation over the root of the product of two reliabilities: the shares of the variance over
    features of a mean IC that are no noise. The noise of a mean is the variance of its series plus twice the
    autocovariances of 1 to 11 eras, since news counts in 12, over the eras less the 23 terms of this sum; the
    mean over features. There is no figure where noise is all there is, and a doubtful one where reliability in
    validation is small: the *slope*, of validation on train, needs that of train alone, and is the same where
    both sides' true means vary alike. *Of the signal*: the correlation over features of their mean IC with the
    signal alone, which is known of a sample; no noise is left to allow for. *Kept*: of the tenth of features of
    the largest mean IC in size in train, how much of it they have in validation, in the same direction: mean
    over mean.
    """
    found = persisted(study.ics(MAIN, "train"), study.ics(MAIN, "validation"), overlap(MAIN))
    return found | _without_noise(study)


def _without_noise(study: Study) -> Figures:
    market = study.sample.market
    if market is None:
        return {}
    before, after = (
        average(_signal_ics(market, side), axis=0) for side in (study.sample.train, study.sample.validation)
    )
    known = np.isfinite(before) & np.isfinite(after)
    return {"ic_signal": float(np.corrcoef(before[known], after[known])[0, 1])}


def _signal_ics(market: Market, side: Side) -> Floats:
    """Correlation of each feature with the signal in each era: shape (eras, features)."""
    found = []
    for number, rows in zip(side.numbers.tolist(), side.slices(), strict=True):
        (era,) = market.eras(number, number)
        signal = weights(market.seed, number) @ values(market.seed, hidden_levels(market, era))
        found.append(moments(side.levels[:, rows], signal.astype(np.float64)).pearson())
    return np.array(found)


def persisted(train: Floats, validation: Floats, overlapping: int) -> Figures:
    """The same for ICs, each of shape (eras, features), whose neighbours share news over `overlapping` eras."""
    known = np.isfinite(train).any(axis=0) & np.isfinite(validation).any(axis=0)
    before, after = average(train[:, known], axis=0), average(validation[:, known], axis=0)
    raw = float(np.corrcoef(before, after)[0, 1])
    parts = ((train[:, known], before), (validation[:, known], after))
    reliable = [1 - noise(ics, overlapping) / float(means.var()) for ics, means in parts]
    best = np.argsort(-np.abs(before))[: max(1, len(before) // 10)]
    kept = (after[best] * np.sign(before[best])).mean() / np.abs(before[best]).mean()
    return {
        "ic_persistence": raw / float(np.sqrt(np.prod(reliable))) if min(reliable) > 0 else NAN,
        "ic_raw": raw,
        "ic_slope": raw * float(after.std() / before.std()) / reliable[0] if reliable[0] > 0 else NAN,
        "ic_kept": float(kept),
        "ic_reliable_train": reliable[0],
        "ic_reliable_validation": reliable[1],
    }


def noise(ics: Floats, overlapping: int) -> float:
    """Variance of the mean of a feature's ICs, shape (eras, features), that is noise: the mean over features.

    Equal weights (Hansen and Hodrick, Forward Exchange Rates as Optimal Predictors of Future Spot Rates, 1980), unlike
    Newey and West's, miss nothing of what neighbours share: those would find 70 % of it. A single estimate may be
    negative, a mean over features hardly. Each term is too small by the variance of the mean, around which it is taken.
    """
    lags, found = range(1, overlapping), []
    for series in ics.T:
        known = series[np.isfinite(series)]
        terms = 2 * overlapping - 1
        if len(known) > terms:
            around = known - known.mean()
            total = around @ around + 2 * sum(around[lag:] @ around[:-lag] for lag in lags)
            found.append(total / len(known) / (len(known) - terms))
    return float(np.mean(found)) if found else NAN


def deviations(study: Study) -> Figures:
    """Deviation over train eras of a feature's IC times the root of the era's rows: the mean over features.

    It is 1 where a target has nothing to do with features, below 1 where it is neutral to them, above 1 where they
    move it. Of ender and of agnes, 60 days.
    """
    rows = study.sample.train.rows
    targets = {"deviation_ender": MAIN, "deviation_agnes": AGNES}
    return {key: deviation(study.ics(target, "train"), rows) for key, target in targets.items()}


def deviation(ics: Floats, rows: NDArray[np.intp]) -> float:
    """The same for ICs of shape (eras, features), of eras with so many rows."""
    scaled = ics * np.sqrt(rows)[:, None]
    spreads = [series[np.isfinite(series)].std(ddof=1) for series in scaled.T if np.isfinite(series).sum() > 1]
    return float(np.mean(spreads))


def varying(ics: Floats) -> Floats:
    """Those of features that vary in any era."""
    return ics[:, np.isfinite(ics).any(axis=0)]


def _own(series: Floats) -> float:
    known = series[np.isfinite(series)]
    return statistics.autocorrelation(known) if len(known) > 1 else NAN


STATISTICS = {
    "autocorrelation": Statistic(
        autocorrelation,
        (
            Row("autocorrelation", "lag-1 autocorrelation of an era's mean IC", ".67", 0.4, 0.8),
            Row("autocorrelation_signed", "by sign of a feature's mean IC"),
            Row("autocorrelation_own", "a feature's own"),
        ),
    ),
    "persistence": Statistic(
        persistence,
        (
            Row("ic_signal", "IC train to validation: of the signal alone", ".54", 0.4, 0.7),
            Row("ic_persistence", "estimated, noise allowed for", ".54"),
            Row("ic_raw", "without allowance", ".46"),
            Row("ic_slope", "slope of validation on train, noise allowed for"),
            Row("ic_kept", "share that the top decile keeps", ".48"),
            Row("ic_reliable_train", "reliability in train"),
            Row("ic_reliable_validation", "reliability in validation"),
        ),
    ),
    "deviations": Statistic(
        deviations,
        (
            Row("deviation_ender", "IC deviation against 1/sqrt(rows), ender", ".45", 0.4, 0.7),
            Row("deviation_agnes", "agnes", "several times wider", low=1.0),
        ),
    ),
    "sizes": Statistic(
        sizes,
        (
            Row("ic_mean", "a feature's mean IC in size, mean", ".0015"),
            Row("ic_max", "maximum", ".0095"),
            Row("ic_ratio", "maximum / mean", "6.3"),
            Row("best_sharpe", "best feature's Sharpe ratio in validation", "1.42"),
            Row("best_positive", "best feature's share of eras of its sign", ".91"),
        ),
    ),
}
