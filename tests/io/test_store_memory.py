"""Four times the history takes the same memory: what is converted and read is held a part at a time."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from numerai_rounds.base.columns import TARGET_DTYPE

ERA_ROWS, FEATURES = 3_000, 400
NAMES = [f"feature_{number:03d}" for number in range(FEATURES)]

CHILD = f"""
import sys
from pathlib import Path

from numerai_rounds.io.history.reader import History
from numerai_rounds.io.files import parquet, paths
from numerai_rounds.io.fetch import convert, layout

layout.CHUNK_ROWS, layout.TAIL_ROWS = {2 * ERA_ROWS}, {ERA_ROWS}
convert.BLOCK_BYTES = 1 << 20
parquet.BATCH_ROWS = {ERA_ROWS}
eras, features = [f"{{era:04d}}" for era in range(int(sys.argv[1]))], {NAMES}
convert.convert(Path("train.parquet"), "train", "any", paths.raw("history", "train"))
rows = sum(len(era.ids) for era in History().read("train", eras, features, ["target"]))
training = History().training(eras, features, "target")
assert rows == len(training.target) == sum(len(block) for block in training.blocks()) == len(eras) * {ERA_ROWS}
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
"""


def write(eras: int) -> None:
    """A file of one row group."""
    rows = eras * ERA_ROWS
    levels = np.random.default_rng(0).integers(0, 5, (FEATURES, rows), np.int8)
    columns = {
        "era": np.repeat([f"{era:04d}" for era in range(eras)], ERA_ROWS),
        "data_type": pa.repeat("train", rows),
        **dict(zip(NAMES, levels, strict=True)),
        "target": np.zeros(rows, TARGET_DTYPE),
        "id": [f"n{row:08d}" for row in range(rows)],
    }
    pq.write_table(pa.table(columns), "train.parquet", row_group_size=rows, compression="none")


def peak(eras: int) -> float:
    """Megabytes that a process of its own held at most."""
    write(eras)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(eras)], stdout=subprocess.PIPE, text=True, check=True, timeout=120
    )
    return int(done.stdout) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system tells no peak")
def test_memory_does_not_grow_with_eras() -> None:
    few, many = 6, 24
    added = (many - few) * ERA_ROWS * FEATURES / 2**20
    assert peak(many) - peak(few) < added / 3
