"""Which eras share a chunk: whole eras in order, and nothing changes but the end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerai_rounds.io.fetch import layout

CHUNK, TAIL = 40, 10
eras = st.lists(st.integers(1, 50) | st.integers(1, 4), max_size=60)


@pytest.fixture(autouse=True, scope="module")
def small() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "CHUNK_ROWS", CHUNK)
        patch.setattr(layout, "TAIL_ROWS", TAIL)
        yield


def closed(rows: list[int], chunk: range) -> bool:
    """Whether the eras from this chunk's first on are more than one chunk holds, or it is one long era."""
    return sum(rows[chunk.start :]) > CHUNK


@given(eras)
def test_every_era_is_in_one_chunk_in_order(rows: list[int]) -> None:
    chunks = layout.chunks(rows)
    assert [place for chunk in chunks for place in chunk] == list(range(len(rows)))
    assert all(chunk.step == 1 and len(chunk) for chunk in chunks)


@given(eras)
def test_a_chunk_is_as_full_as_it_may_be(rows: list[int]) -> None:
    chunks = layout.chunks(rows)
    held = [sum(rows[chunk.start : chunk.stop]) for chunk in chunks]
    limits = [CHUNK if closed(rows, chunk) else TAIL for chunk in chunks]
    for chunk, has, limit in zip(chunks, held, limits, strict=True):
        assert has <= limit or len(chunk) == 1
    for (chunk, following), has, limit in zip(pairwise(chunks), held, limits, strict=False):
        if closed(rows, chunk) == closed(rows, following):
            assert has + rows[following.start] > limit


@given(eras, eras)
def test_closed_chunks_never_change(rows: list[int], more: list[int]) -> None:
    before, after = layout.chunks(rows), layout.chunks(rows + more)
    kept = [chunk for chunk in before if closed(rows, chunk)]
    assert after[: len(kept)] == kept


@given(eras.filter(bool), st.integers(1, 50))
def test_a_new_era_changes_the_last_chunk_only_unless_the_tail_is_full(rows: list[int], new: int) -> None:
    before, after = layout.chunks(rows), layout.chunks([*rows, new])
    tail = sum(len(chunk) for chunk in before if not closed(rows, chunk))
    if sum(rows[len(rows) - tail :]) + new <= CHUNK:
        assert after[: len(before) - 1] == before[:-1]


def test_no_eras_make_no_chunks() -> None:
    assert layout.chunks([]) == []
