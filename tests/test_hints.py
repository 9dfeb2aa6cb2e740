"""Every hint about a wrong name is taken by the very check that refused it: each place that gives one is tried."""

import ast
import copy
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from numerai_rounds.base.errors import ConfigurationError, RoundsError, nearest, one_of
from numerai_rounds.conf import edits, key_hints, plugins
from numerai_rounds.conf.compose import compose, groups, leaves
from numerai_rounds.conf.params import keys, parse
from numerai_rounds.domain.selectors import feature_set
from numerai_rounds.io.download import listed
from numerai_rounds.io.files import paths
from numerai_rounds.io.history import asked
from numerai_rounds.io.history.reader import History
from numerai_rounds.io.package import images
from numerai_rounds.io.repository import experiments
from numerai_rounds.io.scores import predictions
from numerai_rounds.io.service.account import Account
from numerai_rounds.io.sources import numerai
from numerai_rounds.play import variants
from numerai_rounds.steps import judging
from tests import tiny
from tests.conftest import ROOT
from tests.io import stores

CONF = ROOT / paths.CONF
BASELINE = "0123456789" * 4
CHEAP = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def suggested(message: str) -> list[str]:
    """The names that a message offers; none where it says that there is none."""
    near = re.search(r"did you mean ('[^?]*'|\"[^?]*\")\?", message)
    if near:
        return [ast.literal_eval(near[1])]
    listed = re.search(r"there are: (.*?)(?:, \.\.\.|\.)(?:\s|$)", message)
    return listed[1].split(", ") if listed else []


@st.composite
def slips(draw: st.DrawFn, names: list[str]) -> str:
    """A name with a slip of the hand, or something else altogether."""
    name = draw(st.sampled_from(names))
    place = draw(st.integers(0, len(name) - 1))
    slip = draw(st.sampled_from(["lose", "double", "swap", "case", "other"]))
    wrong = {
        "lose": name[:place] + name[place + 1 :],
        "double": name[:place] + name[place] + name[place:],
        "swap": name[:place] + name[place + 1 : place + 2] + name[place] + name[place + 2 :],
        "case": name.swapcase(),
        "other": "qqq",
    }[slip]
    assume(wrong and wrong not in names)
    return wrong


def refusal(call: Callable[[str], Any], name: str) -> str:
    """What a call says against a name; empty where it takes it."""
    try:
        call(name)
    except RoundsError as error:
        return str(error)
    return ""


def check(call: Callable[[str], Any], wrong: str) -> None:
    """A wrong name is refused, and each name that is offered in its place is taken."""
    message = refusal(call, wrong)
    assert message
    offered = suggested(message)
    assert offered, message
    assert wrong not in offered
    for name in offered:
        assert refusal(call, name) == "", (wrong, message)


def experiments_named(*names: str) -> Callable[..., str]:
    refs = "\n".join(f"refs/exps/{BASELINE[:2]}/{BASELINE[2:]}/{name}" for name in names)
    return lambda *_: refs


def with_key(name: str, *sections: str) -> None:
    """Refuse what the schema refuses as a key, whatever its value."""
    raw = copy.deepcopy(composed("")[0])
    part = raw
    for section in sections:
        part = part[section]
    part.setdefault(name, 1)
    try:
        parse(raw)
    except ConfigurationError as error:
        if "there is no such key" in str(error):
            raise


@cache
def composed(chosen: str) -> tuple[dict[str, Any], list[str]]:
    """A composition, and its dotted keys that have a value."""
    here = compose(CONF, chosen.split())
    return here, [".".join(map(str, path)) for path, value in leaves(here) if value != {}]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> tiny.Market:
    return tiny.market()


SERVED = ["v5.2/train.parquet", "v5.3/train.parquet", "v5.3/live.parquet", "v4/train.parquet", "signals/v5.3/x.csv"]
SETS = {"small": ["feature_a"], "medium": ["feature_a", "feature_b"], "empty": []}
ACCOUNT: dict[str, str] = {"it's mine": "1", "integration_test": "2", "Other": "3"}
COLUMNS = ["it's", "Prediction", "v53_lgbm_ender60", "feature_a", "target"]
EXPERIMENTS = ("slower", "linear", "wider")

PLACES: dict[str, list[tuple[list[str], Callable[[str], Any]]]] = {
    "conf/plugins.py:load": [
        (plugins.names(package), lambda name, section=section: plugins.load(section, name))
        for section, package in plugins.FAMILIES.items()
    ],
    "io/service/account.py:model_id": [
        (list(ACCOUNT), lambda name: Account.model_id(SimpleNamespace(), name, ACCOUNT)),  # type: ignore[arg-type]
    ],
    "io/package/images.py:interpreter": [(list(images.PINS), images.interpreter)],
    "io/scores/predictions.py:_chosen": [(COLUMNS, lambda name: predictions.read(Path("p.csv"), [name]))],
    "io/repository/experiments.py:commit_of": [(list(EXPERIMENTS), experiments.commit_of)],
    "play/variants.py:check": [(groups(CONF)["experiment"], variants.check)],
    "io/sources/numerai.py:_check_version": [
        (["v5.2", "v5.3"], lambda name: numerai._check_version(name, SERVED)),
    ],
    "io/download/listed.py:check": [
        (["v5.2", "v5.3"], lambda name: listed.check(name if "/" in name else f"{name}/train.parquet", SERVED)),
    ],
    "domain/selectors/feature_set.py:candidates": [
        (
            ["small", "medium"],
            lambda name: feature_set.candidates(
                feature_set.Params(kind="feature_set", name=name), ["feature_a", "feature_b"], SETS
            ),
        ),
    ],
    "steps/judging.py:check_set": [(["small", "medium"], lambda name: judging.check_set(name, ["small", "medium"]))],
    "io/history/asked.py:check_target": [
        (tiny.TARGETS[1:], lambda name: History().era_table(name)),
        (tiny.TARGETS[1:], lambda name: asked.check_target(name, History().targets("validation"), "score.target")),
    ],
    "io/history/asked.py:check": [
        (tiny.TARGETS[1:], lambda name: History().read("train", ["0001"], targets=[name])),
        (tiny.FEATURES, lambda name: History().read("train", ["0001"], [name])),
        (
            [f"{era:04d}" for era in range(1, tiny.TRAIN_ERAS + 1)],
            lambda name: History().read("train", [name]),
        ),
    ],
}
CONFIGURATION: dict[str, list[tuple[list[str], Callable[[str], Any]]]] = {
    "conf/params.py:_sentence": [
        (["path_smooth", "extra_trees", "seed"], lambda name: with_key(name, "model")),
        (["min_data_in_bin", "max_bin"], lambda name: with_key(name, "model", "dataset")),
        (["stake", "draws"], lambda name: with_key(name, "score")),
        (["corr", "clip"], lambda name: with_key(name, "round", "payout")),
        (["size", "identity"], lambda name: with_key(name, "round", "history", "train")),
        (["seed", "target"], with_key),
    ],
    "conf/edits.py:_check_choice": [
        (options, lambda name, group=group: edits._check_choice(edits.Change(group, name)))
        for group, options in groups(CONF).items()
    ],
}


def tells(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("one_of", "nearest")


def test_every_place_that_gives_a_hint_is_tried() -> None:
    source = ROOT / "src/numerai_rounds"
    found = {
        f"{file.relative_to(source)}:{function.name}"
        for file in source.rglob("*.py")
        for function in ast.walk(ast.parse(file.read_text()))
        if isinstance(function, ast.FunctionDef) and any(tells(node) for node in ast.walk(function))
    }
    helpers = {"base/errors.py:one_of"}
    keys = {"conf/key_hints.py:_sentence", "conf/key_hints.py:_elsewhere"}  # tried by the overrides below
    assert found == PLACES.keys() | CONFIGURATION.keys() | helpers | keys


@pytest.fixture
def ground(market: tiny.Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the places look at."""
    stores.place(market)
    pd.DataFrame({"id": ["a"], **{name: [0.5] for name in COLUMNS}}).to_csv("p.csv", index=False)
    Path("conf").symlink_to(CONF)
    monkeypatch.setattr(experiments, "git", experiments_named(*EXPERIMENTS))
    monkeypatch.setattr(experiments, "head", lambda: BASELINE)
    monkeypatch.setattr(images, "_make", lambda folder, _: folder.mkdir(parents=True, exist_ok=True))


@pytest.mark.usefixtures("ground")
@pytest.mark.parametrize("place", [*PLACES, *CONFIGURATION])
def test_what_a_hint_offers_is_taken(place: str) -> None:
    for names, call in (PLACES | CONFIGURATION)[place]:
        tried(names, call, 20 if place in PLACES else 4)


def tried(names: list[str], call: Callable[[str], Any], examples: int) -> None:
    @settings(max_examples=examples, **CHEAP)
    @given(slips(names))
    def holds(wrong: str) -> None:
        check(call, wrong)

    holds()


SELECTIONS = ["model=ridge", "data=local data.path=x", "select=feature_set", "model=lightgbm", "experiment=linear"]


def is_free(key: str) -> bool:
    return not key.endswith(".kind") and not key.startswith("round.")


@pytest.mark.parametrize("chosen", SELECTIONS)
@settings(max_examples=60, **CHEAP)
@given(st.data())
def test_a_hint_about_a_key_is_of_the_presets_that_were_asked_for(chosen: str, data: st.DataObject) -> None:
    everywhere = sorted({key for other in SELECTIONS for key in composed(other)[1]})
    wrong = data.draw(st.one_of(slips(everywhere), st.sampled_from(everywhere)))
    here, present = composed(chosen)
    assume(wrong not in present and not wrong.startswith("round."))
    added = {f"+{key}" for key in keys(here) if key not in present and is_free(key)}
    taken = {key for key in present if is_free(key)}
    for message, possible in (
        (key_hints.to_change(wrong, here, present, list(groups(CONF))), taken | added | {*groups(CONF)}),
        (key_hints.to_delete(wrong, here, present), taken),
    ):
        plus = re.search(r"a plus adds it: (\+[\w.]+)=", message)
        offered = [plus[1]] if plus else suggested(message)
        assert offered, message
        assert {*offered} <= possible - {wrong}, message


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ("model=ridge model.num_leaves=3", "no key 'model.num_leaves' with model.kind ridge; there are: model.alpha."),
        ("model.num_leaves=3 model=ridge", "no key 'model.num_leaves' with model.kind ridge; there are: model.alpha."),
        ("model=ridge model.alhpa=3", "no key 'model.alhpa'; did you mean 'model.alpha'?"),
        ("experiment=linear model.alhpa=3", "no key 'model.alhpa'; did you mean 'model.alpha'?"),
        ("model=ridge model.dataset.max_bin=3", "with model.kind ridge; there are: model.alpha."),
        (
            "data=local data.extra_files=[meta_model]",
            "with data.kind local; there are: data.eras, data.keep_downloads, data.path.",
        ),
        ("model.extra_trees=true", "no key 'model.extra_trees' in the preset, .* a plus adds it: +model.extra_trees="),
        ("model.extra_tree=true", "did you mean '+model.extra_trees'?"),
        ("learning_rate=0.1", "did you mean 'model.learning_rate'?"),
        ("modle=ridge", "did you mean 'model'?"),
        ("~model.num_leavs", "did you mean 'model.num_leaves'?"),
        ("round.numbr=3", "`rounds open` alone writes what is in round."),
        ("+score.benchmrk=x", "score.benchmrk: there is no such key; did you mean 'benchmark'?"),
        ("+round.payout.tarjet=x", "round.payout.tarjet: there is no such key; did you mean 'target'?"),
        ("+round.history.train.siz=3", "round.history.train.siz: there is no such key; did you mean 'size'?"),
    ],
)
def test_a_wrong_key_is_told_with_the_right_one(overrides: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse(compose(CONF, overrides.split()))
    pattern = ".*".join(map(re.escape, sentence.split(".* " if ".* " in sentence else "\0")))
    assert re.search(pattern, str(raised.value)), str(raised.value)


@pytest.mark.parametrize("found", ["", "a", "it's", 5.3, None, ["a"], "target"])
@pytest.mark.parametrize("allowed", [[], ["a"], ["it's", "its"], ["5.2", "5.3"], ["None", "none"], [1, 2], ["target"]])
def test_no_hint_is_the_refused_name_itself(found: object, allowed: list[object]) -> None:
    hint = one_of(found, allowed)
    offered = suggested(hint)
    assert str(found) not in offered
    assert {*offered} <= {*map(str, allowed)}
    assert offered or hint == "there is none to choose."


def test_names_that_differ_in_case_are_alike() -> None:
    assert nearest("LightGBM", ["ridge", "lightgbm"]) == "lightgbm"


def test_a_target_is_never_hinted_at_by_its_alias(market: tiny.Market) -> None:
    stores.place(market)
    for name in ("target_foo", "targett", "Target", "targe"):
        for call in (History().era_table, lambda name: History().read("train", [], targets=[name])):
            assert "target" not in suggested(refusal(call, name))
