"""The process that `measure.call` starts: runs one function and prints what it took.

A function that measures its own work only is a generator: what comes before its one `yield` (imports, names to look
up) is preparation, what follows is the work.
"""

import inspect
import json
import sys
import time
from collections.abc import Callable, Generator
from importlib import import_module
from typing import Any

MARK = "\x1eresult "
"""Begins the line that holds the result; whatever else the work prints does not."""


def main(name: str, arguments: str) -> None:
    """Run the function `name`, as `module:function`, with arguments given as a JSON list; print its result."""
    module, _, function = name.partition(":")
    try:
        work = _prepared(getattr(import_module(module), function), json.loads(arguments))
    except ModuleNotFoundError as error:
        _tell({"absent": error.name})
        return
    started = time.perf_counter()
    answer = work()
    _tell({"seconds": time.perf_counter() - started, "answer": answer})


def _prepared(function: Callable[..., Any], arguments: list[Any]) -> Callable[[], Any]:
    if not inspect.isgeneratorfunction(function):
        return lambda: function(*arguments)
    steps: Generator[None, None, Any] = function(*arguments)
    next(steps)
    return lambda: _finish(steps)


def _finish(steps: Generator[None, None, Any]) -> Any:
    try:
        next(steps)
    except StopIteration as end:
        return end.value
    raise RuntimeError("a measured function must yield once, between its preparation and its work")


def _tell(result: dict[str, Any]) -> None:
    sys.stdout.write(f"\n{MARK}{json.dumps(result)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
