"""The known state of coefficients, against its definition, and PyTorch against NumPy."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnn_codec.families.wavelet.known import MIDDLE, UNITS, known
from rnn_codec.families.wavelet.prior.known import known as known_to_training


@st.composite
def coefficients(draw: st.DrawFn) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    magnitudes = np.floor(rng.exponential(draw(st.sampled_from([0.2, 3, 40])), (height, width, 3)))
    return magnitudes.astype(np.uint16), rng.random((height, width, 3)) < 0.5


@given(coefficients())
def test_they_are_what_the_definition_says(
    picture: tuple[NDArray[np.uint16], NDArray[np.bool_]],
) -> None:
    magnitudes, negative = picture
    height, width, count = magnitudes.shape
    found = (known(magnitudes, negative, 12, 0, height).astype(float) - MIDDLE) / UNITS
    for y, x, c in np.ndindex(height, width, count):
        m = magnitudes[y, x, c]
        sign = 0 if m == 0 else -1 if negative[y, x, c] else 1
        window = magnitudes[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3, c]
        around = np.minimum(window, 10).sum() / 25
        expected = [sign, np.log2(1 + min(m, 15)) / 2, np.log2(1 + 4 * around) / 2]
        bounded = np.minimum(expected, 127 / UNITS)
        assert np.abs(found[y, x, c::count][:3] - bounded).max() <= 0.5 / UNITS
    assert not found[..., 3 * count :].any()


@given(coefficients(), st.integers(1, 5))
def test_strips_are_parts_of_the_whole(
    picture: tuple[NDArray[np.uint16], NDArray[np.bool_]], rows: int
) -> None:
    magnitudes, negative = picture
    height = len(magnitudes)
    strips = [
        known(magnitudes, negative, 9, start, min(start + rows, height))
        for start in range(0, height, rows)
    ]
    assert np.array_equal(np.concatenate(strips), known(magnitudes, negative, 9, 0, height))


@given(coefficients())
def test_training_sees_the_same(
    picture: tuple[NDArray[np.uint16], NDArray[np.bool_]],
) -> None:
    magnitudes, negative = (torch.from_numpy(x.astype(np.int32)) for x in picture)
    in_training = known_to_training(
        magnitudes.permute(2, 0, 1)[None], 1.0 - 2.0 * negative.permute(2, 0, 1)[None]
    )
    coded = known(*picture, 9, 0, len(picture[0])).astype(np.float32)
    assert np.array_equal(in_training[0].permute(1, 2, 0).numpy() * UNITS + MIDDLE, coded)
