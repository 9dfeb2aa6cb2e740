"""Which step of a submission may follow which: it costs money to send twice, or to forget that something was sent."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import get_args

import pytest

from numerai_rounds.base.errors import BarredError, ServiceError
from numerai_rounds.io.service.account import Submission
from numerai_rounds.play.progress import Progress
from numerai_rounds.play.receipts import Outcome, Receipt
from tests.io.test_receipts import receipt

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
SHOWN = Submission("an-id", "round-1343-x.csv", datetime(2026, 11, 25, 12, tzinfo=UTC))
STEPS: dict[str, Callable[[Progress], None]] = {
    "sending": lambda progress: progress.sending("round-1343-y.csv"),
    "creating": lambda progress: progress.creating(),
    "rejected": lambda progress: progress.rejected("ids"),
    "unknown": lambda progress: progress.unknown("an outage"),
    "superseded": lambda progress: progress.superseded("another file counts"),
    "accepted": lambda progress: progress.accepted(None, verified=True),
    "late": lambda progress: progress.late("it came late", 1344, verified=True),
}
REFUSED = (
    {("accepted", after) for after in OUTCOMES if after != "accepted"}
    | {("late", after) for after in OUTCOMES if after != "late"}
    | {(before, "creating") for before in ("unknown", "rejected", "superseded", "accepted", "late")}
)


@pytest.mark.parametrize("after", STEPS)
@pytest.mark.parametrize("before", OUTCOMES)
def test_a_step_follows_only_what_it_may_follow_and_lasts(before: Outcome, after: str) -> None:
    kept: list[Receipt] = []
    progress = Progress(receipt(outcome=before), kept.append)
    if (before, after) in REFUSED:
        with pytest.raises(AssertionError, match=f"that is {before} cannot become {after}"):
            STEPS[after](progress)
        assert kept == []
        assert progress.receipt.outcome == before
    else:
        STEPS[after](progress)
        assert progress.receipt.outcome == after
        assert kept == ([] if before == after == "creating" else [progress.receipt])


def test_what_was_known_before_a_file_was_sent_again_stays_if_that_fails() -> None:
    kept: list[Receipt] = []
    progress = Progress(receipt(outcome="rejected", filename="a.csv", submission_id="an-id"), kept.append)
    before = progress.receipt
    progress.sending("b.csv")
    assert kept[-1].submission_id is None
    progress.stopped(before, BarredError("a pickle plays"))
    assert kept[-1] == before.model_copy(update={"reason": "a pickle plays", "obstacle": "pickle"})


def test_what_may_exist_is_unknown_and_never_unsent_after_an_error() -> None:
    progress = Progress(receipt(outcome="creating", filename="a.csv"), lambda _: None)
    progress.stopped(progress.receipt, ServiceError("an outage"))
    assert progress.receipt.outcome == "unknown"


def test_nothing_is_written_that_is_not_new_and_what_is_shown_is_written_at_once() -> None:
    kept: list[Receipt] = []
    progress = Progress(receipt(outcome="creating"), kept.append)
    progress.shown(SHOWN)
    progress.found(SHOWN)
    (once,) = kept
    assert (once.filename, once.submission_id) == (SHOWN.filename, SHOWN.id)
    assert once.submitted == "2026-11-25T12:00:00+00:00"
