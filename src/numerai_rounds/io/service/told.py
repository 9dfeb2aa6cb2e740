"""What the service tells of a round: when it is open, and what it pays for."""

from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

UNREADABLE = (AttributeError, KeyError, OverflowError, TypeError, ValueError)
"""What numerapi, or whoever reads an answer as it does, stumbles with over one of another shape.

RefusedError is a ValueError as well: where the service's own words matter, it is caught first.
"""

WINDOWS = """
    query($tournament: Int
          $number: Int
          $status: RoundStatus) {
        rounds(tournament: $tournament
               number: $number
               status: $status) {
            number
            openTime
            closeStakingTime
            closeTime
        }
    }
"""
"""Only what a deadline needs: nothing else that the service says of a round may keep a submission back."""


class ScorePaid(BaseModel):
    """A score that a round pays for, as the service tells it; a number may come as text."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, allow_inf_nan=False)

    name: str
    display_name: str | None = None
    """What the service calls it where it tells the scores of a submission."""
    default_multiplier: float | None = None
    total_score_days: int | None = None
    """Business days that the score looks ahead."""
    clip_threshold: Annotated[float, Field(gt=0)] | None = None
    payout_factor: Annotated[float, Field(ge=0)] | None = None


class Terms(NamedTuple):
    """What a round pays for, as the service tells it."""

    target: str | None
    """What its scores are on; None where the service does not say."""
    scores: list[ScorePaid]
    """Those that are paid for; empty where the service does not say."""


class Window(BaseModel):
    """When a round takes submissions that can be staked, by the service's own clock."""

    model_config = ConfigDict(frozen=True)

    number: int
    opens: datetime
    closes: datetime
    is_open: bool
    ends: datetime | None = None
    """Until when a late submission is taken, for the next round; None where the service does not say."""


def moment(told: Any) -> datetime | None:
    """A time of the service, which is UTC where it does not say; None for what is none."""
    try:
        found = datetime.fromisoformat(told)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (OverflowError, TypeError, ValueError):
        return None
