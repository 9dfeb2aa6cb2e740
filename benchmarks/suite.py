"""What a step is given, and how steps are found."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Protocol

from benchmarks import data, measure, steps
from benchmarks.data import Data, Size
from benchmarks.measure import Work
from benchmarks.project import Project
from benchmarks.report import Comparison, Result

FEWER = 10
"""The smaller project has a tenth of the eras, to see whether memory grows with them."""


@dataclass(frozen=True)
class Bench:
    """What is measured on, and how."""

    data: Data
    size: Size
    scratch: Path
    repeats: int
    trees: int
    """Of the whole pipeline's model."""

    @cached_property
    def project(self) -> Project:
        """A clone with the measured data."""
        return Project(self.scratch / f"project-{self.data.folder.name}", self.data)

    @cached_property
    def smaller(self) -> Project:
        """A clone with fewer eras of the same width."""
        eras = data.TRAIN_ERAS + data.VALIDATION_ERAS
        size = Size(self.data.eras / eras / FEWER, self.data.features, self.size.rows_per_era)
        made = data.made(size, self.scratch)
        return Project(self.scratch / f"project-{made.folder.name}", made)

    def race(self, title: str, works: Mapping[str, Work], volume: float = 0.0) -> Comparison:
        """Run works in turn; `volume` is the int8 values that each goes through, where their speed is of interest."""
        return Comparison(title, measure.race(works, self.repeats), volume)


class Step(Protocol):
    """A file in steps/: its docstring says what it measures, `run` does it."""

    __doc__: str
    ORDER: int
    run: Callable[[Bench], Iterator[Result]]


def names() -> list[str]:
    """Every step, in order."""
    return sorted((module.name for module in iter_modules(steps.__path__)), key=lambda name: load(name).ORDER)


def load(name: str) -> Step:
    """A step by its name."""
    step: Step = import_module(f"{steps.__name__}.{name}")
    return step


def title(name: str) -> str:
    """The first line of a step's docstring."""
    return load(name).__doc__.splitlines()[0].rstrip(".")
