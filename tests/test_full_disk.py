"""A full disk is told in one sentence that names the file, with exit code 5, and nothing half-written is left."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from numerai_rounds.io.machine import failure
from tests import small_disk, tiny

WRITERS = {
    "text": "atomic.write_text(Path('a/text.txt'), 'x' * 300_000)",
    "a table": "tables.write_csv(pd.DataFrame({'a': np.arange(99_999)}), Path('a/text.txt'))",
    "a submission": (
        "tables.write_submission(pd.DataFrame({'id': np.arange(99_999).astype(str), 'prediction': 0.5}), "
        "Path('a/text.txt'))"
    ),
    "predictions": """
with tables.writing_predictions(Path('a/text.txt')) as append:
    for era in range(9):
        append(str(era), pa.array(np.arange(99_999).astype(str)), np.random.default_rng(0).random(99_999))
""",
    "targets": """
random = np.random.default_rng(0).random(99_999)
table = pa.table({'id': np.arange(99_999).astype(str), 'era': ['1'] * 99_999, 'target': random})
targets.write(table, Path('text.txt'))
""",
    "features": """
with packed.Writer(Path('text.txt'), 99_999) as writer:
    for _ in range(9):
        writer.write(np.zeros((4, 99_999), np.int8))
    writer.finish()
""",
    "the sums of a regression": """
with atomic.writing_folder(Path('a/text.txt')) as folder:
    contract.write_table(pa.table({'a': np.random.default_rng(0).random(99_999)}), f'{folder}/sums.parquet', 'ridge')
""",
    "the bins of trees": """
with atomic.writing_folder(Path('a/text.txt')) as folder:
    class Rows:
        names = [f'feature_{number}' for number in range(9)]
        target = np.random.default_rng(0).random(99_999).astype(np.float32)
        def columns(self, start, stop):
            levels = np.random.default_rng(0).integers(0, 5, (stop - start, 99_999), dtype=np.int8)
            return levels.T
    lightgbm.build(lightgbm.Dataset(), Rows(), 1, str(folder), lambda _: None)
""",
    "an old layout": """
with atomic.writing(Path('text.txt')) as temporary:
    legacy.convert(Path('numerai_training_data.csv'), 'train', temporary)
""",
    "a download of a folder": "local.fetch(local.Params(kind='local', path='.'), None, 'live', PIN, Path('text.txt'))",
    "a preset": "presets._write(presets._read(Path('big.yaml'))[0], {'text.txt': 'x' * 300_000}, Path('text.txt'))",
}
"""Everything that writes in a way of its own, each a file or folder `text.txt` that there is no room for."""

SCRIPT = """
import json, os, sys
from pathlib import Path
import numpy as np, pandas as pd, pyarrow as pa
from numerai_rounds.base.errors import RoundsError
from numerai_rounds.base.params import Pin
from numerai_rounds.models import contract
from numerai_rounds.models.kinds import lightgbm
from numerai_rounds.io.files import atomic, tables
from numerai_rounds.conf import presets
from numerai_rounds.io.machine import process
from numerai_rounds.io.legacy import convert as legacy
from numerai_rounds.io.sources import local
from numerai_rounds.io.history import packed, targets
PIN = Pin(name='live.parquet', size=None, identity='sha256:0')
before = sorted(map(str, Path('.').rglob('*')))
said = {}
for name, code in json.loads(sys.argv[1]).items():
    try:
        exec(code)
    except RoundsError as error:
        told = error
    except OSError as error:
        told = process._of_system(error)
    else:
        told = None
    after = [str(path) for path in Path('.').rglob('*') if str(path) not in [*before, 'a']]
    said[name] = (getattr(told, 'exit_code', None), str(told), after)
    for path in after:
        Path(path).is_file() and Path(path).unlink()
sys.stderr.write('SAID' + json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(environment: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, list[str]]]:
    """What each writer says on a disk with 100 KB left, and what it leaves there."""
    content = tmp_path_factory.mktemp("writers")
    market = tiny.market()
    market.train = pd.concat([tiny.market(seed).train for seed in range(9)])
    tiny.write_old(content, market)
    (content / "live.parquet").write_bytes(b"PAR1" * 99_999)
    (content / "big.yaml").write_text("a: 1\n")
    command = ("python", "-c", SCRIPT, json.dumps(WRITERS))
    done, _ = small_disk.run(content, 100, *command)
    assert "SAID" in done.stderr, done.stderr
    return json.loads(done.stderr.partition("SAID")[2])


@pytest.mark.parametrize("name", WRITERS)
def test_whatever_is_written_is_named_where_there_is_no_room(said: dict, name: str) -> None:
    code, words, left = said[name]
    assert code == 5, words
    assert re.search(r"text\.txt\S* could not be written", words)
    assert re.search(r"0\.[01] MB free now", words)
    assert "ree some space" in words or "Check the free space" in words
    if name != "features":  # gone on with where it stopped
        assert not [path for path in left if path != "text.txt" or name != "a preset"]


def test_a_disk_without_room_for_one_more_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    script = (
        "from pathlib import Path\n"
        "from numerai_rounds.io.files import atomic\n"
        "from numerai_rounds.io.machine import process\n"
        "def main():\n    for number in range(99):\n        atomic.write_text(Path(f'{number}.txt'), 'x')\n"
    )
    done, _ = small_disk.python(tmp_path / "content", 900, f"{script}process.run(main)", files=20)
    assert done.returncode == 5
    assert "it has room for no more files, however small: all its inodes are taken" in done.stderr


REPRO = (
    "from numerai_rounds.io.dvc import pipeline; from numerai_rounds.io.machine import process;"
    "process.run(pipeline.repro)"
)

STOPPED = """
import os
from pathlib import Path
from numerai_rounds.io.machine import failure, process
failure.prepare(Path('told.json'))
os.environ[failure.VARIABLE] = 'told.json'
try:
    Path('filler').write_bytes(b'x' * 99_999_999)
except OSError:
    pass
def main():
    from numerai_rounds.io.files import atomic
    atomic.write_text(Path('data/x.csv'), 'x' * 99_999)
process.run(main)
"""


def test_the_words_of_a_stage_arrive_on_a_disk_without_a_byte(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    done, after = small_disk.python(tmp_path / "content", 200, STOPPED)
    assert done.returncode == 5
    assert done.stderr.startswith("error: the disk is full: data/x.csv could not be written (0.0 MB free now).")
    assert "Traceback" not in done.stderr
    told = failure.left(after / "told.json")
    assert told is not None
    assert told[0] == 5
    assert told[1].startswith("the disk is full: data/x.csv could not be written")
    assert not (after / "data").exists() or not list((after / "data").iterdir())


@pytest.mark.parametrize("where", ["/dev/full", "missing/folder/told.json", "."])
def test_the_sentence_arrives_though_nowhere_can_be_left_why(where: str) -> None:
    script = (
        "from numerai_rounds.base.errors import DataError; from numerai_rounds.io.machine import process\n"
        "def main(): raise DataError('the data are wrong.')\nprocess.run(main)"
    )
    done = subprocess.run(
        ["python", "-c", script],
        env={**os.environ, failure.VARIABLE: where, "PYTHONPATH": str(Path(__file__).parents[1] / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3, "error: the data are wrong.\n")


DVC_STAGES = """
stages:
  make:
    cmd: head -c 300000 /dev/urandom > made.bin
    deps: [given.txt]
    outs: [made.bin]
"""


FILLING = "head -c 99M /dev/zero > /dev/full"


@pytest.mark.parametrize("has_remote", [False, True])
def test_dvc_itself_on_a_full_disk_is_told_as_such(tmp_path: Path, has_remote: bool) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (content / "dvc.yaml").write_text(DVC_STAGES)
    (content / "given.txt").write_text("given\n")
    for command in ("git init --quiet", "dvc init --quiet", "dvc config cache.type copy"):
        subprocess.run(command.split(), cwd=content, check=True)
    if has_remote:
        subprocess.run(["dvc", "remote", "add", "-d", "away", str(tmp_path / "away")], cwd=content, check=True)
    done, after = small_disk.python(content, 500, REPRO)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert re.match(
        r"error: DVC stopped, as told above: the disk is full: .*/cache/.* could not be written \(0\.\d MB free", last
    )
    assert not list((after / ".dvc" / "cache").rglob(".*.tmp"))
    shutil.rmtree(after)


@pytest.mark.parametrize("has_remote", [False, True])
def test_whatever_dvc_calls_it_a_disk_without_room_is_told(tmp_path: Path, has_remote: bool) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (content / "dvc.yaml").write_text(DVC_STAGES.replace("head -c 300000 /dev/urandom > made.bin", FILLING))
    (content / "given.txt").write_text("given\n")
    for command in ("git init --quiet", "dvc init --quiet"):
        subprocess.run(command.split(), cwd=content, check=True)
    if has_remote:
        subprocess.run(["dvc", "remote", "add", "-d", "away", str(tmp_path / "away")], cwd=content, check=True)
    done, _ = small_disk.python(content, 230, REPRO)
    assert done.returncode == 5, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert re.match(r"error: `dvc repro` failed, as told above: the disk of /.* is full \(0\.\d MB free now\)", last)


def test_git_on_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=content, check=True)
    (content / "large").write_bytes(os.urandom(300_000))
    script = (
        "from numerai_rounds.io.machine import process; from numerai_rounds.io.repository import git;"
        "process.run(lambda: git.git('add', 'large'))"
    )
    done, _ = small_disk.python(content, 200, script)
    assert done.returncode == 5, done.stderr
    assert re.match(
        r"error: git add failed: .*No space left on device.*\. Free some space and run again\.$", done.stderr
    )


@pytest.mark.parametrize("words", ["x" * 99, "x" * 99_999, "é\n\0"])
def test_what_is_left_is_what_is_read(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("told.json")
    failure.prepare(path)
    assert failure.left(path) is None
    monkeypatch.setenv(failure.VARIABLE, str(path))
    failure.leave(failure.Told(4, "longer" * 9_999))
    failure.leave(failure.Told(3, words, damaged=True))
    assert failure.left(path) == (3, words, True)
    failure.prepare(path)
    assert failure.left(path) is None
