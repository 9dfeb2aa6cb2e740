"""`rounds score`: the scores of any file of predictions, against the fetched history."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from numerai_rounds.base.columns import ID, TRAIN, VALIDATION
from numerai_rounds.base.errors import ConfigurationError, DataError, some
from numerai_rounds.base.params import Params
from numerai_rounds.commands import comparing
from numerai_rounds.conf.params import load
from numerai_rounds.domain.scoring.loop import COVERED
from numerai_rounds.io import console
from numerai_rounds.io.dvc import lockfile
from numerai_rounds.io.files import paths
from numerai_rounds.io.history.live import Live
from numerai_rounds.io.history.reader import History
from numerai_rounds.io.machine import process
from numerai_rounds.io.scores import predictions, reports, score_files
from numerai_rounds.io.scores.predictions import Predictions
from numerai_rounds.io.sources._payouts import policy_of
from numerai_rounds.steps import judging, scored_targets
from numerai_rounds.steps.scored_targets import Targets

FETCHED = {"data", "round.history"}
"""Parameters that the history is fetched by."""


def score(
    path: Path, *, columns: Sequence[str], targets: Sequence[str], round_number: int | None, output: Path | None
) -> None:
    """Score the predictions in a CSV or parquet file on the resolved validation eras that they cover.

    `columns`: those of the file, all of predictions where none is named. `targets`: instead of those of params.yaml,
    the first one being that of the headlines. `round_number`: the round whose policy the simulated payout follows.
    `output`: a folder for the tables, of each column apart where there are several. Raises DataError for predictions
    that do not fit the history, ConfigurationError for names that there are not, and where params.yaml tells of another
    history than was fetched.
    """
    parameters = _as_asked(load(), targets, round_number)
    _refuse_stale()
    table = predictions.read(path, columns or None)
    folders = _folders(output, table.columns) if output is not None else {}
    history = History(paths.HISTORY, parameters.missing_features)
    chosen = scored_targets.chosen(parameters, history)
    predicted = _predicted(history, table, chosen)
    del table  # or its ids and values would be held beside those that are judged
    found = judging.judge(parameters, history, predicted, console, process.cores(parameters.threads))
    first = next(iter(found.values()))
    beside = comparing.models(first, parameters.score.benchmark, str(path) if len(found) == 1 else None)
    reports.show_scores(found, f"{path}, {chosen.main}", beside)
    for name, folder in folders.items():
        score_files.write(found[name], folder)
    if output is not None:
        console.say(f"tables: {output}")


def _refuse_stale() -> None:
    """The history must be the one that params.yaml tells of."""
    if paths.LOCK.exists() and (stale := sorted(FETCHED.intersection(lockfile.changed_params()))):
        raise ConfigurationError(f"{some(stale)} changed since the history was fetched: run `dvc repro` first.")


def _folders(output: Path, columns: Sequence[str]) -> dict[str, Path]:
    """Where the tables of each column go; a ConfigurationError where they must not."""
    nearest = next(folder for folder in (output, *output.absolute().parents) if folder.exists())
    if not nearest.is_dir():
        raise ConfigurationError(f"{nearest} is a file: --output must name a folder.")
    if len(columns) == 1:
        folders = {columns[0]: output}
    else:
        if impossible := [name for name in columns if name != Path(name).name or name == ".."]:
            raise ConfigurationError(f"no folder can be called {impossible[0]!r}: score it alone, with --column.")
        folders = {name: output / name for name in columns}
    for folder in folders.values():
        if folder.resolve() == paths.METRICS.resolve():
            raise ConfigurationError(f"{folder} holds the scores of the pipeline: name another folder.")
    return folders


def _as_asked(parameters: Params, targets: Sequence[str], round_number: int | None) -> Params:
    if targets:
        section = parameters.score.model_copy(update={"target": targets[0], "targets": list(targets[1:])})
        parameters = parameters.model_copy(update={"target": targets[0], "score": section})
    if round_number is not None:
        policy = policy_of(round_number)
        if policy is None:
            raise ConfigurationError(f"nobody knows how round {round_number} paid: name one from 650 on.")
        parameters = parameters.model_copy(update={"round": parameters.round.model_copy(update={"payout": policy})})
    return parameters


def _predicted(history: History, table: Predictions, chosen: Targets) -> judging.Predicted:
    """The predictions of each era that has any, and whose main target is known."""
    target = chosen.main
    eras = history.eras(VALIDATION, VALIDATION)
    rows, known, thin, met, lacking = {}, {}, [], np.zeros(len(table), bool), 0
    resolved: list[str] = []
    with console.progress("match", len(eras), "eras") as advance:
        for era in history.read(VALIDATION, eras, targets=[target]):
            places = table.places(era.ids)
            finite = np.isfinite(era.targets[target])
            resolved += [era.era] if finite.any() else []
            scored = finite & (places >= 0)
            met[places[scored]] = True
            there, needed = int(scored.sum()), int(finite.sum())
            if 0 < there < COVERED * needed:
                thin.append(f"era {era.era}: {there:,} of {needed:,} rows")
            elif there:
                lacking += needed - there
                rows[era.era] = table.at(places)
                known[era.era] = scored
            advance(1)
    if not resolved:
        raise DataError(f"{target} is not known in any validation era yet: there is nothing to score.")
    _tell_apart(history, table, ~met, target)
    _refuse_thin(table, thin)
    if not rows:
        raise DataError(f"{table.where} has no row of a validation era whose {target} is known.")
    if len(rows) < len(resolved):
        absent = [era for era in resolved if era not in rows]
        console.say(f"{len(absent):,} of {len(resolved):,} resolved eras are not in the file: {some(absent)}")
    if lacking:
        console.say(f"{lacking:,} rows of the scored eras have no prediction: left out, as the tournament does.")
    predicted = judging.Predicted(table.columns, chosen, rows, known)
    _refuse_constant(table, predicted)
    return predicted


def _refuse_thin(table: Predictions, thin: Sequence[str]) -> None:
    if thin:
        raise DataError(
            f"{table.where} covers less than {COVERED:.0%} of an era ({some(thin)}). The tournament scores no "
            "such era: predict all its rows, or none."
        )


def _refuse_constant(table: Predictions, predicted: judging.Predicted) -> None:
    parts = [rows[:, predicted.known[era]] for era, rows in predicted.rows.items()]
    varying = np.any([np.ptp(part, axis=1) > 0 for part in parts], axis=0)
    constant = [repr(name) for name, varies in zip(table.columns, varying, strict=True) if not varies]
    if constant:
        raise DataError(
            f"{table.where}: {some(constant)} is constant in each of the {len(parts):,} eras that it covers. Scores "
            "compare the rows of an era: predict different values."
        )


def _tell_apart(history: History, table: Predictions, left: np.ndarray, target: str) -> None:
    """Say what the rows are that have no known target; a DataError where the data knows nothing of them."""
    counts = {}
    for what, pieces in (
        (f"validation rows of test eras or whose {target} is not known", history.ids(VALIDATION)),
        ("training rows", history.ids(TRAIN)),
        ("live rows", _live_ids()),
    ):
        if not left.any():
            break
        before = int(left.sum())
        for ids in pieces:
            places = table.places(ids)
            left[places[places >= 0]] = False
        counts[what] = before - int(left.sum())
    unknown = np.flatnonzero(left)
    if unknown.size:
        examples = ", ".join(map(repr, table.ids.take(pa.array(unknown[: predictions.EXAMPLES])).to_pylist()))
        raise DataError(
            f"{table.where}: {len(unknown):,} of {len(table):,} ids are not in the data, such as {examples}. Predict "
            "with the data version and the round that are fetched here."
        )
    told = [f"{count:,} {what}" for what, count in counts.items() if count]
    if told:
        console.say(f"not scored: {', '.join(told)}")


def _live_ids() -> Iterator[pa.Array]:
    if paths.raw("live", "live").exists():
        yield Live().table([ID])[ID].combine_chunks()
