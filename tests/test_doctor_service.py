"""`rounds doctor --service`: an answer is a line, no answer is a line too, and no line has a secret."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from numerai_rounds.base.errors import ConfigurationError, ServiceError
from numerai_rounds.base.params import Params, Round
from numerai_rounds.commands import service_report
from numerai_rounds.conf.params import load
from numerai_rounds.io.service import http
from numerai_rounds.io.service.http import Limits
from numerai_rounds.io.sources import numerai
from tests.conftest import ROOT
from tests.io.test_transfer import CONTENT, OTHER
from tests.service.stand_in import Fault, StandIn

FILES = {
    "v5.3/features.json": b'{"feature_sets": {}, "targets": []}',
    "v5.3/train.parquet": CONTENT,
    "v5.3/validation.parquet": CONTENT,
    "v5.3/live.parquet": CONTENT,
}
PATIENCE = Limits(connect=2, silence=0.2, window=0.05, slowest=100_000, attempts=3, sleep=lambda _: None)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandIn]:
    """Round 1343 is pinned as served; the keys are in the environment."""
    monkeypatch.chdir(ROOT)
    base = load()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(http, "PATIENCE", PATIENCE)
    with StandIn(FILES) as running:
        monkeypatch.setenv("NUMERAI_API_URL", running.url)
        for name, key in zip(("NUMERAI_PUBLIC_ID", "NUMERAI_SECRET_KEY"), running.keys, strict=True):
            monkeypatch.setenv(name, key)
        data = numerai.Params(kind="numerai", version="v5.3", extra_files=[])
        history, live = numerai.pins(data, 1343)
        pinned = Round(source="numerai", number=1343, history=history, live=live)
        known: Params = base.model_copy(update={"data": data, "round": pinned})
        monkeypatch.setattr(service_report, "load", lambda: known)
        running.requests.clear()
        yield running


@pytest.fixture
def said(service: StandIn, capsys: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    """The lines, once `report` has run; no secret may be in any."""
    lines: list[str] = []
    yield lines
    found = "\n".join(lines)
    assert "http" not in found
    assert "secret" not in found.lower()
    assert not any(key in found for key in service.keys)


def report(said: list[str], capsys: pytest.CaptureFixture[str], problem: type[Exception] | None = None) -> str:
    """Run the command; what it says."""
    capsys.readouterr()
    if problem is None:
        service_report.report()
    else:
        with pytest.raises(problem, match=r"to mend|without an answer") as raised:
            service_report.report()
        said.append(str(raised.value))
    said += capsys.readouterr().out.splitlines()
    return "\n".join(said)


def test_all_is_well(service: StandIn, said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    found = report(said, capsys)
    for part in (
        "numerapi",
        "Python",
        "its clock",
        "scopes: download_submission, read_submission_info, read_user_info, upload_submission",
        "mine, other",
        "1343 is the current one; pinned here: round 1343 of numerai",
        "open: from 2000-01-01 12:00:00 to 2100-01-01 13:00:00 UTC",
        "pays 3 x correlation + 15 x meta_model_contribution",
        "v5.3: features.json, live.parquet, train.parquet, validation.parquet",
        "in folder 20261124; as pinned",
    ):
        assert part in found
    assert not any(line.startswith(("note", "wrong")) for line in said)
    assert {request.method for request in service.requests} == {"POST", "GET"}
    assert not any("mutation" in str(request.body) for request in service.requests)


def test_a_folder_that_moved_and_a_file_that_changed(
    service: StandIn, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    service.folder = "20261125"
    service.files["v5.3/validation.parquet"] = OTHER
    service.files["v5.3/features.json"] += b" "
    service.round_number = 1344
    found = report(said, capsys)
    lines = {line.split()[1]: line for line in said}
    assert "in folder 20261125; the same content as is pinned under etag:" in lines["train"]
    assert "another file of the same size than is pinned (etag:" in lines["validation"]
    assert "another file than is pinned (35 bytes, etag:" in lines["features"]
    assert "1344 is the current one; pinned here: round 1343" in found


def test_without_keys(
    service: StandIn, said: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NUMERAI_PUBLIC_ID", "NUMERAI_SECRET_KEY"):
        monkeypatch.delenv(name)
    assert "none given: their scopes and the models are not asked" in report(said, capsys)
    assert not any("Authorization" in request.headers for request in service.requests)


def test_what_keys_lack_and_what_blocks_a_model(
    service: StandIn, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    service.scopes = ["upload_submission", "read_user_info"]
    service.assigned = {"model-other-id": "pickle"}
    found = report(said, capsys, ConfigurationError)
    assert "missing for `rounds upload`: download_submission, read_submission_info. Make another key" in found
    assert "other: a pickle plays, and no submission is taken" in found


def test_keys_that_are_refused_and_a_file_that_is_gone(
    service: StandIn, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    service.keys = ("PUBLIC", "ANOTHER")
    del service.files["v5.3/train.parquet"]
    found = report(said, capsys, ConfigurationError)
    assert "3 to mend: listing, Numerai keys, models. 1 question stayed without an answer" in found
    assert "Check both keys, and on numer.ai whether they are still there" in found
    assert "not listed, and needed: v5.3/train.parquet" in found
    assert "403 Forbidden" in found
    assert "live           " in found


def test_between_rounds_and_with_a_clock_that_is_wrong(
    service: StandIn, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    service.round_number = None
    service.clock = lambda: datetime.now(UTC) + timedelta(minutes=5)
    found = report(said, capsys)
    assert "the service knows no current round" in found
    assert re.search(r"(29|30)\d s behind", found)


@pytest.mark.usefixtures("service")
def test_half_a_key_is_to_mend_here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMERAI_SECRET_KEY", " ")
    assert "only NUMERAI_PUBLIC_ID is set" in report([], capsys, ConfigurationError)


OPERATIONS = ["listDatasets", "rounds", "apiTokenInfo", "account", "dataset", "GET"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "fault", [Fault(status=503), Fault(body=b'{"data": {}}'), Fault(body=b"<html>"), Fault(cut=-1)], ids=str
)
def test_any_failure_is_a_line_and_not_the_end(
    service: StandIn, said: list[str], capsys: pytest.CaptureFixture[str], operation: str, fault: Fault
) -> None:
    service.faults[operation] = [fault] * 9
    try:
        report(said, capsys)
    except (ServiceError, ConfigurationError):
        said += capsys.readouterr().out.splitlines()
    about = {line[7:21].strip() for line in said if line[:6].strip() in ("ok", "note", "wrong")}
    assert about == {
        "versions", "service", "Numerai keys", "models", "round", "listing", "features", "train", "validation", "live"
    }  # fmt: skip


def test_a_service_that_is_not_there_is_not_asked_everything(
    service: StandIn, said: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMERAI_API_URL", "http://127.0.0.1:9")
    found = report(said, capsys, ServiceError)
    assert "could not be reached" in found
    assert found.count("could not be reached") == 1
    assert found.count("no answer either") == 2
    assert "nothing else is asked" in found
