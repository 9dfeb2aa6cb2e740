"""dvc.yaml lists every file that a stage's result can depend on."""

import ast
import re
from pathlib import Path

import grimp
import pytest
import yaml
from dvc.repo import Repo

from numerai_rounds.conf import plugins
from tests.conftest import ROOT

PACKAGE = "numerai_rounds"
STAGES = ["guard", "fetch", "split", "select", "bin", "train", "evaluate", "submit"]
NEVER_IN_A_RESULT = {
    f"{PACKAGE}.{name}"
    for name in (
        "base.errors",
        "conf.pinned_source",
        "io.console",
        "io.machine.failure",
        "io.machine.holding",
        "io.machine.process",
        "io.scores.figures",
        "io.scores.reports",
        "io.sources._payouts",
        "models.boosting.reasons",
        "models.portable",
    )
}
"""Modules whose work a person sees and no output holds, or that work before a round is pinned."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(PACKAGE, cache_dir=None, exclude_type_checking_imports=True)


@pytest.fixture(scope="module")
def pipeline() -> dict:
    return yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def path_of(module: str) -> Path:
    base = Path("src", *module.split("."))
    return base / "__init__.py" if (ROOT / base).is_dir() else base.with_suffix(".py")


def holds_code(module: str) -> bool:
    """Whether a module is more than a docstring."""
    return len(ast.parse((ROOT / path_of(module)).read_text()).body) > 1


LOADERS = {
    "source": plugins.FAMILIES["data"],
    "splitter": plugins.FAMILIES["split"],
    "selector": plugins.FAMILIES["select"],
    "model": plugins.FAMILIES["model"],
    "metrics": plugins.METRICS,
}
"""Functions of conf/plugins.py that load plug-ins -> the package of those."""


def plugged_in(stage: str, graph: grimp.ImportGraph) -> list[str]:
    """Modules of every plug-in that a stage, or a step that it takes, loads by name."""
    module = f"{PACKAGE}.stages.{stage}"
    steps = [name for name in graph.find_upstream_modules(module) if name.startswith(f"{PACKAGE}.steps")]
    source = "".join((ROOT / path_of(name)).read_text() for name in [module, *steps])
    assert "plugins.load(" not in source
    families = [LOADERS[name] for name in re.findall(rf"plugins\.({'|'.join(LOADERS)})\(", source)]
    return [f"{package}.{name}" for package in families for name in plugins.names(package)]


def test_every_loader_of_plugins_is_known_here() -> None:
    functions = {name for name, made in vars(plugins).items() if getattr(made, "__module__", "") == plugins.__name__}
    assert functions - {"load", "names", "schema"} == {*LOADERS}
    assert set(LOADERS.values()) == {*plugins.FAMILIES.values(), plugins.METRICS}


def declared(stage: dict) -> set[str]:
    """Dependencies with `${model.kind}` replaced by every kind there is."""
    paths = set()
    for dependency in stage["deps"]:
        section = re.search(r"\$\{(\w+)\.kind\}", dependency)
        kinds = plugins.names(plugins.FAMILIES[section[1]]) if section else [""]
        paths |= {re.sub(r"\$\{\w+\.kind\}", kind, dependency) for kind in kinds}
    return paths


def test_every_stage_has_its_module_and_every_module_its_stage(pipeline: dict) -> None:
    assert list(pipeline) == STAGES
    assert sorted(STAGES) == sorted(path.stem for path in (ROOT / "src" / PACKAGE / "stages").glob("[a-z]*.py"))


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "guard"])
def test_every_imported_module_is_a_dependency(stage: str, graph: grimp.ImportGraph, pipeline: dict) -> None:
    roots = [f"{PACKAGE}.stages.{stage}", *plugged_in(stage, graph)]
    modules = set(roots).union(*(graph.find_upstream_modules(root) for root in roots)) - NEVER_IN_A_RESULT
    needed = {str(path_of(module)) for module in modules if holds_code(module)}
    listed = declared(pipeline[stage])
    missing = {path for path in needed if not any(path == entry or path.startswith(f"{entry}/") for entry in listed)}
    assert not missing


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "guard"])
def test_every_listed_module_is_needed(stage: str, graph: grimp.ImportGraph, pipeline: dict) -> None:
    roots = [f"{PACKAGE}.stages.{stage}", *plugged_in(stage, graph)]
    modules = set(roots).union(*(graph.find_upstream_modules(root) for root in roots))
    needed = {str(path_of(module)) for module in modules}
    idle = {
        entry
        for entry in declared(pipeline[stage])
        if entry.startswith("src/") and not any(path == entry or path.startswith(f"{entry}/") for path in needed)
    }
    assert not idle


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "guard"])
def test_no_listed_folder_holds_what_is_never_in_a_result(stage: str, pipeline: dict) -> None:
    ignored = Repo(ROOT).dvcignore.is_ignored_file
    listed = declared(pipeline[stage])
    within = {
        str(path_of(module))
        for module in NEVER_IN_A_RESULT
        if any(str(path_of(module)).startswith(f"{entry}/") for entry in listed)
    }
    assert {path for path in within if not ignored(str(ROOT / path))} == set()


def test_dvc_ignores_no_module_but_those(graph: grimp.ImportGraph) -> None:
    ignored = Repo(ROOT).dvcignore.is_ignored_file
    assert {module for module in graph.modules if ignored(str(ROOT / path_of(module)))} <= NEVER_IN_A_RESULT


@pytest.mark.parametrize("stage", ["split", "select", "bin", "train", "evaluate", "submit"])
def test_the_environment_is_a_dependency(stage: str, pipeline: dict) -> None:
    assert "requirements.lock" in pipeline[stage]["deps"]
