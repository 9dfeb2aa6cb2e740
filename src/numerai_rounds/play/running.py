"""`rounds run`: a whole round, from the open round to the submission that the service shows, in git.

Every step asks what is there before it acts, so that a run that was stopped anywhere is gone on with.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from numerai_rounds.base.errors import (
    BusyError,
    ClosedError,
    ConfigurationError,
    DamagedError,
    MachineError,
    RoundsError,
    ServiceError,
    StaleError,
)
from numerai_rounds.conf import edits, plugins
from numerai_rounds.conf.params import load
from numerai_rounds.io import console
from numerai_rounds.io.dvc import mending, pipeline
from numerai_rounds.io.files import paths
from numerai_rounds.io.machine import exclusive
from numerai_rounds.io.repository import pushing
from numerai_rounds.io.service import http, notify
from numerai_rounds.play import applied, means, opening, outcomes, played, slots, uploading, variants
from numerai_rounds.play.receipts import Receipt
from numerai_rounds.play.slots import Slot

TRIES = 3
"""Times that a round is opened and predicted because its files changed meanwhile."""

WHEN = (
    "Rounds open from Tuesday to Saturday at 12:00 UTC: --wait waits for the next one. After a round has closed, "
    "--late sends its file nevertheless: the service plays it in the next round."
)


@dataclass(frozen=True)
class Plan:
    """What a run does beside opening, predicting and committing."""

    upload: bool = False
    push: bool = False
    wait: bool = False
    every: float = 30.0
    """Seconds between two questions whether a round is open."""
    patience: float = 90.0
    """Minutes of waiting."""
    options: uploading.Options = field(default_factory=uploading.Options)


@dataclass
class _Played:
    """What came of a round so far."""

    receipts: list[Receipt]
    tags: list[str] = field(default_factory=list)
    problems: list[RoundsError] = field(default_factory=list)
    """Those that did not keep the rest of the round from being played."""


def run(plan: Plan, *, notifies: bool) -> None:
    """Play the open round; the last line says what came of it, and `notifies` sends it to the webhook as well."""
    lacking = means.lacks(notify.check) if notifies else []
    notifies = notifies and not lacking
    try:
        with exclusive.only_one("rounds run"):
            line = _play(plan, lacking)
    except RoundsError as error:
        if notifies and not isinstance(error, BusyError):
            notify.send(f"numerai-rounds: {error}", error.exit_code)
        raise
    except Exception as error:
        if notifies:
            notify.send(f"numerai-rounds broke down ({type(error).__name__}): look at its log", 1)
        raise
    if notifies:
        notify.send(line, 0)
    console.say(line)


def _play(plan: Plan, lacking: Sequence[RoundsError]) -> str:
    """Take every step that is left; what came of it, in one line. What is `lacking` already is told with the rest."""
    means.check(plan.options, upload=plan.upload, push=plan.push, lacking=lacking)
    if variants.was_left():
        variants.restore()
    asked = slots.parse(plan.options.models)
    number = _awaited(plan)
    experiments = [(slot, _numbered(number, slot)) for slot in asked if slot.experiment is not None]
    applied.refuse_again(number)
    own = [slot for slot in asked if slot.experiment is None]
    so_far = _Played(_pipeline(plan, number, own, alone=not asked))
    for slot, numbered in experiments:
        _play_experiment(plan, slot, numbered, so_far)
    outcomes.keep(so_far.receipts)
    so_far.problems[:0] = filter(None, [outcomes.problem(so_far.receipts, late=plan.options.late)])
    line = ""
    if not so_far.problems or any(receipt.arrived for receipt in so_far.receipts):
        line = f"{load().round.title if number is None else f'round {number}'}: {outcomes.played_line(so_far.receipts)}"
        try:
            line += _kept(plan, number, so_far.tags)
        except RoundsError as error:
            so_far.problems.insert(0, type(error)(f"{line}. But: {error}"))
    if so_far.problems:
        raise outcomes.together(so_far.problems)
    return line


def _numbered(number: int | None, slot: Slot) -> int:
    """The number of the round that an experiment is to play; ConfigurationError if it has none."""
    if number is None:
        raise ConfigurationError(
            f"--model {slot.model}={slot.experiment} plays an experiment of a round, and the pinned files are of none. "
            "`rounds open --round NUMBER` says of which round they are."
        )
    return number


def _play_experiment(plan: Plan, slot: Slot, number: int, so_far: _Played) -> None:
    """Play one experiment beside the pipeline; where it fails, that is told, and what else there is goes on."""
    try:
        so_far.tags.append(variants.prepare(str(slot.experiment), number, push=plan.push))
        so_far.receipts += _sent(plan, [slot], strict=False)
    except RoundsError as error:
        console.complain(f"{slot.model}: {error}")
        so_far.problems.append(error)


def _kept(plan: Plan, number: int | None, tags: list[str]) -> str:
    """Tag the round and push; what a line about the round says of both."""
    if number is not None:
        tags.insert(0, played.tag_round(number))
    told = ", ".join([*tags, *_pushed(plan, tags)])
    return f"; {told}" if told else ""


def _awaited(plan: Plan) -> int | None:
    """The round to play: the current one, once it is open where that matters."""
    parameters = load()
    source = plugins.source(parameters.data.kind)
    pinned = parameters.round if parameters.round.source == parameters.data.kind else None
    deadline = time.monotonic() + 60 * plan.patience
    said = ""
    while True:
        problem: RoundsError
        try:
            number = source.current_round(parameters.data, pinned)
            if not (plan.wait or plan.upload) or plan.options.late or source.is_open(parameters.data, number):
                if plan.wait and number is not None:
                    # A round can be open before its live file is there.
                    source.live_pins(parameters.data, number, pinned)
                return number
            problem = ClosedError(f"round {number} is not open now. {WHEN}")
        except (ClosedError, ServiceError) as error:
            problem = error
        if not plan.wait:
            raise problem
        if time.monotonic() > deadline:
            raise type(problem)(f"no round opened within {plan.patience:g} minutes: {problem}")
        if str(problem) != said:
            said = str(problem)
            console.say(f"{said} Asking again every {plan.every:g} s.")
        http.PATIENCE.sleep(plan.every)


def _pipeline(plan: Plan, number: int | None, own: Sequence[Slot], *, alone: bool) -> list[Receipt]:
    """Predict, commit, and send the pipeline's own submission.

    Once more where the round's files were replaced, or one was damaged here.
    """
    for attempt in range(1, TRIES + 1):
        try:
            _predict(number, uploads=plan.upload)
            return _sent(plan, own, strict=attempt < TRIES) if own or alone else []
        except (StaleError, DamagedError) as error:
            if attempt == TRIES:
                raise
            console.complain(f"{error} Predicting again.")
            if isinstance(error, DamagedError):
                mending.make_again(mending.mend())
    raise AssertionError("every attempt returns or raises")


def _predict(number: int | None, *, uploads: bool) -> None:
    """Open the round, run the pipeline, commit both; files that were replaced in between are pinned anew."""
    before = edits.pinned_round()
    accepts = before is not None and before.number == number and before.accept_changes
    opening.pin_round(number, accept_changes=accepts)
    pinned = edits.pinned_round()
    try:
        pipeline.repro()
    except ServiceError:
        opening.pin_round(number, accept_changes=accepts)
        if edits.pinned_round() == pinned:
            raise
        pipeline.repro()
    pipeline.bring(paths.SUBMISSION)
    played.check(number)
    try:
        played.commit(number)
    except (ConfigurationError, MachineError) as error:
        if not uploads:
            raise
        console.complain(f"{error} The submission is sent nevertheless; its receipt tells what is not committed.")


def _sent(plan: Plan, wanted: Sequence[Slot], *, strict: bool) -> list[Receipt]:
    if not plan.upload:
        return []
    models = [slot.model if slot.experiment is None else f"{slot.model}={slot.experiment}" for slot in wanted]
    return uploading.send(load(), replace(plan.options, models=models), strict=strict)


def _pushed(plan: Plan, tags: Sequence[str]) -> list[str]:
    """Push data first, so that no commit is ever there without its data; a word about it."""
    if not plan.push:
        return []
    pipeline.push()
    there = pushing.push(tags)
    return [f"pushed to {there}" if there else "data pushed, git has no remote"]
