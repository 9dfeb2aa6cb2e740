"""`rounds scores`: what became of past rounds, beside what validation promised."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import TypeVar

from numerai_rounds.base.errors import RefusedError, ServiceError, some
from numerai_rounds.commands import live_records
from numerai_rounds.commands.live_records import Terms
from numerai_rounds.io import console
from numerai_rounds.io.files import paths
from numerai_rounds.io.machine import exclusive
from numerai_rounds.io.repository import git
from numerai_rounds.io.service.account import Account
from numerai_rounds.io.service.client import Client
from numerai_rounds.io.sources import numerai
from numerai_rounds.play import kept_scores, promises, receipts
from numerai_rounds.play.kept_scores import LiveScore
from numerai_rounds.play.receipts import Receipt

T = TypeVar("T")


def scores(models: Sequence[str], *, commit: bool = True) -> None:
    """Ask for the live scores of each model, keep and commit them, and show them beside what validation promised.

    Without `models`, of all that have a receipt. Raises ServiceError at the end where a model could not be asked for;
    what the others got is kept.
    """
    client = Client()
    sent = [receipt for receipt in receipts.read_all().values() if receipt.arrived and receipt.service == client.host]
    wanted = _wanted(models, sent)
    if not wanted:
        console.say(
            f"Nothing was uploaded to {client.host} from here yet: `rounds upload` sends a submission, "
            "`rounds scores --model NAME` asks for any model of the account."
        )
        return
    told, problem = _told(client, wanted, sent)
    if problem is not None and not told:
        raise problem
    kept = [row for row in _keep(told, commit=commit) if row.model in wanted]
    _show(client, list(wanted), kept, sent)
    if problem is not None:
        raise problem


def _wanted(models: Sequence[str], sent: Iterable[Receipt]) -> dict[str, str]:
    """Id of each model to ask for, by name: as its newest receipt has it, or else the account."""
    known = {receipt.model: receipt.model_id for receipt in sent}
    unknown = [model for model in models if model not in known]
    if unknown:
        account = Account()
        found = account.models()
        known |= {model: account.model_id(model, found) for model in unknown}
    return {model: known[model] for model in models or sorted(known)}


def _told(
    client: Client, wanted: Mapping[str, str], sent: Sequence[Receipt]
) -> tuple[list[LiveScore], ServiceError | None]:
    """What the service says of every model, and why that is not all."""
    told: list[LiveScore] = []
    problem = None
    for model, model_id in wanted.items():
        own = [receipt.scores for receipt in sent if receipt.model == model]
        names = {name for scores in own for name in scores.values()} if all(own) else set()
        asked: list[str | None] = [*sorted(names)] or [None]
        try:
            told += [row for name in asked for row in kept_scores.ask(client, model, model_id, name)]
        except RefusedError as error:
            problem = ServiceError(f"{model}: {error}. Check that the service still has the model.")
        except ServiceError as error:
            return told, error
    return told, problem


def _keep(told: Sequence[LiveScore], *, commit: bool) -> list[LiveScore]:
    """Every row that is known now: merged, written and committed, with a word about final scores that changed."""
    with exclusive.only_one("rounds scores"):
        before = kept_scores.read()
        after = kept_scores.merge(before, told)
        if not after:
            return []
        for old, new in kept_scores.revised(before, after):
            console.say(
                f"{new.model}: {new.score} of round {new.round} was final at {old.value} and is now {new.value}"
                f"{'' if new.resolved else ', not final'}."
            )
        written = kept_scores.write(after)
        if commit:
            git.commit(f"Live scores to round {max(row.round for row in after)}", [paths.LIVE_SCORES])
    console.say(f"{paths.LIVE_SCORES}: {len(after):,} scores{'' if written else ', nothing new'}")
    return after


def _show(client: Client, models: Sequence[str], kept: Sequence[LiveScore], sent: Sequence[Receipt]) -> None:
    """A table of all models, and sentences about each."""
    terms = _terms(client, sent, {row.round for row in kept} | {receipt.plays for receipt in sent})
    latest = kept_scores.latest(kept)
    found = []
    for model in models:
        own = [receipt for receipt in sent if receipt.model == model]
        promise = promises.read(own[-1].commit) if own else None
        found += live_records.records(model, latest, terms, own, promise)
    console.table("live scores", live_records.COLUMNS, [live_records.row(record) for record in found])
    for record in found:
        for sentence in live_records.sentences(record):
            console.say(sentence)
    untold = sorted(number for number, known in terms.items() if not known.names)
    if untold:
        console.say(f"Nobody says which scores these rounds pay for, so they count as pending: {some(untold)}.")


def _terms(client: Client, sent: Iterable[Receipt], rounds: Collection[int]) -> dict[int, Terms]:
    """What each round pays for: as a receipt has it, or else the service."""
    on_time = [receipt for receipt in sent if receipt.scores and receipt.plays == receipt.round]
    known = {receipt.round: Terms(receipt.scores, receipt.payout) for receipt in on_time}
    anything = numerai.Params(kind="numerai", version="v5.0", extra_files=[])

    @cache
    def ask(number: int) -> Terms:
        return Terms(client.score_names(number), numerai.payout(anything, number))

    return _between(sorted(set(rounds).difference(known)), ask) | known


def _between(numbers: Sequence[int], ask: Callable[[int], T]) -> dict[int, T]:
    """The answer for each number, in order; those between three of the same answer are not asked for."""
    if not numbers:
        return {}
    middle = len(numbers) // 2
    first = ask(numbers[0])
    if ask(numbers[-1]) == first == ask(numbers[middle]):
        return dict.fromkeys(numbers, first)
    return _between(numbers[:middle], ask) | _between(numbers[middle:], ask)
