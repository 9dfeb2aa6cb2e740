"""JSON that can only mean one thing: what is too large, too deep, or gives a key twice is none."""

import json
import math
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

from numerai_rounds.base import limits


def read(path: Path) -> Any:
    """What a file holds; a ValueError says in a few words why it holds no such JSON."""
    size = path.stat().st_size
    if size > limits.JSON_BYTES:
        raise ValueError(f"it has {size:,} bytes, and at most {limits.JSON_BYTES:,} are read")
    return parsed(path.read_bytes())


def parsed(content: bytes | str) -> Any:
    """What a text holds, as `read`; a byte order mark is allowed."""
    try:
        found = json.loads(content, object_pairs_hook=_once, parse_float=_finite, parse_constant=_refuse)
        is_deep = _depth(found) > limits.JSON_DEPTH
    except RecursionError:
        is_deep = True
    except json.JSONDecodeError as error:
        raise ValueError(f"Invalid JSON: {error}") from None
    if is_deep:
        raise ValueError(f"its brackets are nested more than {limits.JSON_DEPTH} deep")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"it gives the key {key[: limits.NAME]!r} twice")
        found[key] = value
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[: limits.NAME]} is no number that can be counted with")
    return number


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _depth(content: Any) -> int:
    """How deep lists and mappings are nested."""
    depth, level = 0, [content]
    while level := [part for part in level if isinstance(part, dict | list)]:
        depth += 1
        level = list(chain.from_iterable(part.values() if isinstance(part, dict) else part for part in level))
    return depth
