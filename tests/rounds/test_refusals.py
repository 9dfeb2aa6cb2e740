"""Refusals in the middle of an upload: whose turn it is is told, and nothing that may have been made is forgotten."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from numerai_rounds.base.errors import ConfigurationError, KeysError, RoundsError, ServiceError
from numerai_rounds.io.repository import recipe
from numerai_rounds.io.service import http
from numerai_rounds.play import receipts
from tests.rounds.season import MODEL, NEXT, QUICK, Season, upload
from tests.service.stand_in import Fault

BOTH = (MODEL, "other")


@pytest.fixture
def season(light_round: Season, monkeypatch: pytest.MonkeyPatch) -> Season:
    """In this process, in the repository, with keys, and without waiting."""
    for name, value in light_round.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(light_round.repository.path)
    monkeypatch.setattr(http, "PATIENCE", QUICK)
    monkeypatch.setattr(recipe, "changed", lambda *_: [])
    return light_round


def said(message: str, data: Any = None, code: str | None = None) -> bytes:
    """A refusal as GraphQL has it."""
    error = {"message": message} | ({"extensions": {"code": code}} if code else {})
    return json.dumps({"errors": [error], "data": data}).encode()


def outcomes() -> dict[str, str]:
    """What the receipts say, by model."""
    return {receipt.model: receipt.outcome for receipt in receipts.read_all().values()}


@pytest.mark.parametrize(
    "body",
    [
        said("Internal server error"),
        said("The request timed out"),
        said("Oops", code="INTERNAL_SERVER_ERROR"),
        said("slot frozen"),
        said("could not tell the slot", {"create_submission": {"id": None}}),
        said("could not tell the round", {"create_submission": {"id": "made"}}),
    ],
)
@pytest.mark.parametrize("shown_after", [0, 2])
def test_an_error_in_place_of_the_answer_does_not_say_that_nothing_was_made(
    season: Season, body: bytes, shown_after: int
) -> None:
    season.service.faults["create_submission"] = [Fault(body=body)]
    season.service.shown_after = shown_after
    upload()
    assert season.counted() == [season.content]
    assert len(season.service.submissions) == 1
    assert outcomes() == {MODEL: "accepted"}


def test_what_may_have_been_made_stays_unknown_whatever_is_refused_after_it(season: Season) -> None:
    season.service.faults["create_submission"] = [Fault(cut=-1), Fault(body=said("slot frozen"), undone=True)]
    season.service.shown_after = 99

    def revoke(operation: str, when: str) -> None:
        if (operation, when) == ("create_submission", "before") and season.service.submissions:
            season.service.scopes = ["upload_submission"]

    season.service.on_request = revoke
    with pytest.raises(ServiceError, match=r"unknown for mine.*could not be asked"):
        upload()
    assert outcomes() == {MODEL: "unknown"}


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault(body=said("Oops", code="UNAUTHENTICATED")), KeysError),
        (Fault(body=said("Oops", {"account": None}, code="FORBIDDEN")), KeysError),
        (Fault(status=403, body=b'{"message": "no"}'), KeysError),
        (Fault(status=403, body=said("no")), KeysError),
        (Fault(status=401, body=said("no")), KeysError),
        (Fault(status=401, body=b""), KeysError),
        (Fault(status=403, body=b"<html>", headers={"Content-Type": "text/html"}), ServiceError),
        (Fault(body=said("Rate limit of this token exceeded", code="FORBIDDEN")), ServiceError),
    ],
    ids=str,
)
def test_refused_keys_are_known_however_they_are_refused(
    season: Season, fault: Fault, problem: type[RoundsError]
) -> None:
    season.service.faults["account"] = [fault] * 9
    with pytest.raises(problem):
        upload()
    assert season.receipts() == []


def test_a_pickle_that_is_only_seen_at_the_end_blocks_its_model_alone(season: Season) -> None:
    def assign(operation: str, when: str) -> None:
        if (operation, when) == ("PUT", "after"):
            season.service.assigned = {season.service.models[MODEL]: "a-pickle"}

    season.service.on_request = assign
    with pytest.raises(ConfigurationError, match=r"not sent for mine; accepted for other.*Disable the model upload"):
        upload(models=BOTH)
    assert outcomes() == {"other": "accepted"}
    assert season.repository.run("git", "status", "--porcelain").stdout == ""
    season.service.on_request, season.service.assigned = None, {}
    upload(models=BOTH)
    assert season.counted() == season.counted("other") == [season.content]
    assert len(season.service.submissions) == 2


def test_keys_revoked_between_two_models_keep_what_the_first_has(season: Season) -> None:
    upload(models=["other"])
    keys = season.service.keys

    def revoke(operation: str, when: str) -> None:
        if (operation, when) == ("GET", "after") and len(season.service.submissions) == 2:
            season.service.keys = ("PUBLIC", "ANOTHER-KEY")

    season.service.on_request = revoke
    upload(models=BOTH)
    assert outcomes() == dict.fromkeys(BOTH, "accepted")
    assert season.repository.run("git", "status", "--porcelain").stdout == ""
    season.service.keys, season.service.on_request = keys, None
    upload(models=BOTH)
    assert len(season.service.submissions) == 2


@pytest.mark.parametrize("entry", [None, {"filename": None, "selected": None, "round": None}])
def test_a_model_without_submissions_and_one_of_no_round_are_no_obstacle(season: Season, entry: Any) -> None:
    listed = json.dumps({"data": {"model": {"submissions": [entry] if entry else None}}}).encode()
    season.service.faults["model"] = [Fault(body=listed)] * 2
    none = json.dumps({"data": {"submissions": [{"id": "x", "filename": None}] if entry else None}}).encode()
    season.service.faults["submissions"] = [Fault(body=none)] * 2
    upload()
    assert outcomes() == {MODEL: "accepted"}
    assert len(season.service.submissions) == 1


def test_a_late_file_that_gave_way_is_not_offered_again(season: Season) -> None:
    now = datetime.now(UTC)
    season.service.opens, season.service.closes = now - timedelta(hours=2), now - timedelta(hours=1)
    upload(late=True)
    (late,) = season.service.submissions
    season.service.submissions.append(replace(late, id="own", filename=f"round-{NEXT}-ab.csv", queued=False))
    late.selected = False
    with pytest.raises(
        ConfigurationError, match=rf"superseded for mine.*round {NEXT} has another file already"
    ) as told:
        upload(late=True)
    assert "--again" not in str(told.value)
    assert len(season.service.submissions) == 2
