"""Features on disk: every value comes back, the bytes are those of years ago, and no damage goes unseen."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerai_rounds.base.errors import DataError
from numerai_rounds.io.history import packed
from tests.io import stores

PATH = Path("chunk.levels")
RESTORE = r"`rounds mend` restores it.*`dvc repro --force fetch@history`"


def random_digits(features: int, rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, packed.BASE, (features, rows), np.int8)


def write(digits: np.ndarray, path: Path = PATH) -> str:
    with packed.Writer(path, digits.shape[1]) as writer:
        writer.write(digits)
        return writer.finish()


def read(rows: int, features: int, places: list[int], digest: str) -> np.ndarray:
    digits = np.full((len(places), rows), -1, np.int8)
    packed.read(PATH, features, places, digest, digits)
    return digits


shapes = st.tuples(st.integers(1, 2 * packed.TOGETHER + 5), st.integers(1, 40))


@given(shape=shapes, seed=st.integers(0, 9), data=st.data())
def test_any_features_in_any_order_come_back(shape: tuple[int, int], seed: int, data: st.DataObject) -> None:
    digits = random_digits(*shape, seed)
    digest = write(digits)
    places = data.draw(st.lists(st.integers(0, shape[0] - 1), unique=True))
    np.testing.assert_array_equal(read(shape[1], shape[0], places, digest), digits[places])
    packed.verify(PATH, shape[1], shape[0], digest)
    assert PATH.stat().st_size == shape[0] * (-(-shape[1] // 3) + 8)


@given(shape=shapes, cuts=st.lists(st.integers(0, 70)), again=st.booleans())
def test_written_a_few_at_a_time_or_continued_the_file_is_the_same(
    shape: tuple[int, int], cuts: list[int], again: bool
) -> None:
    digits = random_digits(*shape)
    digest = write(digits, whole := Path("whole.levels"))
    bounds = sorted({0, shape[0], *(cut for cut in cuts if cut < shape[0])})
    for start, stop in pairwise(bounds):
        with packed.Writer(PATH, shape[1], start) as writer:
            writer.write(digits[start:stop])
            if again:
                writer.write(digits[:1])  # what a killed run wrote beyond the features that count
    with packed.Writer(PATH, shape[1], shape[0]) as writer:
        assert writer.finish() == digest
    assert PATH.read_bytes() == whole.read_bytes()


def test_a_strided_block_is_written_as_its_values() -> None:
    digits = random_digits(5, 30)
    assert write(digits[:, 10:20]) == write(digits[:, 10:20].copy())


def test_the_bytes_follow_from_the_values_alone() -> None:
    """Chunks are kept for years, and unchanged ones must keep their bytes: this format does not change."""
    digits = np.array([[0, 1, 2, 3, 4, 5, 0], [4, 4, 4, 4, 4, 4, 4], [5, 0, 0, 5, 0, 0, 5]], np.int8)
    digest = write(digits)
    values = "121920 ac1c1c d70000"
    checksums = "9876c3a4114e24b1 4efd1b12d3752567 7b59ee2ca5ad17f5"
    assert PATH.read_bytes() == bytes.fromhex(values + checksums)
    assert digest == "0144e8b9ecee15aaef838e7484cab22bae334fae056ee9990cb8831e4ac43bae"


def test_three_features_of_one_row() -> None:
    digest = write(np.array([[0], [4], [5]], np.int8))
    assert PATH.read_bytes()[:3] == bytes([0, 4, 5])
    assert read(1, 3, [2, 0], digest).tolist() == [[5], [0]]


def test_no_flipped_bit_goes_unseen() -> None:
    digits = random_digits(3, 4)
    digest = write(digits)
    whole = PATH.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            PATH.write_bytes(bytes([*whole[:place], whole[place] ^ 1 << bit, *whole[place + 1 :]]))
            with pytest.raises(DataError, match=rf"^{PATH} is .*(checksum|tells of).*{RESTORE}"):
                packed.verify(PATH, 4, 3, digest)
            with pytest.raises(DataError, match=rf"^{PATH} is .*{RESTORE}"):
                read(4, 3, [2, 1, 0], digest)


def test_damage_is_found_in_the_features_that_are_read_and_no_other() -> None:
    digits = random_digits(5, 4)
    digest = write(digits)
    whole = bytearray(PATH.read_bytes())
    whole[2 * 3] ^= 1
    PATH.write_bytes(whole)
    np.testing.assert_array_equal(read(4, 5, [0, 4], digest), digits[[0, 4]])
    with pytest.raises(DataError, match=rf"{PATH} is damaged: its feature number 4 has another checksum. {RESTORE}"):
        read(4, 5, [3], digest)


def foreign(path: Path) -> None:
    write(random_digits(3, 4, seed=1), path)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda path: stores.harm(path, stores.CUT), "is not the file that its manifest.json tells of: cut short"),
        (lambda path: stores.harm(path, stores.APPENDED), "is not the file that its manifest.json tells of"),
        (lambda path: path.write_bytes(b""), "is not the file that its manifest.json tells of"),
        (foreign, "is not the file that its manifest.json tells of: cut short, or foreign"),
        (lambda path: stores.harm(path, stores.ABSENT), "is missing, which its manifest.json names"),
    ],
    ids=["cut", "appended to", "empty", "foreign", "missing"],
)
def test_another_file_is_named_with_how_to_restore_it(harm: Callable[[Path], None], sentence: str) -> None:
    digest = write(random_digits(3, 4))
    harm(PATH)
    for look in (lambda: packed.verify(PATH, 4, 3, digest), lambda: read(4, 3, [1], digest)):
        with pytest.raises(DataError, match=rf"^{PATH} {sentence}.*{RESTORE}"):
            look()
