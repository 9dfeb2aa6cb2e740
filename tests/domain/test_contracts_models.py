"""What every kind of model keeps."""

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pydantic import ValidationError

from numerai_rounds.base.errors import DataError
from numerai_rounds.base.params import Section
from numerai_rounds.conf import plugins
from numerai_rounds.io.package import pickled
from tests import odd_names
from tests.domain.presets import check_params, kind_of, modules, preset, presets

ROWS, COUNT = 3000, 12
NAMES = [f"feature_{number}" for number in range(COUNT)]
FAST = {"n_estimators": 12, "learning_rate": 0.2, "feature_fraction": 0.5}


@dataclass(frozen=True)
class Table:
    """Rows in memory, given in blocks of `size` rows."""

    features: np.ndarray
    target: np.ndarray
    size: int = 1000

    @property
    def names(self) -> list[str]:
        return [f"feature_{number}" for number in range(self.features.shape[1])]

    def columns(self, start: int, stop: int) -> np.ndarray:
        return np.asfortranarray(self.features[:, start:stop])

    def blocks(self) -> Iterator[np.ndarray]:
        for start in range(0, len(self.target), self.size):
            yield np.asfortranarray(self.features[start : start + self.size])


def market() -> tuple[np.ndarray, np.ndarray]:
    """Features, of which the first matters most and the last is constant, and a target."""
    random = np.random.default_rng(5)
    features = random.integers(0, 5, (ROWS, COUNT)).astype(np.int8)
    features[:, -1] = 2
    score = features[:, 0] + 0.3 * features[:, 1] + random.normal(size=ROWS)
    target = np.digitize(score, np.quantile(score, [0.05, 0.25, 0.75, 0.95])) / 4
    return np.asfortranarray(features), target.astype(np.float32)


def ignore(share: float) -> None:
    """A progress that nobody watches."""


_numbers = count()


def build(
    module: ModuleType,
    dataset: Any,
    rows: Table | None = None,
    threads: int = 1,
    progress: Callable[[float], None] = ignore,
) -> str:
    """Folder of a new dataset, of the market unless told."""
    folder = Path(f"{module.__name__}.{next(_numbers)}")
    folder.mkdir()
    module.build(dataset, rows or Table(*market()), threads, str(folder), progress)
    return str(folder)


def contents(folder: str) -> dict[str, bytes]:
    """Every file by its name."""
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def fit(module: ModuleType, params: Any, threads: int = 1, seed: int = 7, rows: Table | None = None) -> Any:
    return module.fit(params, build(module, params.dataset, rows, threads), seed, threads, ignore)


@pytest.mark.parametrize("module", modules("model"))
def test_parameters_are_closed(module: ModuleType) -> None:
    check_params("model", module)
    assert issubclass(module.Dataset, Section)
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        module.Dataset(mistyped=1)
    assert isinstance(module.Params(**preset("model", module)).dataset, module.Dataset)


@pytest.mark.parametrize("module", modules("model"))
@pytest.mark.parametrize("text", ["", "rubbish", "{}", "tree\nversion=v4\n", '{"kind": "other"}', "<html></html>"])
def test_another_text_is_refused(module: ModuleType, text: str) -> None:
    with pytest.raises(DataError, match=r"the model is not .* Train it again\."):
        module.load(text)


@pytest.mark.parametrize(("module", "params"), presets("model", **FAST))
class TestDataset:
    def test_same_bytes_for_any_number_of_threads_and_any_blocks(self, module: ModuleType, params: Any) -> None:
        datasets = [
            contents(build(module, params.dataset, Table(*market(), size), threads))
            for size in (7, 1000, ROWS)
            for threads in (0, 1, 2)
        ]
        assert all(dataset == datasets[0] for dataset in datasets)

    def test_building_leaves_its_input_alone(self, module: ModuleType, params: Any) -> None:
        features, target = market()
        build(module, params.dataset, Table(features, target))
        assert_array_equal(features, market()[0])
        assert_array_equal(target, market()[1])

    def test_progress_sums_to_one(self, module: ModuleType, params: Any) -> None:
        shares: list[float] = []
        folder = build(module, params.dataset, progress=shares.append)
        assert sum(shares) == pytest.approx(1)
        shares.clear()
        module.fit(params, folder, 7, 1, shares.append)
        assert sum(shares) == pytest.approx(1)

    def test_a_damaged_file_is_refused(self, module: ModuleType, params: Any) -> None:
        folder = build(module, params.dataset)
        pd.DataFrame({"feature": NAMES}).to_parquet("another.parquet")
        others = [b"", b"rubbish", b"tree\nversion=v4\n", bytes(5000), Path("another.parquet").read_bytes()]
        for name, whole in contents(folder).items():
            file = Path(folder, name)
            for content in [*others, whole[:-1], whole[: len(whole) // 2], whole[:50]]:
                file.write_bytes(content)
                with pytest.raises(DataError, match=rf"{name} is absent, damaged, or not of a dataset of"):
                    module.fit(params, folder, 7, 1, ignore)
            file.unlink()
            with pytest.raises(DataError, match=r"is absent, .* `rounds mend` restores it, `dvc repro` makes it"):
                module.fit(params, folder, 7, 1, ignore)
            file.write_bytes(whole)
        module.fit(params, folder, 7, 1, ignore)

    def test_no_dataset_and_that_of_another_kind_are_refused(self, module: ModuleType, params: Any) -> None:
        others = [plugins.load("model", kind) for kind in plugins.names(plugins.FAMILIES["model"])]
        folders = [build(other, other.Params(**preset("model", other)).dataset) for other in others if other != module]
        for folder in [*folders, "absent"]:
            with pytest.raises(DataError, match=rf"{folder}/.* not of a dataset of {kind_of(module)}\."):
                module.fit(params, folder, 7, 1, ignore)


@pytest.mark.parametrize(("module", "params"), presets("model", **FAST))
class TestModel:
    def test_same_text_for_any_number_of_threads(self, module: ModuleType, params: Any) -> None:
        assert len({fit(module, params, threads).text for threads in (0, 1, 2)}) == 1

    def test_is_its_text(self, module: ModuleType, params: Any) -> None:
        model = fit(module, params)
        loaded = module.load(model.text)
        assert loaded.text == model.text
        assert loaded.features == model.features == NAMES
        assert_array_equal(loaded.predict(market()[0], 1), model.predict(market()[0], 1))
        pd.testing.assert_frame_equal(loaded.importance(), model.importance(), check_exact=True)

    def test_a_row_is_predicted_by_itself(self, module: ModuleType, params: Any) -> None:
        model, features = fit(module, params), market()[0]
        predictions = model.predict(features, 1)
        assert predictions.shape == (ROWS,)
        assert predictions.dtype == np.float64
        assert_array_equal(model.predict(features, 2), predictions)
        assert_array_equal(model.predict(np.ascontiguousarray(features), 1), predictions)
        assert_array_equal(model.predict(features[100:200], 1), predictions[100:200])
        assert_array_equal(model.predict(features[7:8], 1), predictions[7:8])

    def test_higher_is_better(self, module: ModuleType, params: Any) -> None:
        features, target = market()
        assert np.corrcoef(fit(module, params).predict(features, 1), target)[0, 1] > 0.3

    def test_importance_puts_what_matters_first(self, module: ModuleType, params: Any) -> None:
        importance = fit(module, params).importance()
        assert list(importance.columns) == ["feature", "importance"]
        assert sorted(importance["feature"]) == sorted(NAMES)
        assert importance["feature"].iloc[0] == "feature_0"
        assert importance.set_index("feature")["importance"][NAMES[-1]] == 0
        assert importance["importance"].is_monotonic_decreasing
        assert (importance["importance"] >= 0).all()

    def test_its_portable_form_predicts_the_same_bits(self, module: ModuleType, params: Any) -> None:
        model, features = fit(module, params), market()[0]
        predictions = model.predict(features, 1)
        predict = module.portable(model.text)
        for dtype in (np.int8, np.float32, np.float64):
            assert_array_equal(predict(features.astype(dtype)), predictions)
            assert_array_equal(predict(np.ascontiguousarray(features, dtype)), predictions)

    def test_its_portable_form_can_be_packaged(self, module: ModuleType, params: Any) -> None:
        model, features = fit(module, params), market()[0]
        pickled.write(module.portable(model.text), Path("model.pkl"))
        predict = pickle.loads(Path("model.pkl").read_bytes())
        assert_array_equal(predict(features), model.predict(features, 1))

    def test_the_dataset_is_as_it_was(self, module: ModuleType, params: Any) -> None:
        folder = build(module, params.dataset)
        before = contents(folder)
        module.fit(params, folder, 7, 1, ignore)
        assert contents(folder) == before

    def test_a_text_cut_short_is_refused(self, module: ModuleType, params: Any) -> None:
        text = fit(module, params).text
        with pytest.raises(DataError, match=r"Train it again\."):
            module.load(text[: len(text) // 2])


@dataclass(frozen=True)
class Named(Table):
    """Rows whose features have odd names."""

    @property
    def names(self) -> list[str]:
        return odd_names.FEATURES


@pytest.mark.parametrize(("module", "params"), presets("model", **FAST, min_data_in_leaf=5))
def test_features_may_have_any_name(module: ModuleType, params: Any) -> None:
    random = np.random.default_rng(1)
    features = random.integers(0, 5, (500, len(odd_names.FEATURES))).astype(np.int8)
    target = (features[:, 0] / 4).astype(np.float32)
    model = fit(module, params, rows=Named(features, target))
    again = module.load(model.text)
    assert model.features == again.features == odd_names.FEATURES
    assert model.importance().iloc[0]["feature"] == odd_names.FEATURES[0]
    assert set(again.importance()["feature"]) == set(odd_names.FEATURES)
    plain = fit(module, params, rows=Table(features, target))
    assert_array_equal(model.predict(features, 1), plain.predict(features, 1))
