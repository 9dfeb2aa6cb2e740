"""The machines that Numerai runs an uploaded model on, as far as they matter here: a Python and its packages."""

import hashlib
import shutil
import sys
from pathlib import Path

from numerai_rounds.base.errors import ConfigurationError, MachineError, ServiceError, one_of
from numerai_rounds.io import console
from numerai_rounds.io.files import paths
from numerai_rounds.io.machine import children

PINS = {
    "3.11": ["cloudpickle==3.1.1", "lightgbm==4.6.0", "numpy==2.1.3", "pandas==2.3.1", "scikit-learn==1.6.1"],
    "3.12": ["cloudpickle==3.1.1", "lightgbm==4.5.0", "numpy==2.1.3", "pandas==2.3.1", "scikit-learn==1.6.1"],
    "3.13": ["cloudpickle==3.1.2", "lightgbm==4.5.0", "numpy==2.2.6", "pandas==2.3.3", "scikit-learn==1.6.1"],
}
"""Python -> what github.com/numerai/numerai-predict installs for it, of the packages that a model of ours may need."""

THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The Python at work: a packaged model is its bytecode, so no other image can run it."""


def name(version: str = THIS) -> str:
    """What Numerai calls the image of a Python."""
    return f"Python {version}"


def interpreter(version: str = THIS) -> Path:
    """The Python of a clean environment with an image's packages; made on the first call, and kept.

    ConfigurationError for a version without pins, MachineError where no environment can be made, ServiceError where
    the packages cannot be had.
    """
    if version not in PINS:
        raise ConfigurationError(f"what the image of Python {version!r} holds is not known: {one_of(version, PINS)}")
    pins = PINS[version]
    folder = paths.IMAGES / f"python-{version}-{hashlib.sha256(' '.join(pins).encode()).hexdigest()[:12]}"
    # A link to nowhere where the Python that it was made from is gone.
    if not _python(folder).exists():
        _make(folder, pins)
    return _python(folder).absolute()


def _make(folder: Path, pins: list[str]) -> None:
    """Make the environment beside its place and move it there whole."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    console.say(f"making the environment of Numerai's image in {folder}: {', '.join(pins)}")
    try:
        problem = _run(sys.executable, "-m", "venv", str(unfinished))
        if problem:
            raise MachineError(f"no virtual environment could be made in {folder} ({problem}). Check `python -m venv`.")
        pip = ("-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--only-binary", ":all:")
        problem = _run(str(_python(unfinished)), "-I", *pip, *pins)
        if problem:
            raise ServiceError(
                f"pip could not install the packages of Numerai's image ({problem}). Try again later; check pip's "
                "index, or write the package untried with `rounds package --no-check`."
            )
        unfinished.replace(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _run(*command: str) -> str | None:
    """Run a command; the last line of what it said where it failed."""
    outside = {key: value for key, value in children.usual().items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    done = children.run(command, environment=outside)
    said = children.text(done.stderr or done.stdout).strip().splitlines()
    return (said[-1] if said else f"it ended with {done.returncode}") if done.returncode else None


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"
