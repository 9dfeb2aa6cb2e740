"""How far a submission is: each step has a name, may follow only some others, and lasts before the next is taken."""

from collections.abc import Callable, Mapping

from numerai_rounds.base.errors import RoundsError
from numerai_rounds.io.service.account import Submission
from numerai_rounds.play import receipts
from numerai_rounds.play.receipts import Obstacle, Outcome, Receipt

Keep = Callable[[Receipt], None]
"""Makes a receipt last."""

SEEN: frozenset[Outcome] = frozenset(("accepted", "late", "superseded", "rejected", "unknown"))
"""What may be found at the service at any time: another clone, or a killed run, may have sent the file."""

FOLLOWS: Mapping[Outcome, frozenset[Outcome]] = {
    "sending": SEEN | {"sending", "creating"},
    "creating": SEEN | {"sending"},
    "unknown": SEEN | {"sending"},
    "rejected": SEEN | {"sending"},
    "superseded": SEEN | {"sending"},
    "accepted": frozenset(),
    "late": frozenset(),
}
"""Which outcomes may follow one. A submission is created only of a file that was just sent, and one that arrived and
counts is never touched again: sending the file once more has a receipt of its own."""


class Progress:
    """The receipt of a submission on its way, made to last whenever it changes."""

    def __init__(self, receipt: Receipt, keep: Keep) -> None:
        """Begin, or go on, where a receipt ends."""
        self.receipt, self._keep = receipt, keep

    def sending(self, filename: str) -> None:
        """The file goes to the service under a new name; nothing is submitted under it."""
        self._become("sending", {"filename": filename, "submission_id": None, "reason": None, "verified": False})

    def creating(self) -> None:
        """From now on the submission may exist."""
        self._become("creating")

    def not_created(self) -> None:
        """The service made no submission of the file, for reasons that are not the file's."""
        self._become("sending")

    def rejected(self, reason: str | None) -> None:
        """The service does not take the file, or holds another one."""
        self._become("rejected", {"reason": reason})

    def unknown(self, reason: str, obstacle: Obstacle | None = None) -> None:
        """Whether there is a submission, or what became of it, cannot be seen."""
        self._become("unknown", {"reason": reason} | ({"obstacle": obstacle} if obstacle else {}))

    def stopped(self, before: Receipt, error: RoundsError) -> None:
        """An error stopped the file before anything was submitted of it: what was known `before` stays."""
        self._last(receipts.stopped(before, error))

    def found(self, submission: Submission) -> None:
        """There is a submission; what became of it is to be seen."""
        self._last(self.receipt.model_copy(update={"filename": submission.filename, "submission_id": submission.id}))

    def shown(self, submission: Submission) -> None:
        """The service shows the submission, and when it came."""
        came = submission.inserted.isoformat() if submission.inserted else None
        shown = {"filename": submission.filename, "submission_id": submission.id, "submitted": came}
        self._last(self.receipt.model_copy(update=shown))

    def superseded(self, reason: str) -> None:
        """The service has the submission, and counts another file."""
        self._become("superseded", {"reason": reason})

    def accepted(self, reason: str | None, *, verified: bool) -> None:
        """It counts for its round."""
        self._become("accepted", {"reason": reason, "counts_for": None, "verified": verified, "obstacle": None})

    def late(self, reason: str, counts_for: int, *, verified: bool) -> None:
        """It counts for another round."""
        self._become("late", {"reason": reason, "counts_for": counts_for, "verified": verified, "obstacle": None})

    def _become(self, outcome: Outcome, changes: Mapping[str, object] | None = None) -> None:
        self._last(self.receipt.model_copy(update={**(changes or {}), "outcome": outcome}))

    def _last(self, changed: Receipt) -> None:
        before, after = self.receipt.outcome, changed.outcome
        if after != before and after not in FOLLOWS[before]:
            raise AssertionError(f"a submission that is {before} cannot become {after}")
        if changed != self.receipt:
            self._keep(changed)
        self.receipt = changed
