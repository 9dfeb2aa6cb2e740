"""Experiments that play beside the pipeline: presets of conf/experiment, run for a round and kept under a tag.

They run in the working folder, one after the other, and not in a copy of it: what they share with the pipeline, the
fetched data above all, is there, and neither DVC's remote nor the service has to serve 8 GB again. A mark in .dvc/tmp
tells the next run of one that was killed, and `restore` takes everything back from git and DVC's cache.
"""

import tempfile
from contextlib import suppress
from pathlib import Path

from numerai_rounds.base.errors import ConfigurationError, RoundsError, one_of
from numerai_rounds.conf.compose import compose_text, groups
from numerai_rounds.conf.composed import PRESET
from numerai_rounds.conf.presets import EXPERIMENT
from numerai_rounds.io import console
from numerai_rounds.io.dvc import pipeline
from numerai_rounds.io.files import atomic, paths
from numerai_rounds.io.repository import git, ingredients
from numerai_rounds.play import played, slots

RUNNING = paths.DVC_TMP / "rounds.experiment"
"""There while an experiment runs in the working tree."""

RESULTS = (paths.PARAMS, paths.LOCK, paths.METRICS)
"""What is an experiment's own."""


def check(preset: str) -> None:
    """Refuse an experiment that conf/experiment does not have."""
    known = groups(paths.CONF).get(EXPERIMENT, [])
    if preset not in known:
        raise ConfigurationError(f"conf/experiment has no {preset!r}; {one_of(preset, known)}")


def prepare(preset: str, number: int, *, push: bool) -> str:
    """Run the pipeline with a preset on the pinned round; the tag of the commit that holds what it made.

    The commit has HEAD before it and is on no branch; under `push` its data goes to the DVC remote. The working tree
    is as before afterwards.
    """
    name = slots.tag(number, preset)
    override = f"{EXPERIMENT}={preset}"
    text = compose_text(paths.CONF, [override])
    kept = played.latest_tag(name)
    if kept is not None and ingredients.makes(kept, text):
        return kept
    console.say(f"experiment {preset}:")
    RUNNING.touch()
    try:
        atomic.write_text(paths.PARAMS, text)
        pipeline.repro_whole({PRESET: override})
        if push:
            pipeline.push()
        _refuse_changed(preset, text)
        message = f"Round {number}, experiment {preset}: {played.headline()}"
        made = played.tag(name, message, _commit_aside(message))
    except BaseException:
        with suppress(RoundsError):
            restore()
        raise
    restore()
    return made


def restore() -> None:
    """Go back to what HEAD has: the pipeline's own parameters, metrics and outputs."""
    kept = [name for name in git.kept(*RESULTS) if name != str(paths.LIVE_SCORES)]
    git.restore(kept)
    pipeline.checkout()
    RUNNING.unlink(missing_ok=True)


def was_left() -> bool:
    """Whether a run was stopped amid an experiment, whose results are still in the working tree."""
    return RUNNING.exists()


def _refuse_changed(preset: str, text: str) -> None:
    """Refuse to keep results that are not of the experiment's own parameters."""
    if paths.PARAMS.read_bytes() != text.encode():
        raise ConfigurationError(
            f"{paths.PARAMS} was changed while the experiment {preset!r} ran. Nothing was kept of it. Run the same "
            "command again."
        )


def _commit_aside(message: str) -> str:
    """A commit of the results on top of HEAD that no branch has; the index of the repository is not touched."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git.git("read-tree", "HEAD", environment=environment)
        present = [str(path) for path in RESULTS if path.exists()]
        git.git(*git.EVERYWHERE, "add", "--", *present, environment=environment)
        tree = git.git("write-tree", environment=environment).strip()
    return git.line("commit-tree", tree, "-p", "HEAD", "-m", message)
