"""Copies of every other row and column, against NumPy's own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rnn_codec.families.wavelet.strided import gathered, mark, scatter

SIZES = st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(1, 6))


@given(SIZES, st.integers(0, 1), st.integers(0, 1))
def test_a_phase_is_gathered_and_put_back(
    size: tuple[int, int, int], row: int, column: int
) -> None:
    rng = np.random.default_rng(size)
    whole = rng.integers(0, 2**16, size, np.uint16)
    part = whole[row::2, column::2]
    found = gathered(part)
    assert found.flags.c_contiguous
    assert np.array_equal(found, part)
    changed, expected = whole.copy(), whole.copy()
    scatter(found + 1, changed[row::2, column::2])
    expected[row::2, column::2] += 1
    assert np.array_equal(changed, expected)


@given(SIZES)
def test_marks_stay(size: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(size)
    before, more = rng.random((2, *size)) < 0.5
    marked = before.copy()
    mark(more[::2, 1::2], marked[::2, 1::2])
    expected = before.copy()
    expected[::2, 1::2] |= more[::2, 1::2]
    assert np.array_equal(marked, expected)
