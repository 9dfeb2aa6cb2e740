"""Parts of the market of the `sample` source: terms of the signal, features, targets, and the smallest markets."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numerai_tools.scoring import numerai_corr
from numpy.typing import NDArray

from numerai_rounds.domain.arrays.correlation import Correlations
from numerai_rounds.io.market import stocks, targets, terms
from numerai_rounds.io.market.features import fill_features, panel
from numerai_rounds.io.market.size import Era, Market
from numerai_rounds.io.market.themes import HIDDEN, THEME_OF
from tests.io.sample_files import EXTRAS, make, rows

MIDDLE = 2


def market(**changes: Any) -> Market:
    sizes = {"features": 400, "train_eras": 60, "validation_eras": 20, "test_eras": 13, "rows_per_era": 1500}
    return Market(**({"seed": 1, "first_round": 1} | sizes | changes))


def levels(of: Market, at: Era) -> NDArray[np.int8]:
    own = panel(of)
    found = np.full((len(own.names), at.rows), -1, dtype=np.int8)
    fill_features(of, own, at, found)
    return found


def made(of: Market, at: Era, *names: str) -> NDArray[np.float32]:
    return targets.targets(of, at, newest=10_000)[[targets.TARGETS.index(f"target_{name}") for name in names]]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_terms_have_mean_0_and_one_deviation_over_all_pairs_of_levels(seed: int) -> None:
    found = terms.terms(seed)
    for number in range(len(found.weight)):
        pairs = np.zeros((HIDDEN, 25), dtype=np.int8)
        pairs[[found.first[number], found.second[number]]] = np.array(list(product(range(5), repeat=2))).T
        value = terms.values(seed, pairs)[number]
        assert abs(value.mean()) < 1
        assert value.std() == pytest.approx(terms.UNIT, abs=1)


def test_every_seed_has_the_same_weights_on_other_levels() -> None:
    one, other = terms.terms(1), terms.terms(2)
    assert np.array_equal(one.weight, other.weight)
    assert (one.first != other.first).mean() > 0.5
    assert set(one.sign) == {-1, 1}
    assert abs(one.awake.sum()) < len(one.awake) / 3


def test_hidden_levels_are_nearly_uniform_and_more_alike_within_a_theme() -> None:
    of = market(rows_per_era=4000)
    found = stocks.hidden_levels(of, of.live(1))
    shares = np.stack([np.bincount(one, minlength=5) for one in found]) / found.shape[1]
    assert shares == pytest.approx(0.2, abs=0.04)
    related = np.corrcoef(found)
    same = THEME_OF[:, None] == THEME_OF
    assert related[same & ~np.eye(HIDDEN, dtype=bool)].mean() > related[~same].mean() + 0.1


def test_features_are_related_as_real_ones() -> None:
    of = market()
    found = levels(of, of.live(1)).astype(float)
    found = found[found.std(axis=1) > 0]
    related = np.corrcoef(found)
    apart = related[np.triu_indices_from(related, 1)]
    assert apart.max() >= 0.95
    assert np.linalg.eigvalsh(related)[0] <= 0.05
    assert apart.min() < -0.6  # turned round
    assert 0.01 < np.abs(apart).mean() < 0.15
    assert 0.05 < (apart < -0.05).sum() / (np.abs(apart) > 0.05).sum() < 0.6


def test_a_feature_has_a_level_in_every_row() -> None:
    of = market(features=60, rows_per_era=200)
    for at in (*of.eras(1, 14), of.live(1), of.live(2), of.live(2600)):
        found = levels(of, at)
        assert (found.min(), found.max()) == (0, 4)


def test_features_begin_one_after_the_other() -> None:
    of = market(rows_per_era=200)
    absent = np.stack([(levels(of, at) == MIDDLE).all(axis=1) for at in of.eras(1, 60)])
    begins = absent.sum(axis=0)
    assert (begins > 0).sum() == pytest.approx(len(begins) / 8, rel=0.5)
    assert len(np.unique(begins)) > 5
    assert not absent[30:].any()
    assert (np.diff(absent.astype(int), axis=0) <= 0).all()  # it never goes again


def test_drift_moves_the_levels_of_some_features_over_time() -> None:
    of = market(features=200)
    before, after = (
        np.mean([levels(of, at).mean(axis=1) for at in of.eras(first, first + 3)], axis=0) for first in (26, 77)
    )
    own, change = panel(of), after - before
    assert np.corrcoef(own.drift, change)[0, 1] > 0.5
    assert change[own.drift > 40].mean() > 0.1 > abs(change[own.drift == 0].mean())


def test_the_payouts_target_is_nearly_neutral_to_features_and_others_are_not() -> None:
    of = market(features=60, rows_per_era=1000)
    found = {name: Correlations(panel(of).names) for name in ("ender_60", "agnes_60")}
    for at in of.eras(31, 80):
        features = levels(of, at)
        for name, correlations in found.items():
            correlations.add(features, made(of, at, name)[0])
    size = np.sqrt(np.mean([at.rows for at in of.eras(31, 80)]))
    ender, agnes = (correlations.table()["era_std"].median() * size for correlations in found.values())
    assert ender < 0.7
    assert ender < 0.8 * agnes


def test_a_names_horizons_are_related_and_the_alias_is_one_of_them() -> None:
    of = market(rows_per_era=2000)
    names = [f"{name}_{days}" for name in ("ender", "agnes", "cyrusd", "teager2b") for days in (20, 60)]
    related = np.mean([np.corrcoef(made(of, at, *names)) for at in of.eras(70, 76)], axis=0)
    same = related[range(0, 8, 2), range(1, 8, 2)]
    assert ((same > 0.3) & (same < 0.6)).all()
    assert (related[0, 2:8:2] > same[0]).all()  # another target of the same days is more alike
    assert (related[0, 3:8:2] < same[0]).all()
    everything = targets.targets(of, of.live(1), newest=10_000)
    assert np.array_equal(everything[-1], everything[targets.TARGETS.index("target_ender_60")])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_smallest_markets_can_be_made_and_not_be_guessed(seed: int, tmp_path: Path) -> None:
    smallest = {"features": 20, "train_eras": 5, "validation_eras": 1, "test_eras": 5, "rows_per_era": 20, "seed": seed}
    for role in ("features", "live", *EXTRAS):
        assert make(role, tmp_path, **smallest).stat().st_size
    models = [rows(f"{part}_benchmark_models", tmp_path, **smallest) for part in ("train", "validation")]
    files = [rows(part, tmp_path, **smallest) for part in ("train", "validation")]
    scores = [
        numerai_corr(era[["v53_lgbm_ender60"]], file.loc[era.index, "target_ender_60"]).iloc[0]
        for file, model in zip(files, models, strict=True)
        for _, era in model.groupby("era")
        if file.loc[era.index, "target_ender_60"].notna().all()
    ]
    assert len(scores) > 2
    assert abs(np.mean(scores)) < 0.5
