"""The inputs of a restoration network other than the picture."""

import numpy as np
import pytest

from rnn_codec.families.wavelet.format import Settings
from rnn_codec.families.wavelet.gains import Gains
from rnn_codec.families.wavelet.layout import Segment, last_segment
from rnn_codec.families.wavelet.planes import Shape
from rnn_codec.families.wavelet.restoration.conditions import Conditions
from rnn_codec.families.wavelet.rotation import Rotation

SHAPE = Shape(70, 100)
FIRST = [[9, 8], [9, 7], [8, 6], [8, 5], [7, 3], [6, 2]]


def settings(gains: Gains) -> Settings:
    return Settings(gains.step, gains.of_scales, gains.of_blocks, Rotation(0, 0, 0), FIRST)


def test_steps_are_planes_times_the_step() -> None:
    gains = Gains(64)
    found = Conditions.of(SHAPE, settings(gains), last_segment(3), gains)
    expected = np.minimum(3, FIRST) + 1
    assert np.array_equal(found.steps, expected.ravel())
    assert np.array_equal(found.fine, np.full((3, 4), 4.0))
    assert found.strength == 0


def test_weights_and_gains_make_steps_smaller() -> None:
    exponents = np.arange(12, dtype=np.int8).reshape(3, 4)
    gains = Gains(32, of_scales=8, of_blocks=4, exponents=exponents)
    found = Conditions.of(SHAPE, settings(gains), last_segment(0), gains)
    # At plane 0 the step of a coefficient is the inverse of its weight.
    weights = gains.weights(SHAPE)
    finest = weights[5][::16, ::16]
    np.testing.assert_allclose(found.fine, -np.log2(finest), atol=1e-5)
    np.testing.assert_allclose(found.steps[::2], [-np.log2(w[0, 0]) for w in weights], atol=1e-5)
    assert found.strength == 1


def test_a_file_that_ends_within_a_plane_is_between() -> None:
    gains = Gains(32)
    segment = Segment(plane=2, scale=5, stripe=0, group=1, number=31)
    found = Conditions.of(SHAPE, settings(gains), segment, gains).steps
    assert found[:10].tolist() == [2.0] * 10
    assert found[10] == pytest.approx(2.5, abs=0.02)
    assert found[11] == 2.0
