"""Threads that wait: what a tree takes, on a calm machine and beside a program that keeps a core busy."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.measure import Measured, call
from benchmarks.report import Finding, Result
from benchmarks.suite import Bench

ORDER = 11

OURS, PLAIN, PASSIVE = "ours", "LightGBM's own", "OMP_WAIT_POLICY=passive"
SETTINGS = {OURS: {"GOMP_SPINCOUNT": "1000"}, PLAIN: {}, PASSIVE: {"OMP_WAIT_POLICY": "passive"}}
SIZES = {"large trees": (270_000, 200, 60), "small trees": (2_000, 50, 1_500)}
"""Rows, features and trees."""


def run(bench: Bench) -> Iterator[Result]:
    """The same training under each setting, in turn."""
    for size, (rows, features, trees) in SIZES.items():
        works = {name: call(train, rows, features, trees, environment) for name, environment in SETTINGS.items()}
        calm = bench.race(f"{size}, calm: {trees:,} trees on {rows:,} rows x {features} features", works)
        yield calm
        with busy():
            beside = bench.race(f"{size}, beside a program that keeps a core busy", works)
        yield beside
        yield Finding(f"{size}, calm", calm.times(OURS, of=PLAIN))
        yield Finding(f"{size}, busy", beside.times(OURS, of=PLAIN))


def train(rows: int, features: int, trees: int, environment: dict[str, str]) -> Measured:
    """Train on random levels; `environment` is read when LightGBM is loaded."""
    import os

    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        os.environ.pop(name, None)
    os.environ.update(environment)
    import lightgbm
    import numpy as np

    random = np.random.default_rng(0)
    levels = random.integers(0, 5, (rows, features), np.int8)
    settings = {"verbosity": -1, "deterministic": True, "force_col_wise": True, "feature_fraction": 0.4}
    data = lightgbm.Dataset(levels, random.random(rows), params={**settings, "bin_construct_sample_cnt": 20_000})
    data.construct()
    lightgbm.train(settings, data, 1)
    yield
    lightgbm.train(settings, data, trees)


@contextmanager
def busy() -> Iterator[None]:
    """A program that keeps one core busy meanwhile."""
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        other.kill()
        other.wait()
