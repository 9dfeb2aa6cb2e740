"""Days on which the real service is not what a newcomer takes it for: a story each, against the stand-in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from numerai_rounds.base.columns import ID
from numerai_rounds.base.errors import ClosedError, ConfigurationError, DataError, KeysError, RoundsError, ServiceError
from numerai_rounds.commands import listing
from numerai_rounds.commands.live_scores import scores
from numerai_rounds.io.service import refusals
from numerai_rounds.io.service.account import Account
from numerai_rounds.io.service.model_upload import ModelUploads
from numerai_rounds.io.sources import numerai
from numerai_rounds.play import kept_scores, receipts, submitting
from numerai_rounds.play.kept_scores import LiveScore
from numerai_rounds.play.receipts import Receipt
from tests import tiny
from tests.rounds.season import MODEL, NEXT, ROUND, Season, upload
from tests.service.keys import SCOPES
from tests.service.stand_in import Fault, StandIn, live_score, score_config

HOUR = timedelta(hours=1)


@pytest.fixture
def season(light_round: Season, monkeypatch: pytest.MonkeyPatch) -> Season:
    return light_round.enter(monkeypatch)


def stopped(act: Callable[[], object]) -> RoundsError:
    """The error that an act ends with."""
    with pytest.raises(RoundsError) as ended:
        act()
    return ended.value


def at(service: StandIn, operation: str, moment: str, act: Callable[[], object]) -> None:
    """Have something happen once, at a request."""
    left = [act]

    def hook(asked: str, when: str) -> None:
        if (asked, when) == (operation, moment) and left:
            left.pop()()

    service.on_request = hook


def live_file(season: Season, number: int, seed: int) -> bytes:
    """The service moves on to a round; a sound submission for it."""
    table = tiny.market(seed=seed).live
    path = season.repository.path.parent / f"live-{number}.parquet"
    table.to_parquet(path)
    season.service.files[f"v5.3/live_{number}.parquet"] = path
    season.service.round_number = number
    ranks = np.linspace(0.1, 0.9, len(table))
    return pd.DataFrame({ID: table.index, "prediction": ranks}).to_csv(index=False).encode()


def test_keys_that_are_revoked_call_a_person_and_reject_no_file(season: Season) -> None:
    def revoke() -> None:
        season.service.keys = ("PUBLIC", "ANOTHER-KEY")

    ours = season.service.keys
    for operation, moment in (("PUT", "after"), ("create_submission", "after"), ("account", "before")):
        season.service.keys = ours
        at(season.service, operation, moment, revoke)
        problem = stopped(upload)
        assert problem.exit_code == 2
        assert "Your session is invalid or has expired" in str(problem)
        assert not {receipt.outcome for receipt in season.receipts()} & {"rejected", "creating"}
    season.service.keys, season.service.on_request = ours, None
    upload()
    assert [receipt.outcome for receipt in season.receipts()] == ["accepted"]
    assert len(season.service.submissions) == 1


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ("Your session is invalid or has expired.", "keys"),
        ("Your session has timed out", "keys"),
        ("Session expired", "keys"),
        ("token expired", "keys"),
        ("Not allowed", "keys"),
        ("You are not allowed to perform this action", "keys"),
        ("API key is missing required scope", "keys"),
        ("You do not have access to this resource", "keys"),
        ("Insufficient privileges", "keys"),
        ("Your account has been suspended", "keys"),
        ("Submissions of two columns are not allowed", None),
        ("The request timed out", "service"),
        ("Current round not open for submissions", "time"),
        ("Submissions are closed", "time"),
        ("There is no round currently open", "time"),
        ("no open rounds", "time"),
        ("You are not allowed to submit after the deadline", "time"),
        ("internal error in the service of rounds that are not open", "service"),
        ("This model has an active model upload, disable it to submit predictions", "pickle"),
        ("Cannot submit: compute pickle assigned", "pickle"),
        ("The model upload of a file failed", None),
        ("Not authorized", "keys"),
        ("unauthenticated", "keys"),
        ("You must be authenticated to perform this action", "keys"),
        ("Invalid API key", "keys"),
        ("invalid token", "keys"),
        ("This token lacks the required scope", "keys"),
        ("insufficient permissions: download_submission scope required", "keys"),
        ("Forbidden", "keys"),
        ("invalid_submission_ids: Duplicates detected", "file"),
        ("invalid_submission_values: NaNs detected", "file"),
        ("invalid_submission_headers", "file"),
        ("Internal server error", "service"),
        ("invalid state of the upstream", None),
        ("upstream sent an invalid response", None),
        ("Too many requests for this token, try again later", "service"),
        ("authorization service temporarily unavailable", "service"),
        ("duplicate key value violates unique constraint", None),
        ("Unexpected token < in JSON at position 0", None),
        ("slot frozen", None),
    ],
)
def test_what_the_services_words_are_about_is_told_apart(words: str, about: str | None) -> None:
    assert refusals.subject(words) == about


@pytest.mark.parametrize(
    ("words", "code"),
    [("Invalid API key", 2), ("invalid_submission_ids: Duplicates detected", 3), ("invalid state", 4)],
)
def test_only_words_about_the_file_reject_it(season: Season, words: str, code: int) -> None:
    body = f'{{"errors": [{{"message": "{words}"}}]}}'.encode()
    season.service.faults["create_submission"] = [Fault(body=body, undone=True)] * 9
    problem = stopped(upload)
    assert problem.exit_code == code
    assert words in str(problem)
    assert [receipt.outcome for receipt in season.receipts()] == (["rejected"] if code == 3 else [])
    assert season.repository.run("git", "status", "--porcelain").stdout == ""


def test_all_scores_are_had_of_a_service_that_tells_every_day_of_them_too_slowly(season: Season) -> None:
    mine = season.service.models[MODEL]
    names = ("v2_corr20", "mmc", "corr60", "mmc60", "bmc", "fnc_v3")
    season.service.scores = [
        live_score(mine, number, name, 0.01 * day, day, resolved=False)
        for number in (ROUND - 1, ROUND)
        for name in names
        for day in (1, 2, 3)
    ]
    scores([MODEL])
    kept = {(row.round, row.score): (row.day, row.value) for row in kept_scores.read()}
    assert kept == {(number, name): (3, 0.03) for number in (ROUND - 1, ROUND) for name in names}
    asked = [each.body for each in season.service.requests if "submissionScores" in str(each.body)]
    assert all(each["variables"]["distinctOnRound"] and each["variables"]["lastNRounds"] for each in asked)


def test_a_file_that_misses_the_deadline_is_told_loudly_and_gives_way_to_the_next_rounds_own(
    season: Season, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    season.service.opens, season.service.closes = now - HOUR, now + HOUR

    def close() -> None:
        season.service.clock = lambda: now + 2 * HOUR

    at(season.service, "create_submission", "before", close)
    problem = stopped(upload)
    assert problem.exit_code == 6
    assert f"plays it in round {NEXT}, stake and all" in str(problem)
    (late,) = season.receipts()
    assert (late.round, late.outcome, late.counts_for, late.plays) == (ROUND, "late", NEXT, NEXT)
    assert [(entry.round, entry.selected) for entry in season.service.submissions] == [(NEXT, True)]

    season.service.opens, season.service.closes = now + HOUR, now + 3 * HOUR
    content = live_file(season, NEXT, seed=4)
    receipt = late.model_copy(
        update={
            **dict.fromkeys(("filename", "submission_id", "reason", "submitted", "counts_for")),
            "round": NEXT,
            "sha256": "ab" * 32,
            "outcome": "sending",
            "closes": season.service.closes.isoformat(),
        }
    )
    ended = submitting.submit(Account(), receipt, content, lambda _: None)
    assert ended.outcome == "accepted"
    assert f"came late for round {ROUND}" in capsys.readouterr().err
    assert season.counted() == [content]


def test_nothing_is_sent_late_unless_it_is_asked_for(season: Season, capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    season.service.opens, season.service.closes = now - 2 * HOUR, now - HOUR
    problem = stopped(upload)
    assert problem.exit_code == 6
    assert f"plays it in round {NEXT}" in str(problem)
    assert not [request for request in season.service.requests if request.method == "PUT"]
    upload(late=True)
    assert f"is played in round {NEXT}" in capsys.readouterr().err
    upload(late=True)
    assert [entry.round for entry in season.service.submissions] == [NEXT]
    assert [receipt.outcome for receipt in season.receipts()] == ["late"]
    season.service.clock = lambda: now + 24 * HOUR
    for between in ("error", "null"):
        season.service.between = between
        problem = stopped(lambda: upload(late=True))
        assert problem.exit_code == 6
        assert "nothing is taken for it any more" in str(problem)


def test_a_service_that_takes_nothing_late_says_so(season: Season) -> None:
    now = datetime.now(UTC)
    season.service.opens, season.service.closes, season.service.late = now - HOUR, now + HOUR, False

    def close() -> None:
        season.service.clock = lambda: now + 2 * HOUR

    at(season.service, "create_submission", "before", close)
    with pytest.raises(ClosedError, match=r"not sent for mine.*Current round not open for submissions"):
        upload()
    assert season.receipts() == []


def test_a_deadline_that_passes_while_the_file_is_on_its_way_submits_nothing(
    season: Season, monkeypatch: pytest.MonkeyPatch
) -> None:
    closes = datetime.now(UTC) + HOUR
    season.service.opens, season.service.closes = closes - 2 * HOUR, closes
    put = submitting.sending.put_bytes

    def slowly(*arguments: object) -> None:
        put(*arguments)
        monkeypatch.setattr(Account, "now", closes)

    monkeypatch.setattr(submitting.sending, "put_bytes", slowly)
    with pytest.raises(ClosedError, match=r"not sent for mine.*before the submission was made"):
        upload()
    assert season.service.submissions == []
    assert season.receipts() == []


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("missing", ["upload_submission", "download_submission", "read_submission_info"])
def test_a_key_without_a_scope_leaves_no_receipt_on_its_way(season: Season, missing: str, told: bool) -> None:
    season.service.scopes = [scope for scope in SCOPES if scope != missing]
    if not told:
        season.service.faults["apiTokenInfo"] = [Fault(body=b'{"errors": [{"message": "Cannot query field"}]}')]
    if not told and missing == "download_submission":
        upload()
        (receipt,) = season.receipts()
        assert (receipt.outcome, receipt.verified) == ("accepted", False)
        assert "could not be read back" in str(receipt.reason)
        return
    problem = stopped(upload)
    assert problem.exit_code == 2
    assert missing in str(problem)
    assert season.service.submissions == []
    assert season.receipts() == []
    assert not any(request.method == "PUT" for request in season.service.requests)


def test_a_round_pays_on_its_own_target(season: Season) -> None:
    parameters = numerai.Params(kind="numerai", version="v5.3", extra_files=[])
    found = [numerai.payout(parameters, number) for number in (1174, 1175, 1343)]
    assert [(each.target, each.corr, each.mmc, each.clip, each.factor) for each in found if each is not None] == [
        ("target_cyrusd_20", 0.5, 2.0, 0.05, 1.0),
        ("target_ender_20", 0.75, 2.25, 0.05, 1.0),
        ("target_ender_60", 3.0, 15.0, 1.0, 1.0),
    ]
    upload()
    (receipt,) = season.receipts()
    assert receipt.scores == {"corr": "corr60", "mmc": "mmc60"}


def test_a_slot_for_which_a_pickle_plays_is_seen_before_anything_is_sent(season: Season) -> None:
    season.service.assigned[season.service.models[MODEL]] = "a-pickle"
    for act in (upload, lambda: upload(dry_run=True), lambda: upload(models=["other", MODEL])):
        problem = stopped(act)
        assert problem.exit_code == 2
        assert "an uploaded model (pickle) plays for mine" in str(problem)
        assert "Disable the model upload" in str(problem)
    assert not [request for request in season.service.requests if request.method == "PUT"]
    upload(models=["other"])
    assert season.counted("other") == [season.content]


def package(season: Season) -> tuple[ModelUploads, Path, str]:
    path = season.repository.path.parent / "predict.pkl"
    path.write_bytes(b"pickle")
    return ModelUploads(), path, season.service.models[MODEL]


@pytest.mark.parametrize("assigns", [False, True])
def test_a_package_is_followed_until_it_is_validated_and_plays(season: Season, assigns: bool) -> None:
    season.service.validation.after, season.service.validation.assigns = 5, assigns
    client, path, model = package(season)
    destination = client.destination(MODEL, "Python 3.11", "v5.3")
    made = client.upload(path, destination)
    client.follow(made, model)
    assert season.service.assigned == {model: made}
    assert client.upload(path, destination) == made
    assert len(season.service.pickles) == 1
    other = client.destination(MODEL, "Python 3.12", "v5.3")
    assert client.upload(path, other) != made


@pytest.mark.parametrize("status", ["failed", "error", "timed_out"])
def test_a_package_that_fails_at_the_service_is_told_with_its_words(season: Season, status: str) -> None:
    season.service.validation.status = status
    client, path, model = package(season)
    made = client.upload(path, client.destination(MODEL, "Python 3.11", "v5.3"))
    with pytest.raises(DataError, match=rf"says '{status}' \(Segmentation fault! .*our environment\)"):
        client.follow(made, model)
    assert season.service.assigned == {}
    season.service.validation.status = "running"
    with pytest.raises(ServiceError, match=r"after 15 minutes Numerai says 'running' .* does not upload what is there"):
        client.follow(made, model)
    season.service.faults["computePickles"] = [Fault(body=b'{"errors": [{"message": "Cannot query field"}]}')]
    with pytest.raises(ServiceError, match=r"is uploaded, and how its validation goes is not told.*Cannot query field"):
        client.follow(made, model)


def test_a_score_whose_last_day_is_over_waits_for_no_other(season: Season, capsys: pytest.CaptureFixture[str]) -> None:
    season.service.score_configs[ROUND] = [score_config("correlation", 0.75, 20), score_config("correlation", 0.0, 60)]
    season.service.targets[ROUND] = "target_ender_20"
    upload()
    receipt = season.receipts()[0]
    (path,) = receipts.read_all()
    policy = numerai.payout(numerai.Params(kind="numerai", version="v5.3", extra_files=[]), ROUND)
    receipts.write(receipt.model_copy(update={"payout": policy}), path)
    capsys.readouterr()
    for day, cell in ((20, "day 20"), (21, "0.0123")):
        season.service.scores = [
            live_score(receipt.model_id, ROUND, "v2_corr20", 0.0123, day, resolved=True),
            live_score(receipt.model_id, ROUND, "corr60", 0.5, day, resolved=False),
        ]
        scores([MODEL], commit=False)
        assert [row.resolved for row in kept_scores.read()] == [False]
        listing.list_rounds()
        out = capsys.readouterr().out
        assert cell in next(line for line in out.splitlines() if line.startswith(str(ROUND)))
        assert f"{MODEL} {'target_ender_20'} {int(day > 20)} / 1" in " ".join(out.split())


@pytest.mark.parametrize(
    ("day", "days", "value", "resolved", "final"),
    [
        (20, 20, 0.1, False, False),
        (21, 20, 0.1, False, True),
        (21, 60, 0.1, False, False),
        (60, 60, 0.1, False, False),
        (61, 60, 0.1, False, True),
        (61, None, 0.1, False, False),
        (21, 20, None, False, False),
        (None, 20, 0.1, False, False),
        (3, 20, None, True, True),
    ],
)
def test_when_a_score_is_final(
    day: int | None, days: int | None, value: float | None, resolved: bool, final: bool
) -> None:
    row = LiveScore(
        round=1, model="m", score="s", version=None, day=day, value=value, percentile=None, date=None, resolved=resolved
    )
    assert kept_scores.is_final(row, days) is final


def test_an_alias_is_never_taken_for_the_target_that_pays(season: Season) -> None:
    parameters = numerai.Params(kind="numerai", version="v5.3", extra_files=[])
    season.service.targets = {1343: "target", 1300: "target"}
    found = [numerai.payout(parameters, number) for number in (1300, 1343)]
    assert [each.target for each in found if each is not None] == ["target_ender_20", "target_ender_60"]


def test_a_submission_is_known_by_its_name_whatever_the_service_adds(season: Season) -> None:
    upload()
    name = season.service.submissions[0].filename
    season.service.submissions[0].filename = f"{name.rpartition('-')[0]}-4Xz9Tq0Lm3P7.csv"
    season.repository.run("git", "reset", "--quiet", "--hard", "HEAD~1")
    upload()
    assert len(season.service.submissions) == 1
    assert [receipt.filename for receipt in season.receipts()] == [season.service.submissions[0].filename]


def test_a_status_of_401_alone_is_about_keys(season: Season) -> None:
    season.service.faults["account"] = [Fault(status=401, body=b"<html>", headers={"Content-Type": "text/html"})]
    with pytest.raises(KeysError, match="answered 401"):
        upload()
    assert refusals.subject("Your session is invalid or has expired.") == "keys"


def test_a_receipt_that_was_left_on_its_way_is_unknown_once_the_keys_are_refused(season: Season) -> None:
    upload()
    (path,) = receipts.read_all()
    kept = receipts.read_all()[path]
    receipts.write(kept.model_copy(update={"outcome": "creating", "submission_id": None}), path)
    season.repository.commit("a receipt on its way")
    season.service.scopes = ["upload_submission", "read_user_info"]
    season.service.faults["apiTokenInfo"] = [Fault(status=500)]
    with pytest.raises(ConfigurationError, match=r"unknown for mine.*With keys that the service takes"):
        upload()
    assert [receipt.outcome for receipt in season.receipts()] == ["unknown"]


def test_receipts_keep_no_passing_obstacle() -> None:
    assert "obstacle" not in Receipt.model_construct(obstacle="keys").model_dump()
