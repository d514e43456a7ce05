"""The transform against convolutions with the published filters, and its inverse."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from rnn_codec.families.wavelet.lifting import (
    BANDS,
    LEVELS,
    NORM_LL,
    NORMS,
    analyse,
    joined,
    sizes,
    split,
    synthesise,
    transpose,
)

# Analysis filters of the 9/7 transform [Antonini 1992], low-pass gain √2.
LOW = 2**0.5 * np.array(
    [
        0.026748757411,
        -0.016864118443,
        -0.078223266529,
        0.266864118443,
        0.602949018236,
        0.266864118443,
        -0.078223266529,
        -0.016864118443,
        0.026748757411,
    ]
)
HIGH = (
    2**-0.5
    * 2
    * np.array(
        [
            0.045635881557,
            -0.028771763114,
            -0.295635881557,
            0.557543526229,
            -0.295635881557,
            -0.028771763114,
            0.045635881557,
        ]
    )
)

signals = arrays(
    np.float32,
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    elements=st.floats(-128, 128, width=32),
)


def pyramid(x: NDArray[np.float32]) -> list[list[NDArray[np.float32]]]:
    x, found = x.copy(), []
    for _ in range(LEVELS):
        x, details = split(x)
        found.append(details)
    return [[x], *reversed(found)]


def inverse(bands: list[list[NDArray[np.float32]]], size: tuple[int, int]) -> NDArray[np.float32]:
    x = bands[0][0]
    for details, shape in zip(bands[1:], reversed(sizes(*size)[:-1]), strict=True):
        x = joined(np.empty(shape, np.float32), x, details)
    return x


@given(signals)
def test_the_inverse_gives_back_any_picture(x: NDArray[np.float32]) -> None:
    np.testing.assert_allclose(inverse(pyramid(x), x.shape), x, atol=2e-3)


@pytest.mark.parametrize("length", [2, 3, 4, 7, 8, 31, 64])
def test_lifting_is_a_convolution_with_the_published_filters(length: int) -> None:
    x = np.random.default_rng(length).normal(size=length).astype(np.float32)
    reflected = np.pad(x, 16, mode="reflect") if length > 16 else _reflected(x, 16)
    low = np.convolve(reflected, LOW, mode="same")[16 : 16 + length : 2]
    high = np.convolve(reflected, HIGH, mode="same")[17 : 16 + length : 2]
    analyse(x, -1)
    np.testing.assert_allclose(x[0::2], low, atol=1e-5)
    np.testing.assert_allclose(x[1::2], high, atol=1e-5)


def _reflected(x: NDArray[np.float32], margin: int) -> NDArray[np.float32]:
    """Whole-sample symmetric extension of a signal, however short it is."""
    period = max(2 * (len(x) - 1), 1)
    index = np.abs((np.arange(-margin, len(x) + margin) + len(x) - 1) % period - (len(x) - 1))
    return x[index]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8, 31])
@pytest.mark.parametrize("axis", [-1, -2])
def test_the_transpose_is_that_of_the_inverse(length: int, axis: int) -> None:
    """Against the matrix of the inverse, whose columns are synthesised unit coefficients."""
    unit, transposed = np.eye(length, dtype=np.float32), np.eye(length, dtype=np.float32)
    synthesise(unit, axis)
    transpose(transposed, axis)
    np.testing.assert_allclose(transposed, unit.T, atol=1e-5)


def test_a_single_sample_stays_as_it_is() -> None:
    x = np.array([[7.0]], np.float32)
    analyse(x, -1)
    assert x.tolist() == [[7.0]]
    synthesise(x, -1)
    assert x.tolist() == [[7.0]]


@given(signals)
def test_pytorch_computes_the_same_bits(x: NDArray[np.float32]) -> None:
    tensor = torch.from_numpy(x.copy())
    for _ in range(LEVELS):
        x, details = split(x)
        tensor, of_tensor = split(tensor)
        for ours, theirs in zip([x, *details], [tensor, *of_tensor], strict=True):
            assert np.array_equal(ours, theirs.numpy())


def test_a_constant_picture_has_no_details() -> None:
    bands = pyramid(np.full((64, 96), 3.0, np.float32))
    assert np.allclose(bands[0][0], 3.0 * 2**LEVELS, rtol=1e-5)
    assert all(np.abs(band).max() < 1e-4 for details in bands[1:] for band in details)


@pytest.mark.parametrize("scale", range(LEVELS + 1))
def test_norms_are_the_lengths_of_what_unit_coefficients_become(scale: int) -> None:
    side = 1024
    nothing = pyramid(np.zeros((side, side), np.float32))
    for band, coefficients in enumerate(nothing[scale]):
        rows, columns = coefficients.shape
        coefficients[rows // 2, columns // 2] = 1.0
        length = float(np.linalg.norm(inverse(nothing, (side, side))))
        coefficients[rows // 2, columns // 2] = 0.0
        expected = NORM_LL if scale == 0 else NORMS[scale - 1][band]
        assert length == pytest.approx(expected, abs=1e-4), (scale, BANDS[band])
