"""`rounds open` and the fetch of the live file against the same faults as an upload."""

from dataclasses import replace
from pathlib import Path

import pytest

from numerai_rounds.base.errors import ClosedError, RoundsError, ServiceError
from numerai_rounds.conf import edits, params
from numerai_rounds.io.sources import numerai
from numerai_rounds.play import opening
from tests.conftest import Repository
from tests.rounds.faults import LASTING, OF_STORAGE, PASSING, some
from tests.rounds.season import LIVE, NEXT, Season
from tests.service.stand_in import Fault, StandIn, self_signed

OPERATIONS = [("rounds",), ("listDatasets",), ("dataset",), ("GET",)]
WRONG_BYTES = {
    "wrong bytes of the right size": [Fault(body=bytes(12_488))] * 9,
    "a truncated body": [Fault(body=b"PAR1" + bytes(100))] * 9,
}


@pytest.fixture
def season(next_round: Season, monkeypatch: pytest.MonkeyPatch) -> Season:
    return next_round.enter(monkeypatch)


def open_and_fetch(destination: Path) -> None:
    opening.open_round(NEXT, following=False)
    parameters = params.load()
    numerai.fetch(parameters.data, NEXT, "live", parameters.round.live["live"], destination)


@pytest.mark.parametrize(("operation", "fault"), some(OPERATIONS, PASSING))
def test_a_fault_that_passes_costs_nothing(season: Season, operation: str, fault: str, tmp_path: Path) -> None:
    season.service.faults[operation] = [replace(each, undone=True) for each in PASSING[fault]]
    open_and_fetch(tmp_path / "live.parquet")
    served = season.service.files[LIVE]
    assert (tmp_path / "live.parquet").read_bytes() == served.read_bytes()


@pytest.mark.parametrize(
    ("operation", "fault"),
    some(OPERATIONS, LASTING) + [("GET", fault) for fault in OF_STORAGE | WRONG_BYTES],
)
def test_a_fault_that_lasts_leaves_the_pinned_round_whole_and_the_next_run_succeeds(
    season: Season, operation: str, fault: str, tmp_path: Path
) -> None:
    before = edits.pinned_round()
    season.service.faults[operation] = list((LASTING | OF_STORAGE | WRONG_BYTES)[fault])
    problem: RoundsError | None = None
    try:
        open_and_fetch(tmp_path / "live.parquet")
    except RoundsError as error:
        problem = error
    served = season.service.files[LIVE]
    pinned = edits.pinned_round()
    assert pinned is not None
    assert pinned == before or pinned.number == NEXT
    if problem is None:
        assert (tmp_path / "live.parquet").read_bytes() == served.read_bytes()
    else:
        assert problem.exit_code in (2, 4, 6)  # rounds that are not told may be none
        assert not (tmp_path / "live.parquet").exists()
    season.service.heal()
    open_and_fetch(tmp_path / "live.parquet")
    assert (tmp_path / "live.parquet").read_bytes() == served.read_bytes()


def test_the_same_files_under_new_etags_are_pinned_anew_on_demand_alone(season: Season) -> None:
    before = edits.pinned_round()
    assert before is not None
    opening.open_round(NEXT, following=False)
    opened = edits.pinned_round()
    assert opened is not None
    assert opened.history == before.history
    opening.open_round(NEXT, following=False, verify=True)
    verified = edits.pinned_round()
    assert verified is not None
    for role, pin in verified.history.items():
        assert pin.identity != before.history[role].identity
        assert pin.proof == before.history[role].proof
    assert verified.live == opened.live


def test_changes_of_the_pinned_round_can_be_accepted_between_rounds(
    season: Season, predicted_once: tuple[Repository, dict[str, Path]]
) -> None:
    before = edits.pinned_round()
    assert before is not None
    season.service.round_number, season.service.files[LIVE] = None, predicted_once[1][LIVE]
    with pytest.raises(ClosedError, match=r"knows no current round .*run `rounds open` again then"):
        opening.open_round(None, following=False)
    assert edits.pinned_round() == before
    opening.open_round(None, following=False, accept_changes=True)
    assert edits.pinned_round() == before.model_copy(update={"accept_changes": True})


def test_a_certificate_that_is_not_trusted_ends_before_anything_is_sent(
    season: Season, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn(season.service.files, NEXT, certificate=self_signed(tmp_path)) as service:
        monkeypatch.setenv("NUMERAI_API_URL", service.url)
        with pytest.raises(ServiceError, match=r"TLS certificate of .* cannot be trusted"):
            opening.open_round(NEXT, following=False)
        assert service.requests == []
