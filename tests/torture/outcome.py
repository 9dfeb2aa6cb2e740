"""A case that is tried, what became of it, and the table of all."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from rich.table import Table

from tests.torture.ground import Ground


@dataclass(frozen=True)
class Case:
    """One fault; `name` begins with its part, and finds it again."""

    name: str
    kind: str
    """The row of the table that it counts in."""

    @property
    def part(self) -> str:
        return self.name.partition("/")[0]


@dataclass(frozen=True)
class Outcome:
    """What became of a case."""

    case: Case
    flaw: str | None = None
    """Why it did not survive."""
    seconds: float = 0.0
    impossible: str | None = None
    """Why it could not be tried here."""


class Part(Protocol):
    """A module that has cases, and tries some of them at a time."""

    TITLE: str
    AT_A_TIME: int
    """Cases that share what it takes to get there."""

    def cases(self, ground: Ground, seed: int) -> Sequence[Case]:
        """Every case, in the order in which it is best tried."""

    def attempt(
        self, ground: Ground, some: Sequence[Case], chance: Callable[[Case], random.Random]
    ) -> Mapping[Case, str | None]:
        """Why each did not survive; None where it did."""


class Impossible(Exception):  # noqa: N818 - it is no error
    """This machine cannot do what a case needs."""


def rows(outcomes: Sequence[Outcome], titles: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """Part, what, tried, survived: a row for each kind of fault."""
    order = {part: place for place, part in enumerate(titles)}
    ordered = sorted(outcomes, key=lambda outcome: (order[outcome.case.part], outcome.case.kind))
    found = []
    for (part, kind), group in groupby(ordered, lambda outcome: (outcome.case.part, outcome.case.kind)):
        some = list(group)
        tried = [outcome for outcome in some if outcome.impossible is None]
        if tried:
            sound = sum(outcome.flaw is None for outcome in tried)
            found.append((titles[part], kind, f"{len(tried)}", f"{sound}"))
        else:
            found.append((titles[part], kind, "none", some[0].impossible or ""))
    return found


def table(outcomes: Sequence[Outcome], titles: dict[str, str]) -> Table:
    """For the terminal."""
    made = Table(title="what was tried")
    for name in ("part", "what", "tried", "survived"):
        made.add_column(name, justify="right" if name in {"tried", "survived"} else "left")
    for part, kind, tried, survived in rows(outcomes, titles):
        made.add_row(part, kind, tried, survived, style="" if tried in {survived, "none"} else "red")
    return made
