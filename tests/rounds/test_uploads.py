"""`rounds upload` against a real HTTP server that fails in every way: the file arrives, or a sentence says why not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from numerai_rounds.base.errors import (
    ClosedError,
    ConfigurationError,
    DamagedError,
    DataError,
    MachineError,
    RoundsError,
    ServiceError,
    StaleError,
)
from numerai_rounds.io.repository import recipe
from numerai_rounds.play import receipts
from tests.rounds.faults import LASTING, OF_STORAGE, PASSING, some
from tests.rounds.season import LIVE, MODEL, NEXT, ROUND, Season, upload
from tests.service.stand_in import Fault, StandIn, self_signed

COMPARE = recipe.changed


@pytest.fixture
def season(light_round: Season) -> Season:
    return light_round


@pytest.fixture(autouse=True)
def quick(season: Season, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, in the repository, with keys, and without waiting."""
    season.enter(monkeypatch)
    monkeypatch.setattr(recipe, "changed", lambda *_: [])


@pytest.fixture
def compared(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is here is compared with dvc.lock: half a second that most tests do without."""
    monkeypatch.setattr(recipe, "changed", COMPARE)


def assert_arrived_once(season: Season, model: str = MODEL) -> None:
    """The service counts exactly our file, the receipt says so, and git has it."""
    assert season.counted(model) == [season.content]
    (receipt,) = [kept for kept in season.receipts() if kept.model == model]
    assert receipt.outcome == "accepted"
    assert receipt.verified
    assert receipt.sha256 == season.sha256
    assert receipt.submission_id in [entry.id for entry in season.service.submissions if entry.selected]
    assert season.repository.run("git", "status", "--porcelain").stdout == ""


@pytest.mark.usefixtures("compared")
def test_a_submission_arrives_and_is_read_back(season: Season, capsys: pytest.CaptureFixture[str]) -> None:
    upload()
    assert_arrived_once(season)
    (receipt,) = season.receipts()
    assert receipt.commit == season.repository.run("git", "rev-parse", "HEAD~1").stdout.strip()
    assert receipt.uncommitted == []
    assert receipt.scores == {"corr": "corr60", "mmc": "mmc60"}
    assert f"round {ROUND}: accepted for {MODEL}" in capsys.readouterr().out
    assert f"{MODEL}: accepted" in season.repository.run("git", "log", "-1", "--format=%B").stdout


def test_the_same_file_is_not_sent_twice_unless_asked(season: Season, capsys: pytest.CaptureFixture[str]) -> None:
    upload()
    head = season.repository.run("git", "rev-parse", "HEAD").stdout
    upload()
    assert len(season.service.submissions) == 1
    assert season.repository.run("git", "rev-parse", "HEAD").stdout == head
    assert "has this file already" in capsys.readouterr().out
    upload(again=True)
    assert len(season.service.submissions) == 2
    assert season.counted() == [season.content]
    assert [receipt.outcome for receipt in season.receipts()] == ["accepted", "accepted"]


def test_a_file_that_no_longer_counts_is_told_and_not_sent_unasked(season: Season) -> None:
    upload()
    (mine,) = season.service.submissions
    mine.selected = False
    season.service.submissions.append(replace(mine, id="later", filename="by-hand.csv", content=b"", selected=True))
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"superseded for mine.*another file counts.*--again"):
            upload()
        season.repository.run("git", "reset", "--quiet", "--hard", "HEAD~1")
    assert len(season.service.submissions) == 2
    upload(again=True)
    assert season.counted() == [season.content]


def test_a_file_of_an_earlier_round_is_not_sent_again(season: Season) -> None:
    upload()
    (path,) = receipts.read_all()
    earlier = receipts.read_all()[path].model_copy(update={"round": ROUND - 1})
    path.unlink()
    receipts.write(earlier, receipts.place(earlier))
    with pytest.raises(
        DataError, match=rf"sent exactly this file for round {ROUND - 1}: the live data of round {ROUND}"
    ):
        upload()
    assert len(season.service.submissions) == 1


def test_what_another_clone_sent_is_found_at_the_service(season: Season, tmp_path: Path) -> None:
    upload()
    season.repository.run("git", "reset", "--quiet", "--hard", "HEAD~1")
    assert season.receipts() == []
    upload()
    assert len(season.service.submissions) == 1
    assert_arrived_once(season)


def test_several_models_get_the_file_each(season: Season) -> None:
    upload(models=[MODEL, "other"])
    assert season.counted(MODEL) == season.counted("other") == [season.content]
    assert len(season.receipts()) == 2


def test_one_model_that_fails_does_not_keep_the_other_from_its_file(season: Season) -> None:
    season.service.faults["create_submission"] = [Fault(body=b'{"errors": [{"message": "slot frozen"}]}', undone=True)]
    with pytest.raises(ServiceError, match=r"not sent for mine; accepted for other. mine: not sent \(.*slot frozen\)"):
        upload(models=[MODEL, "other"])
    assert season.counted("other") == [season.content]
    upload(models=[MODEL, "other"])
    assert season.counted(MODEL) == season.counted("other") == [season.content]
    assert len(season.service.submissions) == 2


OPERATIONS = [
    "rounds",
    "account",
    "listDatasets",
    "dataset",
    "submission_upload_auth",
    "PUT",
    "create_submission",
    "submissions",
    "model",
    "submissionDownloadAuth",
    "GET",
]
ACTS = ("PUT", "create_submission")
"""Operations that change something: whether they are done before the fault makes a difference."""
CASES = [(operation, True) for operation in OPERATIONS] + [(operation, False) for operation in ACTS]
CHANGING = [case for case in CASES if case[0] in ACTS]


@pytest.mark.parametrize(("operation", "undone", "fault"), some(CASES, PASSING, whole=CHANGING))
def test_a_fault_that_passes_costs_nothing(season: Season, operation: str, fault: str, undone: bool) -> None:
    season.service.faults[operation] = [replace(each, undone=undone) for each in PASSING[fault]]
    upload()
    assert_arrived_once(season)
    assert len(season.service.submissions) == 1


@pytest.mark.parametrize(
    ("operation", "undone", "fault"),
    some(CASES, LASTING, whole=CHANGING)
    + [(*case, fault) for case in CASES for fault in OF_STORAGE if case[0] in ("PUT", "GET")],
)
def test_a_fault_that_lasts_ends_in_a_sentence_and_the_next_run_succeeds(
    season: Season, operation: str, fault: str, undone: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    season.service.faults[operation] = [replace(each, undone=undone) for each in (LASTING | OF_STORAGE)[fault]]
    problem: RoundsError | None = None
    try:
        upload()
    except RoundsError as error:
        problem = error
    if problem is None:
        assert season.counted() == [season.content]
    else:
        assert problem.exit_code in (3, 4)
        assert str(problem)
    season.service.heal()
    upload()
    assert season.counted() == [season.content]
    assert len(season.service.submissions) <= (3 if operation == "GET" else 1)
    assert {receipt.outcome for receipt in season.receipts()} == {"accepted"}
    assert season.repository.run("git", "status", "--porcelain").stdout == ""
    said = "".join(capsys.readouterr())
    assert not any(key in said for key in season.service.keys)


def test_a_lost_answer_is_resolved_by_asking(season: Season) -> None:
    season.service.faults["create_submission"] = [Fault(cut=-1)]
    season.service.shown_after = 2
    upload()
    assert_arrived_once(season)
    assert len(season.service.submissions) == 1


def test_a_submission_that_never_shows_is_unknown_and_found_later(season: Season) -> None:
    season.service.shown_after = 99
    with pytest.raises(
        ServiceError, match=r"mine: unknown \(.*does not show the submission yet.*asks the service first"
    ):
        upload()
    (receipt,) = season.receipts()
    assert receipt.outcome == "unknown"
    season.service.shown_after = 0
    upload()
    assert_arrived_once(season)
    assert len(season.service.submissions) == 1


def test_wrong_bytes_of_the_right_size_are_sent_again(season: Season) -> None:
    taken: list[bytes] = []

    def spoil(content: bytes) -> bytes:
        taken.append(content)
        return content if len(taken) > 1 else content.replace(b"0.", b"1.")

    season.service.stored = spoil
    upload()
    assert_arrived_once(season)
    assert len(season.service.submissions) == 2


def test_a_service_that_always_holds_other_bytes_is_told(season: Season) -> None:
    season.service.stored = lambda content: content.replace(b"0.", b"0.0")
    with pytest.raises(DataError, match="holds other content than was sent"):
        upload()
    season.service.stored = lambda content: content
    upload()
    assert season.counted() == [season.content]


def test_a_file_that_the_service_rejects_is_told_with_its_words(season: Season) -> None:
    season.service.faults["create_submission"] = [
        Fault(body=b'{"errors": [{"message": "invalid_submission_ids: Duplicates detected"}]}', undone=True)
    ]
    with pytest.raises(DataError, match="invalid_submission_ids: Duplicates detected"):
        upload()
    assert [receipt.outcome for receipt in season.receipts()] == ["rejected"]


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def test_a_closed_round_is_not_sent_to_unless_late(season: Season) -> None:
    now = datetime.now(UTC)
    season.service.opens, season.service.closes = now - hours(2), now - hours(1)
    with pytest.raises(ClosedError, match=f"round {ROUND} closed at .* UTC.*--late"):
        upload()
    assert season.service.submissions == []
    upload(late=True)
    (receipt,) = season.receipts()
    assert (receipt.outcome, receipt.counts_for) == ("late", NEXT)
    assert f"the service queued it for round {NEXT}" in str(receipt.reason)


def test_a_round_that_closes_during_the_run_is_told_as_late(season: Season) -> None:
    now = datetime.now(UTC)
    season.service.opens, season.service.closes = now - hours(1), now + hours(1)

    def close(operation: str, when: str) -> None:
        if (operation, when) == ("PUT", "after"):
            season.service.clock = lambda: now + hours(2)

    season.service.on_request = close
    with pytest.raises(ClosedError, match=rf"after the round had closed, for mine: .*plays it in round {NEXT}, stake"):
        upload()
    assert [receipt.outcome for receipt in season.receipts()] == ["late"]


def test_another_round_is_not_sent_to(season: Season) -> None:
    season.service.round_number = ROUND + 1
    with pytest.raises(ClosedError, match=f"round {ROUND} is pinned, and the service plays round {ROUND + 1}"):
        upload(late=True)
    assert season.service.submissions == []


def test_ids_that_changed_since_the_fetch_are_refused(season: Season) -> None:
    season.replace_live(seed=5)
    with pytest.raises(StaleError, match=r"24 ids are new, 24 are gone.*rounds open"):
        upload()
    assert season.service.submissions == []


def test_a_live_file_with_the_same_ids_is_told(season: Season, capsys: pytest.CaptureFixture[str]) -> None:
    name = LIVE
    table = pd.read_parquet(season.service.files[name])
    path = season.repository.path.parent / "other.parquet"
    table.replace({3: 1}).to_parquet(path)
    season.service.files[name] = path
    upload()
    assert "replaced since it was fetched, with the same ids" in capsys.readouterr().err
    assert season.counted() == [season.content]


def test_nothing_is_sent_in_a_rehearsal(season: Season, capsys: pytest.CaptureFixture[str]) -> None:
    upload(dry_run=True)
    assert "all rules met" in capsys.readouterr().out
    assert season.service.submissions == []
    assert season.receipts() == []
    assert not any(request.method == "PUT" for request in season.service.requests)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda text: text.replace("id,prediction", "id,value"), "is not what its stage wrote"),
        (lambda _: "", "is not what its stage wrote"),
    ],
)
def test_a_file_that_was_touched_is_not_sent(season: Season, spoil, sentence: str) -> None:
    path = Path("data/submission/live_predictions.csv")
    path.write_text(spoil(path.read_text()))
    with pytest.raises(DamagedError, match=sentence):
        upload()
    assert season.service.submissions == []


def test_a_file_of_another_round_is_not_sent(season: Season) -> None:
    for name in ("conf/round.yaml", "params.yaml"):
        path = Path(name)
        path.write_text(path.read_text().replace(f"number: {ROUND}", f"number: {ROUND + 1}"))
    season.service.round_number = ROUND + 1
    with pytest.raises(ConfigurationError, match=r"not of what params\.yaml says now"):
        upload()


@pytest.mark.usefixtures("compared")
@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        ("src/numerai_rounds/domain/arrays/ranks.py", "", "", "src/numerai_rounds/domain/arrays"),
        ("src/numerai_rounds/base/roles.py", "", "", "src/numerai_rounds/base"),
        ("requirements.lock", "", "", "requirements.lock"),
        ("dvc.yaml", "python -m numerai_rounds.stages.train", "python -X dev -m numerai_rounds.stages.train", "train"),
    ],
)
def test_a_file_that_this_commit_would_not_make_is_not_sent(
    season: Season, file: str, old: str, new: str, found: str
) -> None:
    path = Path(file)
    path.write_text(path.read_text().replace(old, new) + "\n# changed\n")
    season.repository.commit("An edit after the run")
    for dry_run in (True, False):
        with pytest.raises(ConfigurationError, match=rf"not of the code that is here now \(.*{found} changed since"):
            upload(dry_run=dry_run)
    assert season.service.submissions == []
    season.repository.run("git", "reset", "--quiet", "--hard", "HEAD~1")
    upload()
    assert_arrived_once(season)


@pytest.mark.usefixtures("compared")
def test_a_file_that_an_experiment_would_not_make_is_not_sent(season: Season) -> None:
    path = Path("src/numerai_rounds/domain/arrays/ranks.py")
    path.write_text(path.read_text() + "\n# changed\n")
    season.repository.commit("An edit that did not run")
    season.repository.run("git", "tag", f"round-{ROUND}-edited")
    season.repository.run("git", "reset", "--quiet", "--hard", "HEAD~1")
    season.repository.run("git", "tag", f"round-{ROUND}-sound")
    with pytest.raises(
        ConfigurationError,
        match=r"experiment 'edited' does not make its submission: src/numerai_rounds/domain/arrays is",
    ):
        upload(models=[f"{MODEL}=edited"])
    assert season.service.submissions == []
    upload(models=[f"{MODEL}=sound"])
    assert season.counted() == [season.content]


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        (["min"], "no model 'min'; did you mean 'mine'"),
        ([], r"the account has 2 models \(mine, other\): name those"),
        (["mine", "mine"], "given more than once: mine"),
        (["mine="], "MODEL or MODEL=EXPERIMENT"),
        (["mine=nothing"], "there is no experiment 'nothing'"),
    ],
)
def test_a_wrong_slot_is_a_sentence(season: Season, models: list[str], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        upload(models=models)
    assert season.service.submissions == []


def test_the_only_model_needs_no_name(season: Season) -> None:
    del season.service.models["other"]
    upload(models=[])
    assert_arrived_once(season)


def test_half_a_credential_is_an_error(season: Season, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMERAI_SECRET_KEY")
    with pytest.raises(ConfigurationError, match="only NUMERAI_PUBLIC_ID is set"):
        upload()
    monkeypatch.delenv("NUMERAI_PUBLIC_ID")
    with pytest.raises(ConfigurationError, match="this needs API keys"):
        upload()
    public, secret = season.service.keys
    Path(".env").write_text(f"NUMERAI_PUBLIC_ID={public}\nNUMERAI_SECRET_KEY='{secret}'\n")
    upload()
    assert_arrived_once(season)


def test_wrong_keys_are_told_without_showing_them(season: Season, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMERAI_SECRET_KEY", "WRONGKEY")
    with pytest.raises(ConfigurationError, match="Your session is invalid or has expired") as stopped:
        upload()
    assert "WRONGKEY" not in str(stopped.value)


def test_a_server_that_is_not_there(season: Season, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMERAI_API_URL", "http://127.0.0.1:9")
    with pytest.raises(ServiceError, match=r"could not be reached.*given up"):
        upload()


def test_a_certificate_that_is_not_trusted_gets_no_key(
    season: Season, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn(season.service.files, ROUND, certificate=self_signed(tmp_path)) as service:
        monkeypatch.setenv("NUMERAI_API_URL", service.url)
        with pytest.raises(ServiceError, match=r"TLS certificate of .* cannot be trusted"):
            upload()
        assert service.requests == []


@pytest.mark.parametrize("cut", [0, 1, 500])
def test_a_drop_in_the_middle_of_the_file_is_sent_again(season: Season, cut: int) -> None:
    season.service.faults["PUT"] = [Fault(cut_request=cut)]
    upload()
    assert_arrived_once(season)


def test_without_room_for_a_receipt_nothing_is_sent(season: Season, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, text: str) -> None:
        raise MachineError(f"the disk is full: {path} could not be written.")

    with monkeypatch.context() as patch:
        patch.setattr(receipts.atomic, "write_text", full)
        with pytest.raises(MachineError, match="the disk is full"):
            upload()
    assert season.service.submissions == []
    upload()
    assert_arrived_once(season)


def test_a_disk_that_fills_up_while_sending_loses_nothing(season: Season, monkeypatch: pytest.MonkeyPatch) -> None:
    write, written = receipts.atomic.write_text, []

    def full(path: Path, text: str) -> None:
        written.append(path)
        if len(season.service.submissions) > 0:
            raise MachineError(f"the disk is full: {path} could not be written.")
        write(path, text)

    with monkeypatch.context() as patch:
        patch.setattr(receipts.atomic, "write_text", full)
        with pytest.raises(MachineError, match="the disk is full"):
            upload()
    assert len(season.service.submissions) == 1
    upload()
    assert_arrived_once(season)
    assert len(season.service.submissions) == 1
