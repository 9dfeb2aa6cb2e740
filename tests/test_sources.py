"""Each source end to end, as a person uses it, and what happens when the data is not as pinned."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from numerai_rounds.io.history.reader import History
from tests import odd_names, tiny
from tests.conftest import Repository
from tests.service.stand_in import StandIn

SMALL = ("select.k=6", "model.n_estimators=5", "model.min_data_in_leaf=5", "model.feature_fraction=1.0")


def features() -> dict:
    """The service's own features.json, where NUMERAI_FEATURES_JSON names a copy; else a tiny one with odd names."""
    path = os.environ.get("NUMERAI_FEATURES_JSON")
    return json.loads(Path(path).read_text()) if path else odd_names.listed(40, tiny.TARGETS)


def submitted(repository: Repository) -> pd.DataFrame:
    return pd.read_csv(repository.path / "data/submission/live_predictions.csv", index_col="id")


def served(folder: Path, market: tiny.Market) -> dict[str, Path]:
    """The files of a folder under the service's names."""
    tiny.write_v5(folder, market)
    return {f"v5.3/{path.name}": path for path in folder.iterdir()}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[StandIn]:
    with StandIn(served(tmp_path / "served", tiny.market(features=features())), round_number=1400) as running:
        yield running


def test_the_numerai_source_from_open_to_submission(repository: Repository, service: StandIn) -> None:
    url = {"NUMERAI_API_URL": service.url}
    repository.run("rounds", "compose", "data=numerai", "data.extra_files=[meta_model]", *SMALL)
    assert "round 1400 of numerai" in repository.run("rounds", "open", **url).stdout
    repository.repro(**url)
    assert set(submitted(repository).index) == set(tiny.market(features=features()).live.index)
    assert json.loads((repository.path / "metrics/validation.json").read_text())["eras"] == tiny.VALIDATION_ERAS
    assert (repository.path / "data/raw/history/meta_model.parquet").exists()
    repository.commit("round 1400")

    asked = len(service.requests)
    assert repository.repro(**url) == []
    assert len(service.requests) == asked


def test_a_file_that_was_replaced_is_refused_until_a_round_is_opened(
    repository: Repository, service: StandIn, tmp_path: Path
) -> None:
    url = {"NUMERAI_API_URL": service.url}
    repository.run("rounds", "compose", "data=numerai", "data.extra_files=[meta_model]", *SMALL)
    repository.run("rounds", "open", **url)
    tiny.market(seed=6, features=features()).validation.to_parquet(tmp_path / "newer.parquet")
    service.files["v5.3/validation.parquet"] = tmp_path / "newer.parquet"
    stopped = repository.run("python", "-m", "numerai_rounds.stages.fetch", "history", check=False, **url)
    assert stopped.returncode == 4
    assert "now serves another version" in stopped.stdout
    assert "`dvc pull`" in stopped.stdout
    assert "`rounds open`" in stopped.stdout
    assert not (repository.path / "data/raw/history").exists()
    repository.run("rounds", "open", **url)
    assert "submit" in repository.repro(**url)


def test_a_folder_of_your_own_in_the_v5_layout(repository: Repository) -> None:
    market = tiny.market()
    tiny.write_v5(repository.path / "mine", market)
    repository.run("rounds", "compose", "data=local", "data.path=mine", "target=target_ender_20", *SMALL)
    repository.run("rounds", "open")
    repository.repro()
    assert set(submitted(repository).index) == set(market.live.index)


def test_a_folder_of_your_own_in_the_old_layout(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the published order: 120 train eras, then validation and test eras in turn."""
    market = tiny.published()
    tiny.write_old(repository.path / "mine", market, target="target_kazutsugi")
    repository.run("rounds", "compose", "data=local", "data.path=mine", "target=target_kazutsugi", *SMALL)
    assert "its eras are monthly" in repository.run("rounds", "open").stdout
    said = repository.run("dvc", "repro").stdout
    assert "216 test rows of era575 to era582, eraX are left out" in said
    assert "target_kazutsugi, monthly eras, a purge of 1" in said
    live = market.live[market.live["data_type"] == "live"]
    assert set(submitted(repository).index) == set(live.index)
    sides = pd.concat(
        pd.read_csv(repository.path / f"data/split/{side}.csv", dtype={"era": str}) for side in ("train", "validation")
    ).groupby("side")["era"]
    assert sides.agg(["size", "min", "max"]).to_dict("index") == {
        "train": {"size": 119, "min": "0001", "max": "0119"},
        "purged": {"size": 1, "min": "0120", "max": "0120"},
        "validation": {"size": 28, "min": "0121", "max": "0212"},
    }
    by_year = pd.read_csv(repository.path / "metrics/by_year.csv")
    assert by_year.loc[by_year["score"] == "corr", ["year", "eras"]].to_numpy().tolist() == [[11, 12], [17, 8], [18, 8]]
    monkeypatch.chdir(repository.path)
    eras = list(market.train["era"].unique())
    rows = list(History(missing_features="refuse").read("train", eras, tiny.FEATURES, ["target_kazutsugi"]))
    assert [era.era for era in rows] == eras
    np.testing.assert_array_equal(np.concatenate([era.features for era in rows], axis=1).T, market.train[tiny.FEATURES])
    targets = np.concatenate([era.targets["target_kazutsugi"] for era in rows])
    np.testing.assert_array_equal(targets, market.train[tiny.MAIN_TARGET])


def mix_widths(market: tiny.Market) -> None:
    market.validation["era"] = market.validation["era"].replace("0031", "31")


def repeat_an_id(market: tiny.Market) -> None:
    market.train.index = pd.Index([*market.train.index[:-1], market.train.index[0]], name="id")


def leave_the_levels(market: tiny.Market) -> None:
    market.train[tiny.FEATURES[0]] += 1


def name_an_absent_feature(market: tiny.Market) -> None:
    market.features["feature_sets"]["small"] = ["feature_absent"]


def empty_validation(market: tiny.Market) -> None:
    market.validation = market.validation[:0]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (mix_widths, "mixed width"),
        (repeat_an_id, "more than once"),
        (leave_the_levels, tiny.FEATURES[0]),
        (name_an_absent_feature, "feature_absent"),
        (empty_validation, "no rows"),
    ],
)
def test_bad_data_ends_with_a_sentence_and_a_corrected_run_succeeds(
    repository: Repository, spoil: Callable[[tiny.Market], None], sentence: str
) -> None:
    market = tiny.market()
    spoil(market)
    tiny.write_v5(repository.path / "mine", market)
    repository.run("rounds", "compose", "data=local", "data.path=mine", *SMALL)
    repository.run("rounds", "open")
    stopped = repository.run("python", "-m", "numerai_rounds.stages.fetch", "history", check=False)
    assert stopped.returncode == 3
    assert sentence in stopped.stdout
    assert "Traceback" not in stopped.stdout
    assert not (repository.path / "data/raw/history").exists()

    tiny.write_v5(repository.path / "mine", tiny.market())
    repository.run("rounds", "open")
    repository.run("python", "-m", "numerai_rounds.stages.fetch", "history")
