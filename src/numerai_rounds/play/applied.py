"""What `dvc exp apply` does beside the experiment: one of an older commit takes the whole folder back to then.

The pinned round, code, even receipts are as they were when the experiment ran. An experiment is its parameters and
results; everything else stays what HEAD has.
"""

from pathlib import Path

from numerai_rounds.base.errors import ConfigurationError, some
from numerai_rounds.io import console
from numerai_rounds.io.dvc import lockfile, pipeline
from numerai_rounds.io.files import atomic, paths
from numerai_rounds.io.files.yaml_files import read_yaml
from numerai_rounds.io.repository import git
from numerai_rounds.io.repository.committed import pinned
from numerai_rounds.play.variants import RESULTS

APPLIED = "refs/exps/exec/EXEC_APPLY"
"""DVC's note of the experiment that was applied last."""


def refuse_taken_back() -> None:
    """Refuse to play on a folder that an older experiment took back; ConfigurationError with the ways out."""
    names = _taken_back()
    if names:
        raise ConfigurationError(
            f"`dvc exp apply` took {some(names)} back to the commit that the experiment was made on. `rounds promote` "
            "keeps its parameters and takes the rest from HEAD; "
            "`git checkout HEAD -- :/ && dvc checkout --allow-missing` drops it."
        )


def refuse_again(number: int | None) -> None:
    """Refuse to play a round again that is pinned after a later one was; ConfigurationError with the ways out.

    A round that the source plays now is another one, and takes the place of any pinned round.
    """
    newer = _newer_round(here=False)
    if newer is not None and number == pinned(paths.ROUND.read_text(encoding="utf-8")).number:
        after = pinned(newer).number
        raise ConfigurationError(
            f"{paths.ROUND} is back at round {number}, and round {after} was pinned after it. `rounds promote` pins "
            f"round {after} again; `dvc repro` makes an old round again."
        )


def put_right() -> None:
    """Take from HEAD what an older experiment took back, the pinned round and its data first; says what it did."""
    names = _taken_back()
    there = [name for name in names if git.has(Path(name))]
    git.restore(there)
    for name in set(names).difference(there):
        Path(name).unlink()
    newer = _newer_round(here=True)
    if newer is not None:
        atomic.write_text(paths.ROUND, newer)
    if newer is not None or str(paths.ROUND) in names:
        _keep_data()
        number = pinned(paths.ROUND.read_text(encoding="utf-8")).number
        console.say(f"The experiment is of an older commit: round {number} stays pinned, with its data.")
    others = [name for name in names if name != str(paths.ROUND)]
    if others:
        console.say(f"As in HEAD again: {some(sorted(others))}.")


def _taken_back() -> list[str]:
    """Files that are as in the applied experiment only because the commit that it was made on had them so.

    Also those of a larger repository outside of the working folder.
    """
    applied = git.resolved(APPLIED)
    if applied is None or not paths.PARAMS.is_file():
        return []
    if git.show(applied, paths.PARAMS) != paths.PARAMS.read_text(encoding="utf-8"):
        return []
    base = git.git("merge-base", applied, "HEAD").strip()
    own = set(git.differing(base, applied))
    others = [name for name in git.differing(base, "HEAD") if name not in own and not _is_result(Path(name))]
    then = git.files(applied) if others else {}
    now = git.blobs(others)
    return [name for name in others if now.get(name) == then.get(name)]


def _is_result(path: Path) -> bool:
    return path != paths.LIVE_SCORES and any(path == result or result in path.parents for result in RESULTS)


def _newer_round(*, here: bool) -> str | None:
    """Pins of a higher round of the same source, where the present ones were pinned before them and are back.

    `here`: also where the present ones never were in a commit, and HEAD has those of a higher round.
    """
    if not paths.ROUND.is_file() or git.resolved("HEAD") is None:
        return None
    kept = git.contents(f"{commit}:./{paths.ROUND}" for commit in git.commits_of(paths.ROUND))
    now = git.blobs([str(paths.ROUND)])[str(paths.ROUND)]
    states = [now, *filter(None, kept)]  # of the working folder, then of the commits, newest first
    distinct = [blob for blob, newer in zip(states, [None, *states], strict=False) if blob != newer]
    is_back, is_loose = now in distinct[2:], states[1:2] != [now]
    if len(distinct) < 2 or not (is_back or (here and is_loose)):
        return None
    before = git.git("cat-file", "blob", distinct[1])
    present, other = pinned(paths.ROUND.read_text(encoding="utf-8")), pinned(before)
    is_lower = present.number is not None and other.number is not None and present.number < other.number
    return before if present.source == other.source and is_lower else None


def _keep_data() -> None:
    """Have the data of HEAD's dvc.lock, so that they are not fetched again."""
    fetched = {stage: entry for stage, entry in lockfile.at("HEAD").stages.items() if stage.startswith("fetch@")}
    if fetched and "stages" in read_yaml(paths.LOCK):
        lockfile.put(fetched)
        pipeline.checkout()
