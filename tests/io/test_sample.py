"""The `sample` source: what its files hold."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import odd_names
from tests.io.sample_files import FIRST, make, parameters, rows


def columns(frame: pd.DataFrame, prefix: str) -> list[str]:
    return [column for column in frame.columns if column.startswith(prefix)]


def listed(folder: Path, **changes: Any) -> dict[str, Any]:
    return json.loads(make("features", folder, **changes).read_text())


DICTIONARY = pa.dictionary(pa.int32(), pa.string())


@pytest.mark.parametrize(
    ("role", "unknown", "label", "text"),
    [
        ("train", ["origin"], DICTIONARY, pa.large_string()),
        ("validation", [], pa.string(), pa.string()),
        ("live", [], pa.string(), pa.string()),
    ],
)
def test_schema_is_that_of_the_tournament(
    role: str, unknown: list[str], label: pa.DataType, text: pa.DataType, tmp_path: Path
) -> None:
    path = make(role, tmp_path)
    content = listed(tmp_path)
    schema = pq.read_schema(path)
    features, targets = content["feature_sets"]["all"], content["targets"]
    assert schema.names == ["era", "data_type", *unknown, *features, *targets, "id"]
    assert {schema.field(name).type for name in ("era", "data_type", *unknown)} == {label}
    assert schema.field("id").type == text
    assert {schema.field(name).type for name in features} == {pa.int8()}
    assert {schema.field(name).type for name in targets} == {pa.float32()}
    frame = pd.read_parquet(path, columns=["era", *features])
    assert {str(kind) for kind in frame[features].dtypes} == {"Int8" if role == "live" else "int8"}
    assert frame.index.name == "id"
    assert frame.index.str.fullmatch("n[0-9a-f]{15,16}").all()
    assert set(np.unique(frame[features])) == {0, 1, 2, 3, 4}


def test_ids_have_15_or_16_digits(tmp_path: Path) -> None:
    lengths = rows("train", tmp_path).index.str.len().value_counts(normalize=True)
    assert set(lengths.index) == {16, 17}
    assert lengths[16] == pytest.approx(1 / 16, abs=0.02)


@pytest.mark.parametrize("features", [20, 30, 400])
def test_names_have_apostrophes(features: int, tmp_path: Path) -> None:
    names = listed(tmp_path, features=features)["feature_sets"]["all"]
    assert len(set(names)) == features
    assert set(odd_names.REAL) < set(names)


def test_row_groups_cut_eras(tmp_path: Path) -> None:
    for role in ("train", "validation", "live"):
        path = make(role, tmp_path, validation_eras=11)
        first = pq.ParquetFile(path).metadata.row_group(0).num_rows
        eras = pq.read_table(path, columns=["era"])["era"].to_pylist()
        assert eras[first - 1] == eras[first]


@pytest.mark.parametrize("features", [20, 400])
def test_one_feature_never_changes_and_another_not_in_every_era(features: int, tmp_path: Path) -> None:
    sizes = {"features": features, "rows_per_era": 100, "train_eras": 30}
    train, validation = rows("train", tmp_path, **sizes), rows("validation", tmp_path, **sizes)
    sets = listed(tmp_path, **sizes)["feature_sets"]
    table = pd.concat([train, validation])[sets["all"]]
    constant = table.columns[table.nunique() == 1]
    assert list(table[constant].iloc[0]) == [3]
    assert constant[0] in sets["medium"]
    still = (table.groupby(pd.concat([train["era"], validation["era"]])).nunique() == 1).drop(columns=constant)
    at_times = still.loc["0013":].T  # every feature has begun
    (found,) = at_times.index[at_times.any(axis=1)]
    assert found in sets["small"]
    assert list(at_times.columns[at_times.any()]) == ["0013", "0026", "0039", "0052"]
    assert set(table.loc[(train["era"] == "0013").reindex(table.index, fill_value=False), found]) == {4}


def test_targets_are_twenty_names_at_two_horizons_and_an_alias(tmp_path: Path) -> None:
    targets = json.loads(make("features", tmp_path).read_text())["targets"]
    assert len(targets) == 41
    assert targets[:2] == ["target_agnes_20", "target_agnes_60"]
    assert targets[-1] == "target"
    train = rows("train", tmp_path)
    assert train["target"].equals(train["target_ender_60"])
    others = train[[*targets[:-1]]].corr()["target_ender_60"].drop("target_ender_60")
    assert others.between(0.2, 0.95).all()


def test_eras_lie_in_order_and_grow(tmp_path: Path) -> None:
    train, validation = rows("train", tmp_path), rows("validation", tmp_path)
    assert list(train["era"].unique()) == [f"{era:04d}" for era in range(1, 21)]
    assert list(validation["era"].unique()) == [f"{era:04d}" for era in range(21, 44)]
    sizes = pd.concat([train, validation]).groupby("era").size()
    assert sizes.is_monotonic_increasing
    assert sizes["0001"] < sizes["0005"] < sizes["0020"] < sizes["0043"] == 100
    assert sizes["0005"] - sizes["0001"] > sizes["0020"] - sizes["0005"]  # fast at first
    assert sizes["0001"] < 50
    assert len(rows("live", tmp_path)) == len(rows("live", tmp_path, FIRST + 50)) == 100


def test_ids_are_unique_over_all_files(tmp_path: Path) -> None:
    frames = [rows(role, tmp_path) for role in ("train", "validation", "live")]
    frames.append(rows("live", tmp_path, FIRST + 1))
    ids = pd.concat([frame["era"] for frame in frames]).index
    assert ids.is_unique


def test_a_target_has_its_levels_in_every_era(tmp_path: Path) -> None:
    train = rows("train", tmp_path, rows_per_era=200)
    late = train[train["era"] == "0020"]
    shares = late["target_ender_60"].value_counts(normalize=True).sort_index()
    assert list(shares.index) == [0, 0.25, 0.5, 0.75, 1]
    assert shares.to_numpy() == pytest.approx([0.05, 0.2, 0.5, 0.2, 0.05], abs=1.5 / len(late))
    assert late["target_victor_20"].nunique() == 7
    assert 0 < train["target_jeremy_60"].isna().mean() < 0.1
    late = [*columns(train, "target_rowan"), *columns(train, "target_sam")]
    assert train.loc[train["era"] <= "0002", late].isna().all(axis=None)
    assert train.loc[train["era"] > "0002", late].notna().all(axis=None)
    assert train.drop(columns=[*columns(train, "target_jeremy"), *late]).notna().all(axis=None)


def test_targets_are_missing_until_resolved(tmp_path: Path) -> None:
    validation = rows("validation", tmp_path)
    last = validation.groupby("data_type")["era"].max()
    assert last.to_dict() == {"validation": "0030", "test": "0043"}
    known = validation.groupby("era")[["target_ender_20", "target_ender_60", "target"]].agg(
        lambda it: it.notna().mean()
    )
    assert set(np.unique(known)) == {0, 1}
    assert known.sum().to_dict() == {"target_ender_20": 18, "target_ender_60": 10, "target": 10}
    live = rows("live", tmp_path)
    assert live[columns(live, "target")].isna().all(axis=None)
    assert set(live["era"]) == {"X"}
    assert set(live["data_type"]) == {"live"}


def test_feature_sets_overlap_and_scale(tmp_path: Path) -> None:
    sets = listed(tmp_path)["feature_sets"]
    assert len(sets) == 19
    assert all(names and names == sorted(names) and len(set(names)) == len(names) for names in sets.values())
    real = listed(tmp_path, features=3555)["feature_sets"]
    sizes = {name: len(names) for name, names in real.items()}
    assert (sizes["small"], sizes["medium"], sizes["all"], sizes["rain"]) == (42, 780, 3555, 666)
    themes = list(real)[6:]
    assert set().union(*(real[name] for name in themes)) == set(real["all"])
    assert sum(sizes[name] for name in themes) == pytest.approx(3640, abs=10)
    assert set(real["sunshine"]) & set(real["charisma"])


@pytest.mark.parametrize("features", [20, 60, 400, 3555])
def test_small_lies_mostly_outside_medium_which_has_neither_rain_nor_quantum(features: int, tmp_path: Path) -> None:
    sets = {name: set(names) for name, names in listed(tmp_path, features=features)["feature_sets"].items()}
    assert len(sets["small"]) >= 20
    assert 0 < len(sets["small"] & sets["medium"]) < len(sets["small"]) / 2
    assert sets["small"] & sets["rain"]
    assert sets["small"] | sets["medium"] <= sets["all"]
    assert sets["fncv3_features"] <= sets["medium"] - sets["rain"] - sets["quantum"] == sets["medium"]


def test_features_are_correlated_within_a_theme(tmp_path: Path) -> None:
    sizes: dict[str, Any] = {"features": 60, "rows_per_era": 1000}
    train = rows("train", tmp_path, **sizes).query("era > '0008'")
    sets = listed(tmp_path, **sizes)["feature_sets"]
    changing = {theme: [name for name in sets[theme] if train[name].nunique() > 1] for theme in ("quantum", "charisma")}
    related = train[changing["quantum"] + changing["charisma"]].corr().abs()
    within = related.loc[changing["quantum"], changing["quantum"]].to_numpy()
    across = related.loc[changing["quantum"], changing["charisma"]].to_numpy()
    assert within[np.triu_indices_from(within, 1)].mean() > 4 * across.mean()
    shares = train[changing["charisma"]].stack().value_counts(normalize=True)
    assert shares.between(0.17, 0.23).all()


def test_features_begin_at_times_of_their_own_as_the_middle_level(tmp_path: Path) -> None:
    train = rows("train", tmp_path, features=400)
    by_era = train.groupby("era")[[name for name in train if name.startswith("feature_")]]
    absent = (by_era.nunique() == 1) & (by_era.first() == 2)
    begins = absent.sum()
    assert begins.where(begins > 0).nunique() > 3
    assert 0.02 < (begins > 0).mean() < 0.25
    assert begins.max() < 10
    assert all(absent[name].iloc[:count].all() for name, count in begins.items())  # it never goes again


def test_models_predict_the_rows_they_name(tmp_path: Path) -> None:
    validation, live = rows("validation", tmp_path), rows("live", tmp_path)
    for role, of in (("validation_benchmark_models", validation), ("live_benchmark_models", live)):
        models = rows(role, tmp_path)
        assert list(models) == ["era", "data_type", "v53_lgbm_ender20", "v53_lgbm_ender60"]
        assert models.index.equals(of.index)
        assert models.iloc[:, 2:].gt(0).all(axis=None)
        assert models.iloc[:, 2:].lt(1).all(axis=None)
    assert rows("train_benchmark_models", tmp_path)["era"].min() == "0006"
    meta = rows("meta_model", tmp_path)
    assert list(meta) == ["era", "data_type", "numerai_meta_model"]
    assert meta["era"].min() == "0021"  # a validation of less than a year is covered whole
    assert rows("validation_example_preds", tmp_path).columns.to_list() == ["prediction"]
    assert rows("live_example_preds", tmp_path).index.equals(live.index)


@pytest.mark.parametrize("resolved", [1, 10, 52, 100, 346, 650])
def test_the_meta_model_has_a_late_part_of_the_resolved_eras_and_a_year_of_them_at_least(resolved: int) -> None:
    market = parameters(validation_eras=resolved)
    covered = market.train_eras + resolved - market.first_meta_model_era + 1
    assert min(52, resolved) <= covered <= max(52, resolved // 2)


def test_the_meta_model_begins_where_the_market_says(tmp_path: Path) -> None:
    market, sizes = parameters(validation_eras=60), {"validation_eras": 60}
    meta, validation = rows("meta_model", tmp_path, **sizes), rows("validation", tmp_path, **sizes)
    assert 21 < market.first_meta_model_era < 80
    assert meta.index.equals(validation.index[validation["era"] >= f"{market.first_meta_model_era:04d}"])


def test_signal_is_weak(tmp_path: Path) -> None:
    sizes: dict[str, Any] = {"rows_per_era": 1500, "train_eras": 60, "features": 100}
    models = rows("train_benchmark_models", tmp_path, **sizes)["v53_lgbm_ender60"]
    target = rows("train", tmp_path, **sizes)["target_ender_60"].loc[models.index]
    assert 0.01 < models.corr(target) < 0.05
