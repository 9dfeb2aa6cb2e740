"""What the environment says to libraries: nonsense is left out with a sentence, before it ends a process."""

import os
import subprocess
import sys

import pytest

from numerai_rounds.base import surroundings
from tests.conftest import ROOT, Repository

ABSENT = {
    "NUMBA_NUM_THREADS": ["abc", "0", "-3", "99999999"],
    "NUMBA_CPU_FEATURES": ["nonsense"],
    "NUMBA_COLOR_SCHEME": ["x"],
    "NUMBA_DISABLE_JIT": ["1"],
    "NUMBA_OPT": ["0", "99"],
    "OMP_NUM_THREADS": ["abc", "-1", "0", "100000", "", "2,x", "9" * 99, "٣", "\n"],
    "OMP_THREAD_LIMIT": ["0", "1e9"],
    "OMP_STACKSIZE": ["abc", "99999999G", "0", "2G", "4 T"],
    "GOMP_CPU_AFFINITY": ["x", "", "0-"],
    "OPENBLAS_NUM_THREADS": ["x"],
    "MKL_NUM_THREADS": ["100000"],
}
KEPT = {
    "NUMBA_CACHE_DIR": ["/tmp"],
    "OMP_NUM_THREADS": ["1", "4", " 8 ", "2,3"],
    "OMP_STACKSIZE": ["4M", "512", "1G", "64 k"],
    "GOMP_CPU_AFFINITY": ["0-3", "0 2 4", "0-8:2"],
    "OMP_WAIT_POLICY": ["ACTIVE"],
    "PATH_NUMBERS": ["x"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ABSENT.items() for value in values])
def test_nonsense_is_left_out_with_a_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    surroundings.settle()
    assert name not in os.environ
    said = capsys.readouterr().err
    assert said.startswith(f"{name}=")
    assert " in the environment is left out: " in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in KEPT.items() for value in values])
def test_sound_settings_stay(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    surroundings.settle()
    assert os.environ[name] == value
    assert capsys.readouterr().err == ""


def test_a_usual_setting_of_numba_is_nobodys_business(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", "4")
    surroundings.settle()
    assert "NUMBA_NUM_THREADS" not in os.environ
    assert capsys.readouterr().err == ""


COUNTS = """
from numerai_rounds.base import surroundings
surroundings.settle()
import lightgbm, numpy as np, pyarrow as pa
from numerai_rounds.io.files import ids
random = np.random.default_rng(0)
data = lightgbm.Dataset(random.integers(0, 5, (500, 4)).astype(float), random.random(500))
lightgbm.train({"verbosity": -1, "min_data_in_leaf": 5}, data, 2)
print(ids.hashes(pa.array(["a"]))[0])
"""


def test_what_would_end_a_process_does_not() -> None:
    broken = {name: values[0] for name, values in ABSENT.items()} | {
        "OMP_NUM_THREADS": "100000",
        "OMP_STACKSIZE": "99999999G",
    }
    done = subprocess.run(
        [sys.executable, "-c", COUNTS],
        env={**os.environ, **broken, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "12638187200555641996\n"), done.stderr
    assert len(done.stderr.splitlines()) == len(ABSENT)


@pytest.mark.parametrize(
    ("command", "is_own"),
    [
        (["-m", "numerai_rounds.stages.train"], True),
        (["-X", "utf8", "-m", "numerai_rounds.stages.train"], True),
        (["src/numerai_rounds/stages/guard.py"], True),
        (["/home/a person/.venv/bin/rounds", "run"], True),
        (["-m", "ipykernel_launcher", "-f", "/home/a person/numerai_rounds/kernel.json"], False),
        (["-m", "pytest", "src/numerai_rounds"], False),
        (["-c", "import numerai_rounds"], False),
        (["my_rounds.py"], False),
        ([], False),
    ],
)
def test_only_a_process_of_ours_changes_its_environment(
    command: list[str], is_own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", *command])
    assert surroundings.is_own_process() == is_own


@pytest.mark.parametrize("given", [{}, {"OMP_WAIT_POLICY": "passive"}, {"GOMP_SPINCOUNT": "5"}])
def test_how_threads_wait_is_ours_to_say_unless_somebody_has(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    surroundings.settle()
    found = {name: value for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT") if (value := os.environ.get(name))}
    assert found == (given or {"GOMP_SPINCOUNT": "1000"})


STREAMS: dict[str, tuple[str, int]] = {
    "rounds list >&-": ("", 0),
    "rounds list | true": ("", 0),
    "rounds list | head -0": ("", 0),
    "rounds report | head -1": ("target_ender_60", 0),
    "rounds list >&- 2>&-": ("", 0),
    "rounds list <&-": ("1343", 0),
    "rounds list >/dev/full": ("error: all was done, but what there was to say could not be written", 5),
    "rounds compose seed=x 2>/dev/full": ("", 2),
    "rounds compose seed=x 2>&-": ("", 2),
    "rounds compose seed=x >&-": ("seed", 2),
    "rounds --help >&-": ("", 0),
    "PYTHONIOENCODING=ascii rounds compose target=target_ü": ("target_\\xfc", 2),
}


@pytest.mark.parametrize("command", STREAMS)
def test_a_stream_that_is_closed_or_lost_ends_no_command(repository: Repository, command: str) -> None:
    sentence, code = STREAMS[command]
    done = repository.run("bash", "-c", f"set -o pipefail; {command}", check=False)
    assert done.returncode == code, done.stdout
    assert sentence in done.stdout
    for foreign in ("Traceback", "Exception ignored", "Broken"):
        assert foreign not in done.stdout


@pytest.mark.parametrize("level", ["1", "2"])
def test_python_without_asserts_and_docstrings_says_the_same(repository: Repository, level: str) -> None:
    said = repository.run("rounds", "--help", PYTHONOPTIMIZE=level).stdout
    assert said == repository.run("rounds", "--help").stdout
    assert "Write params.yaml from conf/" in said
    assert "PYTHONOPTIMIZE" in repository.run("rounds", "doctor", check=False, PYTHONOPTIMIZE=level).stdout
