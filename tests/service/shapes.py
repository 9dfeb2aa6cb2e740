"""What the service tells, field by field: rounds, what they pay for, and live scores."""

from datetime import UTC, datetime, timedelta
from typing import Any

TOURNAMENT = 8
OPENS = datetime(2000, 1, 1, 12, tzinfo=UTC)
CLOSES = datetime(2100, 1, 1, 13, tzinfo=UTC)
AFTER = timedelta(days=1)
"""From closeStakingTime to closeTime: what comes in between is queued for the next round."""

SHOWN = {
    ("correlation", 20): "v2_corr20",
    ("meta_model_contribution", 20): "mmc",
    ("correlation", 60): "corr60",
    ("meta_model_contribution", 60): "mmc60",
    ("benchmark_model_contribution", 60): "bmc",
    ("feature_neutral_correlation", 60): "fnc_v3",
}
"""The display name of a score, by the name and days of its configuration."""


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
        "displayName": SHOWN.get((name, int(days) if days else days), f"{name}{days}"),
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
        "payoutFactor": "1.0",
        **changes,
    }


def _configs(corr: float, mmc: float, days: int, clip: float) -> list[dict[str, Any]]:
    """Both pairs of scores, of which one is paid, and the scores that none is paid for."""
    paid = {"correlation": corr, "meta_model_contribution": mmc}
    return [
        *(
            score_config(name, paid[name] if days == each else 0.0, each, clipThreshold=clip)
            for each in (20, 60)
            for name in paid
        ),
        score_config("benchmark_model_contribution", 0.0),
        score_config("feature_neutral_correlation", 0.0, clipThreshold=None),
    ]


PRESENT = _configs(3.0, 15.0, 60, 1.0)
"""What a round pays for since round 1343."""

PAST = {
    650: (_configs(0.5, 2.0, 20, 0.05), "target_cyrusd_20"),
    1175: (_configs(0.75, 2.25, 20, 0.05), "target_ender_20"),
    1343: (PRESENT, "target_ender_60"),
}
"""First round -> what rounds pay for from there on, and on which target."""


def _past(number: int) -> tuple[list[dict[str, Any]], str]:
    return next((told for first, told in reversed(PAST.items()) if first <= number), PAST[650])


def configs_of(number: int) -> list[dict[str, Any]]:
    """What a round pays for."""
    return _past(number)[0]


def round_entry(
    number: int, opens: datetime, closes: datetime, score_configs: list[Any], target: str | None = None
) -> dict[str, Any]:
    """A round that is not resolved, as the service describes it; its target is that of its time, or `target`."""
    return {
        "id": f"round-{number}",
        "tournament": TOURNAMENT,
        "number": number,
        "target": target or _past(number)[1],
        "openTime": iso(opens),
        "closeTime": iso(closes + AFTER),
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
    """One score of one submission on one day, for `StandIn.scores`; each round closes a day after the one before.

    A score shows as resolved only once all of its round are, months later.
    """
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
    """The scores that a query asks for, without what it cannot ask for.

    Under `distinctOnRound` the latest row of each score of a round.
    """
    scores = _resolved_together(scores)
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


def _resolved_together(scores: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The scores, resolved where all of their round are: the last day of each counts."""
    last = {
        (score["modelId"], score["roundNumber"], score["displayName"]): score for score in sorted(scores, key=_date)
    }
    open_rounds = {key[:2] for key, score in last.items() if not score["resolved"]}
    return [
        {**score, "resolved": score["resolved"] and (score["modelId"], score["roundNumber"]) not in open_rounds}
        for score in scores
    ]


def _date(score: dict[str, Any]) -> str:
    return str(score["date"])
