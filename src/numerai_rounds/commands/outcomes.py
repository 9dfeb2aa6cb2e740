"""What became of the submissions of a round: committed, shown, and an error where not all arrived in time."""

from collections.abc import Sequence

from numerai_rounds.base.errors import ClosedError, DataError, ServiceError
from numerai_rounds.io import console, git, receipts
from numerai_rounds.io.receipts import Receipt


def commit(found: Sequence[Receipt]) -> str | None:
    """Commit the receipts of a round, with what became of each submission in the message; None without any."""
    if not found:
        return None
    number = found[0].round
    files = list(receipts.read_all(number))
    said = [f"{receipt.model}: {receipt.said} {receipt.submission_id or ''}".rstrip() for receipt in found]
    return git.commit(f"Round {number}: {summary(found)}\n\n" + "\n".join(said), files)


def tell(found: Sequence[Receipt], *, late: bool) -> None:
    """Show every outcome; raise where not all submissions arrived, or not in time and `late` was not asked for."""
    if not found:
        return
    rows = [
        (receipt.model, receipt.said, receipt.submission_id or "", _time(receipt), receipt.reason or "")
        for receipt in found
    ]
    console.table(f"submissions of round {found[0].round}", ["model", "outcome", "id", "at (UTC)", "remark"], rows)
    lost = [receipt for receipt in found if not receipt.arrived]
    if lost:
        kind = DataError if all(receipt.outcome == "rejected" for receipt in lost) else ServiceError
        words = "; ".join(f"{receipt.model}: {receipt.said} ({receipt.reason})" for receipt in lost)
        raise kind(f"round {found[0].round}: not submitted, or not known to be: {words}. {_advice(lost)}")
    missed = [receipt.model for receipt in found if receipt.outcome == "late"]
    if missed and not late:
        raise ClosedError(
            f"round {found[0].round}: the submission came after the round had closed, for {', '.join(missed)}: it is "
            "scored but earns nothing. Start earlier."
        )


def _advice(lost: Sequence[Receipt]) -> str:
    if any(receipt.outcome == "rejected" for receipt in lost):
        return "What the service says tells what to mend; then run the same command again."
    return "Run the same command again: it asks the service first, and sends nothing that is there."


def summary(found: Sequence[Receipt]) -> str:
    """`accepted for mine, other`; what to say where nothing was to be sent."""
    if not found:
        return "predicted, not uploaded"
    told: dict[str, list[str]] = {}
    for receipt in found:
        told.setdefault(receipt.said, []).append(receipt.model)
    return "; ".join(f"{outcome} for {', '.join(models)}" for outcome, models in told.items())


def _time(receipt: Receipt) -> str:
    return (receipt.submitted or "")[11:19]
