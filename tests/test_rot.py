"""A byte that a disk loses: whatever reads it says so in a sentence, or gives what it would have given."""

import hashlib
import os
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from numerai_rounds.base.errors import DamagedError
from numerai_rounds.commands import mending, packaging, reporting, scoring
from numerai_rounds.io.files import dvc_cache, paths, vouched
from numerai_rounds.io.history.reader import History
from numerai_rounds.play import slots, uploading
from tests.conftest import ROOT, Repository

STAGES = ["split", "select", "bin", "train", "evaluate", "submit"]
SEEDS = range(3)
SENTENCE = r"is not what its stage wrote, by the hash in dvc\.lock.*`rounds mend`"
STORE = r"`rounds mend` restores it from DVC's cache or remote; `dvc repro --force fetch@history` fetches it again"


@pytest.fixture
def played(played_once: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A copy of the clone that has run; the test works in it."""
    repository = played_once.copy(tmp_path / "played")
    monkeypatch.chdir(repository.path)
    return repository


def flip(path: Path, chance: random.Random, *, keep_time: bool = True) -> None:
    """Change a bit somewhere in a file, which a disk does without a new time of change."""
    known, content = path.stat(), bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(known.st_mode)
    if keep_time:
        os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))


def files_of(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())


def read_by(stage: str) -> list[Path]:
    """Every file of the pipeline that DVC has the stage depend on."""
    listed = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"][stage]["deps"]
    return [file for name in listed if name.startswith(("data/", "models/")) for file in files_of(Path(name))]


def refusal(main: Callable[[], None]) -> str | None:
    """Run a stage; its sentence where it refuses a damaged file."""
    try:
        main()
    except DamagedError as error:
        return str(error)
    return None


def all_outputs() -> list[Path]:
    return [file for name in vouched.outputs() for file in files_of(Path(name))]


def contents() -> dict[Path, str]:
    return {path: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() for path in all_outputs()}


@contextmanager
def left_alone(path: Path) -> Iterator[None]:
    """Put a file back as it was, whatever happens to it."""
    known, content = path.stat(), path.read_bytes()
    yield
    path.write_bytes(content)
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_refuses_what_is_damaged_or_makes_the_same(stage: str, played: Repository) -> None:
    """Each file that it reads, at random places; files of the history that it has no use for change nothing."""
    main, chance, before = import_module(f"numerai_rounds.stages.{stage}").main, random.Random(stage), contents()
    refused = set()
    for path in read_by(stage):
        for _ in SEEDS:
            with left_alone(path):
                flip(path, chance)
                said = refusal(main)
                if said is not None:
                    assert re.search(f"^{path} ({SENTENCE}|.*{STORE})", said)
                    refused.add(path)
            assert contents() == before
    unread = {"evaluate": r"history/(train/|manifest)", "submit": "live/manifest"}.get(stage, "/features/.*levels")
    assert {path for path in read_by(stage) if path not in refused} <= {
        path for path in read_by(stage) if re.search(unread, str(path))
    }


COMMANDS: dict[str, tuple[Callable[[], object], list[str]]] = {
    "report": (reporting.report, ["metrics/validation.json", "metrics/per_era.csv", "metrics/summary.csv"]),
    "score": (
        lambda: scoring.score(paths.PREDICTIONS, columns=[], targets=[], round_number=None, output=None),
        [
            "data/predictions/validation.parquet",
            "data/raw/history/features.json",
            "data/raw/history/meta_model.parquet",
        ],
    ),
    "upload": (
        lambda: uploading.upload(uploading.Options(), dry_run=True),
        ["data/submission/live_predictions.csv", "models/model.txt", "data/raw/live/live.parquet"],
    ),
    "package": (
        lambda: packaging.package(check=False),
        ["data/submission/live_predictions.csv", "models/model.txt", "data/raw/live/live.parquet"],
    ),
}


@pytest.mark.parametrize("keep_time", [True, False], ids=["time kept", "time changed"])
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("played")
def test_a_command_refuses_what_is_damaged(command: str, keep_time: bool) -> None:
    run, names = COMMANDS[command]
    chance = random.Random(command)
    run()
    for path in map(Path, names):
        for _ in SEEDS:
            with left_alone(path):
                flip(path, chance, keep_time=keep_time)
                with pytest.raises(DamagedError, match=f"^{path} {SENTENCE}"):
                    run()
    run()


def another_digit(number: re.Match[str]) -> str:
    return f"{number[1]}{(int(number[2]) + 5) % 10}"


def test_a_digit_of_the_model_never_becomes_a_submission(played: Repository) -> None:
    """The unattended run: damaged here and in the cache, with the times kept, it trains again and says so."""
    damaged = played.copy(played.path.parent / "damaged")
    for repository in (played, damaged):
        repository.run("rounds", "open", "--next")
        repository.commit("the next round")
    for path in (
        damaged.path / paths.MODEL,
        damaged.path / dvc_cache.place(vouched.outputs()[str(paths.MODEL)].digest),
    ):
        known, text = path.stat(), path.read_text()
        path.chmod(0o644)
        path.write_text(re.sub(r"(?<=leaf_value=)(-?\d\.\d)(\d)", another_digit, text, count=1))
        assert path.read_text() != text
        path.chmod(known.st_mode)
        os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    played.run("rounds", "run")
    said = damaged.run("rounds", "run").stdout
    assert re.search(rf"^models/model.txt {SENTENCE}.* Predicting again", said, re.MULTILINE)
    for name in ("dvc.lock", paths.MODEL, paths.SUBMISSION, paths.SCORES):
        assert (damaged.path / name).read_bytes() == (played.path / name).read_bytes()
    assert (
        damaged.run("rounds", "mend")
        .stdout.strip()
        .endswith("every file of the pipeline that is here is what its stage wrote.")
    )


def test_what_changed_with_its_time_is_made_again(played: Repository) -> None:
    """DVC sees it. One bit in every file at once: the same results, and a cache that has them."""
    before, chance = contents(), random.Random(7)
    for path in all_outputs():
        flip(path, chance, keep_time=False)
    played.repro()
    assert contents() == before
    mending.mend()


def test_a_damaged_manifest_of_the_history_is_fetched_again_as_advised(played: Repository) -> None:
    before = contents()
    path = Path("data/raw/history/train/manifest.json")
    flip(path, random.Random(1))
    with pytest.raises(DamagedError, match=rf"^{path} "):
        History().features("train")
    played.repro("--force", "fetch@history")
    assert contents() == before
    assert History().features("train")


def test_everything_is_mended_from_the_cache_and_from_git(
    played: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    before, chance = contents(), random.Random(3)
    for path in all_outputs():
        if path != paths.GUARD:
            flip(path, chance)
    mending.mend()
    assert contents() == before
    said = capsys.readouterr().out
    assert "models/model.txt was not what its stage wrote: restored from DVC's cache" in said
    assert "metrics/summary.csv was not what its stage wrote: restored from git" in said
    assert said.endswith("every file of the pipeline that is here is what its stage wrote.\n")
    assert played.repro() == []


def test_a_damaged_cache_is_no_way_back(played: Repository) -> None:
    """DVC puts a damaged copy back without a word; what reads it refuses, and `rounds mend` does not use it."""
    before, model = contents(), paths.MODEL
    copy = dvc_cache.place(vouched.outputs()[str(model)].digest)
    flip(copy, random.Random(4))
    model.unlink()
    played.run("dvc", "checkout", str(model))
    with pytest.raises(DamagedError, match=f"^{model} {SENTENCE}"):
        slots.own(1343)
    with pytest.raises(DamagedError, match=rf"^{model} is damaged, and neither .* Run `dvc repro`: it makes again"):
        mending.mend()
    assert not copy.exists()
    assert played.repro() == ["train"]
    assert contents() == before


def test_the_copies_in_the_cache_are_made_anew_from_sound_files(played: Repository) -> None:
    chance = random.Random(5)
    for copy in dvc_cache.every():
        flip(copy, chance)
    mending.mend()
    known = [output.digest for output in vouched.outputs().values()]
    listed = [digest for folder in known for digest in (dvc_cache.listing(folder) or {}).values()]
    assert all(dvc_cache.is_sound(digest) for digest in [*known, *listed] if dvc_cache.place(digest).exists())
    assert listed
    before = contents()
    for path in (*paths.ERAS.values(), paths.MODEL, paths.LIVE / "live.parquet"):
        path.unlink()
    played.run("dvc", "checkout")
    assert contents() == before


def test_what_the_cache_lost_comes_from_the_remote(played: Repository) -> None:
    played.run("dvc", "remote", "add", "--default", "store", str(played.path.parent / "store"))
    played.run("dvc", "push", "--quiet")
    before, chance = contents(), random.Random(6)
    for copy in dvc_cache.every():
        flip(copy, chance)
    for path in (paths.MODEL, *files_of(paths.LIVE)):
        flip(path, chance)
    mending.mend()
    assert contents() == before


def test_a_folder_of_which_nothing_is_sound_is_made_again(played: Repository) -> None:
    before, chance = contents(), random.Random(8)
    for path in (*files_of(paths.BINNED), dvc_cache.place(vouched.outputs()[str(paths.BINNED)].digest)):
        flip(path, chance)
    with pytest.raises(DamagedError, match=f"^{paths.BINNED} {SENTENCE}"):
        vouched.check_folder(paths.BINNED)
    with pytest.raises(DamagedError, match=f"^{paths.BINNED} is damaged, and neither"):
        mending.mend()
    assert played.repro() == ["bin"]
    assert contents() == before


@pytest.mark.usefixtures("played")
def test_a_cache_that_was_removed_raises_no_alarm() -> None:
    for copy in dvc_cache.every():
        copy.unlink()
    (paths.BINNED / ".DS_Store").write_text("a desktop's")
    vouched.check_folder(paths.BINNED)
    assert History().feature_sets()
    flip(paths.raw("history", "features"), random.Random(9))
    vouched._listing.cache_clear()
    with pytest.raises(DamagedError, match=f"^{paths.HISTORY} {SENTENCE}"):
        History().feature_sets()


@pytest.mark.usefixtures("played")
def test_a_file_that_no_stage_wrote_is_told_in_an_output() -> None:
    (paths.LIVE / "mine.txt").write_text("mine")
    with pytest.raises(DamagedError, match=SENTENCE):
        vouched.read(paths.LIVE / "mine.txt")
    assert vouched.read(Path("README.md")) == Path("README.md").read_bytes()


def test_what_is_of_another_commit_is_removed_where_the_cache_keeps_it(
    played: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    chunk, mine = Path("data/raw/history/train/features/0041-0050.levels"), paths.LIVE / "mine.txt"
    chunk.write_bytes(paths.MODEL.read_bytes())
    mine.write_text("mine")
    mending.mend()
    assert not chunk.exists()
    assert mine.read_text() == "mine"
    said = capsys.readouterr()
    assert f"{chunk} is not of this commit: removed, DVC's cache keeps it" in said.out
    assert f"{mine} is nothing that a stage wrote: move it away." in said.err
    mine.unlink()
    assert played.repro() == []


def test_before_anything_has_run_files_are_taken_as_they_are() -> None:
    paths.MODEL.parent.mkdir()
    paths.MODEL.write_bytes(b"\xff")
    assert vouched.read(paths.MODEL) == b"\xff"
    with pytest.raises(DamagedError, match=SENTENCE):
        vouched.text(paths.MODEL)
    vouched.check_folder(paths.BINNED)
