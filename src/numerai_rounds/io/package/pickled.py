"""A model in one file, as Numerai's model upload takes it: a pickled function that needs nothing of this project."""

import io
import pickle
import pickletools
import sys
from collections.abc import Callable
from pathlib import Path
from types import CellType, CodeType, FunctionType
from typing import Any

import cloudpickle

from numerai_rounds.base.errors import DataError
from numerai_rounds.io.files import atomic

ORIGIN = "model"
"""Stands for the module and the file that the function was written in, which are nobody's business elsewhere."""

NEEDED = {"builtins", "cloudpickle"}
"""Packages that a package may refer to by name; it imports the others itself."""

PROJECT = __name__.partition(".")[0]


def write(function: Callable[..., Any], path: Path) -> None:
    """Write a function that closes over plain values alone; the same function gives the same bytes.

    It is kept as the bytecode of this Python. DataError where it refers to anything that may not be there elsewhere.
    """
    content = cloudpickle.dumps(_detached(function))
    _check(content)
    with atomic.writing(path) as temporary:
        temporary.write_bytes(content)


def _detached(function: Any) -> FunctionType:
    """A copy of a function, and of those it closes over, without module, file, globals and annotations."""
    cells = tuple(CellType(_value(cell.cell_contents)) for cell in function.__closure__ or ())
    code = _anonymous(function.__code__)
    copy = FunctionType(code, {"__name__": ORIGIN}, code.co_name, function.__defaults__, cells)
    copy.__module__ = ORIGIN
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def _value(value: Any) -> Any:
    return _detached(value) if isinstance(value, FunctionType) else value


def _anonymous(code: CodeType) -> CodeType:
    """Code that does not know its file; texts are interned, since a pickle tells whether equal ones are one object."""
    constants = tuple(
        _anonymous(value) if isinstance(value, CodeType) else sys.intern(value) if isinstance(value, str) else value
        for value in code.co_consts
    )
    return code.replace(co_filename=ORIGIN, co_qualname=code.co_name, co_consts=constants)


def _check(content: bytes) -> None:
    """Refuse a pickle that needs more than Python and cloudpickle to load, or that mentions this project."""
    if any(isinstance(word, str) and PROJECT in word for _, word, _ in pickletools.genops(content)):
        raise DataError(
            f"the packaged model mentions {PROJECT}, which is not where it will run: the `portable` of its kind must "
            "name nothing of its module."
        )
    _Reader(io.BytesIO(content)).load()


class _Reader(pickle.Unpickler):
    """Reads what this process wrote, and refuses names of other packages."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] not in NEEDED:
            raise DataError(
                f"the packaged model refers to {module}.{name} by name, which may be another thing where it will run: "
                "the `portable` of its kind must close over text, numbers and lists of them alone."
            )
        return super().find_class(module, name)
