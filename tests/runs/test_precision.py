"""Weights in 8 bits come back within half a step of their row."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rnn_codec.runs.precision import (
    LARGEST,
    PRECISIONS,
    from_eight_bits,
    from_precision,
    to_eight_bits,
    to_precision,
)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@given(
    shape=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    seed=st.integers(0, 1000),
    exponent=st.integers(-20, 20),
)
def test_eight_bits_are_off_by_half_a_step_at_most(
    shape: list[int], seed: int, exponent: int
) -> None:
    weight = random(*shape, seed=seed) * 2.0**exponent
    integers, scales = to_eight_bits(weight)
    assert integers.dtype is torch.int8
    assert integers.flatten(1).abs().amax(1).tolist() == [LARGEST] * shape[0]
    step = weight.flatten(1).abs().amax(1).double() / 127
    error = (from_eight_bits(integers, scales).double() - weight.double()).flatten(1).abs().amax(1)
    assert (error <= step * (0.5 + 1e-5)).all()


def test_rows_of_zeros_stay_zeros() -> None:
    weight = torch.zeros(2, 3, 1, 1)
    assert torch.equal(from_eight_bits(*to_eight_bits(weight)), weight)


@pytest.mark.parametrize("name", PRECISIONS)
def test_every_precision_comes_back_in_single_precision(name: str) -> None:
    weights = {"layer.weight": random(4, 3), "layer.bias": random(4), "gain": random(1)[0]}
    back = from_precision(to_precision(weights, PRECISIONS[name]))
    assert back.keys() == weights.keys()
    for key, weight in weights.items():
        assert back[key].dtype is torch.float32
        torch.testing.assert_close(back[key], weight, rtol=0.01, atol=0.02)


def test_biases_are_exact_in_eight_bits() -> None:
    weights = {"bias": random(7)}
    assert torch.equal(from_precision(to_precision(weights, torch.int8))["bias"], weights["bias"])


def test_integers_without_scales_are_refused() -> None:
    with pytest.raises(KeyError):
        from_precision({"weight": torch.ones(2, 2, dtype=torch.int8)})
