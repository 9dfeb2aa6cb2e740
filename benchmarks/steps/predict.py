"""Predicting with LightGBM's models: our loops beside LightGBM's own, on the same rows in turn."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import Measured, call, done
from benchmarks.report import Finding, Result, Table, figure
from benchmarks.suite import Bench

ORDER = 12

SIZES = [(31, 2_000, 150), (31, 2_000, 700), (64, 2_000, 700), (1_024, 100, 700), (2_048, 40, 200)]
"""Leaves, trees and features."""

ERAS, ROWS = 4, 6_000
"""Predicted one after another, as evaluate does."""

PAIRS = 5
"""Of predictions, ours and LightGBM's, for each run that is asked for."""

THREADS = (1, 2)


def run(bench: Bench) -> Iterator[Result]:
    """Each size on one thread and on two."""
    rows: list[list[str]] = []
    ratios: dict[tuple[int, int], float] = {}
    unequal = 0
    for leaves, trees, features in SIZES:
        path = bench.scratch / f"model-{leaves}-{trees}-{features}.txt"
        if not path.exists():
            done(call(train, path, leaves, trees, features))
        for threads in THREADS:
            found = done(call(predictions, path, threads, PAIRS * bench.repeats)).answer
            unequal += found["unequal"]
            each = [theirs / ours for ours, theirs in found["pairs"]]
            ratios[leaves, threads] = min(median(each), ratios.get((leaves, threads), median(each)))
            rows.append([_title(leaves, trees, features), str(threads), *_cells(found, each, trees)])
    columns = ["", "threads", "ours, ns a row and tree", "LightGBM, ns a row and tree", "LightGBM / ours"]
    columns += ["least to greatest", "tables made, s", "equal bits"]
    yield Table(f"Predictions of {ERAS} eras x {ROWS:,} rows", columns, rows)
    for leaves in (31, 64, 1_024):
        for threads in THREADS:
            yield Finding(f"predict speed-up, {leaves}, {threads}", ratios[leaves, threads])
    yield Finding("predict equality", unequal)


def train(path: str, leaves: int, trees: int, features: int) -> None:
    """Write a model of random levels, of which some matter."""
    import lightgbm
    import numpy as np

    random = np.random.default_rng(0)
    levels = random.integers(0, 5, (max(20_000, 30 * leaves), features), np.int8)
    target = levels[:, :20].sum(axis=1) / 80 + 0.5 * random.random(len(levels))
    settings = {"num_leaves": leaves, "learning_rate": 0.01, "feature_fraction": 0.1, "min_data_in_leaf": 5}
    settings |= {"verbosity": -1, "force_col_wise": True, "num_threads": 1}
    data = lightgbm.Dataset(levels, target, params=settings)
    Path(path).write_text(lightgbm.train(settings, data, trees).model_to_string(), encoding="utf-8")


def predictions(path: str, threads: int, pairs: int) -> Measured:
    """Seconds of each pair, ours first; how many predictions differ in any bit; seconds until the tables are made."""
    import time

    import lightgbm
    import numpy as np

    from numerai_rounds.models.boosting import predictor

    text = Path(path).read_text(encoding="utf-8")
    official = lightgbm.Booster(model_str=text)
    started = time.perf_counter()
    ours = predictor.predictor(text)
    tables = time.perf_counter() - started
    assert ours  # noqa: S101 - for the type checker
    random = np.random.default_rng(1)
    eras = [np.asfortranarray(random.integers(0, 5, (ROWS, official.num_feature()), np.int8)) for _ in range(ERAS)]
    ours.predict(eras[0][:10], threads)
    yield
    taken, unequal = [], 0
    for _ in range(pairs):
        first, own = _timed(lambda: [ours.predict(era, threads) for era in eras])
        second, theirs = _timed(lambda: [official.predict(era, num_threads=threads) for era in eras])
        taken.append((first, second))
        unequal += int((np.concatenate(own).view(np.int64) != np.concatenate(theirs).view(np.int64)).sum())
    return {"pairs": taken, "unequal": unequal, "tables": tables}


def _timed(work: Any) -> tuple[float, Any]:
    import time

    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _title(leaves: int, trees: int, features: int) -> str:
    return f"{trees:,} trees of {leaves:,} leaves, {features} features"


def _cells(found: dict[str, Any], each: list[float], trees: int) -> list[str]:
    ours, theirs = (1e9 * median(pair[place] for pair in found["pairs"]) / (ERAS * ROWS * trees) for place in (0, 1))
    spread = f"{figure(min(each))} to {figure(max(each))}"
    equal = "no" if found["unequal"] else "yes"
    return [figure(ours), figure(theirs), figure(median(each)), spread, figure(found["tables"]), equal]
