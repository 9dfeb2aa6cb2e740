"""What predictions add to those of another model, and how good that one is."""

import numpy as np

from numerai_rounds.domain.arrays import ranks
from numerai_rounds.domain.scoring.era import Era, Floats

LEVELS = 4
"""Targets of 0 to 1 count as levels from -2 to 2: so numerai-tools has it, and the documentation has a fourth of it."""


def contribution(era: Era, other: str) -> Floats:
    """Covariance of the target with what is left of predictions less their part in another model's, shape (columns,).

    `correlation_contribution` of numerai-tools: both sides are ranked, ties kept, and gaussianised, over the rows that
    the other model has predictions for. NaN where it has none or where the target or the predictions are constant
    (numerai-tools gives 0).
    """
    result, section = np.full(len(era.section.predictions), np.nan), era.section.beside(other)
    if section is None:
        return result
    values, target = section.others[other], era.target[np.isfinite(era.section.others[other])]
    scorable = section.varying & (np.ptp(target) > 0)
    if scorable.any() and np.ptp(values) > 0:
        theirs = ranks.gaussianize(ranks.shares(ranks.twice_ranks(values[None])))[0]
        ours = section.gaussian[scorable]
        centred = LEVELS * (target - target.mean())
        shared = (ours * theirs).sum(axis=1) / np.square(theirs).sum()
        result[scorable] = ((ours * centred).sum(axis=1) - shared * (theirs * centred).sum()) / len(target)
    return result


def transformed_correlation(era: Era, other: str) -> Floats:
    """Pearson of the predictions, ranked, gaussianised and to the power of 1.5, with another model's: shape (columns,).

    The other model's are taken as they are. NaN where either side is constant, or the other model has none.
    """
    section = era.section.beside(other)
    if section is None:
        return np.full(len(era.section.predictions), np.nan)
    return ranks.pearson(section.powered, section.others[other])


def corr_of(era: Era, other: str) -> Floats:
    """Another model's own CORR, over the rows that it has predictions for: shape (columns,), all the same.

    NaN where it has none, or either side is constant.
    """
    values = era.section.others[other]
    known = np.isfinite(values)
    result, target = np.full(len(era.section.predictions), np.nan), era.powered_target[known]
    if known.any() and np.ptp(values[known]) > 0:
        gaussian = ranks.gaussianize(ranks.shares(ranks.twice_ranks(values[None, known])))
        result[:] = ranks.pearson(ranks.power_1_5(gaussian), target)
    return result
