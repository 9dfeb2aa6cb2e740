"""What the service tells, field by field: rounds, what they pay for, and live scores."""

from datetime import UTC, datetime, timedelta
from typing import Any

TOURNAMENT = 8
OPENS = datetime(2000, 1, 1, 12, tzinfo=UTC)
CLOSES = datetime(2100, 1, 1, 13, tzinfo=UTC)


def iso(moment: datetime) -> str:
    """A time as the service writes it, in whole seconds of UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def score_config(name: str, multiplier: Any, days: Any = 60, **changes: Any) -> dict[str, Any]:
    """A score of a round as the service describes it, for payout where its multiplier is not 0."""
    return {
        "id": f"{name}-{days}",
        "scoreConfigId": f"{name}-{days}",
        "roundNumberStart": 1,
        "roundNumberEnd": None,
        "name": name,
        "version": "3",
        "displayName": f"{name}{days}",
        "totalScoreDays": days,
        "returnsLagDays": 2,
        "dataDelayDays": 2,
        "universe": None,
        "isCanonScore": True,
        "isPayout": multiplier != 0,
        "scoringStart": "2100-02-01T00:00:00Z",
        "scoringEnd": "2100-04-01T00:00:00Z",
        "minMultiplier": multiplier,
        "maxMultiplier": multiplier,
        "defaultMultiplier": multiplier,
        "clipThreshold": 1.0,
        "stakeThreshold": None,
        "payoutFactor": 1.0,
        **changes,
    }


PRESENT = [
    score_config("correlation", 0.0, 20),
    score_config("meta_model_contribution", 0.0, 20),
    score_config("correlation", 3.0),
    score_config("meta_model_contribution", 15.0),
    score_config("feature_neutral_correlation", 0.0, clipThreshold=None),
]
"""What a round pays for since round 1343."""


def round_entry(number: int, opens: datetime, closes: datetime, score_configs: list[Any]) -> dict[str, Any]:
    """A round that is not resolved, as the service describes it."""
    return {
        "id": f"round-{number}",
        "tournament": TOURNAMENT,
        "number": number,
        "target": "target_ender_60",
        "openTime": iso(opens),
        "closeTime": iso(closes),
        "closeStakingTime": iso(closes),
        "scoreTime": "2100-02-01T00:00:00Z",
        "resolveTime": "2100-04-01T00:00:00Z",
        "resolvedGeneral": False,
        "resolvedStaking": False,
        "payoutFactor": "1",
        "stakeThreshold": None,
        "dataDatestamp": int(opens.strftime("%Y%m%d")),
        "roundScoreConfigs": score_configs,
    }


def live_score(
    model_id: str,
    round_number: int,
    display_name: str,
    value: float | None,
    day: int = 20,
    resolved: bool = True,
    **changes: Any,
) -> dict[str, Any]:
    """One score of one submission on one day, for `StandIn.scores`; each round closes a day after the one before."""
    closes = datetime(2000, 1, 1, 13, tzinfo=UTC) + timedelta(days=round_number)
    resolves = closes + timedelta(days=90)
    return {
        "modelId": model_id,
        "tournament": TOURNAMENT,
        "roundId": f"round-{round_number}",
        "submissionId": f"submission-{model_id}-{round_number}",
        "roundNumber": round_number,
        "roundResolveTime": iso(resolves),
        "roundScoreTime": iso(closes + timedelta(days=7)),
        "roundCloseStakingTime": iso(closes),
        "value": value,
        "percentile": 0.5,
        "displayName": display_name,
        "version": "3",
        "date": iso(closes + timedelta(days=day)),
        "day": day,
        "resolveDate": iso(resolves),
        "resolved": resolved,
        **changes,
    }


def scores_asked(scores: list[dict[str, Any]], asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The scores that a query asks for, without what it cannot ask for."""
    exact = ("modelId", "displayName", "version", "day", "resolved", "tournament")
    wanted = {key: asked[key] for key in exact if asked.get(key) is not None}
    found = [score for score in scores if all(score[key] == value for key, value in wanted.items())]
    if (last := asked.get("lastNRounds")) is not None:
        rounds = sorted({score["roundNumber"] for score in found}, reverse=True)[:last]
        found = [score for score in found if score["roundNumber"] in rounds]
    if asked.get("distinctOnRound"):
        latest = {(score["roundNumber"], score["displayName"]): score for score in sorted(found, key=_date)}
        found = list(latest.values())
    return [{key: value for key, value in score.items() if key not in ("modelId", "tournament")} for score in found]


def _date(score: dict[str, Any]) -> str:
    return str(score["date"])
