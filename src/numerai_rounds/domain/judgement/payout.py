"""What a round's policy would have paid for the scores of past eras."""

import math

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.params import Payout

Floats = NDArray[np.float64]


def returns(corr: Floats, mmc: Floats, policy: Payout) -> Floats:
    """What each era pays for a stake of 1 NMR: clip(factor * (policy.corr * corr + policy.mmc * mmc), -clip, clip).

    `corr` and `mmc`: shape (eras,), on the policy's target. Higher is better; NaN where either is NaN. `factor` is
    the policy's own, as if it had stood throughout.

    Source: Numerai's documentation of staking.
    """
    score: Floats = policy.factor * (policy.corr * corr + policy.mmc * mmc)
    paid: Floats = np.clip(score, -policy.clip, policy.clip)
    return paid


def simulate(returns: Floats, pending: int, stake: float, a_year: int) -> dict[str, float]:
    """What a stake would have become over all eras that pay; higher is better, nothing where no era pays.

    `returns`: shape (eras,), in their order, of a stake of 1; NaN where an era is not scored, which is left out. An
    era pays only when its target is known, and until then the next ones have begun: the `stake`, in NMR, is split
    evenly into `pending` slices, as many as wait at the same time. They take eras in turn, and each is staked again,
    with what it won or lost, on the next era of its turn. With fewer eras than slices, some never move. No slice
    loses more than it holds; one that has lost all stays at 0. Nothing is paid in or out, and costs are not counted.

    - `payout_mean`: mean return of one era, as a share of what is staked on it.
    - `payout_nmr`: what the stake would have won, in NMR: stake * (W - 1), where W is the mean over slices of the
      product of 1 + return.
    - `payout_yearly`: growth in a year of `a_year` eras, as a share: W ** (a_year / eras) - 1. With fewer eras than a
      year it says what their pace would come to.
    """
    paid = np.maximum(returns[~np.isnan(returns)], -1.0)
    if not len(paid):
        return {}
    slices = [math.prod((1.0 + paid[first::pending]).tolist()) for first in range(pending)]
    wealth = math.fsum(slices) / pending
    return {
        "payout_mean": float(paid.mean()),
        "payout_nmr": stake * (wealth - 1.0),
        "payout_yearly": wealth ** (a_year / len(paid)) - 1.0,
    }
