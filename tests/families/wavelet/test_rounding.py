"""The last plane makes a coefficient significant where that reduces the cost of error and bits."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rnn_codec.families.wavelet.planes import CENTRES
from rnn_codec.families.wavelet.rounding import SLOPE, rounded


@given(st.integers(1, 10), st.integers(0, 255), st.data())
def test_each_coefficient_is_what_costs_less(plane: int, byte: int, data: st.DataObject) -> None:
    """Against both costs, computed one by one."""
    threshold = 2**plane
    magnitude = data.draw(st.integers(0, 2 * threshold - 1))
    found = int(rounded(np.array([magnitude], np.uint16), plane, np.array([byte], np.uint8))[0])
    probability = 1 / (1 + math.exp((128 - byte) / 16))
    x = magnitude / threshold
    as_one = (x - 1 - CENTRES[1]) ** 2 + SLOPE * (1 - math.log2(probability))
    as_zero = x**2 - SLOPE * math.log2(1 - probability)
    if abs(as_one - as_zero) > 0.01:
        assert (found >= threshold) == (as_one < as_zero)
    # It moves no further than across the threshold.
    assert found in {magnitude, threshold, threshold - 1}
