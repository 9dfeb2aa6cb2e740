"""conf/ is the only truth: what composes, what is kept, what is refused."""

import copy
import re
import subprocess
from contextlib import suppress
from functools import reduce
from operator import getitem
from pathlib import Path

import pytest
import yaml
from dvc.utils.hydra import compose_and_dump

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.commands import configure
from numerai_rounds.conf import edits, params, presets
from numerai_rounds.conf.compose import check_params, compose, compose_text, groups, leaves
from numerai_rounds.conf.params import parse
from numerai_rounds.io.files import paths
from numerai_rounds.io.files.yaml_files import read_yaml
from numerai_rounds.play import opening
from tests import tiny as tiny_files
from tests.conftest import ROOT, Repository

CONF = ROOT / paths.CONF
OPTIONS = [(group, option) for group, options in groups(CONF).items() for option in options]
NEEDED = {"local": ["data.path=somewhere"]}


def test_committed_params_are_what_conf_composes_to() -> None:
    assert (ROOT / paths.PARAMS).read_text() == compose_text(CONF)


def test_params_have_the_bytes_that_dvc_writes(tmp_path: Path) -> None:
    written = tmp_path / "params.yaml"
    compose_and_dump(written, str(CONF), None, "config", "", [])
    assert written.read_text() == compose_text(CONF)


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_preset_and_experiment_composes_and_fits_the_schema(group: str, option: str) -> None:
    parse(compose(CONF, [f"{group}={option}", *NEEDED.get(option, [])]))


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("+model.learing_rate=0.1", "model.learing_rate: there is no such key; did you mean 'learning_rate'"),
        ("model.learning_rate=fast", r"model.learning_rate: .*number.*got 'fast'"),
        ("seed=1.5", r"seed: .*integer.*got 1.5"),
        ("model.kind=lightgmb", "model.kind is 'lightgmb': did you mean 'lightgbm'"),
        ("data=local", r"data.path: must be given"),
        ("~seed", "seed: missing"),
        ("target=era", "target: .*pattern"),
    ],
)
def test_a_slip_is_named_with_what_was_expected(override: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        parse(compose(CONF, [override]))


@pytest.mark.parametrize("data", ["sample", "numerai"])
def test_a_value_in_place_of_a_section_is_refused(data: str) -> None:
    whole = compose(CONF, [f"data={data}"])
    inner = {path[:depth] for path, _ in leaves(whole) for depth in range(1, len(path))}
    assert ("model", "dataset") in inner
    for path in inner:
        for value in (3, "x", [], None):
            params = copy.deepcopy(whole)
            reduce(getitem, path[:-1], params)[path[-1]] = value
            with suppress(ConfigurationError):  # a section may be optional
                parse(params)


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("model.learing_rate=0.1", "no key 'model.learing_rate'; did you mean 'model.learning_rate'"),
        ("model=lightgmb", "Could not find 'model/lightgmb'"),
        ("seed=${oc.env:HOME}", "seed is .*no commit would hold"),
        ("data.version=${ oc.env:HOME}/x", "data.version is .*no commit would hold"),
        ("seed=${now:%H}", "no commit would hold"),
        ("seed=${nothing}", "nothing"),
        ("model=3", "must be a string"),
    ],
)
def test_what_does_not_compose_is_refused(override: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        compose(CONF, [override])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """conf/ and params.yaml of the project in the working folder."""
    subprocess.run(["cp", "-r", CONF, tmp_path], check=True)
    edits.write_params()
    return tmp_path


def test_damaged_parameters_that_are_no_text_are_written_anew(project: Path) -> None:
    whole = paths.PARAMS.read_bytes()
    paths.PARAMS.write_bytes(whole[:100] + b"\x8a" + whole[101:])
    edits.write_params()
    assert paths.PARAMS.read_bytes() == whole


def composed() -> dict:
    params = yaml.safe_load(paths.PARAMS.read_text())
    assert params == compose(paths.CONF)
    return params


def test_overrides_are_kept_in_the_file_that_gives_the_value(project: Path) -> None:
    edits.apply_overrides(["model.learning_rate=0.03", "seed=11", "select=feature_set", "select.name=small"])
    params = composed()
    assert (params["model"]["learning_rate"], params["seed"]) == (0.03, 11)
    assert params["select"] == {"kind": "feature_set", "name": "small"}
    assert "learning_rate: 0.03" in Path("conf/model/lightgbm.yaml").read_text()
    assert "name: small" in Path("conf/select/feature_set.yaml").read_text()
    assert "# what the model learns; always a full name" in Path("conf/config.yaml").read_text()


def test_keeping_nothing_changes_nothing(project: Path) -> None:
    before = {path: path.read_bytes() for path in Path("conf").rglob("*.yaml")}
    edits.apply_overrides([])
    edits.apply_overrides(["model=lightgbm"])
    assert {path: path.read_bytes() for path in Path("conf").rglob("*.yaml")} == before


def test_a_parameter_can_be_added_and_removed(project: Path) -> None:
    edits.apply_overrides(["+model.path_smooth=1.5"])
    assert composed()["model"]["path_smooth"] == 1.5
    edits.apply_overrides(["~model.path_smooth"])
    assert "path_smooth" not in composed()["model"]


def test_a_value_that_an_experiment_sets_is_kept_in_the_experiment(project: Path) -> None:
    Path("conf/experiment/slow.yaml").write_text("# @package _global_\nmodel:\n  learning_rate: 0.01\n")
    edits.apply_overrides(["experiment=slow", "model.learning_rate=0.03", "model.num_leaves=9"])
    assert composed()["model"]["learning_rate"] == 0.03
    assert "learning_rate: 0.03" in Path("conf/experiment/slow.yaml").read_text()
    edits.apply_overrides(["experiment=none"])
    assert composed()["model"]["learning_rate"] != 0.03
    assert composed()["model"]["num_leaves"] == 9


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["model.learning_rate=slow"], "learning_rate"),
        (["model.num_leaves=1,2"], "cannot be kept"),
        (["round.number=1"], "written by `rounds open` alone"),
        (["=3"], "must be a string"),
        (["target=target_ü"], "quote a value with spaces"),
        (["select=[top_k]"], "must be one of its presets"),
        (["~select"], "select must be one of its presets"),
        (["+model=ridge"], r"model takes no plus: `model=\.\.\.` chooses another preset; there are: lightgbm"),
        (["++model=ridge"], "model takes no plus"),
        (["model.kind=ridge"], "`model=...` chooses another"),
        (["hydra.run.dir=x"], "cannot be kept"),
        (["model.learning_rate=inf"], "finite number"),
        (["threads=100000"], "less than or equal to 1024"),
        (["seed=1", "model.learning_rate=-1"], "learning_rate"),
    ],
)
def test_what_is_refused_leaves_every_file_as_it_was(project: Path, overrides: list[str], sentence: str) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*.yaml")}
    with pytest.raises(ConfigurationError, match=sentence):
        edits.apply_overrides(overrides)
    assert {path: path.read_bytes() for path in project.rglob("*.yaml")} == before


def test_an_experiment_that_wins_is_named_with_a_way_out(project: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"'linear' may set them: .* run it again without experiment=linear\."):
        edits.apply_overrides(["experiment=linear", "model=lightgbm"])
    edits.apply_overrides(["model=lightgbm"])
    edits.apply_overrides(["experiment=linear"])
    with pytest.raises(ConfigurationError, match=r"choose `experiment: none` in the defaults list .* run it again\."):
        edits.apply_overrides(["model=lightgbm_example"])
    config = Path("conf/config.yaml")
    config.write_text(config.read_text().replace("experiment: linear", "experiment: none"))
    edits.apply_overrides(["model=lightgbm_example"])
    assert composed()["model"]["n_estimators"] == 2000


def test_a_kind_is_refused_with_the_presets_that_choose_it(project: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"`model=\.\.\.` chooses another; there are: lightgbm, .*, ridge\."):
        edits.apply_overrides(["model.kind=ridge"])
    with pytest.raises(ConfigurationError, match=r"there is no key 'score\.kind'"):
        edits.apply_overrides(["score.kind=ridge"])


def test_files_without_a_round_have_none_that_follows(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_files.write_v5(Path("files"), tiny_files.market())
    edits.apply_overrides(["data=local", "data.path=files"])
    with pytest.raises(ConfigurationError, match=r"no round of 'local' is pinned, so none follows\. Run `rounds open`"):
        opening.open_round(None, following=True)
    opening.open_round(None, following=False)
    with pytest.raises(ConfigurationError, match="`rounds open --round NUMBER` says of which round it is"):
        opening.open_round(None, following=True)
    opening.open_round(1400, following=False)
    opening.open_round(None, following=True)
    assert composed()["round"]["number"] == 1401


def test_only_a_change_that_pins_depend_on_asks_for_new_ones(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure.compose(["data.keep_downloads=true"])
    assert "rounds open" not in capsys.readouterr().out
    configure.compose(["data.seed=2"])
    assert "run `rounds open`" in capsys.readouterr().out


@pytest.mark.parametrize("source", ["sample", "numerai", "local"])
def test_a_file_that_is_absent_is_told_as_the_source_can_have_it(source: str) -> None:
    raw = compose(CONF, [f"data={source}", *NEEDED.get(source, [])])
    told = parse(raw).data.way_to("meta_model")
    assert "meta_model" in told
    assert ("data.extra_files" in told) == ("extra_files" in raw["data"])
    if source == "local":
        assert "`rounds open`" in told


def test_adopting_finds_the_preset_and_keeps_the_round(project: Path) -> None:
    wanted = compose(paths.CONF, ["model=ridge", "model.alpha=3.5", "target=target_ender_20"])
    wanted["round"] = {**wanted["round"], "number": 1}
    edits.adopt(wanted)
    params = composed()
    assert (params["model"]["kind"], params["model"]["alpha"]) == ("ridge", 3.5)
    assert params["target"] == "target_ender_20"
    assert params["round"]["number"] != 1


def test_a_file_that_is_edited_meanwhile_is_not_overwritten(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preset, remark = Path("conf/model/lightgbm.yaml"), "# mine\n"

    read = edits._texts

    def meanwhile(conf: Path) -> dict[Path, str]:
        if conf == paths.CONF:
            preset.write_text(preset.read_text() + remark)
        return read(conf)

    monkeypatch.setattr(edits, "_texts", meanwhile)
    with pytest.raises(ConfigurationError, match=r"lightgbm\.yaml was changed meanwhile"):
        edits.apply_overrides(["model.learning_rate=0.3"])
    edits.apply_overrides(["model=ridge"])
    assert preset.read_text().endswith(remark)


def test_a_feature_set_of_any_name_can_be_chosen(project: Path) -> None:
    edits.apply_overrides(["select=feature_set", r"select.name='\'tis: [so'"])
    assert composed()["select"]["name"] == "'tis: [so"
    for name in ["small's", "", "1e5", " a ", "a: b", "'", '"so"', "[a", "# c", "@x", "%x", "a\nb", "- x", "~", "|"]:
        presets.edit(paths.CONF, presets.Change("select.name", name))
        assert yaml.safe_load(Path("conf/select/feature_set.yaml").read_text())["name"] == name


def test_a_text_that_yaml_takes_for_something_else_is_quoted(project: Path) -> None:
    edits.apply_overrides(["select=feature_set", "select.name='yes'"])
    assert composed()["select"]["name"] == "yes"


def test_a_config_without_its_defaults_is_named(project: Path) -> None:
    config = Path("conf/config.yaml")
    config.write_text(config.read_text().replace("  - experiment: none\n", ""))
    with pytest.raises(ConfigurationError, match=r"has no line `- experiment: \.\.\.` in its defaults list"):
        edits.apply_overrides(["seed=8"])


@pytest.mark.parametrize("content", [None, "", "round: {number: -4}", "round: ["])
def test_opening_a_round_mends_its_file(tiny: Repository, content: str | None) -> None:
    before = (tiny.path / "conf/round.yaml").read_text()
    (tiny.path / "conf/round.yaml").unlink()
    if content is not None:
        (tiny.path / "conf/round.yaml").write_text(content)
    tiny.run("rounds", "open")
    assert (tiny.path / "conf/round.yaml").read_text() == before


def test_the_guard_names_what_differs(project: Path) -> None:
    check_params()
    params = paths.PARAMS.read_text()
    paths.PARAMS.write_text(params.replace("seed: 7", "seed: 8"))
    with pytest.raises(ConfigurationError, match=r"seed \(conf/: 7, params.yaml: 8\)"):
        check_params()


def test_the_guard_stops_repro_before_any_work(tiny: Repository) -> None:
    config = tiny.path / "conf/config.yaml"
    config.write_text(config.read_text().replace("seed: 7", "seed: 8"))
    stopped = tiny.run("dvc", "repro", check=False)
    assert stopped.returncode
    assert "params.yaml and conf/ differ in seed" in stopped.stdout
    assert not (tiny.path / "data/raw").exists()


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("params.yaml", "`rounds compose` writes it anew from conf/."),
        ("dvc.lock", "`git checkout HEAD -- dvc.lock` brings that of the last commit; then `dvc repro`."),
        ("conf/round.yaml", "take back what is not committed: `git checkout HEAD -- conf/round.yaml`."),
    ],
)
@pytest.mark.parametrize("content", [b"a: [", b"a: \xff", b"a"])
def test_a_file_that_is_no_yaml_any_more_says_how_it_comes_back(name: str, remedy: str, content: bytes) -> None:
    Path("conf").mkdir()
    Path(name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=rf"^{name} (is no YAML|holds no keys).*\. .*{re.escape(remedy)}$"):
        read_yaml(Path(name))


def test_parameters_that_are_damaged_say_how_they_come_back(project: Path) -> None:
    paths.PARAMS.write_text(paths.PARAMS.read_text().replace("seed:", "sfed:"))
    with pytest.raises(ConfigurationError, match=r"sfed.*\nThis is what params.yaml says: `rounds compose` writes"):
        params.load()
    configure.compose([])
    params.load()
