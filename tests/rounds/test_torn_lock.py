"""A dvc.lock that was cut off by a kill: mended by `rounds run`, told of by the guard and doctor, whatever is left."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dvc.schema import COMPILED_LOCKFILE_SCHEMA

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.commands import doctor, reporting
from numerai_rounds.io.dvc import pipeline, torn_lock
from numerai_rounds.io.files import paths
from tests.rounds.season import Season

SEED = 20261125
EACH = 2
"""Cuts tried of each class of bytes."""


@pytest.fixture
def season(light_round: Season, monkeypatch: pytest.MonkeyPatch) -> Season:
    return light_round.enter(monkeypatch)


def shorter(text: str) -> str:
    """As DVC would write it were there fewer dependencies, and read in less time."""
    content = yaml.safe_load(text)
    for stage in content["stages"].values():
        stage["deps"] = stage.get("deps", [])[:2]
    return yaml.safe_dump(content, sort_keys=False)


def newer(text: str) -> str:
    """The dvc.lock of a later run: every stage has another hash of what it wrote."""
    stages = yaml.safe_load(text)["stages"]
    for number, stage in enumerate(stages.values()):
        for out in stage["outs"]:
            text = text.replace(out["md5"], f"{number:02d}{out['md5'][2:]}")
    return text


def kind(left: str) -> str:
    """What DVC would make of what is left of the file."""
    try:
        COMPILED_LOCKFILE_SCHEMA(yaml.safe_load(left))
    except yaml.YAMLError:
        return "no YAML"
    except Exception:  # noqa: BLE001 - voluptuous has its own for each flaw
        return "refused"
    return "in a line" if not left.endswith("\n") else "between lines"


def cuts(text: str) -> Iterator[str]:
    """Beginnings of the file, as many of each kind, and all those between two stages."""
    shuffled = random.Random(SEED).sample(range(len(text)), len(text))
    found: dict[str, list[str]] = {}
    for place in shuffled:
        left = text[:place]
        if len(found.setdefault(kind(left), [])) < EACH:
            found[kind(left)].append(left)
        if len(found) == 4 and all(len(some) == EACH for some in found.values()):
            break
    assert sorted(found) == ["between lines", "in a line", "no YAML", "refused"]
    for some in found.values():
        yield from some
    yield from (text[: start.start()] for start in torn_lock.STAGE.finditer(text))
    yield text[:-1]
    yield ""


def test_every_cut_is_mended_with_what_is_newer_and_the_rest_from_head(season: Season) -> None:
    committed = shorter(paths.LOCK.read_text())
    paths.LOCK.write_text(committed)
    season.repository.commit("shorter")
    later = newer(committed)
    head, whole = (yaml.safe_load(text)["stages"] for text in (committed, later))
    for left in cuts(later):
        paths.LOCK.write_text(left)
        torn_lock.mend()
        mended = yaml.safe_load(paths.LOCK.read_text())
        COMPILED_LOCKFILE_SCHEMA(mended)
        assert list(mended["stages"]) == list(whole)
        ends = [later.index(block) + len(block) for block in torn_lock._blocks(later).values()]
        kept = sum(end <= len(left) for end in ends)
        for number, (name, stage) in enumerate(mended["stages"].items()):
            assert stage == (whole if number < kept else head)[name], (len(left), name)
        assert torn_lock.problem() is None


def test_a_whole_lock_file_stays_as_it_is(season: Season) -> None:
    later = newer(paths.LOCK.read_text())
    paths.LOCK.write_text(later)
    torn_lock.mend()
    assert paths.LOCK.read_text() == later
    assert torn_lock.problem() is None


def test_zeros_at_the_end_are_no_obstacle(season: Season) -> None:
    later = newer(paths.LOCK.read_text())
    paths.LOCK.write_text(later[:9000] + "\0" * 4096)
    torn_lock.mend()
    COMPILED_LOCKFILE_SCHEMA(yaml.safe_load(paths.LOCK.read_text()))


def test_a_byte_that_is_no_text_is_no_obstacle(season: Season) -> None:
    """It may lie in the middle of a word, where YAML is what it was."""
    whole = paths.LOCK.read_bytes()
    place = whole.index(b"src/numerai_rounds")
    paths.LOCK.write_bytes(whole[:place] + b"\xef" + whole[place + 1 :])
    assert torn_lock.problem() is not None
    torn_lock.mend()
    assert paths.LOCK.read_bytes() == whole


def test_without_a_committed_one_what_is_whole_stays(season: Season) -> None:
    whole = paths.LOCK.read_text()
    season.repository.run("git", "rm", "--quiet", "--cached", "dvc.lock")
    season.repository.run("git", "commit", "--quiet", "--message", "no lock")
    blocks = torn_lock._blocks(whole)
    paths.LOCK.write_text(whole[: whole.index(blocks["select"]) + 40])
    torn_lock.mend()
    assert list(yaml.safe_load(paths.LOCK.read_text())["stages"]) == ["guard", "fetch@history", "fetch@live", "split"]
    paths.LOCK.write_text("schema")
    torn_lock.mend()
    assert not paths.LOCK.exists()


@pytest.mark.usefixtures("season")
def test_the_next_run_has_nothing_to_do() -> None:
    whole = paths.LOCK.read_text()
    paths.LOCK.write_text(whole[: len(whole) // 2])
    pipeline.repro()
    assert paths.LOCK.read_text() == whole


def test_a_stage_that_dvc_yaml_has_no_more_is_not_missed(season: Season) -> None:
    stages = yaml.safe_load(paths.STAGES.read_text())
    del stages["stages"]["submit"]
    paths.STAGES.write_text(yaml.safe_dump(stages))
    whole = paths.LOCK.read_text()
    paths.LOCK.write_text(whole.replace(torn_lock._blocks(whole)["submit"], ""))
    assert torn_lock.problem() is None


def test_the_guard_says_the_remedy_when_dvc_is_used_alone(season: Season) -> None:
    whole = paths.LOCK.read_text()
    paths.LOCK.write_text(whole[: whole.index("  select:\n")])
    stopped = season.repository.run("dvc", "repro", check=False)
    assert "it lacks all or some of select, " in stopped.stdout
    assert "`git checkout HEAD -- dvc.lock`" in stopped.stdout
    assert "Running stage 'fetch" not in stopped.stdout
    season.repository.run("git", "checkout", "HEAD", "--", "dvc.lock")
    assert paths.LOCK.read_text() == whole


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_doctor_and_report_tell(season: Season, share: float) -> None:
    whole = paths.LOCK.read_text()
    assert doctor.CHECKS["dvc.lock"]()[0] == doctor.SOUND
    paths.LOCK.write_text(whole[: int(len(whole) * share)])
    state, words = doctor.CHECKS["dvc.lock"]()
    assert state == doctor.WRONG
    assert "`git checkout HEAD -- dvc.lock`" in words
    with pytest.raises(ConfigurationError, match="was not written to its end"):
        reporting.report()


def test_doctor_tells_of_a_list_of_locks_that_was_cut_off(season: Season) -> None:
    Path(".dvc/tmp/rwlock").write_text('{"write": {"a')
    assert doctor.CHECKS["dvc.lock"]()[0] == doctor.WRONG
    pipeline.checkout()
    assert doctor.CHECKS["dvc.lock"]()[0] == doctor.SOUND
