"""Scoring predictions, metric by metric."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from benchmarks import data
from benchmarks.measure import Measured, Run, call, done
from benchmarks.report import LIMIT, OURS, Finding, Result
from benchmarks.suite import Bench

if TYPE_CHECKING:
    import pandas as pd

    from numerai_rounds.domain.scoring.era import CrossSection

ORDER = 5

OFFICIAL, CORRWITH = "numerai-tools, groupby", "pandas, corrwith"
ONE, MANY = "1 column", "20 columns"
COLUMNS = 20
ROWS = 6_000
"""Of each era of the table that is scored in memory, at every scale."""

SET = "fncv3_features"
PANDAS_BYTES = 8.5
"""Memory in bytes a value of a notebook that reads features and correlates them era by era."""

Answer = list[float]
"""Scores of all eras, in order, one metric after another."""


def run(bench: Bench) -> Iterator[Result]:
    """CORR, Spearman, MMC and BMC; FNC; exposure to all features; one column of predictions against twenty."""
    project, files = bench.project, bench.data.folder
    project.compose()
    project.repro("split")
    table, frame, many = (bench.scratch / f"{name}.parquet" for name in ("scores", "predictions", "columns"))
    done(call(prepare, files, table, frame, many))

    race = bench.race(
        f"CORR, Spearman, MMC and BMC of {data.VALIDATION_ERAS} eras x {ROWS:,} rows, from a table in memory",
        {OURS: call(scores, table), OFFICIAL: call(official_scores, table)},
    )
    yield race
    yield Finding("score speed-up", race.times(OFFICIAL))
    apart = [_difference(race[OURS], race[OFFICIAL])]

    race = bench.race(
        f"FNC to {bench.data.sets[SET]:,} features, from the files",
        {OURS: project.call(neutral, frame), OFFICIAL: call(official_neutral, files, frame)},
    )
    yield race
    yield Finding("neutral speed-up", race.times(OFFICIAL))
    yield Finding("neutral equality", _difference(race[OURS], race[OFFICIAL]))

    values = bench.data.rows["validation"] * bench.data.features
    race = bench.race(
        f"Exposure to {bench.data.features:,} features, era by era, from the files",
        {
            OURS: project.call(exposures, frame),
            CORRWITH: call(correlations, files, frame, needs=PANDAS_BYTES * values),
            LIMIT: project.call(reading),
        },
        volume=values,
    )
    yield race
    yield Finding("exposure time", race.times(OURS, of=LIMIT))
    yield Finding("exposure speed-up", race.times(CORRWITH))
    yield Finding("score equality", max([*apart, _difference(race[OURS], race[CORRWITH])]))

    command = ("rounds", "score", str(many))
    race = bench.race(
        "`rounds score`, every metric",
        {ONE: project.command(*command, "--column", "p0"), MANY: project.command(*command)},
    )
    yield race
    yield Finding("many columns", race.times(MANY, of=ONE))
    one = race[ONE]
    yield Finding("score memory", one.peak / 1e9 if one else None)


def prepare(folder: str, table: str, frame: str, many: str) -> None:
    """Write predictions: a table at the real size, and for the validation rows of the folder one column and twenty.

    All know a little of the target.
    """
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(1)

    def about(target: "pd.Series[float]") -> Any:
        return 0.1 * target.to_numpy() + random.normal(size=len(target))

    rows = data.VALIDATION_ERAS * ROWS
    target = pd.Series(random.choice([0, 0.25, 0.5, 0.75, 1], rows, p=[0.05, 0.2, 0.5, 0.2, 0.05]))
    eras = np.repeat([f"{era:04d}" for era in range(1, data.VALIDATION_ERAS + 1)], ROWS)
    ids = pd.Index([f"n{number:015x}" for number in range(rows)], name="id")
    models = {name: about(target) for name in ("prediction", "meta_model", "benchmark")}
    pd.DataFrame({"era": eras, "target": target.to_numpy(), **models}, ids).to_parquet(table)
    real = pd.read_parquet(f"{folder}/validation.parquet", columns=["era", data.TARGET]).rename(
        columns={data.TARGET: "target"}
    )
    real = real[real["target"].notna()].astype({"target": "float64"})
    real.assign(prediction=about(real["target"])).to_parquet(frame)
    pd.DataFrame({f"p{number}": about(real["target"]) for number in range(COLUMNS)}, real.index).to_parquet(many)


def scores(path: str) -> Measured:
    """Our loop over the eras of a table."""
    import pandas as pd

    from numerai_rounds.domain.metrics import bmc, corr, mmc, spearman
    from numerai_rounds.domain.scoring import loop
    from numerai_rounds.domain.scoring.metric import Inputs

    table = pd.read_parquet(path)
    metrics = {"bmc": bmc.Metric, "corr": corr.Metric, "mmc": mmc.Metric, "spearman": spearman.Metric}
    _load(metrics)
    yield
    inputs = Inputs([section.predictions for section, _ in _sections(table)])
    eras = (loop.known_on(section, {data.TARGET: target}) for section, target in _sections(table))
    (found,) = loop.score(metrics, inputs, eras, data.TARGET, _cores())
    return _answer(found.per_era[[*sorted(metrics)]])


def official_scores(path: str) -> Measured:
    """The same with numerai-tools, and pandas for Spearman."""
    import pandas as pd
    from numerai_tools.scoring import correlation_contribution, numerai_corr

    table = pd.read_parquet(path)
    yield

    def each(era: pd.DataFrame) -> pd.Series:
        prediction, target = era[["prediction"]], era["target"]
        return pd.Series(
            {
                "bmc": correlation_contribution(prediction, era["benchmark"], target)["prediction"],
                "corr": numerai_corr(prediction, target)["prediction"],
                "mmc": correlation_contribution(prediction, era["meta_model"], target)["prediction"],
                "spearman": era["prediction"].corr(target, method="spearman"),
            }
        )

    return _answer(pd.DataFrame(table.groupby("era").apply(each)))


def neutral(frame: str) -> Measured:
    """Our loop over the history."""
    from numerai_rounds.domain.metrics import fnc
    from numerai_rounds.io.history.reader import History

    features = History().feature_sets()[SET]
    return (yield from _over_history(frame, features, {"fnc": fnc.Metric}, "fnc_v3", _cores()))


def official_neutral(folder: str, frame: str) -> Measured:
    """The same with numerai-tools."""
    import pandas as pd
    from numerai_tools.scoring import feature_neutral_corr

    predictions, features = pd.read_parquet(frame), data.names(folder, SET)
    predictions = predictions.reset_index().sort_values(["era", "id"]).set_index("id")
    yield
    table = predictions.join(pd.read_parquet(f"{folder}/validation.parquet", columns=features))
    each = table.groupby("era").apply(
        lambda era: feature_neutral_corr(era[["prediction"]], era[features], era["target"])["prediction"]
    )
    return _answer(pd.DataFrame(each))


def exposures(frame: str) -> Measured:
    """Our loop over the history."""
    from numerai_rounds.domain.metrics import exposure
    from numerai_rounds.io.history.reader import History

    features = History().features("validation")
    # One thread: reading is the larger part, and keeps the other core busy.
    return (yield from _over_history(frame, features, {"exposure": exposure.Metric}, "exposure_max", 1))


def correlations(folder: str, frame: str) -> Measured:
    """The same with pandas."""
    import pandas as pd

    predictions, features = pd.read_parquet(frame), data.names(folder, "all")
    yield
    table = pd.read_parquet(f"{folder}/validation.parquet", columns=features).loc[predictions.index]
    each = table.groupby(predictions["era"]).apply(
        lambda era: era.corrwith(predictions.loc[era.index, "prediction"]).abs().max()
    )
    return _answer(pd.DataFrame(each))


def reading() -> Measured:
    """Read what `exposures` reads, and do nothing; the number of rows."""
    from numerai_rounds.conf import params
    from numerai_rounds.io.history.reader import History

    parameters = params.load()
    eras, features = _resolved(), History().features("validation")
    yield
    rows = History(missing_features=parameters.missing_features).read("validation", eras, features, [parameters.target])
    return sum(len(era.ids) for era in rows)


def _over_history(frame: str, features: list[str], metrics: dict[str, Any], column: str, threads: int) -> Measured:
    import numpy as np
    import pandas as pd

    from numerai_rounds.domain.scoring import loop
    from numerai_rounds.domain.scoring.era import CrossSection
    from numerai_rounds.domain.scoring.metric import Inputs
    from numerai_rounds.io.history.reader import History

    table = pd.read_parquet(frame)
    predicted = {str(era): rows["prediction"].to_numpy()[None] for era, rows in table.groupby("era")}
    inputs = Inputs(list(predicted.values()), features, {SET: np.arange(len(features))})
    _load(metrics)
    yield

    def eras() -> Iterator[loop.Targets]:
        for rows in History().read("validation", list(predicted), features, [data.TARGET]):
            section = CrossSection(rows.era, rows.ids, predicted[rows.era], rows.features)
            yield loop.known_on(section, {data.TARGET: rows.targets[data.TARGET].astype(np.float64)})

    (found,) = loop.score(metrics, inputs, eras(), data.TARGET, threads)
    return _answer(found.per_era[[column]])


def _sections(table: "pd.DataFrame") -> Iterator[tuple["CrossSection", Any]]:
    """The eras of a table that is in their order."""
    import numpy as np
    import pyarrow as pa

    from numerai_rounds.domain.scoring.era import CrossSection

    columns = {name: table[name].to_numpy() for name in ("prediction", "target", "meta_model", "benchmark")}
    starts = np.arange(0, len(table) + 1, ROWS)
    labels = table["era"].iloc[starts[:-1]]
    for label, start, stop in zip(labels, starts[:-1], starts[1:], strict=True):
        era = {name: values[start:stop] for name, values in columns.items()}
        features = np.empty((0, stop - start), np.int8)
        target, prediction = era.pop("target"), era.pop("prediction")[None]
        yield CrossSection(str(label), pa.nulls(stop - start), prediction, features, era), target


def _load(metrics: dict[str, Any]) -> None:
    """Score a small era, so that compiled loops are loaded before the work, as modules are."""
    import numpy as np
    import pyarrow as pa

    from numerai_rounds.domain.scoring import loop
    from numerai_rounds.domain.scoring.era import CrossSection
    from numerai_rounds.domain.scoring.metric import Inputs

    values, features = np.linspace(0, 1, 40), np.arange(80).reshape(2, 40).astype(np.int8) % 5
    others = dict.fromkeys(("meta_model", "benchmark"), values)
    era = loop.known_on(CrossSection("0001", pa.nulls(40), values[None], features, others), {data.TARGET: values})
    inputs = Inputs([values[None]], ["one", "two"], {SET: np.arange(2)})
    loop.score(metrics, inputs, [era], data.TARGET, _cores())


def _resolved() -> list[str]:
    from numerai_rounds.io.history.reader import History

    eras = History().era_table(data.TARGET)
    return list(eras.loc[(eras["data_type"] == "validation") & (eras["resolved"] > 0), "era"])


def _cores() -> int:
    from numerai_rounds.io.machine import process

    return process.cores(0)


def _answer(table: "pd.DataFrame") -> Answer:
    return [float(value) for value in table.to_numpy().T.reshape(-1)]


def _difference(one: Run | None, other: Run | None) -> float:
    """The greatest between two answers; infinite where they are not of the same eras."""
    if one is None or other is None:
        return math.nan
    if len(one.answer) != len(other.answer):
        return math.inf
    return max((abs(first - second) for first, second in zip(one.answer, other.answer, strict=True)), default=math.inf)
