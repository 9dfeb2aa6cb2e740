"""What a run is made of, listed once: whoever asks whether a commit makes results again asks here.

Whether the results that are recorded were made of it is another question: `recipe` has DVC compare.
"""

from pathlib import Path

from numerai_rounds.io.files import paths
from numerai_rounds.io.repository import git

CODE = (paths.SOURCE, paths.STAGES, paths.REQUIREMENTS)
"""What makes results of parameters: modules, the commands that run them, and the packages of the environment."""

DECIDED = (paths.CONF, *CODE)
"""What people decide. conf/round.yaml, which pins the data, is among it; params.yaml follows from conf/."""

RECORDED = (paths.PARAMS, paths.LOCK)
"""What says of which of them the results are."""


def uncommitted(*, recorded: bool = False) -> list[str]:
    """Files that are not as the last commit has them, of what people decide; or also of what is `recorded` of it."""
    return git.changed(*(RECORDED if recorded else ()), *DECIDED)


def unwatched(*others: Path) -> list[str]:
    """Files among them, and among others, at which git was told not to look."""
    return git.unwatched(*DECIDED, *others)


def untracked(folder: Path) -> list[str]:
    """Files among them that the git of a folder neither knows nor ignores."""
    return git.untracked(folder, *DECIDED)


def makes(commit: str, params: str) -> bool:
    """Whether a commit or tag has these parameters, a whole params.yaml, and the code of HEAD."""
    return git.show(commit, paths.PARAMS) == params and not git.differing(commit, "HEAD", CODE)
