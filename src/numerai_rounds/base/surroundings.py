"""What the environment says to libraries: what they would break on, or make other machine code by, is left out."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

MOST_THREADS = 1024
MOST_STACK = 1 << 30
"""Bytes of a thread's own memory."""

UNITS = {"": 10, "B": 0, "K": 10, "M": 20, "G": 30}
"""Of a stack's size, as powers of two; kilobytes where there is none."""

OF_NUMBA = "NUMBA_"
KEPT = ("NUMBA_CACHE_DIR",)
"""Machine code is made in one way; where it is kept is anybody's choice."""

SPIN, WAITING = "GOMP_SPINCOUNT", "OMP_WAIT_POLICY"
SHORT = "1000"
"""Rounds that LightGBM's threads spin before they sleep until there is work.

Its own choice, billions, takes the processor from whatever else runs: two to ten times as slow beside a program that
keeps a core busy. Never to spin (`passive`) costs a quarter where trees are small. `benchmarks/steps/waiting.py`
measures all three.
"""

PACKAGE = "numerai_rounds"
COMMAND = "rounds"
WITH_VALUE = ("-X", "-W")
"""Options of Python that the next word belongs to."""


def is_own_process() -> bool:
    """Whether Python was started for this project: a command, a stage, or what one of them starts."""
    words = iter(sys.orig_argv[1:])
    for word in words:
        if word == "-m":
            return next(words, "").partition(".")[0] == PACKAGE
        if word in WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return Path(word).name == COMMAND or PACKAGE in Path(word).parts
    return False


def settle() -> None:
    """Take out of the environment what cannot be used, before any library reads it, and say so on standard error.

    LightGBM's threads are told to wait a moment, unless somebody has said how they wait. Processes that are started
    from here find the same.
    """
    if WAITING not in os.environ:
        os.environ.setdefault(SPIN, SHORT)
    for name, value in sorted(os.environ.items()):
        reason = _reason(name, value)
        if reason is None:
            continue
        del os.environ[name]
        if reason:
            shown = value if len(value) <= 40 and value.isprintable() else f"{value[:40]!a}..."
            sys.stderr.write(f"{name}={shown} in the environment is left out: {reason}.\n")


def _reason(name: str, value: str) -> str | None:
    """Why a variable is left out; empty where nobody needs to know, None where it stays."""
    if name.startswith(OF_NUMBA) and name not in KEPT:
        is_usual = name == "NUMBA_NUM_THREADS" and _are_threads(value)
        return "" if is_usual else "machine code is made in the same way everywhere"
    return next(
        (reason for ending, (is_sound, reason) in RULES.items() if name.endswith(ending) and not is_sound(value)), None
    )


def _are_threads(value: str) -> bool:
    """Numbers of threads, one for each level of nesting."""
    return all(re.fullmatch(r"\s*[0-9]{1,9}\s*", part) and 1 <= int(part) <= MOST_THREADS for part in value.split(","))


def _is_stack(value: str) -> bool:
    found = re.fullmatch(r"\s*([0-9]{1,18})\s*([BKMG]?)\s*", value.upper())
    return found is not None and 0 < int(found[1]) << UNITS[found[2]] <= MOST_STACK


def _are_cores(value: str) -> bool:
    return all(
        re.fullmatch(r"[0-9]{1,5}(-[0-9]{1,5}(:[0-9]{1,5})?)?", part) for part in re.split(r"[\s,]+", value.strip())
    )


Rule = tuple[Callable[[str], bool], str]

RULES: dict[str, Rule] = {
    "_NUM_THREADS": (_are_threads, f"it is no number of threads from 1 to {MOST_THREADS:,}"),
    "OMP_THREAD_LIMIT": (_are_threads, f"it is no number of threads from 1 to {MOST_THREADS:,}"),
    "OMP_STACKSIZE": (_is_stack, "it is no size of a stack up to 1G, such as 4M"),
    "GOMP_CPU_AFFINITY": (_are_cores, "it is no list of cores, such as 0-3"),
}
"""End of a name -> whether a value is sound, and what is said where it is not; what else is wrong, the library says."""
