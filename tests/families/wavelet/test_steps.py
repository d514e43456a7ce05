"""The step with which a file ends where a plane does."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rnn_codec.families.wavelet.planes import Planes, Shape
from rnn_codec.families.wavelet.steps import (
    BITS,
    FINE_STEP,
    THRESHOLDS,
    counts,
    plane_of,
    step_with,
    threshold,
)


def test_counts_are_those_of_a_loop() -> None:
    planes = Planes.nothing(Shape(40, 50))
    rng = np.random.default_rng(0)
    for magnitudes in planes.magnitudes:
        magnitudes[:] = rng.integers(0, 40, magnitudes.shape)
    found = counts(planes)
    for least in (0, 1, 7, 39, 40, 32767):
        expected = sum(int((m >= least).sum()) for m in planes.magnitudes)
        assert found[least] == expected


@given(st.floats(1, 5000))
@example(347.0)  # between two steps
def test_a_plane_ends_at_the_threshold(wanted: float) -> None:
    step, plane = step_with(wanted), plane_of(wanted)
    assert 1 <= step <= 255
    assert plane >= 1
    # To half a unit of the step.
    assert 2.0**plane * step / 32 == pytest.approx(wanted, abs=2.0**plane / 64)


def test_thresholds_are_dense() -> None:
    ratios = np.diff(np.log2(THRESHOLDS))
    assert THRESHOLDS[0] == 1
    assert ratios.max() < 0.01


@given(st.integers(1, 10**6), st.integers(0, 2**32 - 1))
def test_as_many_are_significant_as_the_bits_pay_for(bits: int, seed: int) -> None:
    """At the threshold there are no more than the bits pay for, one unit below it there are."""
    magnitudes = np.random.default_rng(seed).geometric(0.01, 10_000)
    at_least = np.array([(magnitudes >= least).sum() for least in range(1500)])
    units = round(threshold(at_least, bits) * 32 / FINE_STEP)
    paid = max(bits / BITS, 1)
    assert at_least[units] <= paid or units == len(at_least)
    assert units == 1 or at_least[units - 1] > paid
