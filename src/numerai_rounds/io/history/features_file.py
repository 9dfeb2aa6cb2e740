"""features.json: the features of each set and the targets, by name."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from numerai_rounds.base import limits
from numerai_rounds.base.errors import DataError, some
from numerai_rounds.io.files import json_files

AFRESH = "Get it again from its source."
"""What to do about a file that cannot be what it is called."""


class FeaturesFile(BaseModel):
    """What is used of features.json."""

    feature_sets: dict[str, list[str]]
    targets: list[str]


def read(path: Path, where: str) -> FeaturesFile:
    """What a features.json names, in its own order; a DataError beginning with `where` for a file that is none."""
    return _listed(partial(json_files.read, path), where)


def parsed(content: bytes, where: str) -> FeaturesFile:
    """The same of the content of such a file."""
    return _listed(partial(json_files.parsed, content), where)


def _listed(read: Callable[[], Any], where: str) -> FeaturesFile:
    try:
        listed = FeaturesFile.model_validate(read(), strict=True)
    except ValidationError as error:
        reasons = [
            f"{'.'.join(map(str, problem['loc'])) or 'content'}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        ]
        raise _none(where, some(reasons)) from None
    except ValueError as error:
        raise _none(where, f"content: {error}") from None
    _check_extent(listed, where)
    repeating = [name for name, members in listed.feature_sets.items() if len(set(members)) < len(members)]
    if repeating:
        raise DataError(f"{where}: the sets {some(repeating)} name a feature more than once.")
    if len(set(listed.targets)) < len(listed.targets):
        repeated = [name for name, times in Counter(listed.targets).items() if times > 1]
        raise DataError(f"{where}: its `targets` name {some(repeated)} more than once.")
    return listed


def _none(where: str, reason: str) -> DataError:
    return DataError(
        f"{where} is no features.json of the tournament ({reason}). It needs `feature_sets`, the features of each set "
        "by its name, and `targets`, a list."
    )


def _check_extent(listed: FeaturesFile, where: str) -> None:
    """Refuse what no features.json of a tournament is: more names, or longer ones, than any ever had."""
    largest = max((len(members) for members in listed.feature_sets.values()), default=0)
    for what, count, most in (
        ("feature sets", len(listed.feature_sets), limits.SETS),
        ("targets", len(listed.targets), limits.SETS),
        ("features in one set", largest, limits.COLUMNS),
    ):
        if count > most:
            raise DataError(f"{where} names {count:,} {what}, and at most {most:,} are taken. {AFRESH}")
    names = chain(listed.feature_sets, listed.targets, chain.from_iterable(listed.feature_sets.values()))
    wrong = next((name for name in names if not _can_be(name)), None)
    if wrong is not None:
        raise DataError(f"{where}: {wrong[:40]!a} is no name: one is text of at most {limits.NAME:,} letters. {AFRESH}")


def _can_be(name: str) -> bool:
    """Whether a text can be a name: half of a letter cannot be written to any file."""
    return len(name) <= limits.NAME and not any("\ud800" <= letter <= "\udfff" for letter in name)
