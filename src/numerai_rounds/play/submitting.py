"""One submission on its way: sent, created, and read back until the service shows it.

Every step is noted in the receipt before it is taken, so that a run that was killed is gone on with; whether a
submission exists is asked of the service, never guessed.
"""

from dataclasses import replace
from datetime import datetime

from numerai_rounds.base.errors import (
    BarredError,
    ClosedError,
    KeysError,
    RefusedError,
    RoundsError,
    ServiceError,
    TransientError,
)
from numerai_rounds.io import console
from numerai_rounds.io.service import http, refusals, sending
from numerai_rounds.io.service.account import Account, Submission
from numerai_rounds.play import reading_back
from numerai_rounds.play.progress import Keep, Progress
from numerai_rounds.play.receipts import Receipt

LOOKS = 8
"""Times that the service is asked for a submission whose answer was lost, before it is created once more."""

CREATIONS = 3
"""Times that a submission is created whose answers are all lost, and which is never shown."""

SENDINGS = 2
"""Times that a file is sent where the service holds another one afterwards."""


def submit(
    account: Account, receipt: Receipt, content: bytes, keep: Keep, *, again: bool = False, late: bool = False
) -> Receipt:
    """Submit `content`, or find out that it was submitted before, unless `again`; the receipt as it ends.

    Unless `late`, nothing is submitted once the round has closed. Raises ServiceError, BarredError or ClosedError where
    nothing was submitted; once something may have been, the outcome says what is known.
    """
    progress = Progress(receipt, keep)
    deadline = None if late or receipt.closes is None else datetime.fromisoformat(receipt.closes)
    sent = None if again else _sent_before(account, receipt)
    for _ in range(SENDINGS):
        if sent is None:
            before = progress.receipt
            try:
                sent = _sent_now(account, progress, content, deadline)
            except (ServiceError, BarredError, ClosedError) as error:
                if before.outcome == "sending":
                    raise
                progress.stopped(before, error)
            if sent is None:
                break
        progress.found(sent)
        if _read_back(account, progress, content):
            break
        sent = None
    return progress.receipt


def _sent_now(account: Account, progress: Progress, content: bytes, deadline: datetime | None) -> Submission | None:
    """Send and submit; None where the service rejects the file, or where it is not known what it made of it."""
    _tell_queued(account, progress.receipt)
    _send(account, progress, content)
    progress.creating()
    try:
        return _create(account, progress.receipt, deadline)
    except (RefusedError, BarredError, ClosedError) as error:
        if _rejects(error):
            progress.rejected(str(error))
            return None
        progress.not_created()
        raise
    except ServiceError as error:
        progress.unknown(str(error))
        return None


def _rejects(error: RoundsError) -> bool:
    """Whether an error is the service's word that it does not take the file."""
    return isinstance(error, RefusedError) and refusals.subject(error.words) == "file"


def _sent_before(account: Account, receipt: Receipt) -> Submission | None:
    """The submission of the same content for the same round and model, if there is one."""
    if receipt.outcome in ("creating", "unknown") and (found := _looked_for(account, receipt)):
        return found
    return reading_back.listed(account, receipt, any_name=True)


def _tell_queued(account: Account, receipt: Receipt) -> None:
    """Say so where the service counts a file for this round that is not of it: one that came late, or another's."""
    try:
        counting = account.counting(receipt.model_id, once=True)
    except ServiceError:
        return
    for filename, number in counting.items():
        ours = reading_back.OWN_NAME.match(filename)
        if number == receipt.round and not ours:
            console.say(f"{receipt.model}: the service counts {filename} for round {number}, sent by other means.")
        if number == receipt.round and ours and int(ours[1]) < number:
            console.complain(
                f"{receipt.model}: the service counts {filename} for round {number}, which came late for round "
                f"{ours[1]} and was predicted from its live data. The file of round {number} takes its place."
            )


def _send(account: Account, progress: Progress, content: bytes) -> None:
    """Bring the file to the service, which makes nothing of it yet."""

    def address() -> str:
        filename, url = account.upload_address(progress.receipt.model_id, f"{reading_back.stem(progress.receipt)}.csv")
        progress.sending(filename)
        return url

    sending.put_bytes(f"the submission of {progress.receipt.model}", content, address, account.limits)


def _create(account: Account, receipt: Receipt, deadline: datetime | None) -> Submission:
    """Have the service make a submission of the file that was sent; after a lost answer it is asked what it has.

    A BarredError or ClosedError says that there is none.
    """
    lost = False

    def attempt() -> Submission:
        nonlocal lost
        try:
            _check_time(account, receipt, deadline)
            made = account.create_submission(receipt.model_id, str(receipt.filename))
        except (RefusedError, BarredError, ClosedError) as error:
            if isinstance(error, RefusedError) and (found := _listed_after(account, receipt, error)):
                return found
            if lost and not _rejects(error):
                raise ServiceError(f"an answer was lost on the way, and then: {error}") from None
            raise
        except ServiceError as error:
            lost = True
            if found := _looked_for(account, receipt):
                return found
            raise TransientError(str(error).rstrip(".")) from None
        return Submission(made, str(receipt.filename), None)

    limits = replace(account.limits, attempts=min(CREATIONS, account.limits.attempts))
    return http.patiently(attempt, "submitting", limits, "Run the same command again: it asks first.")


def _listed_after(account: Account, receipt: Receipt, refused: RefusedError) -> Submission | None:
    """The submission that the service lists although it refused it; ServiceError where it does not let us look.

    Looked for more than once where its words are about nothing that would prevent it.
    """
    try:
        found = reading_back.listed(account, receipt)
        return found if found or refusals.subject(refused.words) else _looked_for(account, receipt)
    except (ServiceError, BarredError) as error:
        raise ServiceError(f"{refused}. Whether it was made nevertheless could not be asked: {error}") from None


def _check_time(account: Account, receipt: Receipt, deadline: datetime | None) -> None:
    """Refuse to submit what would come late, by the service's clock."""
    if deadline is not None and account.now >= deadline:
        raise ClosedError(
            f"round {receipt.round} closed at {deadline:%Y-%m-%d %H:%M} UTC, before the submission was made. "
            "Start earlier."
        )


def _looked_for(account: Account, receipt: Receipt) -> Submission | None:
    """The submission whose creation was not answered, looked for more than once: it may take a moment to show."""

    def look() -> Submission:
        found = reading_back.listed(account, receipt)
        if found is None:
            raise TransientError("the answer was lost, and no submission is shown")
        return found

    try:
        limits = replace(account.limits, attempts=min(LOOKS, account.limits.attempts))
        return http.patiently(look, "submitting", limits, "")
    except (ServiceError, BarredError):
        return None


def _read_back(account: Account, progress: Progress, content: bytes) -> bool:
    """Note what the service shows of the submission; False where it holds other content and the file must go again."""
    try:
        shown = reading_back.shown(account, progress.receipt)
    except KeysError as error:
        progress.unknown(f"it was submitted, and cannot be looked up: {error}", "keys")
        return True
    except ServiceError as error:
        progress.unknown(str(error))
        return True
    found = shown.submission
    progress.shown(found)
    if shown.counts_for is None:
        progress.superseded(reading_back.why_superseded(progress.receipt, is_late=shown.is_late))
        return True
    same, why = reading_back.same_content(account, found, content)
    if shown.counts_for == progress.receipt.round:
        if same is False:
            progress.rejected(why)
            return False
        progress.accepted(why, verified=bool(same))
    else:
        # The service gives a late file the ids of the next round: other content is no fault then.
        words = "; ".join(filter(None, [reading_back.queued(progress.receipt.round, shown.counts_for), why]))
        progress.late(words, shown.counts_for, verified=bool(same))
    return True
