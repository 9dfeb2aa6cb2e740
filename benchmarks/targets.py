"""What the project means to reach: steps report figures under these names, the report says whether they suffice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A bound on one figure."""

    text: str
    limit: float
    unit: str
    at_most: bool = True

    @property
    def reach(self) -> str:
        """The bound, for people."""
        return f"{'at most' if self.at_most else 'at least'} {self.limit:g} {self.unit}".rstrip()

    def reached(self, value: float) -> bool:
        """Whether a figure keeps the bound."""
        return value <= self.limit if self.at_most else value >= self.limit


TARGETS = {
    "stage memory": Target("peak memory of fetch, split, select, evaluate and submit, the greatest", 1.5, "GB"),
    "memory growth": Target("the same, against the same stage on fewer eras, the greatest", 1.1, "x"),
    "bin memory, medium": Target("peak memory of binning, medium features", 3, "GB"),
    "bin memory, all": Target("peak memory of binning, all features", 7.5, "GB"),
    "train memory, medium": Target("peak memory of training, medium features", 3, "GB"),
    "train memory, all": Target("peak memory of training, all features", 7.5, "GB"),
    "first tree": Target("`dvc exp run -S model.learning_rate=...` to the first tree, medium features", 10, "s"),
    "same model": Target("its model differs from that of a training that bins afresh, in bytes", 0, "bytes"),
    "select time": Target("select over all features, against reading alone", 1.5, "x"),
    "select speed-up": Target("select against pandas' corrwith, all features if they fit", 10, "x", at_most=False),
    "select equality": Target("greatest difference from pandas' correlations", 1e-9, ""),
    "evaluate equality": Target("difference of corr_mean from numerai-tools'", 1e-6, ""),
    "score speed-up": Target("CORR, Spearman, MMC and BMC, against numerai-tools", 15, "x", at_most=False),
    "score equality": Target("greatest difference of an era's score or exposure from theirs", 1e-9, ""),
    "exposure time": Target("exposure to all features era by era, against reading alone", 2, "x"),
    "exposure speed-up": Target("exposure to all features era by era, against corrwith", 20, "x", at_most=False),
    "neutral speed-up": Target("FNC, against numerai-tools", 5, "x", at_most=False),
    "neutral equality": Target("greatest difference of any era's FNC from numerai-tools", 1e-6, ""),
    "many columns": Target("`rounds score` of 20 columns of predictions, against one", 4, "x"),
    "score memory": Target("peak memory of `rounds score`, one column", 1.5, "GB"),
    "read speed-up": Target("reading the medium features of all train rows, against pandas", 4, "x", at_most=False),
    "read memory": Target("its peak memory, against pandas", 0.5, "x"),
    "week growth": Target("growth of DVC's cache by a week, against the dataset", 2, "%"),
    "round": Target("from `rounds open` to a submission that is read back, on the sample's size", 15, "s"),
    "checks": Target("checking what stages read, of the time of them all", 3, "%"),
    "nothing to do": Target("`dvc repro` with nothing to do", 1.5, "s"),
    "large trees, calm": Target("a tree on many rows, against plain LightGBM", 1.02, "x"),
    "large trees, busy": Target("the same beside a program that keeps a core busy", 0.75, "x"),
    "small trees, calm": Target("a tree on few rows, against plain LightGBM", 1.02, "x"),
    "small trees, busy": Target("the same beside a program that keeps a core busy", 0.75, "x"),
    "predict speed-up, 31, 1": Target(
        "predicting with trees of 31 leaves on one thread, against LightGBM", 10, "x", at_most=False
    ),
    "predict speed-up, 31, 2": Target(
        "predicting with trees of 31 leaves on two threads, against LightGBM", 10, "x", at_most=False
    ),
    "predict speed-up, 64, 1": Target(
        "predicting with trees of 64 leaves on one thread, against LightGBM", 6, "x", at_most=False
    ),
    "predict speed-up, 64, 2": Target(
        "predicting with trees of 64 leaves on two threads, against LightGBM", 6, "x", at_most=False
    ),
    "predict speed-up, 1024, 1": Target(
        "predicting with trees of 1,024 leaves on one thread, against LightGBM", 3.5, "x", at_most=False
    ),
    "predict speed-up, 1024, 2": Target(
        "predicting with trees of 1,024 leaves on two threads, against LightGBM", 3.5, "x", at_most=False
    ),
    "predict equality": Target("predictions that differ from LightGBM's in any bit", 0, "predictions"),
    "pipeline": Target("stages that the whole pipeline runs to the end", 8, "stages", at_most=False),
}
