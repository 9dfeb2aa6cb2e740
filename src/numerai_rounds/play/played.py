"""A round as git keeps it: its commit, with the scores in the message, and its tag."""

import re
import shlex

from numerai_rounds.base.errors import ConfigurationError, some
from numerai_rounds.conf import edits
from numerai_rounds.conf.compose import check_params
from numerai_rounds.io.dvc import lockfile
from numerai_rounds.io.files import paths
from numerai_rounds.io.history import pinned_files
from numerai_rounds.io.repository import git, ingredients
from numerai_rounds.io.repository.committed import pinned as pinned_in
from numerai_rounds.io.scores import figures, score_files
from numerai_rounds.play import promises

FILES = (paths.ROUND, paths.PARAMS, paths.LOCK, paths.METRICS, paths.RECEIPTS)
"""What a run changes, and nothing else does unasked."""

CONTENT = (paths.ROUND, paths.PARAMS, paths.LOCK)
"""What tells one state of a round from another: metrics follow from it."""

UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
"""Files of git while it is in the middle of something."""


def check_ground() -> None:
    """Refuse to play where a commit could not hold what ran: with uncommitted sources, or git not ready for one."""
    git.top()  # before what git answers without a repository as well, by other settings
    git.git("var", "GIT_AUTHOR_IDENT")
    git.git("var", "GIT_COMMITTER_IDENT")
    busy = [name for name in UNDER_WAY if git.inside(name).exists()]
    if busy:
        raise ConfigurationError(
            f"git is in the middle of something ({some(busy)}). Finish or abort it, then run again."
        )
    git.release_dead()
    unseen = ingredients.unwatched(*FILES)
    if unseen:
        quoted = " ".join(map(shlex.quote, unseen))
        raise ConfigurationError(
            f"git was told not to look at {some(unseen)}, so the round's commit might not hold what ran. Have it look: "
            f"`git update-index --no-assume-unchanged {quoted}` and `git update-index --no-skip-worktree {quoted}`."
        )
    ours = {str(path) for path in FILES}
    loose = [name for name in ingredients.uncommitted() if name not in ours]
    if loose:
        raise ConfigurationError(
            f"{some(loose)} {'is' if len(loose) == 1 else 'are'} not committed, so the round's commit would not hold "
            "what ran. Commit, or take it back, then run again."
        )


def check(number: int | None) -> None:
    """Refuse to keep as a round what is of another one, because a pin, a parameter or data were changed on the way.

    ConfigurationError where conf/round.yaml pins another round, params.yaml is not what conf/ composes to, or dvc.lock
    is of other parameters; DataError where the data are of other pins.
    """
    pinned = edits.pinned_round()
    if pinned is None or pinned.number != number:
        now = "no round" if pinned is None else pinned.title
        raise ConfigurationError(
            f"round {number} was being played, and {paths.ROUND} pins {now} now: it was changed meanwhile. Nothing "
            "more was kept of it. Run the same command again."
        )
    check_params()
    stale = lockfile.changed_params()
    if stale:
        raise ConfigurationError(
            f"{some(stale)} changed while round {number} was being played. Nothing more was kept of it. Run the same "
            "command again."
        )
    pinned_files.refuse_other("history", pinned)
    pinned_files.refuse_other("live", pinned)


def commit(number: int | None) -> str | None:
    """Commit what the pipeline made of a round; None where nothing changed."""
    title = "The pipeline" if number is None else f"Round {number}"
    return git.commit(f"{title}: {headline()}\n\n{_figures()}", FILES)


def tag_round(number: int) -> str:
    """Tag HEAD as a round; ConfigurationError where it pins another one."""
    found = pinned_in(git.show("HEAD", paths.ROUND) or "").number
    if found != number:
        raise ConfigurationError(
            f"the last commit pins round {found}, not round {number}, which was being played: a commit was made "
            "meanwhile. It is not tagged. Run the same command again."
        )
    return tag(f"round-{number}", f"Round {number}: {headline()}")


def tag(name: str, message: str, commit: str = "HEAD") -> str:
    """Tag a commit as `name`, or as `name.2` and so on where that tag is of other content; the tag's name.

    A tag never moves: others may have it already.
    """
    last = latest_tag(name)
    if last is not None and not git.differing(last, commit, CONTENT):
        return last
    fresh = name if last is None else f"{name}.{_edition(name, last) + 1}"
    git.git("tag", "--annotate", "--cleanup=whitespace", "--message", message, fresh, commit)
    return fresh


def latest_tag(name: str) -> str | None:
    """The newest of `name`, `name.2` and so on; None where there is none."""
    found = [known for known in git.tags(name) if re.fullmatch(rf"{re.escape(name)}(\.\d+)?", known)]
    return max(found, key=lambda known: _edition(name, known), default=None)


def _edition(name: str, known: str) -> int:
    return int(known.removeprefix(name).removeprefix(".") or 1)


def headline(commit: str | None = None) -> str:
    """The two figures that matter most, in words: of the pipeline as it is here, or of a commit that may have none."""
    if commit is None:
        return figures.headline(score_files.read(paths.METRICS, score_files.IN_GIT))
    promise = promises.read(commit)
    mean, sharpe = promise.figures.get("corr_mean"), promise.figures.get("corr_sharpe")
    return "no figures" if mean is None else figures.corr(mean, sharpe, promise.basis("corr"))


def _figures() -> str:
    """The headlines, one a line, and what they are on."""
    return "\n".join(figures.lines(score_files.read(paths.METRICS, score_files.IN_GIT)))
