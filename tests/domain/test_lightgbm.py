"""What is particular to LightGBM: its parameters, its bins and its text."""

import re
import resource
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path

import lightgbm
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from numerai_rounds.base.errors import ConfigurationError, DataError, MachineError
from numerai_rounds.models.boosting import parts, reasons
from numerai_rounds.models.kinds import lightgbm as ours
from numerai_rounds.models.kinds.lightgbm import BY_FEATURE, OWNED, REASONS, Dataset, Params
from tests.domain.test_contracts_models import COUNT, NAMES, ROWS, Table, build, contents, fit, ignore, market

SEED, TREES = 7, 8


def parameters(changes: dict[str, object]) -> Params:
    return Params(**{"kind": "lightgbm", "dataset": {}, "n_estimators": TREES, **changes})


def train(threads: int = 1, seed: int = SEED, **changes: object) -> str:
    return fit(ours, parameters(changes), threads, seed).text


def official(**changes: object) -> str:
    """What LightGBM itself makes of the market as floats, binned at once and trained on in memory."""
    flat = {**changes, **parameters(changes).dataset.model_dump(exclude_none=True)}
    places = flat.pop("categorical_feature", "auto")
    flat.pop("dataset", None)
    features, target = market()
    data = lightgbm.Dataset(features.astype(np.float32), target, feature_name=NAMES, categorical_feature=places)
    settings = {**flat, **OWNED, "seed": SEED, "num_threads": 1}
    return lightgbm.train(settings, data, num_boost_round=TREES).model_to_string()


def trees(text: str) -> str:
    return text.partition("end of trees")[0]


def test_names_and_defaults_are_lightgbms_own() -> None:
    booster = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(*market()))
    listed = dict(re.findall(r"^\[(\w+): (.*)\]$", booster.model_to_string(), flags=re.MULTILINE))
    params = Params(kind="lightgbm", dataset=Dataset())
    chosen = params.model_dump(exclude={"kind", "n_estimators", "dataset"}) | params.dataset.model_dump()
    for name, value in chosen.items():
        if value is None:
            assert name.endswith("_seed") or listed[name] == "", name
        else:
            assert listed[name] == (value if isinstance(value, str) else f"{value:g}"), name
    assert params.n_estimators == int(listed["num_iterations"])
    assert set(listed) == set(chosen) | set(REASONS)
    assert not set(chosen) & set(REASONS)
    names = list(chain.from_iterable(names.split() for names in reasons.REFUSED.values()))
    assert len(REASONS) == len(OWNED) + len(names)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("early_stopping_round", "training would stop on the scores that are then reported"),
        ("linear_tree", "the model would depend on the number of threads"),
        ("deterministic", "it is always True"),
        ("num_iterations", "it is called n_estimators here"),
        ("max_bin", r"it is model\.dataset\.max_bin"),
        ("categorical_feature", r"it is model\.dataset\.categorical_feature"),
    ],
)
def test_a_parameter_that_cannot_be_chosen_says_why(name: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=f"cannot be chosen: {reason}") as caught:
        parameters({name: 10})
    (problem,) = caught.value.errors()
    assert (problem["loc"], problem["input"]) == ((name,), 10)


def test_a_dataset_parameter_that_cannot_be_chosen_says_why() -> None:
    with pytest.raises(ValidationError, match="cannot be chosen: it is always 20000") as caught:
        parameters({"dataset": {"bin_construct_sample_cnt": 10}})
    assert caught.value.errors()[0]["loc"] == ("dataset", "bin_construct_sample_cnt")


def test_every_parameter_reaches_lightgbm() -> None:
    assert "[lambda_l2: 3.5]" in train(lambda_l2=3.5)
    assert "[extra_trees: 1]" in train(extra_trees=True)
    assert "[max_bin: 4]" in train(dataset={"max_bin": 4})


def test_the_text_names_no_thread_and_no_file() -> None:
    text = train(threads=2)
    assert "num_threads" not in text
    assert not re.search(r"\.bin|\.parquet|/", text)


RANDOM = {"boosting": "dart", "bagging_freq": 1, "bagging_fraction": 0.5, "feature_fraction": 0.5, "extra_trees": True}
EACH = [0.1] * COUNT
SIGNS = [-1, 1] * (COUNT // 2)
CHOICES: list[dict[str, object]] = [
    {"boosting": "dart"},
    {"boosting": "dart", "uniform_drop": True, "xgboost_dart_mode": True, "max_drop": 2},
    {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
    {"bagging_freq": 1, "bagging_fraction": 0.3, "feature_fraction_bynode": 0.5},
    {"extra_trees": True, "path_smooth": 2.0, "max_delta_step": 0.5},
    {"cegb_penalty_split": 0.001, "min_data_in_leaf": 5},
    {"cegb_penalty_feature_lazy": EACH, "cegb_tradeoff": 0.5},
    {"cegb_penalty_feature_coupled": EACH},
    {"feature_contri": [0.1] + [1.0] * (COUNT - 1)},
    {"dataset": {"max_bin_by_feature": [2, 3, 4, 5] * (COUNT // 4)}},
    {"dataset": {"max_bin": 3, "min_data_in_bin": 100}},
    {"monotone_constraints": SIGNS, "monotone_penalty": 1.0},
    {"monotone_constraints": SIGNS, "monotone_constraints_method": "intermediate"},
    {"monotone_constraints": SIGNS, "monotone_constraints_method": "advanced"},
    {"interaction_constraints": [[0, 2], [1, 3, 4]]},
    {"dataset": {"categorical_feature": [1, 7]}, "max_cat_to_onehot": 1, "cat_l2": 1.0, "cat_smooth": 1.0},
    {"dataset": {"zero_as_missing": True}},
    {"use_quantized_grad": True, "num_grad_quant_bins": 8},
    {"use_quantized_grad": True, "quant_train_renew_leaf": True},
    *({"objective": name} for name in ("regression_l1", "huber", "fair", "quantile", "poisson", "tweedie")),
    *({"objective": name} for name in ("mape", "cross_entropy", "cross_entropy_lambda")),
    *({f"{of}_seed": 99, **RANDOM} for of in ("bagging", "feature_fraction", "extra", "drop")),
]
SAME_HERE: list[dict[str, object]] = [
    {"histogram_pool_size": 0.001},
    {"dataset": {"data_random_seed": 9}},
    {"objective_seed": 9},
]
"""Choices that matter for more rows only, or for none of these objectives."""


@pytest.mark.parametrize("changes", [{}, *CHOICES, *SAME_HERE], ids=str)
def test_equals_what_is_binned_at_once_and_trained_in_memory(
    changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "COLUMNS", 5)
    text = train(**changes)
    assert text == official(**changes).replace("[num_threads: 1]\n", "")
    assert train(threads=2, **changes) == text
    unchanged = train(**(RANDOM if RANDOM.items() <= changes.items() else {}))
    assert (trees(text) == trees(unchanged)) == (changes in [{}, *SAME_HERE])


def skewed() -> Table:
    """Features of every kind: even, nearly constant, constant, and a whole block that is absent."""
    features, target = market()
    features = np.tile(features, (1, 4))
    random = np.random.default_rng(2)
    for column in range(COUNT, 2 * COUNT):
        features[random.random(ROWS) < 0.97, column] = column % 5
    features[:, 2 * COUNT : 3 * COUNT] = 0
    return Table(features, target)


@pytest.mark.parametrize("leading", [0, 2 * COUNT], ids=["even first", "constant first"])
def test_parts_join_into_lightgbms_own_dataset(leading: int, monkeypatch: pytest.MonkeyPatch) -> None:
    table = skewed()
    rows = Table(table.features[:, leading:], table.target)
    data = lightgbm.Dataset(rows.features.astype(np.float32), rows.target, params=OWNED, feature_name=rows.names)
    data.save_binary("expected.bin")
    for columns in (1, 5, 12, 100):
        monkeypatch.setattr(parts, "COLUMNS", columns)
        parts.join(build(ours, Dataset(), rows), OWNED).save_binary(f"joined-{columns}.bin")
        assert Path(f"joined-{columns}.bin").read_bytes() == Path("expected.bin").read_bytes()


def test_parts_of_the_same_features_are_the_same_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "COLUMNS", 12)
    table = skewed()
    fewer = contents(build(ours, Dataset(), Table(table.features[:, :24], table.target)))
    more = contents(build(ours, Dataset(), table))
    assert [name for name in fewer if fewer[name] == more[name]] == ["00000.bin", "00012.bin"]


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "COLUMNS", 5)
    train(threads=2)
    fit(ours, parameters({}), rows=skewed())
    assert capfd.readouterr() == ("", "")


def test_a_dataset_of_other_parameters_is_refused() -> None:
    folder = build(ours, Dataset(max_bin=4))
    with pytest.raises(DataError, match=r"00000\.bin \(.*max_bin=4\. .*\)\. `dvc repro` makes it anew"):
        ours.fit(parameters({}), folder, SEED, 1, ignore)


@pytest.mark.parametrize("sections", [1, 2, 5])
def test_a_part_cut_between_its_sections_is_refused(sections: int) -> None:
    folder = build(ours, Dataset())
    path = Path(folder, "00000.bin")
    content, place = path.read_bytes(), len(parts.TOKEN)
    for _ in range(sections):
        place += 8 + int.from_bytes(content[place : place + 8], "little")
    path.write_bytes(content[:place])
    with pytest.raises(DataError, match=r"LightGBM cannot use .*/00000\.bin \(Binary file error"):
        ours.fit(parameters({}), folder, SEED, 1, ignore)


def test_parts_that_changed_places_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "COLUMNS", 6)
    folder = build(ours, Dataset())
    Path(folder, "00006.bin").write_bytes(Path(folder, "00000.bin").read_bytes())
    with pytest.raises(DataError, match=r"00006\.bin is absent, damaged, or not of a dataset of lightgbm"):
        ours.fit(parameters({}), folder, SEED, 1, ignore)


def test_a_full_disk_is_named() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(
            MachineError, match=r"00000\.bin could not be written \(.*\)\. Check the free space of the disk"
        ):
            build(ours, Dataset())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


PEAK = """
import sys
from pathlib import Path

import numpy as np

from numerai_rounds.models.boosting import parts
from numerai_rounds.models.kinds import lightgbm

class Rows:
    def __init__(self, rows, features):
        self.names = [f"feature_{number}" for number in range(features)]
        self.target = np.resize(np.array([0, 0.25, 0.5, 0.75, 1], dtype=np.float32), rows)

    def columns(self, start, stop):
        levels = np.empty((stop - start, len(self.target)), dtype=np.int8)
        for number, row in enumerate(levels, start):
            row[:] = np.resize(np.roll(np.arange(5, dtype=np.int8), number), len(row))
        return levels.T

def build(folder, rows, features):
    Path(folder).mkdir()
    lightgbm.build(lightgbm.Dataset(), Rows(rows, features), 1, folder, lambda share: None)

def fit(folder):
    params = lightgbm.Params(kind="lightgbm", dataset=lightgbm.Dataset(), n_estimators=1, feature_fraction=0.1)
    lightgbm.fit(params, folder, 7, 1, lambda share: None)

def peak():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))

parts.COLUMNS = 16
build("small", 1000, 32)
fit("small")
before = peak()
build("large", 300_000, 256) if sys.argv[1] == "build" else fit("large")
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_memory_holds_a_part_then_the_bins() -> None:
    def peak(step: str) -> int:
        shutil.rmtree("small", ignore_errors=True)
        done = subprocess.run([sys.executable, "-c", PEAK, step], capture_output=True, text=True, check=True)
        return int(done.stdout)

    bins = 300_000 * 256 / 2
    assert peak("build") < 0.5 * bins
    # All in one file would take twice as much as the bins, since LightGBM loads them with as much room beside.
    assert peak("fit") < 2 * bins


def test_every_list_by_feature_must_have_a_value_for_each() -> None:
    for name in BY_FEATURE:
        of_dataset = name in Dataset.model_fields
        section = "model.dataset" if of_dataset else "model"
        with pytest.raises(
            ConfigurationError, match=rf"{section}\.{name} has 0 values, but 12 features are chosen\. Give"
        ):
            train(**({"dataset": {name: []}} if of_dataset else {name: []}))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"interaction_constraints": [[0], [1, 12]]}, "model.interaction_constraints"),
        ({"dataset": {"categorical_feature": [3, 12]}}, "model.dataset.categorical_feature"),
    ],
)
def test_a_place_beyond_the_features(changes: dict[str, object], name: str) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"{name} has the place 12, but 12 features are chosen\. Give places below 12"
    ):
        train(**changes)


def test_categories_have_no_order() -> None:
    with pytest.raises(ValidationError, match=r"must be 0 at place 2, .* categories have no order") as caught:
        parameters({"dataset": {"categorical_feature": [1, 2]}, "monotone_constraints": [1, 0, -1]})
    assert caught.value.errors()[0]["loc"] == ("monotone_constraints",)
    parameters({"dataset": {"categorical_feature": [1, 2]}, "monotone_constraints": [1, 0, 0]})


def test_the_seed_matters() -> None:
    assert trees(train(feature_fraction=0.3, seed=1)) != trees(train(feature_fraction=0.3, seed=2))


def test_a_combination_that_lightgbm_refuses() -> None:
    with pytest.raises(ConfigurationError, match=r"LightGBM cannot train with these parameters of `model`: .*bagging"):
        train(boosting="rf")


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("%20")
@example('\0\n\r "%,:[]{}')
def test_a_name_that_lightgbm_keeps_stands_for_one_name(name: str) -> None:
    held = parts.held(name)
    assert parts.meant(held) == name
    assert not set(held) & set('\0\n\r ",:[]{}')


@pytest.mark.parametrize(
    "name", ["feature_complemental_ok'd_prelateship", "feature_Größe", "feature_a\tb", "feature_a=b"]
)
def test_a_name_that_lightgbm_holds_is_kept_as_it_is(name: str) -> None:
    assert parts.held(name) == name
