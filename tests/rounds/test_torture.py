"""A few cases of each part of `make torture`, by the same code; and that it tells what did not survive."""

import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from numerai_rounds.io.files import vouched
from tests.conftest import Once, Repository
from tests.torture import disk, ground, kills, page, pairs, readers, rot, trying, whole
from tests.torture.ground import Ground
from tests.torture.outcome import Case, Outcome, Part, table

SEED = 20261125


@pytest.fixture(scope="session")
def torture_ground(predicted_once: tuple[Repository, dict[str, Path]], once: Once) -> Ground:
    return Ground(once("torture", lambda folder: kills.record(ground.prepare(folder, predicted_once))))


def chance(case: Case) -> random.Random:
    return random.Random(f"{SEED}:{case.name}")


def tried(part: Part, place: Ground, names: Sequence[str]) -> dict[str, str | None]:
    some = [case for case in part.cases(place, SEED) if case.name in names]
    assert len(some) == len(names)
    return {case.name: flaw for case, flaw in part.attempt(place, some, chance).items()}


def drawn(part: Part, place: Ground, number: int) -> dict[str, str | None]:
    some = random.Random(SEED).sample(list(part.cases(place, SEED)), number)
    return tried(part, place, [case.name for case in some])


def test_a_round_that_is_killed_goes_on(torture_ground: Ground) -> None:
    names = ["kills/before|os.rename|clone/params.yaml|1", "kills/cut|open|clone/dvc.lock|2"]
    assert tried(kills, torture_ground, names) == dict.fromkeys(names)


def test_every_write_is_a_case(torture_ground: Ground) -> None:
    found = {case.name.removeprefix("kills/") for case in kills.cases(torture_ground, SEED)}
    assert found >= {
        "emptied|open|clone/dvc.lock|1",
        "cut|open|clone/.dvc/tmp/rwlock|1",
        "before|os.rename|clone/receipts/round-1401/mine-HEX.json|5",
        "before|os.rename|clone/.dvc/cache/files/md5/HASH|1",
        "cut|open|store/files/md5/HA/.RANDOM.tmp|1",
        "during|git|commit|2",
        "before|git|push|1",
    }


def test_a_damaged_file_is_refused_or_changes_nothing(torture_ground: Ground) -> None:
    assert not any(drawn(readers, torture_ground, 12).values())
    names = ["rot/kept/models/model.txt", "rot/new/dvc.lock"]
    assert tried(rot, torture_ground, names) == dict.fromkeys(names)


def test_two_at_once_end_in_one_round(torture_ground: Ground) -> None:
    names = ["pairs/mend+compose"]
    assert tried(pairs, torture_ground, names) == dict.fromkeys(names)


def test_a_disk_without_room_is_told(torture_ground: Ground) -> None:
    some = [
        next(case for case in disk.cases(torture_ground, SEED) if f"/{name}/" in case.name)
        for name in ("bin", "submit")
    ]
    outcomes = trying.tried(torture_ground, some, SEED)
    assert [outcome.flaw for outcome in outcomes] == [None, None]


def other_leaves(path: Path, chance: random.Random, *, keep_time: bool) -> None:
    """The leaves of each tree in another order."""
    text = path.read_text()
    path.write_text(re.sub(r"(?<=leaf_value=).*", lambda values: " ".join(reversed(values[0].split())), text))


def test_a_recovery_that_does_not_work_is_noticed(torture_ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if nothing were compared with dvc.lock, and a model were damaged where it can still be read."""
    monkeypatch.setattr(vouched, "_compare", lambda *_: None)
    monkeypatch.setattr(readers, "flip", other_leaves)
    name = "readers/submit/kept/models/model.txt"
    assert tried(readers, torture_ground, [name])[name] == "made another data/submission/live_predictions.csv"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("touch metrics/.summary.csv.123.tmp", "left: metrics/.summary.csv.123.tmp"),
        ("git tag --delete round-1401", "round-1401 is not HEAD"),
        ("rm -r receipts", "receipts: []"),
        ("git commit --quiet --allow-empty --message more", "main was not pushed"),
        ("cp params.yaml data/submission/live_predictions.csv", "submission: "),
        ("find ../store -type f -delete", "not in DVC's remote"),
    ],
)
def test_a_round_that_is_not_whole_is_noticed(torture_ground: Ground, command: str, words: str) -> None:
    with torture_ground.season("flawed", of="done") as season:
        season.repository.run("sh", "-c", command)
        assert words in (whole.flaw(season, torture_ground.known) or "")


def test_the_table_the_page_and_the_exit_code_tell(torture_ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    sound, lost, none = Case("kills/a", "a kill"), Case("kills/b", "a kill"), Case("disk/c", "a disk")
    outcomes = [Outcome(sound), Outcome(lost, "it did not end"), Outcome(none, impossible="no small disks here")]
    Console(width=99).print(table(outcomes, trying.TITLES))
    said = capsys.readouterr().out
    for words in ("a kill", "2", "1", "no small disks here"):
        assert words in said
    written = page.text(outcomes, SEED, 9)
    assert "3 of 9 cases" in written
    assert "| kills | a kill | 2 | 1 |" in written
    assert "`kills/b`: it did not end" in written
    assert trying.tried(torture_ground, [Case("readers/split/kept/none", "")], SEED)[0].flaw.startswith(
        "the harness broke"
    )
