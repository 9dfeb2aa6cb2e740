"""Small eras to score, and what the tests of scores share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import hypothesis
import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from numerai_rounds.conf import plugins
from numerai_rounds.domain.metrics import exposure
from numerai_rounds.domain.scoring import loop
from numerai_rounds.domain.scoring.era import CrossSection, Era
from numerai_rounds.domain.scoring.loop import Scored, Targets
from numerai_rounds.domain.scoring.metric import BENCHMARK, META_MODEL, Inputs, Metric

LEVELS = [0, 0.25, 0.5, 0.75, 1]
SHARES = [0.05, 0.2, 0.5, 0.2, 0.05]
MAIN, OTHER = "target_ender_60", "target_ender_20"
METRICS: dict[str, type[Metric]] = plugins.metrics()


def given(*strategies: Any, **named: Any) -> Callable[..., Any]:
    """Hypothesis' own, without a time limit: the oracles are slow, and the first example compiles loops."""
    return lambda test: hypothesis.settings(deadline=None, max_examples=60)(
        hypothesis.given(*strategies, **named)(test)
    )


def section(
    predictions: Sequence[float] | np.ndarray,
    features: np.ndarray | None = None,
    others: Mapping[str, np.ndarray] | None = None,
    label: str = "0575",
    ids: Sequence[str] | None = None,
) -> CrossSection:
    """An era's rows; features of shape (rows, features); one column of predictions may be given as a vector."""
    columns = np.atleast_2d(np.asarray(predictions, dtype=float))
    rows = columns.shape[1]
    ids = [f"n{label}{row:06d}" for row in range(rows)] if ids is None else ids
    features = np.zeros((rows, 0)) if features is None else features
    return CrossSection(
        label, pa.array(ids, pa.string()), columns, np.ascontiguousarray(features.T, np.int8), others or {}
    )


def on(one: CrossSection, target: Sequence[float] | np.ndarray) -> Era:
    """Those of its rows that are scored on one target."""
    return loop.known_on(one, {MAIN: np.asarray(target, dtype=float)})[MAIN]


def values(metric: str, era: Era, **inputs: object) -> dict[str, np.ndarray]:
    """A metric's columns for one era."""
    kind = METRICS[metric]
    if kind is exposure.Metric:
        inputs["features"] = [f"feature_{place}" for place in range(len(era.section.features))]
    return kind(Inputs([era.section.predictions], **inputs)).era(era)


def value(metric: str, era: Era) -> float:
    """The only column of a metric, for the only column of predictions."""
    ((found,),) = values(metric, era).values()
    return float(found)


def score(
    sections: Sequence[CrossSection],
    targets: Sequence[Mapping[str, np.ndarray]],
    metrics: Sequence[str] = tuple(METRICS),
    threads: int = 1,
    **inputs: object,
) -> list[Scored]:
    """The whole loop; what is not given is absent."""
    known = [
        np.isfinite(one.predictions).all(axis=0) & np.isfinite(t[MAIN])
        for one, t in zip(sections, targets, strict=True)
    ]
    count = len(sections[0].features)
    needs = {"features": count > 0, **{name: name in sections[0].others for name in (META_MODEL, BENCHMARK)}}
    given = Inputs(
        [one.predictions[:, rows] for one, rows in zip(sections, known, strict=True)],
        [f"feature_{place}" for place in range(count)],
        absent={name: f"there is no {name}" for name, there in needs.items() if not there},
        **inputs,
    )

    def eras() -> Iterator[Targets]:
        start = 0
        for one, of_era, rows in zip(sections, targets, known, strict=True):
            placed = CrossSection(one.label, one.ids, one.predictions, one.features, one.others, start)
            yield loop.known_on(placed, of_era)
            start += int(rows.sum())

    return loop.score({name: METRICS[name] for name in metrics}, given, eras(), MAIN, threads)


def frames(era: CrossSection, target: np.ndarray) -> tuple[pd.DataFrame, pd.Series]:
    """Predictions and a target as numerai-tools takes them, gaps left in."""
    ids = era.ids.to_pylist()
    names = [f"p{column}" for column in range(len(era.predictions))]
    return pd.DataFrame(era.predictions.T, ids, names), pd.Series(target, ids, name="t")


def near_constant(kind: str, rows: int, random: np.random.Generator) -> np.ndarray:
    """Predictions that are hardly told apart, though not constant."""
    if kind == "all but one":
        found = np.full(rows, 0.3)
        found[random.integers(rows)] = 0.30001
    elif kind == "tiny":
        found = 0.5 + 1e-12 * random.permutation(rows)
    else:
        found = np.nextafter(0.1, random.permutation(rows) % 2)
    return found


PREDICTIONS = ("continuous", "ties", "all but one", "tiny", "float noise", "offset")


def predictions_of(kind: str, rows: int, random: np.random.Generator) -> np.ndarray:
    """A column of predictions, never constant."""
    if kind == "continuous":
        return random.normal(size=rows)
    if kind == "offset":
        return 1e6 + random.normal(size=rows)
    if kind == "ties":
        return np.concatenate([[0, 1], random.integers(0, 4, rows - 2)]).astype(float)
    return near_constant(kind, rows, random)


@st.composite
def markets(draw: st.DrawFn, least: int = 20, gaps: bool = True) -> tuple[CrossSection, np.ndarray]:
    """An era with one column of predictions, six features and two other models, and its target; at most 10 % gaps."""
    rows = draw(st.integers(least, 90))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    column = predictions_of(draw(st.sampled_from(PREDICTIONS)), rows, random)
    features = random.integers(0, 5, (rows, 6))
    target = random.choice(LEVELS, rows, p=SHARES)
    target[random.permutation(rows)[:3]] = 0.25, 0.5, 1
    others = {META_MODEL: random.random(rows), BENCHMARK: random.integers(0, 9, rows) / 9}
    if gaps:
        for vector in (column, target, others[META_MODEL]):
            vector[random.permutation(rows)[: draw(st.integers(0, rows // 30))]] = np.nan
    return section(column, features, others), target
