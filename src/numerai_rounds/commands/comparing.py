"""CORR beside that of others: the benchmark model, the meta model, the last committed run."""

import math
from collections.abc import Hashable
from typing import Any

import numpy as np

from numerai_rounds.domain.judgement import statistics
from numerai_rounds.io.files import paths
from numerai_rounds.io.repository import git
from numerai_rounds.io.repository.committed import sources
from numerai_rounds.io.scores import figures
from numerai_rounds.io.scores.reports import Compared
from numerai_rounds.io.scores.rough import Row
from numerai_rounds.io.scores.score_files import Scores
from numerai_rounds.play import promises

LETTERS = 7
"""Of a commit."""


def models(scores: Scores, benchmark: str | None, own: str | None) -> list[Compared]:
    """The benchmark's and the meta model's CORR; `own` is what ours is called beside them, None to leave it out.

    Where another model lacks eras, ours in those that it has stands below it.
    """
    rows = {row["score"]: row for row in figures.records(scores)}
    found = [Compared(own, rows["corr"])] if own and "corr" in rows else []
    for name, label in (("benchmark_corr", f"benchmark {benchmark}"), ("meta_model_corr", "the meta model")):
        if name in rows and "corr" in rows:
            found.append(Compared(label, rows[name]))
            if own and rows[name]["eras"] < rows["corr"]["eras"]:
                found.append(Compared(f"{own}, in those eras", _within(scores, rows[name])))
    return found


def committed(scores: Scores, source: str) -> tuple[list[Compared], str]:
    """The last committed run that is another one than this; and why it is not compared, if it is not.

    `source`: of the data that the scores are on.
    """
    commit = _commit()
    promise = promises.read(commit) if commit else None
    if commit is None or promise is None or promise.target is None:
        return [], ""
    (other,) = sources([commit])
    if other not in (None, source):
        return [], f"the run of commit {commit[:LETTERS]} is on data of {other}: not compared with {source}"
    target = figures.target(scores)
    if promise.target != target:
        return [], f"the run of commit {commit[:LETTERS]} is on {promise.target}: not compared with {target}"
    row, ours = promise.rows.get("corr"), next((row for row in figures.records(scores) if row["score"] == "corr"), {})
    if row is None:
        return [], ""
    known = {**dict.fromkeys(ours, math.nan), **row, "eras": int(row["eras"])}  # an older commit has fewer statistics
    return [Compared(f"the run of commit {commit[:LETTERS]}", known)], ""


def _commit() -> str | None:
    """HEAD; if it has these very scores, the commit before them, where there is one."""
    summary = paths.METRICS / "summary.csv"
    changes = git.commits_of(summary)
    if not changes:
        return None
    same = git.show("HEAD", summary) == summary.read_text(encoding="utf-8")
    return changes[1] if same and len(changes) > 1 else git.head()


def _within(scores: Scores, other: Row) -> dict[Hashable, Any]:
    """Our CORR in the eras that another model has; without intervals."""
    per_era = scores.tables["per_era"]
    values = per_era.loc[per_era[str(other["score"])].notna(), "corr"].dropna().to_numpy(dtype=np.float64)
    nothing = dict.fromkeys(other, math.nan)
    return {
        **nothing,
        "eras": len(values),
        "mean": float(values.mean()) if len(values) else math.nan,
        "sharpe": statistics.sharpe(values, ddof=0) if len(values) else math.nan,
        "max_drawdown": statistics.max_drawdown(values)[0] if len(values) else math.nan,
    }
