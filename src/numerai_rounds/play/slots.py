"""Which file goes to which model slot: the pipeline's own, or that of an experiment."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from numerai_rounds.base.errors import ConfigurationError, some
from numerai_rounds.base.params import Pin, Round
from numerai_rounds.conf import params
from numerai_rounds.io import console
from numerai_rounds.io.dvc import lockfile
from numerai_rounds.io.files import dvc_cache, paths, vouched, yaml_files
from numerai_rounds.io.files.dvc_lock import SUBMIT
from numerai_rounds.io.history import pinned_files
from numerai_rounds.io.repository import experiments, git, ingredients, recipe
from numerai_rounds.play import played


class Slot(NamedTuple):
    """A model of the account, and the experiment that plays for it; None for the pipeline as it is committed."""

    model: str
    experiment: str | None


class Prepared(NamedTuple):
    """A submission that is ready, and where it comes from."""

    content: bytes
    commit: str
    uncommitted: list[str]


def parse(given: Sequence[str]) -> list[Slot]:
    """Slots from `MODEL` or `MODEL=EXPERIMENT`; ConfigurationError where one is named twice, or not at all."""
    slots = [Slot(model, experiment or None) for model, _, experiment in (text.partition("=") for text in given)]
    odd = next((text for text in given if not text.isprintable()), None)
    if odd is not None:
        raise ConfigurationError(f"--model names models and presets, whose letters can be printed (got {odd!a}).")
    names = [slot.model for slot in slots]
    if "" in names or any(text.endswith("=") for text in given):
        raise ConfigurationError(f"--model takes MODEL or MODEL=EXPERIMENT (got {some(given)}).")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(f"a model takes one submission a round; given more than once: {some(twice)}.")
    return slots


def tag(number: int, experiment: str) -> str:
    """The tag under which `rounds run` keeps what an experiment made of a round."""
    return f"round-{number}-{experiment}"


def prepared(experiment: str | None, pinned: Round) -> Prepared:
    """The submission of the pipeline, or of an experiment, for the pinned round; ConfigurationError where stale."""
    return _own(pinned.number) if experiment is None else _of_experiment(experiment, pinned)


def own(number: int | None) -> bytes:
    """The pipeline's submission for a round; ConfigurationError where the last run was not for it.

    DataError where the live data that are here are not of the round. DamagedError where the submission, or the model or
    live file that it is made of, is not what its stage wrote.
    """
    locked = lockfile.here()
    stale = locked.changed_params(yaml_files.read_yaml(paths.PARAMS))
    if stale or locked.predicted != number:
        raise ConfigurationError(
            f"the submission is not of what params.yaml says now ({some(stale) or 'round.number'} changed since). "
            "Run `dvc repro` first."
        )
    pinned_files.refuse_other("live", params.load().round)
    if not paths.SUBMISSION.exists():
        raise ConfigurationError(f"{paths.SUBMISSION} is not here: run `dvc repro` first.")
    for path in (paths.MODEL, paths.raw("live", "live")):
        if path.exists():
            vouched.check(path)
    return vouched.read(paths.SUBMISSION)


def _own(number: int | None) -> Prepared:
    content, other = own(number), recipe.changed()
    if other:
        raise ConfigurationError(
            f"the submission is not of the code that is here now ({some(other)} changed since), so this commit would "
            "not make it again. Run `dvc repro`, then commit."
        )
    return Prepared(content, git.head(), ingredients.uncommitted(recorded=True))


def _of_experiment(name: str, pinned: Round) -> Prepared:
    number = pinned.number
    commit = _commit(name, number)
    locked = lockfile.at(commit)
    if locked.predicted != number:
        raise ConfigurationError(
            f"experiment {name!r} is of round {locked.predicted}, not of round {number}. Run it again on the pinned "
            f"round: `dvc exp run --name {name} -S ...`, or `rounds run --model MODEL=PRESET`."
        )
    live = yaml.safe_load(git.show(commit, paths.PARAMS) or "{}").get("round", {}).get("live")
    if not are_of(live, pinned):
        raise ConfigurationError(
            f"experiment {name!r} was run on another live file than the pinned one. Run it again, or `rounds run`."
        )
    other = recipe.changed(commit)
    if other:
        raise ConfigurationError(
            f"the commit of experiment {name!r} does not make its submission: {some(other)} "
            f"{'is' if len(other) == 1 else 'are'} not what its dvc.lock records. Commit your files, then run it again."
        )
    md5 = locked.output(SUBMIT, str(paths.SUBMISSION)) or ""
    kept = dvc_cache.place(md5) if md5 else None
    content = kept.read_bytes() if kept and kept.is_file() else b""
    if dvc_cache.md5(content) != md5:
        if kept:
            kept.unlink(missing_ok=True)  # DVC would bring a damaged one back
        raise ConfigurationError(f"the submission of experiment {name!r} is not in DVC's cache: run it again.")
    return Prepared(content, commit, [])


def are_of(live: Any, pinned: Round) -> bool:
    """Whether the live pins of another params.yaml are of the same files; a pin may have got its proof since."""
    try:
        return {role: Pin.model_validate(pin).known for role, pin in live.items()} == {
            role: pin.known for role, pin in pinned.live.items()
        }
    except (AttributeError, ValidationError):
        return False


def _commit(name: str, number: int | None) -> str:
    """What `rounds run` made of the experiment for this round, or the DVC experiment of that name."""
    kept = played.latest_tag(tag(number, name)) if number is not None else None
    if kept is not None:
        console.say(f"{name}: {kept}, as `rounds run` made it")
        return git.line("rev-parse", "--verify", f"{kept}^{{commit}}")
    return experiments.commit_of(name)
