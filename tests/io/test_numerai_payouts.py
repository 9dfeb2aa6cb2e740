"""How a round pays, read from the service."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from numerai_rounds.base.errors import ServiceError
from numerai_rounds.base.params import Payout
from numerai_rounds.io.sources import numerai
from numerai_rounds.io.sources._payouts import policy_of
from tests.service.stand_in import Fault, StandIn, score_config

PARAMETERS = numerai.Params(kind="numerai", version="v5.3", extra_files=[])


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn({}) as stand_in:
        monkeypatch.setenv("NUMERAI_API_URL", stand_in.url)
        yield stand_in


def corr(multiplier: Any = 3.0, days: Any = 60, **changes: Any) -> dict[str, Any]:
    return score_config("correlation", multiplier, days, **changes)


def mmc(multiplier: Any = 15.0, days: Any = 60, **changes: Any) -> dict[str, Any]:
    return score_config("meta_model_contribution", multiplier, days, **changes)


def policy(**changes: Any) -> Payout:
    return Payout(**{"target": "target_ender_60", "corr": 3.0, "mmc": 15.0, "clip": 1.0, "factor": 1.0, **changes})


def unset(score: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {**score, **dict.fromkeys(fields)}


POLICIES: dict[str, tuple[list[Any], Payout]] = {
    "20 days": ([corr(1, 20), mmc(2.5, 20)], policy(target="target_ender_20", corr=1.0, mmc=2.5)),
    "corr alone": ([corr(4.0)], policy(corr=4.0, mmc=0.0)),
    "mmc alone": ([mmc(), corr(0.0, isPayout=True)], policy(corr=0.0)),
    "no corr multiplier": ([mmc(), unset(corr(), "defaultMultiplier")], policy(corr=0.0)),
    "clip and factor": (
        [corr(clipThreshold=0.5, payoutFactor=0.25), mmc(clipThreshold=0.5, payoutFactor=0.25)],
        policy(clip=0.5, factor=0.25),
    ),
    "clip and factor of one": ([corr(clipThreshold=0.5, payoutFactor=None), mmc(clipThreshold=None)], policy(clip=0.5)),
    "as text": (
        [corr("3", "60", clipThreshold="0.5", payoutFactor="1"), mmc("15.0", "60", clipThreshold="0.50")],
        policy(clip=0.5),
    ),
    "nothing but multipliers": (
        [unset(corr(1.0), "clipThreshold", "payoutFactor"), unset(mmc(2.0), "clipThreshold", "payoutFactor")],
        policy(corr=1.0, mmc=2.0),
    ),
    "informative scores": ([corr(), mmc(), corr(0.0, 20), score_config("alpha", 0.0, None)], policy()),
    "a score that may pay by choice": ([corr(), mmc(), score_config("alpha", 0.0, isPayout=True)], policy()),
}


@pytest.mark.parametrize("name", POLICIES)
def test_the_policy_of_a_round_is_the_services(service: StandIn, capsys: pytest.CaptureFixture[str], name: str) -> None:
    service.score_configs[1343], expected = POLICIES[name]
    assert numerai.payout(PARAMETERS, 1343) == expected
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("told", "days", "expected"),
    [
        ("target_cyrusd_20", 20, "target_cyrusd_20"),
        ("cyrusd_20", 20, "target_cyrusd_20"),
        ("target_teager2b_60", 60, "target_teager2b_60"),
        ("target_cyrusd_20", 60, "target_ender_60"),
        ("target", 20, "target_ender_20"),
        ("", 60, "target_ender_60"),
        ("kaggle", 60, "target_ender_60"),
    ],
)
def test_the_target_is_the_rounds_own_where_it_looks_as_far_ahead(
    service: StandIn, told: str, days: int, expected: str
) -> None:
    service.score_configs[1343], service.targets[1343] = [corr(days=days), mmc(days=days)], told
    found = numerai.payout(PARAMETERS, 1343)
    assert found is not None
    assert found.target == expected


def test_past_rounds_paid_on_the_targets_of_their_time(service: StandIn) -> None:
    assert [numerai.payout(PARAMETERS, number) for number in (650, 1174, 1175, 1342, 1343)] == [
        policy_of(number) for number in (650, 1174, 1175, 1342, 1343)
    ]


def test_each_round_is_asked_for_by_its_number(service: StandIn) -> None:
    service.score_configs[1300] = [corr(7.0, 20), mmc(8.0, 20)]
    assert numerai.payout(PARAMETERS, 1300) == policy(target="target_ender_20", corr=7.0, mmc=8.0)
    assert service.requests[-1].body["variables"]["number"] == 1300
    assert numerai.payout(PARAMETERS, 1343) == policy()


def test_a_clip_that_is_not_told_is_that_of_past_policies(service: StandIn) -> None:
    service.score_configs = {number: [corr(1.0, 20, clipThreshold=None)] for number in (600, 1300)}
    clips = [numerai.payout(PARAMETERS, number) for number in (600, 1300)]
    assert [told.clip for told in clips if told is not None] == [1.0, 0.05]


UNKNOWN = {
    "another score": ([corr(), mmc(), score_config("alpha", 1.0)], "pays for alpha,"),
    "another score of no known multiplier": ([corr(), score_config("tc", None)], "pays for tc,"),
    "a name that only looks alike": ([score_config("Correlation", 3.0), mmc()], "pays for Correlation,"),
    "several": ([score_config("b", 1.0), score_config("a", 1.0)], "pays for a, b,"),
    "days": ([corr(days=20), mmc()], "pays for scores over 20, 60 days,"),
    "other days": ([corr(days=30), mmc(days=30)], "pays for scores over 30 days,"),
    "clips": ([corr(clipThreshold=0.05), mmc()], r"pays for scores with different clips \(0.05, 1.0\),"),
    "factors": ([corr(payoutFactor=0.5), mmc()], r"pays for scores with different factors \(0.5, 1.0\),"),
    "twice": ([corr(), corr(1.0)], r"pays for several scores of the same name \(correlation, correlation\),"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_round_that_pays_for_what_is_not_known_has_no_policy(
    service: StandIn, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    service.score_configs[1343], sentence = UNKNOWN[name]
    assert numerai.payout(PARAMETERS, 1343) is None
    assert re.search(
        f"Round 1343 {sentence} which this version does not know, so no payout is simulated", capsys.readouterr().out
    )


SILENT: dict[str, list[Any]] = {
    "no score": [],
    "no payout": [corr(0.0), mmc(0.0)],
    "no multipliers": [unset(corr(), "defaultMultiplier"), unset(mmc(), "defaultMultiplier")],
    "no days": [unset(corr(), "totalScoreDays"), unset(mmc(), "totalScoreDays")],
    "no name": [unset(corr(), "name"), mmc()],
    "no field": [{"isPayout": True}],
    "no number": [corr("much")],
    "no fraction": [corr(clipThreshold=-1.0)],
    "null": [None],
    "text": ["correlation"],
}


@pytest.mark.parametrize("name", SILENT)
def test_the_table_answers_where_the_service_is_silent(
    service: StandIn, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    service.score_configs[1300] = SILENT[name]
    assert numerai.payout(PARAMETERS, 1300) == policy_of(1300)
    assert "does not say how round 1300 pays: the table of past policies is taken" in capsys.readouterr().out


NO_ROUND = {
    "refused": b'{"errors": [{"message": "Cannot query field \\"roundScoreConfigs\\" on type \\"Round\\""}]}',
    "empty": b'{"data": {"rounds": []}}',
    "null": b'{"data": {"rounds": null}}',
    "no round": b'{"data": {"rounds": [null]}}',
    "another round": b'{"data": {"rounds": [{"number": 1200, "roundScoreConfigs": []}]}}',
    "a bad date": b'{"data": {"rounds": [{"number": 1343, "closeTime": "soon", "roundScoreConfigs": []}]}}',
    "a factor that is no text": b'{"data": {"rounds": [{"number": 1343, "payoutFactor": 1.0}]}}',
    "no scores": b'{"data": {"rounds": [{"number": 1343}]}}',
}


@pytest.mark.parametrize("name", NO_ROUND)
def test_the_table_answers_where_the_service_tells_no_such_round(
    service: StandIn, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    service.query_faults = [Fault(body=NO_ROUND[name])]
    assert numerai.payout(PARAMETERS, 1343) == policy_of(1343)
    assert "does not say how round 1343 pays" in capsys.readouterr().out


def test_an_outage_is_no_answer(service: StandIn) -> None:
    service.query_faults = [Fault(status=404, body=b"<p>", headers={"Content-Type": "text/html"})]
    with pytest.raises(ServiceError, match="404 Not Found"):
        numerai.payout(PARAMETERS, 1343)
