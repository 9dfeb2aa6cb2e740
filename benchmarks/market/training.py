"""Models of the default pipeline's parameters, trained on a sample in memory; each dataset is binned once."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import lightgbm
import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.market.data import MAIN, AbsentError, Floats, Levels, Places, Sample, Side
from numerai_rounds.base.eras import WEEKLY, purge_eras
from numerai_rounds.domain.arrays.correlation import Correlations
from numerai_rounds.domain.selectors import top_k
from numerai_rounds.models.kinds import lightgbm as trees
from numerai_rounds.models.kinds import ridge

CONF = Path(__file__).parents[2] / "conf"
THREADS = 2
TOGETHER = 65_536
"""Rows that are converted or predicted together."""

SELECTED = "selected"
"""Stands for the features that the default pipeline selects; otherwise the name of a set."""

T = TypeVar("T")


def preset(path: str) -> dict[str, Any]:
    """The values of a file of conf/."""
    found: dict[str, Any] = yaml.safe_load((CONF / path).read_text(encoding="utf-8"))
    return found


class Once:
    """Results that are kept by key."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[Any, Any] = {}

    def __call__(self, key: Any, make: Callable[[], T]) -> T:
        """What `make` returned when the key was first asked for."""
        if key not in self._kept:
            self._kept[key] = make()
        found: T = self._kept[key]
        return found


class Rows:
    """The train rows of the first eras whose target is known, as models take them (`domain.model.Rows`)."""

    def __init__(self, side: Side, names: Sequence[str], places: Places, target: str, eras: int) -> None:
        """Take `eras` eras."""
        self.names = list(names)
        self._places, self._levels = places, side.levels
        values = side.target(target)[: side.starts[eras]]
        known = np.isfinite(values)
        self._rows = slice(0, len(known)) if known.all() else np.flatnonzero(known)
        self.target: NDArray[np.float32] = values[self._rows]

    def columns(self, start: int, stop: int) -> Levels:
        """Some features of all rows: int8 (rows, stop - start), columns contiguous."""
        return np.stack([self._levels[place][self._rows] for place in self._places[start:stop]]).T

    def blocks(self) -> Iterator[Levels]:
        """All features of some rows at a time, in order: int8 (some rows, features), columns contiguous."""
        rows = np.arange(self._levels.shape[1])[self._rows]
        for start in range(0, len(rows), TOGETHER):
            yield self._levels[np.ix_(self._places, rows[start : start + TOGETHER])].T


class Training:
    """What is trained on a sample: parameters of conf/, the project's own selection, purge and models.

    Predictions are those of the validation rows. `purge`: eras before validation that are left out; None: as many as
    follow from the target.
    """

    def __init__(self, sample: Sample) -> None:
        """Begin with no model. `close` removes what is written meanwhile."""
        self.sample, self.once = sample, Once()
        self.seed: int = preset("config.yaml")["seed"]
        self.k: int = preset("select/top_k.yaml")["k"]
        self.presets = {trees: preset("model/lightgbm.yaml"), ridge: preset("model/ridge.yaml")}
        self._folder = Path(tempfile.mkdtemp(prefix="market-"))

    def close(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def train_eras(self, target: str, purge: int | None = None) -> int:
        """Train eras before the purge."""
        held = purge_eras(target, None, WEEKLY) if purge is None else purge
        return int((self.sample.train.numbers < self.sample.validation.numbers[0] - held).sum())

    def features(self, which: str = SELECTED, target: str = MAIN, purge: int | None = None) -> list[str]:
        """The features of a named set, or those that the default pipeline selects, in the order of choice."""
        if which == SELECTED:
            eras = self.train_eras(target, purge)
            return self.once(("selected", target, eras), lambda: self._select(target, eras))
        if not self.sample.sets.get(which):
            raise AbsentError(f"the feature set {which}")
        return list(self.sample.sets[which])

    def _select(self, target: str, eras: int) -> list[str]:
        side, correlations = self.sample.train, Correlations(self.sample.names)
        answers = side.target(target)
        for rows in list(side.slices())[:eras]:
            known = np.isfinite(answers[rows])
            if known.any():
                levels = side.levels[:, rows]
                correlations.add(levels if known.all() else levels[:, known], answers[rows][known])
        table = correlations.table()
        # A tiny sample may have fewer features than the default pipeline selects.
        params = top_k.Params(kind="top_k", k=min(self.k, int(table["correlation"].notna().sum())))
        return list(top_k.choose(params, table)["feature"])

    def _dataset(self, kind: Any, which: str, target: str, purge: int | None) -> str:
        """The folder of a dataset."""
        key = ("dataset", kind.__name__, which, target, self.train_eras(target, purge))
        return self.once(key, lambda: self._build(kind, which, target, purge))

    def _build(self, kind: Any, which: str, target: str, purge: int | None) -> str:
        names = self.features(which, target, purge)
        rows = Rows(self.sample.train, names, self.sample.places(names), target, self.train_eras(target, purge))
        folder = tempfile.mkdtemp(dir=self._folder)
        kind.build(kind.Dataset(**self.presets[kind]["dataset"]), rows, THREADS, folder, lambda _: None)
        return folder

    def boosted(
        self,
        which: str = SELECTED,
        target: str = MAIN,
        purge: int | None = None,
        stages: tuple[int, ...] = (),
        **changes: Any,
    ) -> Floats:
        """Predictions of LightGBM after each of `stages` trees, by default all: shape (stages, rows).

        `changes` are parameters that differ from the default ones.
        """
        key = ("boosted", which, target, self.train_eras(target, purge), stages, tuple(sorted(changes.items())))
        return self.once(key, lambda: self._boost(which, target, purge, stages, changes))

    def _boost(
        self, which: str, target: str, purge: int | None, stages: tuple[int, ...], changes: dict[str, Any]
    ) -> Floats:
        count = {"n_estimators": stages[-1]} if stages else {}
        params = trees.Params(**(self.presets[trees] | changes | count))
        folder = self._dataset(trees, which, target, purge)
        model = trees.fit(params, folder, self.seed, THREADS, lambda _: None)
        booster = lightgbm.Booster(model_str=model.text)
        places, levels = self.sample.places(model.features), self.sample.validation.levels
        stops = np.array(stages or (params.n_estimators,))
        starts = np.concatenate([[0], stops[:-1]])
        found = np.empty((len(stops), levels.shape[1]))
        for start in range(0, levels.shape[1], TOGETHER):
            rows = slice(start, start + TOGETHER)
            part = levels[places, rows].T
            for row, first, stop in zip(found, starts, stops, strict=True):
                added = booster.predict(part, int(first), int(stop - first), num_threads=THREADS)
                row[rows] = np.asarray(added)
        return np.cumsum(found, axis=0)

    def linear(self, which: str, alphas: Sequence[float], target: str = MAIN) -> Floats:
        """Predictions of ridge with each penalty: shape (alphas, rows)."""
        return self.once(("linear", which, target, tuple(alphas)), lambda: self._linear(which, alphas, target))

    def _linear(self, which: str, alphas: Sequence[float], target: str) -> Floats:
        folder = self._dataset(ridge, which, target, None)
        models = [ridge.fit(self._penalty(alpha), folder, self.seed, THREADS, lambda _: None) for alpha in alphas]
        fitted = [ridge.Ridge.model_validate_json(model.text) for model in models]
        weights = np.array([list(model.coefficients.values()) for model in fitted])
        places, side = self.sample.places(models[0].features), self.sample.validation
        return np.concatenate([weights @ side.levels[places, rows].astype(np.float64) for rows in side.slices()], 1)

    def _penalty(self, alpha: float) -> ridge.Params:
        return ridge.Params(**(self.presets[ridge] | {"alpha": alpha}))
