"""`rounds package`: the file runs without this project, predicts the same, and goes to the service."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from numerai_rounds.base.errors import ConfigurationError, DamagedError, DataError, ServiceError
from numerai_rounds.commands import packaging
from numerai_rounds.conf import plugins
from numerai_rounds.conf.params import load
from numerai_rounds.domain.submission import predictions_to_submission
from numerai_rounds.io.files import paths, tables
from numerai_rounds.io.history.live import Live
from numerai_rounds.io.package import images, pickled, tryout
from numerai_rounds.io.service import http
from numerai_rounds.models import portable
from tests import tiny
from tests.conftest import ROOT
from tests.domain.presets import presets
from tests.domain.test_contracts_models import FAST, Table, build, ignore
from tests.rounds.season import QUICK
from tests.service.stand_in import Fault, StandIn

SMALL = FAST | {"min_data_in_leaf": 2, "n_estimators": 5}
PACKAGE = Path("predict.pkl")
WITHOUT_US = f"""
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {pickled.PROJECT!r}:
            raise ImportError("not here")
sys.meta_path.insert(0, Blocker())
"""
"""What the test's Python runs before anything else."""


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the packages of this one, but for this project."""
    folder = tmp_path_factory.mktemp("stranger")
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "without_us.py").write_text(WITHOUT_US)
    (site / "stranger.pth").write_text(f"{Path(np.__file__).parents[1]}\nimport without_us\n")
    return folder / "bin" / "python"


@dataclass(frozen=True)
class Chosen(Table):
    """Rows of chosen features, which are not in the order of the files."""

    @property
    def names(self) -> list[str]:
        return [tiny.FEATURES[place] for place in (7, 2, 9, 4)]


def trained(module: ModuleType, params: Any) -> Any:
    """A model of some features of the tiny market."""
    table = tiny.market().train
    empty = Chosen(np.empty(0), np.empty(0))
    rows = Chosen(table[empty.names].to_numpy(), table[tiny.MAIN_TARGET].to_numpy(np.float32))
    return module.fit(params, build(module, params.dataset, rows), 7, 1, ignore)


def write_live(spoil: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table) -> None:
    """The live era where `fetch` puts it."""
    Path("data/raw/live").mkdir(parents=True)
    spoil(tiny.market().live).to_parquet("data/raw/live/live.parquet")


def with_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """The live era with absent values."""
    gaps = table.astype(dict.fromkeys(tiny.FEATURES, "float32"))
    gaps.loc[gaps.index[::3], tiny.FEATURES[2:8]] = np.nan
    return gaps


def as_others_write_it(table: pd.DataFrame) -> pd.DataFrame:
    """The live era with absent values of nullable Int8, ids as a plain column, categories and unknown columns."""
    gaps = table.astype(dict.fromkeys(tiny.FEATURES, "Int8") | dict.fromkeys(("era", "data_type"), "category"))
    gaps.loc[gaps.index[::3], tiny.FEATURES[2:8]] = pd.NA
    return gaps.assign(ticker="a").reset_index().astype({"id": "category"})


def package(function: Callable[..., Any], stranger: Path, **options: Any) -> tryout.Trial:
    """Package a function and try it out."""
    pickled.write(function, PACKAGE)
    return tryout.run(PACKAGE, stranger, "of the test", **options)


@pytest.fixture
def repository(tmp_path: Path, stranger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder after a run of the pipeline with `data=numerai`, as far as `rounds package` looks at it."""
    write_live()
    shutil.copytree(ROOT / "conf", "conf")
    parameters = yaml.safe_load((ROOT / "params.yaml").read_text())
    parameters["data"] = yaml.safe_load(Path("conf/data/numerai.yaml").read_text())
    Path("params.yaml").write_text(yaml.safe_dump(parameters))
    module = plugins.load("model", parameters["model"]["kind"])
    model = trained(module, module.Params(**parameters["model"] | {"n_estimators": 5, "min_data_in_leaf": 2}))
    Path("models").mkdir()
    Path("models/model.txt").write_text(model.text)
    pins = {role: {"pin": pin.known} for role, pin in load().round.live.items()}
    Path("data/raw/live/manifest.json").write_text(json.dumps({"files": pins}))
    ids, features = Live().rows(model.features)
    tables.write_submission(predictions_to_submission(ids, model.predict(features.T, 1)), paths.SUBMISSION)
    stages = {"train": locked(paths.MODEL), "submit": locked(paths.SUBMISSION)}
    stages["submit"]["params"] = {"params.yaml": {"round.number": parameters["round"]["number"]}}
    Path("dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))
    person = ("-c", "user.name=A Person", "-c", "user.email=person@example.org")
    for command in (("init", "--quiet"), ("add", "conf"), (*person, "commit", "--quiet", "-m", "played")):
        subprocess.run(["git", *command], check=True)
    monkeypatch.setattr(images, "interpreter", lambda: stranger)


def locked(path: Path) -> dict[str, Any]:
    """What dvc.lock holds of a stage with one output."""
    return {"outs": [{"path": str(path), "md5": hashlib.md5(path.read_bytes()).hexdigest()}]}


def run_in(stranger: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([stranger, "-I", "-c", code], capture_output=True, text=True, check=False)


def test_the_other_python_has_the_packages_and_not_the_project(stranger: Path) -> None:
    assert run_in(stranger, "import numpy, pandas, lightgbm, cloudpickle").returncode == 0
    assert "not here" in run_in(stranger, f"import {pickled.PROJECT}").stderr


@pytest.mark.parametrize("spoil", [with_gaps, as_others_write_it])
@pytest.mark.parametrize(("module", "params"), presets("model", **SMALL))
def test_every_model_predicts_the_same_without_the_project(
    module: ModuleType, params: Any, spoil: Callable[[pd.DataFrame], pd.DataFrame], stranger: Path
) -> None:
    write_live(spoil)
    model = trained(module, params)
    trial = package(portable.predictor(module.portable(model.text), model.features, "middle"), stranger)
    ids, features = Live().rows(model.features)
    expected = predictions_to_submission(ids, model.predict(features.T, 1))
    assert list(trial.predictions.index) == list(expected["id"])
    assert list(trial.predictions) == list(expected["prediction"])
    assert expected["prediction"].nunique() > 5
    assert 0 < trial.peak_bytes < 1 << 30


def test_the_package_is_the_same_whatever_wrote_it(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from numerai_rounds.io.package import pickled;"
        "from numerai_rounds.models import portable;"
        "from numerai_rounds.models.kinds.lightgbm import portable as of;"
        "pickled.write(portable.predictor(of('text'), ['feature_b', 'feature_a'], 'middle'), Path({!r}))"
    )
    exec(code.format("here.pkl"), {})
    other = {"PYTHONHASHSEED": "2", "PYTHONPYCACHEPREFIX": str(tmp_path / "anew"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")} | other
    subprocess.run([sys.executable, "-c", code.format("there.pkl")], env=environment, check=True)
    assert Path("here.pkl").read_bytes() == Path("there.pkl").read_bytes()


def test_a_package_tells_nothing_of_this_machine() -> None:
    def function(live_features: Any) -> Any:
        return [name.upper() for name in live_features]

    pickled.write(function, PACKAGE)
    content = PACKAGE.read_bytes()
    assert not [word for word in (pickled.PROJECT, str(ROOT), __file__, __name__) if word.encode() in content]
    pickled.write(function, PACKAGE)
    assert PACKAGE.read_bytes() == content


def closing_over(value: Any) -> Callable[..., Any]:
    def function(live_features: Any) -> Any:
        return value

    return function


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (np.zeros(3), r"refers to numpy\S* by name"),
        (pd.Index(["a"]), r"refers to pandas\S* by name"),
        (len, None),
        (DataError, f"mentions {pickled.PROJECT}"),
        (Path("here"), r"refers to pathlib\S* by name"),
        (["text", 2.5, {"a": None}], None),
    ],
    ids=["numpy", "pandas", "builtin", "project", "another module", "plain"],
)
def test_only_plain_values_are_packaged(value: Any, sentence: str | None) -> None:
    if sentence is None:
        pickled.write(closing_over(value), PACKAGE)
    else:
        with pytest.raises(DataError, match=sentence):
            pickled.write(closing_over(value), PACKAGE)
    assert PACKAGE.exists() == (sentence is None)


def imports_us(live_features: Any) -> Any:
    __import__("numerai rounds".replace(" ", "_"))


def uses_a_global(live_features: Any) -> Any:
    return ROOT


def gives_a_list(live_features: Any) -> Any:
    return list(live_features.index)


def gives_another_column(live_features: Any) -> Any:
    return live_features[[]].assign(target=0.5)


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (imports_us, "fails in the image of the test: ImportError: not here"),
        (uses_a_global, "fails in the image of the test: NameError: name 'ROOT' is not defined"),
        (gives_a_list, "fails in the image of the test: TypeError: predictions must be a DataFrame; found list"),
        (gives_another_column, r"gives the columns \['id', 'target'\] in place of id and prediction"),
    ],
)
def test_what_would_fail_at_numerai_fails_here(function: Any, sentence: str, stranger: Path) -> None:
    write_live()
    with pytest.raises(DataError, match=sentence):
        package(function, stranger)


def test_a_package_that_takes_too_long_is_stopped(stranger: Path) -> None:
    def never(live_features: Any) -> Any:
        while True:
            pass

    write_live()
    with pytest.raises(DataError, match=r"did not finish within 0\.1 seconds.*Train a smaller one"):
        package(never, stranger, longest=0.1)


def test_a_package_that_takes_too_much_memory_is_told(stranger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def large(live_features: Any) -> Any:
        held = bytearray(1 << 29)
        held[:: 1 << 10] = b"1" * (1 << 19)
        return live_features[[]].assign(prediction=0.5)

    write_live()
    monkeypatch.setattr(tryout, "LARGEST", 1 << 29)
    with pytest.raises(DataError, match=r"takes 0\.[5-9] GB of memory .* gives it 0 GB\. Train a smaller one"):
        package(large, stranger)


@pytest.mark.usefixtures("repository")
class TestCommand:
    def test_a_table_tells_what_came_of_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        packaging.package(check=True)
        said = capsys.readouterr().out
        row = next(line for line in said.splitlines() if line.startswith(images.name()))
        assert row.split()[-4:-1] == [str(tiny.ROWS_PER_ERA), "0", f"{paths.PACKAGE.stat().st_size:,}"]
        assert hashlib.sha256(paths.PACKAGE.read_bytes()).hexdigest().startswith(row.split()[-1])
        assert f"lightgbm on 4 features: {paths.PACKAGE}" in said

    def test_without_a_check_nothing_is_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(images, "interpreter", None)
        packaging.package(check=False)
        assert paths.PACKAGE.exists()
        with pytest.raises(ConfigurationError, match="a model that was not tried out is not uploaded"):
            packaging.package(check=False, send=True, model="mine")

    def test_changed_parameters_are_told(self) -> None:
        path = Path("params.yaml")
        path.write_text(path.read_text().replace("number: 1343", "number: 1344"))
        with pytest.raises(ConfigurationError, match="Run `dvc repro` first"):
            packaging.package(check=True)

    def test_a_model_that_was_touched_is_told(self) -> None:
        path = Path("models/model.txt")
        path.write_text(path.read_text() + "\n")
        with pytest.raises(DamagedError, match=r"models/model\.txt is not what its stage wrote"):
            packaging.package(check=True)
        path.unlink()
        with pytest.raises(ConfigurationError, match=r"models/model\.txt is not here: run `dvc repro` first"):
            packaging.package(check=True)

    def test_other_predictions_are_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        usual = portable.predictor
        monkeypatch.setattr(portable, "predictor", lambda model, names, missing: usual(model, names[::-1], missing))
        with pytest.raises(DataError, match=r"predicts otherwise .* of 24 predictions differ, by up to 0\.\d+\."):
            packaging.package(check=True)

    def test_other_rows_are_told(self) -> None:
        table = tiny.market().live
        table.iloc[::-1].to_parquet("data/raw/live/live.parquet")
        with pytest.raises(DataError, match="predicts other ids than the pipeline"):
            packaging.package(check=True)


@pytest.fixture
def service(repository: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn({}) as service:
        monkeypatch.setenv("NUMERAI_API_URL", service.url)
        monkeypatch.setenv("NUMERAI_PUBLIC_ID", service.keys[0])
        monkeypatch.setenv("NUMERAI_SECRET_KEY", service.keys[1])
        monkeypatch.setattr(http, "PATIENCE", QUICK)
        monkeypatch.setattr(tryout, "run", lambda *_: tried())
        yield service


def tried() -> tryout.Trial:
    """A trial that went well."""
    return tryout.Trial(tables.read_csv(paths.SUBMISSION).set_index("id")["prediction"], 1.0, 1)


class TestUpload:
    def test_the_model_arrives_once(self, service: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
        packaging.package(check=True, send=True, model="mine")
        (taken,) = service.pickles
        content = paths.PACKAGE.read_bytes()
        assert taken["content"] == content
        assert taken["model_id"] == service.models["mine"]
        assert taken["docker_image"] == service.docker_images[images.name()]
        assert taken["data_version"] == service.data_versions["v5.3"]
        assert taken["filename"].startswith(f"predict-{hashlib.sha256(content).hexdigest()[:16]}")
        assert f"uploaded to mine as {taken['id']}" in capsys.readouterr().out

    @pytest.mark.parametrize("operation", ["computePickleUploadAuth", "PUT"])
    def test_faults_that_pass_cost_nothing(self, service: StandIn, operation: str) -> None:
        service.faults[operation] = [Fault(status=503), Fault(cut=-1)]
        packaging.package(check=True, send=True, model="mine")
        assert [taken["content"] for taken in service.pickles] == [paths.PACKAGE.read_bytes()]

    @pytest.mark.parametrize("fault", [Fault(cut=-1), Fault(status=503, undone=True), Fault(body=b'{"data": {}}')])
    def test_a_lost_answer_is_told_and_nothing_is_sent_twice(self, service: StandIn, fault: Fault) -> None:
        service.faults["createComputePickleUpload"] = [fault]
        with pytest.raises(
            ServiceError, match=r"not known whether the service took the model: .*look at the model's page"
        ):
            packaging.package(check=True, send=True, model="mine")
        assert len(service.pickles) == (0 if fault.undone else 1)

    def test_what_the_service_says_is_told(self, service: StandIn) -> None:
        body = b'{"errors": [{"message": "too large"}]}'
        service.faults["createComputePickleUpload"] = [Fault(body=body, undone=True)]
        with pytest.raises(ServiceError, match=r"does not take the model: .*too large"):
            packaging.package(check=True, send=True, model="mine")

    def test_what_the_service_does_not_have_is_told_before_anything_is_made(self, service: StandIn) -> None:
        with pytest.raises(ConfigurationError, match=r"no model 'min'; did you mean 'mine'\?"):
            packaging.package(check=True, send=True, model="min")
        service.data_versions = {"v5.4": "an-id"}
        with pytest.raises(ConfigurationError, match=r"no data version 'v5\.3'; it offers v5\.4\."):
            packaging.package(check=True, send=True, model="mine")
        service.docker_images = {"Python 3.9": "one", "Python 3.10": "two"}
        with pytest.raises(
            ConfigurationError, match=r"no image 'Python 3\.\d+'; it offers Python 3\.10, Python 3\.9\."
        ):
            packaging.package(check=True, send=True, model="mine")
        assert not paths.PACKAGE.exists()

    @pytest.mark.usefixtures("service")
    def test_a_model_of_other_data_is_not_uploaded(self) -> None:
        shutil.copy(ROOT / "params.yaml", "params.yaml")
        with pytest.raises(ConfigurationError, match="only a model of data=numerai can be uploaded"):
            packaging.package(check=True, send=True, model="mine")


def test_an_environment_is_made_whole_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setitem(images.PINS, images.THIS, ["pip"])  # which is there already
    python = images.interpreter()
    assert run_in(python, "import pip").returncode == 0
    mark = python.parents[1] / "mark"
    mark.touch()
    assert images.interpreter() == python
    assert mark.exists()
    python.unlink()
    python.symlink_to("gone")
    monkeypatch.setattr(images, "_run", lambda *command: "no such package" if "pip" in command else None)
    with pytest.raises(ServiceError, match=r"pip could not install .* \(no such package\).*--no-check"):
        images.interpreter()
    assert list(paths.IMAGES.iterdir()) == []


def test_an_unknown_python_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"the image of Python '2\.7' holds is not known"):
        images.interpreter("2.7")
