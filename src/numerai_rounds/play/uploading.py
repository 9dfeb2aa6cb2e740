"""`rounds upload`: the submission goes to the service, and what became of it is told and kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import pandas as pd

from numerai_rounds.base.columns import ID
from numerai_rounds.base.errors import (
    BarredError,
    ClosedError,
    ConfigurationError,
    DataError,
    ServiceError,
    some,
)
from numerai_rounds.base.params import Params
from numerai_rounds.conf.params import load
from numerai_rounds.domain import submission
from numerai_rounds.io import console
from numerai_rounds.io.machine import exclusive
from numerai_rounds.io.service import credentials
from numerai_rounds.io.service.account import Account
from numerai_rounds.io.service.told import Window
from numerai_rounds.play import outcomes, reading_back, receipts, slots, submitting
from numerai_rounds.play.live_ids import ids_now
from numerai_rounds.play.receipts import Receipt
from numerai_rounds.play.slots import Prepared, Slot

NUMERAI = "numerai"


@dataclass(frozen=True)
class Options:
    """How to upload: `late` also after the round has closed, to be played in the next one; `again` what was sent."""

    models: Sequence[str] = ()
    late: bool = False
    again: bool = False


@dataclass(frozen=True)
class _Common:
    """What the receipts of one upload share."""

    parameters: Params
    window: Window
    service: str
    scores: dict[str, str]


@dataclass(frozen=True)
class Delivery:
    """A file that was checked, and the model that it goes to."""

    slot: Slot
    model_id: str
    prepared: Prepared
    rows: int

    def receipt(self, common: _Common) -> Receipt:
        """The receipt of the submission, which is about to be sent."""
        return Receipt(
            round=common.window.number,
            model=self.slot.model,
            model_id=self.model_id,
            experiment=self.slot.experiment,
            commit=self.prepared.commit,
            uncommitted=self.prepared.uncommitted,
            sha256=hashlib.sha256(self.prepared.content).hexdigest(),
            rows=self.rows,
            service=common.service,
            closes=common.window.closes.isoformat(),
            payout=common.parameters.round.payout,
            scores=common.scores,
        )


def upload(options: Options, *, dry_run: bool) -> None:
    """Send the submission of the pinned round to each model and commit the receipts.

    Raises the worst of what happened: ClosedError where the round is not open, DataError where the file breaks a rule,
    the service rejects it, or a receipt was damaged here, ServiceError where it is not known what became of it,
    ConfigurationError where the keys do not allow it or an uploaded model plays for the slot.
    """
    with exclusive.only_one("rounds upload"):
        parameters = load()
        if dry_run:
            rehearse(parameters, options)
        else:
            receipts.refuse_damaged()
            found = send(parameters, options)
            outcomes.keep(found)
            problem = outcomes.problem(found, late=options.late)
            if problem is not None:
                raise problem
            console.say(f"round {parameters.round.number}: {outcomes.summary(found)}")


def rehearse(parameters: Params, options: Options) -> None:
    """Do everything but send: every check that needs no keys, and those that do where there are keys."""
    for slot in slots.parse(options.models) or [Slot("the model", None)]:
        prepared = slots.prepared(slot.experiment, parameters.round)
        rows = _checked(prepared.content, ids_now(parameters))
        console.say(f"{rows:,} predictions of {parameters.round.title} for {slot.model}: all rules met.")
    if parameters.data.kind == NUMERAI and credentials.token() is not None:
        account = Account()
        _window(account, parameters, late=options.late)
        _targets(account, options)
        console.say("The round is open and the account has these models. Nothing was sent.")
    else:
        console.say("Whether the round is open and the account has these models was not asked. Nothing was sent.")


def check_targets(options: Options) -> None:
    """Refuse models that the account does not have, before anything takes time; ConfigurationError without keys."""
    _require_numerai(load())
    _targets(Account(), options)


def send(parameters: Params, options: Options, *, strict: bool = False) -> list[Receipt]:
    """Check, send and read back for each model in turn; one that fails does not keep the others from being sent.

    `strict` refuses a submission made from a live file that was replaced since, even where its ids are the same.
    """
    _require_numerai(parameters)
    account = Account()
    window = _window(account, parameters, late=options.late)
    targets = _targets(account, options)
    ids = ids_now(parameters, strict=strict)
    deliveries = [_delivery(slot, model_id, parameters, ids) for slot, model_id in targets.items()]
    common = _Common(parameters, window, account.host, account.score_names(window.number))
    new = [(delivery.receipt(common), delivery.prepared.content) for delivery in deliveries]
    if not options.again:
        _refuse_old([receipt for receipt, _ in new])
    return [_deliver(account, receipt, content, options) for receipt, content in new]


def _delivery(slot: Slot, model_id: str, parameters: Params, ids: "pd.Index[str]") -> Delivery:
    """What goes to a model, once it meets every rule."""
    prepared = slots.prepared(slot.experiment, parameters.round)
    return Delivery(slot, model_id, prepared, _checked(prepared.content, ids))


def _refuse_old(new: Sequence[Receipt]) -> None:
    """Refuse what was sent for another round: ids are new in every round, so the live data would be old ones."""
    sent = {(kept.model_id, kept.sha256, kept.service): kept.round for kept in receipts.read_all().values()}
    for receipt in new:
        number = sent.get((receipt.model_id, receipt.sha256, receipt.service), receipt.round)
        if number != receipt.round:
            raise DataError(
                f"{receipt.model} sent exactly this file for round {number}: the live data of round {receipt.round} "
                "are old ones. Wait for the service to serve its own; --again sends it nevertheless."
            )


def _require_numerai(parameters: Params) -> None:
    if parameters.data.kind != NUMERAI:
        raise ConfigurationError(
            f"{parameters.round.title} is not one that Numerai plays: only data=numerai can be uploaded. "
            "`rounds upload --dry-run` checks the file without sending it."
        )


def _window(account: Account, parameters: Params, *, late: bool) -> Window:
    """When the pinned round is open; ClosedError where it is not, or not the current one."""
    number = parameters.round.number or 0
    window = account.window(number)
    if window.is_open:
        return window
    if account.now < window.opens:
        raise ClosedError(
            f"round {number} opens at {window.opens:%Y-%m-%d %H:%M} UTC: `rounds run --wait` waits for it."
        )
    try:
        current: int | None = account.current_round()
    except ClosedError:
        current = None
    if current not in (number, None):
        raise ClosedError(
            f"round {number} is pinned, and the service plays round {current}: a submission would go there. "
            "Run `rounds open` and `dvc repro`, or `rounds run`."
        )
    closed = f"round {number} closed at {window.closes:%Y-%m-%d %H:%M} UTC"
    if current is None and (window.ends is None or account.now >= window.ends):
        raise ClosedError(f"{closed}, and nothing is taken for it any more. `rounds run --wait` plays the next round.")
    if not late:
        raise ClosedError(
            f"{closed}. What is sent now is not scored for it: the service plays it in round {number + 1}, stake and "
            f"all, although it was predicted from the live data of round {number}. Wait for the next round with "
            "`rounds run --wait`; --late sends it nevertheless."
        )
    console.complain(
        f"{closed}: what is sent now is played in round {number + 1}, although it was predicted from the live data of "
        f"round {number}, until that round gets a file of its own."
    )
    return window


def _targets(account: Account, options: Options) -> dict[Slot, str]:
    """The models to send to, with their ids; without any named, the account's only one.

    ConfigurationError where the keys do not allow all that is needed, and where an uploaded model plays for one.
    """
    account.check_scopes()
    models = account.models()
    chosen = slots.parse(options.models)
    if not chosen and len(models) == 1:
        chosen = [Slot(next(iter(models)), None)]
    if not chosen:
        held = f"{len(models)} models ({some(sorted(models))})" if models else "no model"
        raise ConfigurationError(f"the account has {held}: name those to send to with --model NAME.")
    targets = {slot: account.model_id(slot.model, models) for slot in chosen}
    account.check_no_pickle({slot.model: model_id for slot, model_id in targets.items()})
    return targets


def _checked(content: bytes, ids: "pd.Index[str]") -> int:
    """Rows of a file that meets every rule of the tournament, by our checks and by numerai-tools'."""
    from numerai_tools.submissions import validate_submission_numerai

    try:
        table = pd.read_csv(BytesIO(content), dtype={ID: str}, keep_default_na=False)
    except ValueError as error:
        raise DataError(f"the submission is no table ({error}). Run `dvc repro`.") from None
    submission.check(table, ids)
    try:
        validate_submission_numerai(ids.to_series(), table)
    except AssertionError as error:
        raise DataError(f"numerai-tools refuses the submission: {error}. Predict again: `dvc repro`.") from None
    return len(table)


def _deliver(account: Account, receipt: Receipt, content: bytes, options: Options) -> Receipt:
    """The receipt of a submission as it ends: sent now, or found to have arrived before."""
    earlier = {
        path: kept
        for path, kept in receipts.read_all(receipt.round).items()
        if (kept.model_id, kept.sha256, kept.service) == (receipt.model_id, receipt.sha256, receipt.service)
    }
    arrived = [kept for kept in earlier.values() if kept.arrived]
    if arrived and not options.again:
        return _found(account, arrived[-1])
    earlier = {path: kept for path, kept in earlier.items() if not kept.arrived}
    path, current = next(iter(earlier.items()), (receipts.place(receipt), receipt))
    try:
        return submitting.submit(
            account,
            current,
            content,
            lambda kept: receipts.write(kept, path),
            again=options.again,
            late=options.late,
        )
    except (ServiceError, BarredError, ClosedError) as error:
        return receipts.after_failure(path, current, error)


def _found(account: Account, kept: Receipt) -> Receipt:
    """The receipt of a file that arrived before, asked for whether it still is the one that counts."""
    try:
        counts = account.counting(kept.model_id).get(str(kept.filename)) in (kept.round, kept.plays)
    except (ServiceError, BarredError) as error:
        console.complain(f"{kept.model}: whether this file still counts could not be asked ({error}).")
        return kept
    if not counts:
        why = reading_back.why_superseded(kept, is_late=kept.outcome == "late")
        return kept.model_copy(update={"outcome": "superseded", "reason": why})
    console.say(f"{kept.model}: the service has this file already ({kept.submission_id}).")
    return kept
