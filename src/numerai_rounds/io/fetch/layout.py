"""Which eras lie in one chunk: a rule on their numbers of rows alone, under which new eras leave old chunks alone."""

from collections.abc import Sequence

CHUNK_ROWS = 65_536
"""Rows of a chunk, at most, unless one era has more: large enough to be read fast, small enough to be replaced."""

TAIL_ROWS = 8_192
"""Rows of a chunk at the end, where eras do not fill a whole one yet: a new week writes little more than itself."""


def chunks(rows: Sequence[int]) -> list[range]:
    """The chunks of eras with these numbers of rows, as ranges of their places."""
    closed = _filled(rows, 0, CHUNK_ROWS)
    tail = closed.pop() if closed else range(0)
    return closed + _filled(rows, tail.start, TAIL_ROWS)


def _filled(rows: Sequence[int], first: int, limit: int) -> list[range]:
    """Chunks from the place `first` on, each filled as far as `limit` allows, with one era at least."""
    found, start, held = [], first, 0
    for place in range(first, len(rows)):
        if place > start and held + rows[place] > limit:
            found.append(range(start, place))
            start, held = place, 0
        held += rows[place]
    if start < len(rows):
        found.append(range(start, len(rows)))
    return found
