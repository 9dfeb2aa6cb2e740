"""How the tournament paid in the past, by round; what a source takes that cannot ask the service."""

from numerai_rounds.base.params import Payout

POLICIES = {
    650: Payout(target="target_cyrusd_20", corr=0.5, mmc=2.0, clip=0.05, factor=1.0),
    1175: Payout(target="target_ender_20", corr=0.75, mmc=2.25, clip=0.05, factor=1.0),
    1343: Payout(target="target_ender_60", corr=3.0, mmc=15.0, clip=1.0, factor=1.0),
}
"""First round of a policy -> the policy, up to the next one; in the order of rounds."""


def policy_of(number: int | None) -> Payout | None:
    """How round `number` pays; None without a number, and before round 650, when people chose their own multipliers.

    Before round 1343 the factor was min(1, 72,000 NMR / all stakes at risk), which this table does not know: it has
    1, the most that the factor could be, so a payout simulated for such a round is at most too large in size.
    Source: "Staking" in the tournament's documentation; the targets are those that the rounds themselves told.
    """
    if number is None:
        return None
    begun = [policy for first, policy in POLICIES.items() if first <= number]
    return begun[-1] if begun else None
