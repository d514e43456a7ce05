"""Gains as weights of coefficients, and as bits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from rnn_codec.families.wavelet.gains import (
    MOST_EXPONENT,
    SCALE_EXPONENTS,
    Gains,
    blocks,
    code_exponents,
)
from rnn_codec.families.wavelet.layout import SCALES
from rnn_codec.families.wavelet.planes import Shape
from rnn_codec.families.wavelet.symbols import Read, Written

maps = arrays(
    np.int8,
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    elements=st.integers(-MOST_EXPONENT, MOST_EXPONENT),
)


@given(maps)
def test_exponents_are_read_as_they_were_written(exponents: NDArray[np.int8]) -> None:
    written = Written(0)
    size = exponents.shape[0], exponents.shape[1]
    code_exponents(written, size, exponents)
    read = Read(written.encoder.code(), 0, whole=True)
    assert np.array_equal(code_exponents(read, size, np.zeros(size, np.int8)), exponents)


@pytest.mark.parametrize("size", [(1, 1), (32, 32), (33, 95), (512, 768)])
@pytest.mark.parametrize("step", [8, 32, 255])
def test_weights_are_powers_of_two(size: tuple[int, int], step: int) -> None:
    shape = Shape(*size)
    rng = np.random.default_rng(0)
    exponents = rng.integers(-9, 9, blocks(shape)).astype(np.int8)
    weights = Gains(step, 4, 8, exponents).weights(shape)
    for scale, (rows, columns) in enumerate(shape.sizes()):
        found = weights[scale]
        assert found.shape == (rows, columns)
        side = [1, 1, 2, 4, 8, 16][scale]
        for y, x in {(0, 0), (rows - 1, columns - 1), (rows // 2, columns // 3)}:
            halved = np.floor(SCALE_EXPONENTS[scale] / 2 + 0.5)
            exponent = (halved + 8 * int(exponents[y // side, x // side])) / 32
            assert found[y, x] == pytest.approx(2**exponent * 32 / step, rel=1e-6)


def test_without_gains_all_weights_are_the_inverse_step() -> None:
    assert [float(w) for w in Gains(64).weights(Shape(50, 60))] == [0.5] * SCALES


def test_a_gain_doubles_a_block_alone() -> None:
    shape = Shape(64, 64)
    exponents = np.array([[0, 0], [0, 4]], np.int8)
    weights = Gains(32, 0, 8, exponents).weights(shape)
    expected = np.ones((32, 32))
    expected[16:, 16:] = 2
    assert np.array_equal(weights[5], expected)
