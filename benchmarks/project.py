"""A clone of the project in the scratch folder, in which its own commands and stages run on the measured data."""

import csv
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import yaml

from benchmarks import data, measure
from benchmarks.measure import ROOT, Run, Work

CODE = ("src", "conf", "dvc.yaml", "params.yaml", "pyproject.toml", "requirements.lock", ".gitignore", ".dvcignore")
DVC = (".dvc/config", ".dvc/.gitignore")

FEW_TREES = 20
"""Trees of a model that is only there to predict something."""

BASE = ("select=feature_set", "select.name=medium", "model=lightgbm_example", f"model.n_estimators={FEW_TREES}")
"""What every step begins with; `compose` takes what it changes."""


PREDICTING = ("bin", "train", "evaluate", "submit")
"""Stages that import LightGBM once they run; measured with their imports done, as a notebook is."""

RUNS = ".dvc/cache/runs"
"""DVC's memory of what it ran: without it, it runs a stage again."""


class Project:
    """A clone whose source is a folder of links to the measured files."""

    def __init__(self, folder: Path, measured: data.Data) -> None:
        """Bring the code up to date, pin the files, commit; what ran in the clone before is kept."""
        self.data = measured
        self.folder = folder / "clone"
        self._files = folder / "files"
        self._copy_code()
        if not (self.folder / ".git").exists():
            self.run("git", "init", "--quiet", "--initial-branch", "main")
            self.run("git", "config", "user.name", "Benchmark")
            self.run("git", "config", "user.email", "benchmark@example.org")
        # Stages run without DVC here, which would have git ignore what they write.
        (self.folder / ".git/info/exclude").write_text("/data/\n/models/\n", encoding="utf-8")
        self.link(measured.folder)
        self.compose("data=local", f"data.path={self._files}")
        self.open()

    def run(self, *command: str) -> Run:
        """Run a command to its end in the clone."""
        return measure.done(self.command(*command))

    def command(self, *command: str) -> Work:
        """A command to measure, run in the clone."""
        return Work(command, self.folder)

    def call(self, function: Callable[..., object], *arguments: object) -> Work:
        """A function that reads what lies in the clone."""
        return measure.call(function, *arguments, folder=self.folder)

    def stage(self, name: str, *arguments: str) -> Work:
        """A stage, run as DVC would, but without DVC."""
        return self.call(stage, name, *arguments)

    def record(self, stage: str) -> None:
        """Have DVC record what a stage wrote that it did not run: others refuse to read it otherwise."""
        self.run("dvc", "commit", "--force", stage)

    def compose(self, *overrides: str) -> None:
        """Change the parameters: `overrides` on top of BASE."""
        self.run("rounds", "compose", *BASE)
        if overrides:
            self.run("rounds", "compose", *overrides)

    def open(self) -> None:
        """Pin the files that are linked now, and commit."""
        self.run("rounds", "open")
        self.commit()

    def commit(self) -> None:
        """Commit everything, if anything changed."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", "benchmark")

    def repro(self, *stages: str) -> Run:
        """Run what is not up to date, of everything or up to `stages`."""
        return self.run("dvc", "repro", *stages)

    def link(self, *folders: Path) -> None:
        """Make the source hold the files of `folders`, of the last that has each."""
        self._files.mkdir(parents=True, exist_ok=True)
        for name in (*data.FILES, *(f"{role}.parquet" for role in data.EXTRAS)):
            link = self._files / name
            link.unlink(missing_ok=True)
            there = [folder / name for folder in folders if (folder / name).exists()]
            if there:
                link.symlink_to(there[-1].resolve())

    def forget(self, *paths: str) -> None:
        """Remove what stages wrote."""
        for path in paths:
            shutil.rmtree(self.folder / path, ignore_errors=True)

    def size(self, path: str) -> int:
        """Bytes of a file, or of all files in a folder."""
        place = self.folder / path
        return sum(file.stat().st_size for file in ([place] if place.is_file() else place.rglob("*")) if file.is_file())

    def training_rows(self) -> int:
        """Rows of the eras to train on, which are the first of train.parquet: the purge takes its end."""
        with (self.folder / "data/split/train.csv").open(encoding="utf-8", newline="") as file:
            return sum(int(era["rows"]) for era in csv.DictReader(file) if era["side"] == "train")

    def hashes(self, path: str) -> dict[str, str]:
        """The hash of every file of an output that is a folder, as DVC recorded it."""
        stages = yaml.safe_load((self.folder / "dvc.lock").read_text(encoding="utf-8"))["stages"].values()
        digest = next(out["md5"] for stage in stages for out in stage.get("outs", []) if out["path"] == path)
        listed = (self.folder / ".dvc/cache/files/md5" / digest[:2] / digest[2:]).read_text(encoding="utf-8")
        return {entry["relpath"]: entry["md5"] for entry in json.loads(listed)}

    def _copy_code(self) -> None:
        for name in (*CODE, *DVC):
            source, copy = ROOT / name, self.folder / name
            if source.is_dir():
                shutil.rmtree(copy, ignore_errors=True)
                shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
            else:
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, copy)


def stage(name: str, *arguments: str) -> Iterator[None]:
    """Run a stage's `main`, its imports done before."""
    module = import_module(f"numerai_rounds.stages.{name}")
    if name in PREDICTING:
        import_module("lightgbm")
    sys.argv = [name, *arguments]
    yield
    module.main()


def started(run: Run) -> list[tuple[float, str]]:
    """The stages that `dvc repro` ran, in order, with the second in which each began."""
    return [(second, line.split("'")[1]) for second, line in run.lines if line.startswith("Running stage '")]
