"""Formats and tables: exact, and no sum can overflow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_codec.families.binary.entropy.fixed_point import (
    CLIP_BITS,
    FINEST,
    SUM_LIMIT,
    TABLE_SIZE,
    WEIGHT_LIMIT,
    Input,
    probability_table,
    quantise_layer,
)


def test_probabilities_are_rounded_values_at_the_middle_of_each_step() -> None:
    steps = np.arange(TABLE_SIZE) - TABLE_SIZE // 2 + 0.5
    inside = (1 / (1 + np.exp(-steps / 256))).clip(2.0**-10, 1 - 2.0**-10)
    assert np.abs(probability_table() - inside * 65536).max() <= 0.5 + 1e-6


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 200.0), st.sampled_from([512, 2048]))
def test_the_worst_input_does_not_overflow_and_finer_would(
    seed: int, scale: float, largest: int
) -> None:
    rng = np.random.default_rng(seed)
    inputs = [
        Input(rng.normal(0, scale, (5, 40)), largest),
        Input(rng.normal(0, scale, (5, 3)), 512),
    ]
    bias = rng.normal(0, scale, 5)
    try:
        layer = quantise_layer(inputs, bias)
    except ValueError:
        return
    assert worst(layer.weights, layer.bias, inputs) <= SUM_LIMIT
    for weight, part in zip(layer.weights, inputs, strict=True):
        step = 2.0 ** (CLIP_BITS - layer.fraction)
        assert np.abs(weight * step - part.weight).max() <= step / 2
    if layer.fraction < FINEST:
        finer = [np.rint(p.weight * 2.0 ** (layer.fraction + 1 - CLIP_BITS)) for p in inputs]
        offsets = np.rint(bias * 2.0 ** (layer.fraction + 1))
        too_wide = max(np.abs(weight).max() for weight in finer) > WEIGHT_LIMIT
        assert too_wide or worst(finer, offsets, inputs) + (1 << 15) > SUM_LIMIT


def worst(weights: list[np.ndarray], bias: np.ndarray, inputs: list[Input]) -> int:
    """The largest sum that any input can make, in Python's unbounded integers."""
    sums = [abs(int(b)) for b in bias]
    for weight, part in zip(weights, inputs, strict=True):
        for row, values in enumerate(weight):
            sums[row] += sum(abs(int(v)) for v in values) * part.largest
    return max(sums)


def test_weights_beyond_any_format_are_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        quantise_layer([Input(np.full((1, 500), 1e4), 2048)], np.zeros(1))
