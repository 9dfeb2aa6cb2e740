"""Numbers, lists and files of the configuration that nobody can mean are refused by name, before anything runs."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.base.params import Params, Payout, ScoreSection
from numerai_rounds.conf import edits, plugins
from numerai_rounds.conf.compose import compose
from numerai_rounds.conf.params import parse
from numerai_rounds.io.files import paths
from numerai_rounds.io.files.yaml_files import read_yaml
from numerai_rounds.io.service import credentials
from numerai_rounds.io.service.told import ScorePaid
from numerai_rounds.io.sources import numerai
from numerai_rounds.models.kinds import lightgbm
from numerai_rounds.play import slots
from tests.conftest import ROOT, Repository

CONF = ROOT / paths.CONF


NO_KEYS = ("properties", "anyOf", "items", "$defs")


def numbers(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every place of a schema where a number may stand, whatever it is part of."""
    if isinstance(schema, list):
        for one in schema:
            yield from numbers(one, path)
    elif isinstance(schema, dict):
        if schema.get("type") in ("integer", "number") and "enum" not in schema:
            yield path, schema
        for name, inner in schema.items():
            yield from numbers(
                inner, f"{path}.{name}" if name not in ("properties", "anyOf", "items", "$defs") else path
            )


SECTIONS = [
    plugins.load(section, kind).Params
    for section in ("split", "select", "model")
    for kind in plugins.names(plugins.FAMILIES[section])
] + [Params, Payout, ScoreSection]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda kind: f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}")
def test_every_number_that_is_chosen_has_two_ends(section: type[BaseModel]) -> None:
    found = [(path, shape) for path, shape in numbers(section.model_json_schema()) if ".Pin." not in path]
    open_ended = [
        path
        for path, shape in found
        if not {"maximum", "exclusiveMaximum"} & shape.keys() or not {"minimum", "exclusiveMinimum"} & shape.keys()
    ]
    assert {*open_ended} <= {".Round.number"}
    whole = [shape for path, shape in found if shape["type"] == "integer" and path not in open_ended]
    assert all(abs(shape.get("maximum", shape.get("exclusiveMaximum"))) <= 2**31 for shape in whole)


@pytest.mark.parametrize(
    "override",
    [
        *("model.n_estimators=4294967297", "model.max_depth=4294967301", "model.max_depth=-4294967301"),
        *("+model.max_drop=99999999999", "model.min_data_in_leaf=2147483648", "model.bagging_freq=4294967296"),
        *("+model.bagging_seed=2147483648", "+model.drop_seed=4294967296", "seed=4294967303", "threads=4294967297"),
        *("model.dataset.max_bin=4294967551", "+model.dataset.max_bin_by_feature=[4294967298]"),
        *("+model.dataset.categorical_feature=[4294967296]", "+model.interaction_constraints=[[4294967296]]"),
        *("+model.max_cat_threshold=4294967297", "+model.num_grad_quant_bins=1024", "score.draws=4294967396"),
        *("model.learning_rate=1e300", "model.lambda_l1=1e308", "+model.histogram_pool_size=1e300"),
        *(
            "+model.max_delta_step=-1e300",
            "+model.feature_contri=[1e300]",
            "score.stake=1e308",
            "score.interval=1e-300",
        ),
        *("score.interval=1e-300", "score.interval=0.9999999999999999"),
        *("split.train_every_nth=4294967297", "select.k=10000000000000000000000"),
    ],
)
def test_no_number_is_taken_that_does_not_fit(override: str) -> None:
    key = override.lstrip("+").partition("=")[0]
    with pytest.raises(ConfigurationError, match=rf"{re.escape(key)}[.0-9]*: input should be (less|greater) than"):
        parse(compose(CONF, [override]))


def test_training_that_leads_nowhere_is_told() -> None:
    class Rows:
        names = ("feature_a",)
        target = np.linspace(0, 1, 400, dtype=np.float32)

        def columns(self, *_: int) -> np.ndarray:
            return np.repeat(np.arange(4, dtype=np.int8), 100)[None].T

    Path("binned").mkdir()
    lightgbm.build(lightgbm.Dataset(), Rows(), 1, "binned", lambda _: None)  # type: ignore[arg-type]
    chosen = lightgbm.Params(
        kind="lightgbm", dataset=lightgbm.Dataset(), learning_rate=10.0, n_estimators=2_000, min_data_in_leaf=1
    )
    with pytest.raises(ConfigurationError, match=r"grow beyond all numbers\. Lower model\.learning_rate \(10\)"):
        lightgbm.fit(chosen, "binned", 7, 1, lambda _: None)


@pytest.mark.parametrize(
    "override",
    [
        "score.targets=[target_ender_20,target_ender_20]",
        "score.neutral_sets=[fncv3_features,fncv3_features]",
        "data.extra_files=[meta_model,meta_model]",
        "+model.dataset.categorical_feature=[1,1]",
        "+model.interaction_constraints=[[0,0]]",
    ],
)
@pytest.mark.parametrize("data", ["sample", "numerai"])
def test_what_is_listed_twice_is_a_slip(override: str, data: str) -> None:
    key = override.lstrip("+").partition("=")[0]
    with pytest.raises(ConfigurationError, match=rf"{re.escape(key)}.*: must name each once, and .* is there twice"):
        parse(compose(CONF, [f"data={data}", override]))


@pytest.fixture
def conf() -> Path:
    shutil.copytree(CONF, "conf")
    edits.write_params()
    return Path("conf")


LAUGHS = "\na0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
TEXTS = {
    "a key twice": ("\nseed: 8\n", "gives the key 'seed' twice, first in line 12"),
    "a quoted key twice": ('\n"seed": 7\n', "gives the key 'seed' twice"),
    "a section twice": ("\nscore: {}\n", "gives the key 'score' twice"),
    "a key twice, deep": ("\nx: {a: {b: 1, b: 1}}\n", "gives the key 'b' twice"),
    "deep lists": (f"\nx: {'[' * 5000}{']' * 5000}\n", "is nested more than 50 deep"),
    "deep mappings": (f"\nx: {'{a: ' * 60}1{'}' * 60}\n", "is nested more than 50 deep"),
    "repeated without end": (LAUGHS, "holds more than 1,000,000 values"),
    "a list of itself": ("\nx: &x [*x]\n", "is nested more than 50 deep"),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("file", ["config.yaml", "model/unused.yaml", "round.yaml"])
def test_yaml_that_means_two_things_or_has_no_end_is_refused(conf: Path, name: str, file: str) -> None:
    text, sentence = TEXTS[name]
    path = conf / file
    before = (CONF / "config.yaml").read_text()
    path.write_text(before + text)
    for call in (lambda: compose(conf), lambda: edits.apply_overrides(["seed=9"]), lambda: read_yaml(path)):
        with pytest.raises(ConfigurationError, match=rf"conf/{file} is no YAML: it {re.escape(sentence)}"):
            call()


@pytest.mark.parametrize("name", TEXTS)
def test_params_are_read_in_one_way_too(name: str) -> None:
    text, sentence = TEXTS[name]
    paths.PARAMS.write_text((ROOT / paths.PARAMS).read_text() + text)
    with pytest.raises(ConfigurationError, match=re.escape(sentence.partition(", first")[0])):
        read_yaml(paths.PARAMS)


def test_deep_overrides_are_refused(conf: Path) -> None:
    with pytest.raises(ConfigurationError, match="nested too deeply"):
        compose(conf, [f"score.targets={'[' * 400}{']' * 400}"])


@pytest.mark.parametrize(
    ("link", "to", "sentence"),
    [
        ("loop", ".", "conf/loop is a link to .*/conf, a folder that it is in itself"),
        ("model/loop", "../..", "conf/model/loop is a link to"),
        ("model/loop", "../../conf", "conf/model/loop is a link to"),
        ("loop.yaml", "loop.yaml", "conf/loop.yaml is a link that leads nowhere"),
        ("model/gone.yaml", "nowhere", "conf/model/gone.yaml is a link that leads nowhere"),
    ],
)
def test_links_without_end_are_refused(conf: Path, link: str, to: str, sentence: str) -> None:
    (conf / link).symlink_to(to)
    for call in (lambda: compose(conf), lambda: edits.apply_overrides(["seed=9"])):
        with pytest.raises(ConfigurationError, match=sentence):
            call()


def test_other_links_are_followed(conf: Path) -> None:
    shutil.copytree(conf / "select", "elsewhere")
    shutil.rmtree(conf / "select")
    (conf / "select").symlink_to(Path("elsewhere").resolve())
    (conf / "model" / "same.yaml").symlink_to("ridge.yaml")
    assert compose(conf, ["model=same"])["model"]["kind"] == "ridge"


def test_a_pipe_in_conf_is_not_waited_for(conf: Path) -> None:
    os.mkfifo(conf / "model" / "pipe.yaml")
    with pytest.raises(ConfigurationError, match=r"conf/model/pipe\.yaml is no file"):
        compose(conf)


@pytest.mark.parametrize("given", ["a\nb", "a\rb", "a\x1b[31m", "a\0", "a\u2028b", "mine=x\ny", "a\tb"])
def test_a_slot_has_a_name_that_can_be_printed(given: str) -> None:
    with pytest.raises(ConfigurationError, match="--model names models and presets, whose letters can be printed"):
        slots.parse([given])


@pytest.mark.parametrize(
    ("field", "value"), [("default_multiplier", 1e300), ("clip_threshold", 1e9), ("payout_factor", 1e4)]
)
def test_terms_of_the_service_that_nobody_can_mean_simulate_no_payout(field: str, value: float) -> None:
    score = ScorePaid(name="correlation", total_score_days=20).model_copy(update={field: value})
    assert "scores with a multiplier, clip or factor of" in str(numerai._strange([score]))


PUBLIC, SECRET = credentials.KEYS


def test_a_pipe_in_place_of_keys_is_not_waited_for() -> None:
    os.mkfifo(".env")
    with pytest.raises(ConfigurationError, match=r"\.env is no file, but a pipe or a device"):
        credentials.token()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.mkdir(), ".env is a folder"),
        (lambda path: path.symlink_to("/dev/zero"), ".env is no file, but a pipe or a device"),
        (lambda path: path.symlink_to(".env"), ".env cannot be looked at"),
        (lambda path: path.write_bytes(b"#" * (1 << 21)), ".env has 2,097,152 bytes"),
        (lambda path: path.write_text(f"{PUBLIC}=a\n{SECRET}=b\n{PUBLIC}=c\n"), f".env gives {PUBLIC} twice"),
        (lambda path: path.write_text(f"export {SECRET}='a'\n{SECRET}=b\n"), f".env gives {SECRET} twice"),
    ],
)
def test_what_is_no_file_of_keys_is_told(make: object, sentence: str) -> None:
    make(Path(".env"))  # type: ignore[operator]
    for call in (credentials.token, credentials.webhook):
        with pytest.raises(ConfigurationError, match=re.escape(sentence)):
            call()


@pytest.mark.parametrize(
    ("mode", "who"), [(0o644, "its group and everybody"), (0o640, "its group"), (0o604, "everybody")]
)
def test_keys_that_others_may_read_are_told(mode: int, who: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(".env")
    path.write_text(f"{PUBLIC}=a\n{SECRET}=b\n")
    path.chmod(mode)
    assert credentials.required_token() == ("a", "b")
    assert capsys.readouterr().err == f"{who} on this machine may read .env. Run `chmod 600 .env`.\n"
    path.chmod(0o600)
    assert credentials.exposed() is None


@pytest.mark.parametrize("source", ["numerai", "local", "nope", "[sample]", "5", "null"])
def test_pins_of_another_source_stop_the_pipeline_though_no_stage_depends_on_it(
    repository: Repository, source: str
) -> None:
    path = repository.path / paths.ROUND
    path.write_text(path.read_text().replace("source: sample", f"source: {source}"))
    repository.run("python", "-c", "from numerai_rounds.conf import edits; edits.write_params()")
    said = repository.run("python", "src/numerai_rounds/stages/guard.py", check=False)
    assert said.returncode == 2
    assert "conf/round.yaml pins files of the source" in said.stdout
    assert "Run `rounds open` to pin what this source serves." in said.stdout
    assert not (repository.path / paths.GUARD).exists()
    opened = repository.run("rounds", "open").stdout
    assert "round 1343 of sample" in opened
    repository.run("python", "src/numerai_rounds/stages/guard.py")
