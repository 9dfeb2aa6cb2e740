"""Features beside each other and over time, without any target."""

import numpy as np

from benchmarks.market.data import AbsentError, Floats, Levels, Places
from benchmarks.market.row import Figures, Row, Statistic
from benchmarks.market.study import Study
from numerai_rounds.base.columns import FEATURE_LEVELS
from numerai_rounds.io.market.themes import THEMES

BLOCK = 32_768
"""Rows whose products are added up together; they are exact in float32."""

VARIES = 1e-9
"""Variances that are smaller are rounding."""

LEAST = 1e-4
"""Share of rows that a level is taken to have at least: the logarithm of nothing does not exist."""

FULL = 1.41
"""Least deviation of a feature whose levels are equally frequent, but for rounding: the root of 2."""

MATTERS = 0.02
"""Correlations that are smaller have no sign worth counting."""


def correlations(study: Study) -> Figures:
    """Absolute correlation of two features over all train rows: mean, median and maximum over pairs.

    The eigenvalues are those of the matrix of correlations; the greatest is told as a share of all. Features that never
    vary are left out. Spells in which a feature is absent count as they are, as the middle level.
    """
    matrix, _ = _matrix(study)
    pairs = np.abs(matrix[np.triu_indices(len(matrix), 1)])
    eigenvalues = np.linalg.eigvalsh(matrix)
    return {
        "features_mean": float(pairs.mean()),
        "features_median": float(np.median(pairs)),
        "features_max": float(pairs.max()),
        "eigenvalue": float(eigenvalues[0]),
        "eigenvalue_first": float(eigenvalues[-1] / len(matrix)),
    }


def correlation_matrix(levels: Levels) -> tuple[Floats, Places]:
    """Correlations of features, given levels of shape (features, rows), that vary, and the places of these."""
    count, rows = levels.shape
    products, totals = np.zeros((count, count)), np.zeros(count)
    for start in range(0, rows, BLOCK):
        block = levels[:, start : start + BLOCK].astype(np.float32)
        products += block @ block.T
        totals += block.sum(axis=1, dtype=np.float64)
    covariance = products / rows - np.outer(totals, totals) / rows**2
    varying = np.flatnonzero(covariance.diagonal() > VARIES)
    spread = np.sqrt(covariance.diagonal()[varying])
    return covariance[np.ix_(varying, varying)] / np.outer(spread, spread), varying


def themes(study: Study) -> Figures:
    """Absolute correlation of two features of a theme over all train rows: mean over pairs.

    *Least* and *greatest* are over themes. *Negative*: share of the pairs within themes, of those whose correlation is
    beyond .02 in size, that correlate negatively.
    """
    matrix, varying = _matrix(study)
    found, pairs = {}, []
    for theme in THEMES:
        listed = study.sample.places(study.sample.sets.get(theme, []))
        places = np.searchsorted(varying, np.intersect1d(listed, varying))
        if len(places) > 1:
            inside = matrix[np.ix_(places, places)][np.triu_indices(len(places), 1)]
            found[f"theme_{theme}"] = float(np.abs(inside).mean())
            pairs.append(inside)
    if not found:
        raise AbsentError("a thematic set of two features")
    beyond = np.concatenate(pairs)
    beyond = beyond[np.abs(beyond) > MATTERS]
    edges = {"theme_low": min(found.values()), "theme_high": max(found.values())}
    return edges | found | {"theme_negative": float((beyond < 0).mean()) if len(beyond) else float("nan")}


def spreads(study: Study) -> Figures:
    """Deviation of a feature's levels over all train rows: share above 1.41, and the least of those that vary.

    *Absent at first*: share of features that do not vary in the first train era, and in how many different eras these
    begin.
    """
    side = study.sample.train
    shares, levels = _shares(side.levels), np.arange(FEATURE_LEVELS)
    spread = np.sqrt(shares @ np.square(levels) - np.square(shares @ levels))
    varying = spread > 0
    eras = np.array([np.ptp(side.levels[varying, rows], axis=1) > 0 for rows in side.slices()])
    first = eras.argmax(axis=0)
    return {
        "spread_full": float((spread[varying] > FULL).mean()),
        "spread_low": float(spread[varying].min()),
        "absent_share": float((first > 0).mean()),
        "absent_dates": float(len(np.unique(first[first > 0]))),
    }


def stability(study: Study) -> Figures:
    """Population stability index of a feature from train to validation rows: 95 % quantile and maximum.

    The sum over levels of the difference of their shares of rows times the logarithm of the ratio of these; a share is
    taken to be 1e-4 at least.
    """
    before, after = (_shares(side.levels) for side in (study.sample.train, study.sample.validation))
    index = population_stability(before, after)
    return {"psi_95": float(np.quantile(index, 0.95)), "psi_max": float(index.max())}


def population_stability(before: Floats, after: Floats) -> Floats:
    """The index, shape (features,), of shares of levels, each of shape (features, levels)."""
    before, after = np.maximum(before, LEAST), np.maximum(after, LEAST)
    index: Floats = ((after - before) * np.log(after / before)).sum(axis=1)
    return index


def _shares(levels: Levels) -> Floats:
    """Share of rows of each level: shape (features, levels)."""
    counts = [np.bincount(row, minlength=FEATURE_LEVELS) for row in levels]
    shares: Floats = np.array(counts) / levels.shape[1]
    return shares


def _matrix(study: Study) -> tuple[Floats, Places]:
    return study.once("features' correlations", lambda: correlation_matrix(study.sample.train.levels))


REAL_THEMES = {"sunshine": ".055", "dexterity": ".383", "wisdom": ".285", "agility": ".259"}
STATISTICS = {
    "features": Statistic(
        correlations,
        (
            Row("features_mean", "features' absolute correlation, mean", ".063", 0.03, 0.08),
            Row("features_median", "median", ".030"),
            Row("features_max", "maximum", ".989", low=0.95),
            Row("eigenvalue", "smallest eigenvalue", ".007", high=0.05),
            Row("eigenvalue_first", "greatest eigenvalue, share of all"),
        ),
    ),
    "themes": Statistic(
        themes,
        (
            Row("theme_low", "within a theme, absolute correlation: least", ".055"),
            Row("theme_high", "greatest", ".383"),
            *(Row(f"theme_{name}", name, REAL_THEMES.get(name, "")) for name in THEMES),
            Row("theme_negative", "share of negative pairs"),
        ),
    ),
    "spreads": Statistic(
        spreads,
        (
            Row("spread_full", "share of features of deviation 1.414", ".66"),
            Row("spread_low", "least deviation", "1.16"),
            Row("absent_share", "share of features absent at first"),
            Row("absent_dates", "eras in which these begin", "staggered"),
        ),
    ),
    "stability": Statistic(
        stability,
        (
            Row("psi_95", "population stability index, 95 % quantile", ".19"),
            Row("psi_max", "maximum", ".71"),
        ),
    ),
}
