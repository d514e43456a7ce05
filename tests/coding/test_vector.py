"""The vector kernel computes the same sums as NumPy, for all int16 values."""

import numpy as np
import pytest
from numba import njit

from rnn_codec.coding.vector import OUTPUTS, add_pairs, pack


@njit
def product(weights, inputs, sums):
    for block in range(len(weights)):
        add_pairs(weights[block], inputs, sums[block * OUTPUTS : (block + 1) * OUTPUTS])


@pytest.mark.parametrize(("outputs", "inputs"), [(64, 2), (256, 128), (32, 64), (64, 672), (64, 0)])
def test_products_equal_numpy(outputs: int, inputs: int) -> None:
    rng = np.random.default_rng(0)
    weights = rng.integers(-(2**15), 2**15, (outputs, inputs)).astype(np.int16)
    vector = rng.integers(-(2**15), 2**15, inputs).astype(np.int16)
    start = rng.integers(-(2**31), 2**31, -(-outputs // OUTPUTS) * OUTPUTS).astype(np.int32)
    sums = start.copy()
    product(pack(weights), vector, sums)
    expected = start[:outputs].astype(np.int64) + weights.astype(np.int64) @ vector.astype(np.int64)
    assert np.array_equal(sums[:outputs], expected.astype(np.int32))  # both wrap around
    assert np.array_equal(sums[outputs:], start[outputs:])
