"""`rounds scores` against a real HTTP server: what is kept, what is committed, and what is said about it."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from numerai_rounds.base.errors import ConfigurationError, ServiceError
from numerai_rounds.commands.live_scores import _between, scores
from numerai_rounds.io.files import paths
from numerai_rounds.io.service import http
from numerai_rounds.play import kept_scores
from tests.conftest import Repository
from tests.past import CORR, MMC, PARAMS, PROMISED, QUICK, ground, head, promise, sent
from tests.service.stand_in import PRESENT, Fault, StandIn, live_score, score_config

MINE = "model-mine-id"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn({}, round_number=1500) as stand_in:
        monkeypatch.setenv("NUMERAI_API_URL", stand_in.url)
        monkeypatch.setattr(http, "PATIENCE", QUICK)
        yield stand_in


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return ground(tmp_path)


def play(service: StandIn, repository: Repository, numbers: range, corr: float = 0.008, **changes: Any) -> None:
    """Receipts and final scores of some rounds."""
    commit = head(repository)
    for number in numbers:
        sent(number, commit, http.host(service.url), **changes)
        wobble = 0.001 * (-1) ** number
        service.scores += [live_score(MINE, number, CORR, corr + wobble), live_score(MINE, number, MMC, 0.001)]


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_scores_are_kept_committed_and_compared(
    service: StandIn, repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    play(service, repository, range(1400, 1440))
    sent(1440, head(repository), http.host(service.url))
    service.scores += [live_score(MINE, 1440, name, 0.5, resolved=False) for name in (CORR, MMC)]
    (repository.path / "notes.txt").write_text("mine")
    scores([])
    out = said(capsys)
    assert "mine target_ender_60 40 / 41 0.0080 8.00 0.0010 0.0390 1.5600 0.50" in out
    assert (
        "mine: live CORR 0.0080 over 40 rounds: inside the 90 % interval 0.0060 to 0.0170 that validation promised."
        in out
    )
    assert "mine: live MMC 0.0010 over 40 rounds: validation promised 0.002, without an interval." in out
    assert "40 rounds make 1 independent stretch, too few for an interval of the live means" in out
    assert "mine: pending: 1 round." in out
    log = repository.run("git", "log", "-1", "--format=%s", "--name-only").stdout.split("\n")
    assert log[0] == "Live scores to round 1440"
    assert log[2:-1] == ["metrics/live_scores.csv"]
    lines = paths.LIVE_SCORES.read_text().splitlines()
    assert lines[0] == "round,model,score,version,day,value,percentile,date,resolved"
    assert lines[1] == f"1400,mine,{CORR},3,20,0.009000000000000001,0.5,2003-11-21,True"
    assert len(lines) == 1 + 2 * 41


def test_the_same_scores_change_nothing(service: StandIn, repository: Repository) -> None:
    play(service, repository, range(1400, 1403))
    scores([])
    before, content = head(repository), paths.LIVE_SCORES.read_bytes()
    service.scores.reverse()
    scores([])
    assert (head(repository), paths.LIVE_SCORES.read_bytes()) == (before, content)


def test_only_what_is_needed_is_asked_for(service: StandIn, repository: Repository) -> None:
    play(service, repository, range(1400, 1440))
    scores([])
    asked = [request.body["variables"] for request in service.requests]
    assert [(each["displayName"], each["distinctOnRound"]) for each in asked] == [(CORR, True), (MMC, True)]


def test_a_score_that_cannot_be_read_costs_no_other(service: StandIn, repository: Repository) -> None:
    play(service, repository, range(1400, 1402))
    odd = dict.fromkeys(("roundNumber", "value", "percentile", "day", "date", "version", "resolved", "roundScoreTime"))
    service.scores[0] |= {key: value for key, value in odd.items() if key != "roundNumber"}
    told = [{**score, **odd} for score in service.scores[:1]] + service.scores[1:]
    names = [[score for score in told if score["displayName"] == name] for name in (CORR, MMC)]
    service.faults["submissionScores"] = [
        Fault(body=json.dumps({"data": {"submissionScores": found}}).encode()) for found in names
    ]
    scores([])
    assert [(row.round, row.score) for row in kept_scores.read()] == [(1400, MMC), (1401, CORR), (1401, MMC)]
    service.faults["submissionScores"] = [Fault(body=b'{"data": {"submissionScores": [{}]}}')] * 2
    with pytest.raises(ServiceError, match="tells no scores of mine that can be read"):
        scores([])


@pytest.mark.parametrize(
    ("told", "most"),
    [
        (lambda _: "a", 3),
        (lambda number: "a" if number < 1175 else "b", 2 * 10),
        (lambda number: None if number in (0, 899) else "a", 6 * 10),
    ],
)
def test_few_rounds_are_asked_for_their_terms(told: Callable[[int], str | None], most: int) -> None:
    asked: list[int] = []

    @cache
    def ask(number: int) -> str | None:
        asked.append(number)
        return told(number)

    numbers = list(range(900)) if told(0) is None else list(range(1000, 1400))
    assert _between(numbers, ask) == {number: told(number) for number in numbers}
    assert len(asked) <= most


def test_without_commit_the_file_is_only_written(service: StandIn, repository: Repository) -> None:
    play(service, repository, range(1400, 1401))
    before = head(repository)
    scores([], commit=False)
    assert paths.LIVE_SCORES.exists()
    assert head(repository) == before


def test_pending_scores_move_and_final_ones_are_never_lost(
    service: StandIn, repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    play(service, repository, range(1400, 1402))
    sent(1402, head(repository), http.host(service.url))
    service.scores.append(live_score(MINE, 1402, CORR, 0.5, day=3, resolved=False))
    scores([])
    service.scores = [
        live_score(MINE, 1401, CORR, None),
        live_score(MINE, 1401, MMC, 0.25),
        live_score(MINE, 1402, CORR, 0.125, day=4, resolved=False),
    ]
    capsys.readouterr()
    scores([])
    now = {(row.round, row.score): row.value for row in kept_scores.read()}
    assert now[1400, CORR] == pytest.approx(0.009)
    assert now[1401, CORR] == pytest.approx(0.007)
    assert now[1401, MMC] == 0.25
    assert now[1402, CORR] == 0.125
    assert f"mine: {MMC} of round 1401 was final at 0.001 and is now 0.25." in said(capsys)


@pytest.mark.parametrize(("corr", "where"), [(0.001, "below"), (0.05, "above")])
def test_outside_what_was_promised(
    service: StandIn, repository: Repository, capsys: pytest.CaptureFixture[str], corr: float, where: str
) -> None:
    play(service, repository, range(1400, 1404), corr)
    scores([])
    assert f"over 4 rounds: {where} the 90 % interval 0.0060 to 0.0170" in said(capsys)


@pytest.mark.parametrize(
    ("figures", "params", "sentence"),
    [
        (
            PROMISED,
            PARAMS | {"target": "target_ender_20"},
            "on target_ender_60, for which validation, on target_ender_20",
        ),
        (
            PROMISED | {"corr_ender_60_mean": 0.1, "corr_ender_60_mean_low": 0.05, "corr_ender_60_mean_high": 0.2},
            PARAMS | {"target": "target_ender_20"},
            "below the 90 % interval 0.0500 to 0.2000",
        ),
        (PROMISED | {"corr_mean_low": None}, PARAMS, "validation promised 0.011, without an interval"),
        (PROMISED, {"target": "target_ender_60"}, "validation promised 0.0115, without an interval"),
        ([], PARAMS, "no commit here says what validation promised"),
        (PROMISED, [], "no commit here says what validation promised"),
    ],
)
def test_what_was_not_promised_is_not_compared(
    service: StandIn,
    repository: Repository,
    capsys: pytest.CaptureFixture[str],
    figures: Any,
    params: Any,
    sentence: str,
) -> None:
    promise(repository, figures, params)
    play(service, repository, range(1400, 1402))
    scores([])
    assert f"mine: live CORR 0.0080 over 2 rounds: {sentence}" in said(capsys)


def test_a_commit_that_is_not_here_promises_nothing(
    service: StandIn, repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    sent(1400, "c0ffee" * 6, http.host(service.url))
    service.scores = [live_score(MINE, 1400, CORR, 0.01), live_score(MINE, 1400, MMC, 0.0)]
    scores([])
    assert "no commit here says what validation promised" in said(capsys)


def test_a_late_file_plays_the_next_round_unless_that_has_one_of_its_own(
    service: StandIn, repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    play(service, repository, range(1401, 1402))
    for number in (1400, 1401):
        sent(number, head(repository), http.host(service.url), outcome="late", sha256=f"{number}" * 16)
    service.scores += [live_score(MINE, 1402, CORR, 0.009), live_score(MINE, 1402, MMC, 0.001)]
    scores([])
    assert "mine target_ender_60 2 / 2 0.0080 8.00 0.0010 0.0390 0.0780 0.50" in (out := said(capsys))
    assert "played with a file that came late for the round before: 1 round." in out


def test_many_rounds_have_an_interval_of_their_own(
    service: StandIn, repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    sent(1199, head(repository), http.host(service.url))
    names = [CORR, MMC]
    service.score_configs = dict.fromkeys(range(960, 1200), PRESENT)
    service.targets = dict.fromkeys(range(960, 1200), "target_ender_60")
    service.scores = [live_score(MINE, number, name, 0.01) for number in range(960, 1200) for name in names]
    scores([])
    out = said(capsys)
    assert "240 rounds make 4 independent stretches, and the 90 % intervals of the live means themselves are" in out
    assert "CORR 0.0100 to 0.0100, MMC 0.0100 to 0.0100" in out
    assert "not sent from here: 239 rounds" in out


def test_a_model_without_receipts_is_looked_up_with_keys(
    service: StandIn, repository: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="API keys"):
        scores(["other"])
    for name, key in zip(("NUMERAI_PUBLIC_ID", "NUMERAI_SECRET_KEY"), service.keys, strict=True):
        monkeypatch.setenv(name, key)
    with pytest.raises(ConfigurationError, match="no model 'othr'; did you mean 'other'"):
        scores(["othr"])
    for number in range(1390, 1400):
        service.score_configs[number] = [score_config("correlation", 1.0, 20), score_config("alpha", 0.0)]
    service.scores = [
        live_score("model-other-id", number, name, value, day)
        for number in range(1390, 1410)
        for name in ("v2_corr20", CORR, MMC)
        for day, value in ((19, 0.5), (20, 0.01))
    ]
    service.requests.clear()
    scores(["other"])
    out = said(capsys)
    assert "other target_ender_20 10 / 10 0.0100" in out
    assert "other target_ender_60 10 / 10 0.0100" in out
    assert "not sent from here: 10 rounds" in out
    # A query for models, one for scores, and for far fewer rounds than there are.
    assert len(service.requests) < 30


def test_nothing_sent_is_one_sentence(
    service: StandIn, repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    sent(1400, head(repository), "api.example.org")
    sent(1401, head(repository), http.host(service.url), outcome="rejected")
    scores([])
    assert said(capsys).startswith(f"Nothing was uploaded to {http.host(service.url)} from here yet")
    assert not paths.LIVE_SCORES.exists()
    assert service.requests == []


def test_a_model_that_is_refused_keeps_no_other_from_its_scores(service: StandIn, repository: Repository) -> None:
    play(service, repository, range(1400, 1402))
    sent(1400, head(repository), http.host(service.url), model="gone", model_id="gone-id", sha256="c" * 64)
    service.query_faults = [Fault(body=b'{"errors": [{"message": "no such model"}]}')]
    with pytest.raises(ServiceError, match=r"gone: .*no such model"):
        scores([])
    assert len(kept_scores.read()) == 4


def test_an_outage_leaves_what_is_known(service: StandIn, repository: Repository) -> None:
    play(service, repository, range(1400, 1402))
    scores([])
    content = paths.LIVE_SCORES.read_bytes()
    service.query_faults = [Fault(status=503)] * 4
    with pytest.raises(ServiceError, match="503"):
        scores([])
    assert paths.LIVE_SCORES.read_bytes() == content
