"""Whether it is known that params.yaml is what conf/ composes to: to compose takes ten times as long as to look."""

import hashlib
import os
from importlib.util import find_spec
from pathlib import Path

from numerai_rounds.io.files import atomic, paths

KNOWN = paths.DVC_TMP / "rounds.composed"
"""The digest of what was last found to fit."""

PRESET = "NUMERAI_ROUNDS_EXPERIMENT"
"""Names the override of conf/ under which a command has the stages run: `experiment=linear`."""


def check() -> None:
    """Refuse a params.yaml that is not what conf/ composes to; what was composed before is not composed again.

    A run that plays an experiment says by which preset: params.yaml is then what conf/ and that compose to.
    """
    digest = _digest()
    if digest is not None and _known() == digest:
        return
    from numerai_rounds.conf import compose  # noqa: PLC0415 - Hydra takes a moment, and is seldom needed

    compose.check_params(overrides=[os.environ[PRESET]] if PRESET in os.environ else [])
    if digest is not None and digest == _digest():
        atomic.write_text(KNOWN, digest)


def _known() -> str | None:
    try:
        return KNOWN.read_text(encoding="ascii")
    except (OSError, ValueError):
        return None


def _digest() -> str | None:
    """Of all that decides: every file of conf/ with its name, params.yaml, our code, Hydra; None if unreadable."""
    digest = hashlib.sha256(f"{os.environ.get(PRESET)}\0".encode())
    try:
        for path in [*_files(paths.CONF), paths.PARAMS, *sorted(Path(__file__).parent.glob("*.py"))]:
            content = path.read_bytes()
            digest.update(f"{path.as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
        for library in ("hydra", "omegaconf", "yaml"):
            digest.update(_installed(library))
    except (OSError, ValueError):
        return None
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    """Every file below a folder; an OSError for links to folders, which only a full look can judge."""
    found = []
    for above, folders, files in os.walk(folder):
        if any(os.path.islink(os.path.join(above, name)) for name in folders):  # noqa: PTH114, PTH118
            raise OSError
        found += [Path(above, name) for name in files]
    return sorted(found)


def _installed(library: str) -> bytes:
    """Which build of a library Python would import, without importing it."""
    spec = find_spec(library)
    if spec is None or spec.origin is None:
        raise OSError
    about = os.stat(spec.origin)  # noqa: PTH116
    return f"{spec.origin}\0{about.st_size}\0{about.st_mtime_ns}".encode()
