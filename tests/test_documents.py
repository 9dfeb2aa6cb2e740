"""Every command that a document names exists, and those in its blocks are run, in order, in one clone."""

import re
import shutil
from pathlib import Path

import pytest

from tests import written
from tests.conftest import ROOT, Repository
from tests.service.stand_in import StandIn

DOCUMENTS = [
    *map(ROOT.joinpath, ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`((?:rounds|dvc|make|git) [^`]+)`")


def commands(document: Path) -> list[str]:
    """The commands of a document's shell blocks, comments left out."""
    lines = [line for block in BLOCK.findall(document.read_text()) for line in block.splitlines()]
    return [command for line in lines if (command := re.sub(r"\s+#.*", "", line).strip())]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_a_sentence_names_can_be_run_as_written(document: Path) -> None:
    for command in INLINE.findall(document.read_text()):
        written.check(command)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_links_to_exists(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    assert all((document.parent / link).exists() for link in links)


def test_the_picture_of_the_house_shows_every_room() -> None:
    """Folders by their place in the picture: a deeper one is indented by two."""
    picture = re.search(r"```text\n(src/.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)[1]
    above, shown = [], set()
    for indent, name in re.findall(r"^( *)([\w/]+)/", picture, re.MULTILINE):
        above = [*above[: len(indent) // 2], name]
        shown.add("/".join(above))
    house = ROOT / "src/numerai_rounds"
    rooms = {path.parent for path in house.rglob("__init__.py")}
    assert shown == {room.relative_to(ROOT).as_posix() for room in rooms}


def test_the_picture_shows_every_stage(repository: Repository) -> None:
    picture = re.search(r"```mermaid\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    stages = [line.split()[0] for line in repository.run("dvc", "stage", "list", "--name-only").stdout.splitlines()]
    assert len(stages) == 9
    assert all(re.search(rf'[\s"]{stage}\b', picture) for stage in stages)


def serve(repository: Repository) -> dict[str, Path]:
    """The files that the clone's sample made, by the service's names, and in a folder `my-data` beside the clone."""
    folder = repository.path.parent / "my-data"
    folder.mkdir()
    data = repository.path / "data"
    raw = [*data.glob("raw/history/*.parquet"), data / "raw/history/features.json", data / "raw/live/live.parquet"]
    made = [*data.glob("downloads/history/*"), *raw]
    for path in made:
        shutil.copy(path, folder / path.name)
    return {f"v5.3/{path.name}": path for path in folder.iterdir()}


BRIEFLY = {
    "dvc exp run --name linear -S model=ridge": None,
    "dvc exp run --name set -S experiment=medium_set": None,
    "rounds score data/predictions/validation.parquet": None,
    "dvc repro --force --no-run-cache --downstream split": "dvc repro --dry --force --no-run-cache --downstream split",
}
"""What takes long and is run by other tests as well: how `make test` has it, if it has."""


WALKED = [
    ROOT / name
    for name in (
        "README.md",
        "docs/experiments.md",
        "docs/pipeline.md",
        "docs/real-size.md",
        "docs/rounds.md",
        "docs/scoring.md",
    )
]
"""Documents whose blocks are run, each in a clone of its own."""


@pytest.fixture(scope="module")
def to_serve(played_once: Repository, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A clone that has the files of a source beside its data."""
    repository = played_once.copy(tmp_path_factory.mktemp("documents") / "clone")
    repository.run("rounds", "compose", "data.keep_downloads=true")
    repository.repro()
    repository.commit("files to serve")
    return repository


def test_what_is_run_otherwise_is_there() -> None:
    assert {*BRIEFLY} <= {command for document in WALKED for command in commands(document)}


@pytest.mark.parametrize("brief", [True, pytest.param(False, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("document", WALKED, ids=lambda path: path.stem)
def test_a_document_works_as_written(document: Path, to_serve: Repository, tmp_path: Path, brief: bool) -> None:
    repository = to_serve.copy(tmp_path / "clone")
    listed = commands(document)
    with StandIn(serve(repository), round_number=1400) as service:
        public, secret = service.keys
        given = {
            "NUMERAI_API_URL": service.url,
            "NUMERAI_PUBLIC_ID": public,
            "NUMERAI_SECRET_KEY": secret,
        }
        for command in [BRIEFLY.get(command, command) for command in listed] if brief else listed:
            if command is None or command.startswith("source "):
                continue
            if command.startswith("make "):
                repository.run("make", "--dry-run", *command.split()[1:])
            else:
                repository.run("bash", "-euc", command, **given)
    for block in re.findall(r"```python\n(.*?)```", document.read_text(), re.DOTALL):
        repository.run("python", "-c", block)
    if any("--upload" in command for command in listed):
        assert [submission.round for submission in service.submissions] == [1400]
        assert repository.params()["model"]["learning_rate"] == 0.01
    if "dvc plots show" in listed:
        assert (repository.path / "dvc_plots/index.html").exists()
