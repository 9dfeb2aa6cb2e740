"""Loops over rows, compiled to machine code by numba."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """The function as machine code, kept on the disk for the next process where there is room for it."""
    try:
        return cast("Function", numba.njit(function, nogil=True, cache=True))
    except RuntimeError:  # neither the folder of its file nor the user's may be written
        return cast("Function", numba.njit(function, nogil=True))
