"""Live scores as the service tells them, and as they are kept."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from numerai_rounds.base.errors import DataError, ServiceError
from numerai_rounds.io.files import paths
from numerai_rounds.io.service.client import Client
from numerai_rounds.play import kept_scores
from numerai_rounds.play.kept_scores import LiveScore
from tests.past import CORR
from tests.service.stand_in import Fault, StandIn, live_score

MINE = "model-mine-id"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn({}) as stand_in:
        monkeypatch.setenv("NUMERAI_API_URL", stand_in.url)
        yield stand_in


@pytest.mark.parametrize(
    "answer",
    [
        b'{"data": {"submissionScores": null}}',
        b'{"data": {}}',
        b'{"data": {"submissionScores": [7]}}',
        b'{"data": {"submissionScores": [{"displayName": "x"}]}}',
        b'{"data": {"submissionScores": [{"roundNumber": "soon", "displayName": "x"}]}}',
        b'{"data": {"submissionScores": [{"roundNumber": 1, "displayName": "x", "date": "someday"}]}}',
    ],
)
def test_an_odd_answer_is_a_sentence(service: StandIn, answer: bytes) -> None:
    service.query_faults = [Fault(body=answer)]
    with pytest.raises(ServiceError, match="tells no scores of mine that can be read"):
        kept_scores.ask(Client(), "mine", MINE, CORR)


@pytest.mark.parametrize(
    ("told", "value"), [("0.25", 0.25), (None, None), ("NaN", None), ("soon", None), ([], None), (1, 1.0)]
)
def test_a_value_of_another_type_is_a_number_or_absent(service: StandIn, told: Any, value: float | None) -> None:
    service.scores = [live_score(MINE, 1400, CORR, told, percentile=told, version=None) | {"day": told}]
    (row,) = kept_scores.ask(Client(), "mine", MINE, None)
    assert (row.value, row.percentile, row.version) == (value, value, None)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "<<<<<<< HEAD\n", "\xff", "round,model\n1,mine\n"])
def test_a_spoilt_table_is_named(text: str) -> None:
    paths.LIVE_SCORES.parent.mkdir()
    paths.LIVE_SCORES.write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=re.escape("`git checkout metrics/live_scores.csv`")):
        kept_scores.read()


class TestMerge:
    def row(self, value: float | None, day: int | None = 20, version: str = "3", resolved: bool = True) -> LiveScore:
        return LiveScore(
            round=1400,
            model="mine",
            score=CORR,
            version=version,
            day=day,
            value=value,
            percentile=None,
            date=None if day is None else f"2026-01-{day:02d}",
            resolved=resolved,
        )

    def test_the_latest_day_wins_in_any_order(self) -> None:
        days = [self.row(0.1, 18), self.row(0.3, 20), self.row(0.2, 19)]
        assert kept_scores.merge([], days) == kept_scores.merge([], days[::-1]) == [days[1]]
        assert kept_scores.merge([days[1]], [days[0]]) == [days[1]]

    def test_versions_are_apart_and_the_last_one_scored_counts(self) -> None:
        rows = kept_scores.merge([self.row(0.1, 20, "3")], [self.row(0.2, 21, "4")])
        assert len(rows) == 2
        assert kept_scores.latest(rows)["mine", 1400, CORR].value == 0.2

    def test_what_was_written_reads_back(self) -> None:
        rows = [self.row(None, None), self.row(1 / 3, 20, 'a, "b"\n')]
        assert kept_scores.write(rows)
        assert kept_scores.read() == rows
        assert not kept_scores.write(rows[::-1])
