"""What became of the submissions of a round: committed, shown, and an error where not all arrived in time."""

from collections.abc import Sequence

from numerai_rounds.base.errors import (
    BarredError,
    ClosedError,
    ConfigurationError,
    DataError,
    KeysError,
    MachineError,
    RoundsError,
    ServiceError,
)
from numerai_rounds.io import console
from numerai_rounds.io.files import paths
from numerai_rounds.io.repository import git
from numerai_rounds.play import played, receipts
from numerai_rounds.play.receipts import Receipt


def keep(found: Sequence[Receipt]) -> None:
    """Show every outcome and commit the receipts, what became of each submission in the message."""
    if not found:
        return
    number = found[0].round
    rows = [(receipt.model, receipt.said, receipt.submission_id or "", _time(receipt)) for receipt in found]
    console.table(f"submissions of round {number}", ["model", "outcome", "id", "at (UTC)"], rows)
    for receipt in found:
        if receipt.reason:
            console.say(f"{receipt.model}: {receipt.reason}")
    said = [f"{receipt.model}: {receipt.said} {receipt.submission_id or ''}".rstrip() for receipt in found]
    try:
        git.commit(f"Round {number}: {summary(found)}\n\n" + "\n".join(said), list(receipts.read_all(number)))
    except (ConfigurationError, MachineError) as error:
        raise type(error)(
            f"round {number}: {summary(found)}; but the receipts in {paths.RECEIPTS} are not committed: {error}"
        ) from None


def problem(found: Sequence[Receipt], *, late: bool) -> RoundsError | None:
    """The error of a round of which not all submissions arrived and count, or not in time, unless `late`; else None."""
    lost = [receipt for receipt in found if not receipt.arrived]
    if lost:
        number, words = lost[0].round, "; ".join(f"{one.model}: {one.said} ({one.reason})" for one in lost)
        return _kind(lost)(f"round {number}: {summary(found)}. {words}. {_advice(lost)}")
    missed = [receipt.model for receipt in found if receipt.outcome == "late"]
    if missed and not late:
        number = found[0].round
        return ClosedError(
            f"round {number}: the submission came after the round had closed, for {', '.join(missed)}: it is not "
            f"scored for round {number}. The service plays it in round {number + 1}, stake and all, although it was "
            f"predicted from the live data of round {number}: `rounds run --upload` in round {number + 1} puts that "
            "round's own file in its place. Start earlier."
        )
    return None


def together(problems: Sequence[RoundsError]) -> RoundsError:
    """One error that tells of several, of the kind of the first."""
    first, *others = problems
    return type(first)(" ".join(map(str, problems))) if others else first


def _kind(lost: Sequence[Receipt]) -> type[RoundsError]:
    """What a scheduler should take it for: it may try again where anything is not known."""
    if any(receipt.obstacle == "keys" for receipt in lost):
        return KeysError
    if all(receipt.obstacle == "pickle" for receipt in lost):
        return BarredError
    if all(receipt.obstacle == "closed" and receipt.outcome == "sending" for receipt in lost):
        return ClosedError
    outcomes = {receipt.outcome for receipt in lost}
    if outcomes == {"superseded"}:
        return ConfigurationError
    return DataError if outcomes <= {"rejected", "superseded"} else ServiceError


def _advice(lost: Sequence[Receipt]) -> str:
    if all(receipt.outcome == "superseded" for receipt in lost):
        return "Nothing was sent."
    if any(receipt.obstacle == "keys" for receipt in lost):
        return "With keys that the service takes, run the same command again: it asks first, and sends what is missing."
    if all(receipt.obstacle == "pickle" for receipt in lost):
        return "Then run the same command again: it asks first, and sends what is missing."
    if all(receipt.obstacle == "closed" and receipt.outcome == "sending" for receipt in lost):
        return "`rounds run --wait` plays the next round."
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


def played_line(found: Sequence[Receipt]) -> str:
    """What was sent and what validation says of it: `accepted for mine; CORR 0.0165, Sharpe 0.59`.

    Where experiments were sent, each with its own figures:
    `accepted for mine: CORR ..., Sharpe ...; accepted for other (linear): CORR ..., Sharpe ...`.
    """
    if all(receipt.experiment is None for receipt in found):
        return f"{summary(found)}; {played.headline()}"
    sent: dict[str | None, list[Receipt]] = {}
    for receipt in found:
        sent.setdefault(receipt.experiment, []).append(receipt)
    return "; ".join(
        f"{summary(ours)}{f' ({experiment})' if experiment else ''}: {played.headline(ours[0].commit)}"
        for experiment, ours in sent.items()
    )


def _time(receipt: Receipt) -> str:
    return (receipt.submitted or "")[11:19]
