"""Strips shared by threads: every row once, in its place, and no error lost."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnn_codec.families.wavelet.workers import LEAST_ROWS, STRIP_POSITIONS, Workers

POOLS = {threads: Workers(threads) for threads in (1, 2, 3)}
SIZES = st.tuples(st.integers(1, 400), st.integers(1, 3000))


@given(st.sampled_from(sorted(POOLS)), SIZES)
def test_strips_are_joined_where_they_belong(threads: int, size: tuple[int, int]) -> None:
    height, width = size

    def strip(start: int, end: int) -> list[NDArray[np.int64]]:
        rows = np.arange(start, end)
        return [rows[:, None], 2 * rows]

    column, doubled = POOLS[threads].by_strips(strip, height, width)
    assert column[:, 0].tolist() == list(range(height))
    assert doubled.tolist() == list(range(0, 2 * height, 2))


@given(st.sampled_from(sorted(POOLS)), SIZES)
def test_strips_are_small_and_cover_all_rows_once(threads: int, size: tuple[int, int]) -> None:
    height, width = size
    found: list[tuple[int, int]] = []
    POOLS[threads].for_strips(lambda start, end: found.append((start, end)), height, width)
    assert sorted(row for pair in found for row in range(*pair)) == list(range(height))
    most = max(STRIP_POSITIONS // width + 1, LEAST_ROWS)
    assert all(end - start <= most for start, end in found)


@pytest.mark.parametrize("threads", POOLS)
def test_a_function_is_mapped_in_order(threads: int) -> None:
    assert POOLS[threads].map(lambda x: x * x, range(50)) == [x * x for x in range(50)]
    assert POOLS[threads].map(abs, []) == []


def test_two_threads_work_at_once() -> None:
    both = threading.Barrier(2, timeout=30)
    assert len(Workers(2).map(lambda _: both.wait(), range(2))) == 2


@pytest.mark.parametrize("failing", range(4))
def test_an_error_of_any_thread_reaches_the_caller(failing: int) -> None:
    def work(number: int) -> int:
        if number == failing:
            raise ValueError("this one")
        return number

    with pytest.raises(ValueError, match="this one"):
        Workers(2).map(work, range(4))
    assert POOLS[2].map(abs, [-3, 3]) == [3, 3]
