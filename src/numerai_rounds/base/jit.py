"""Loops over rows, compiled to machine code by numba."""

import pickle
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache

Function = TypeVar("Function", bound=Callable[..., object])

UNREADABLE = (OSError, EOFError, ImportError, LookupError, AttributeError, TypeError, ValueError, pickle.PickleError)
"""What reading machine code that is damaged, cut short or of another version raises."""


class Kept(FunctionCache):
    """Machine code on the disk, for the next process; without it, or where it has no room, work goes on."""

    def load_overload(self, *arguments: Any) -> Any:
        """The machine code for some types; None where there is none that can be read."""
        try:
            return super().load_overload(*arguments)  # type: ignore[no-untyped-call]
        except UNREADABLE:
            return None

    def save_overload(self, *arguments: Any) -> None:
        """Keep machine code where that is possible."""
        with suppress(*UNREADABLE):
            super().save_overload(*arguments)  # type: ignore[no-untyped-call]


def compiled(function: Function) -> Function:
    """The function as machine code, kept on the disk for the next process where there is room for it."""
    made = numba.njit(function, nogil=True)
    with suppress(RuntimeError):  # neither the folder of its file nor the user's may be written
        made._cache = Kept(function)  # type: ignore[no-untyped-call]  # noqa: SLF001 - numba has no other way to be given a cache
    return cast("Function", made)
