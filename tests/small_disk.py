"""A disk of a few kilobytes, in a place that only the command sees which works on it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MOUNTED = """
mount -t tmpfs -o size="$SIZE"k,nr_inodes="$FILES" tmpfs "$DISK" || exit 99
cp -a "$CONTENT"/. "$DISK" || exit 98
cd "$DISK"
left=$(($(df -k --output=avail . | tail -1) - FREE))
if [ $left -gt 0 ]; then head -c ${left}K /dev/zero > "$DISK/.filler"; fi
"$@"
code=$?
rm -f "$DISK/.filler"
cp -a "$DISK"/. "$AFTER"
exit $code
"""


def run(
    content: Path, free: int, *command: str, size: int = 16_000, files: int = 0
) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run a command in a copy of the folder `content`, on a disk with `free` KB left; what it said, what is there then.

    `files`: how many files there may be; 0: any number. Skips the test where this machine makes no such disk.
    """
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare here")
    disk, after = (content.with_name(f"{content.name}-{name}") for name in ("disk", "after"))
    for folder in (disk, after):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    sizes = {"SIZE": size, "FREE": free, "FILES": files, "DISK": disk, "CONTENT": content, "AFTER": after}
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", MOUNTED, "bash", *command],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[1] / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            **{name: str(value) for name, value in sizes.items()},
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in (98, 99) or "unshare failed" in done.stderr:
        pytest.skip(f"this machine makes no small disks: {done.stderr}")
    return done, after


def python(content: Path, free: int, script: str, **options: int) -> tuple[subprocess.CompletedProcess[str], Path]:
    """As `run`, with a script of Python."""
    return run(content, free, sys.executable, "-c", script, **options)
