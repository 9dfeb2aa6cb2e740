"""dvc.lock, as it is here, as a commit has it, and as DVC would take it."""

from collections.abc import Mapping
from typing import Any

import yaml

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io.dvc import torn_lock
from numerai_rounds.io.files import paths, yaml_files
from numerai_rounds.io.files.dvc_lock import DvcLock
from numerai_rounds.io.repository import git


def here() -> DvcLock:
    """The dvc.lock of the working folder; ConfigurationError if nothing has run yet, or it is cut off."""
    if not paths.LOCK.exists():
        raise ConfigurationError("nothing has run yet: run `dvc repro` first.")
    try:
        content = yaml_files.read_yaml(paths.LOCK)
    except ConfigurationError:
        if words := torn_lock.problem():
            raise ConfigurationError(words) from None
        raise
    torn_lock.refuse_lost()
    return DvcLock(content)


def at(commit: str) -> DvcLock:
    """The dvc.lock of a commit, empty if it has none; ConfigurationError if it cannot be read."""
    try:
        return DvcLock(yaml_files.of_dvc(git.show(commit, paths.LOCK) or "{}"))
    except yaml.YAMLError:
        raise ConfigurationError(
            f"the {paths.LOCK} of {commit[:7]} is no YAML. Run `dvc repro` on that commit, and commit what it writes."
        ) from None


def accepted(text: str) -> DvcLock | None:
    """What a dvc.lock says that DVC's schema takes; None if it is none."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from voluptuous import Invalid

    try:
        return DvcLock(COMPILED_LOCKFILE_SCHEMA(yaml_files.of_dvc(text)))
    except (yaml.YAMLError, Invalid):
        return None


def put(stages: Mapping[str, Any]) -> None:
    """Have some stages in the dvc.lock of the working folder, in place of its own."""
    from dvc.utils.serialize import modify_yaml

    with modify_yaml(paths.LOCK) as content:
        content["stages"].update(stages)


def changed_params() -> list[str]:
    """Keys of params.yaml whose values are others than those that some stage last ran with."""
    return here().changed_params(yaml_files.read_yaml(paths.PARAMS))
