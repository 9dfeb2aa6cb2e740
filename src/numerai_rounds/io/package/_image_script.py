"""Run by the Python of an image, which has nothing of this project: predict with a packaged model.

python -I _image_script.py PACKAGE FOLDER

FOLDER holds features.npy (rows, features) and names.json: `ids` and `features`. It gets predictions.csv, as Numerai's
own runner writes it, and report.json: `seconds` to load and predict, `peak_bytes` of memory, `modules` imported.
"""

import json
import resource
import sys
import time
from inspect import signature
from pathlib import Path

import numpy as np
import pandas as pd


def main(package: str, folder: Path) -> None:
    """Predict as Numerai's runner does, which gives the whole live file to a function of one or two parameters."""
    names = json.loads((folder / "names.json").read_text(encoding="utf-8"))
    ids = pd.Index(names["ids"], name="id")
    features = pd.DataFrame(np.load(folder / "features.npy"), index=ids, columns=names["features"])
    live = pd.concat([pd.Series("X", index=ids, name="era"), features], axis=1)
    started = time.monotonic()
    predict = pd.read_pickle(package)  # noqa: S301 - ours, just written
    more = [pd.DataFrame(index=ids)][: len(signature(predict).parameters) - 1]
    predictions = predict(live, *more)
    report = {
        "seconds": time.monotonic() - started,
        "peak_bytes": peak_bytes(),
        "modules": sorted({name.partition(".")[0] for name in sys.modules}),
    }
    if not isinstance(predictions, pd.DataFrame):
        raise TypeError(f"predictions must be a DataFrame; found {type(predictions).__name__}")
    predictions.to_csv(folder / "predictions.csv")
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")


def peak_bytes() -> int:
    """The most memory held at a time; the operating system's own figure counts the process that started this one."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
