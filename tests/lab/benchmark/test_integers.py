"""The cost of integers: the same pictures and planes in both kinds of arithmetic."""

import numpy as np
import pytest
import torch

from rnn_codec.families.wavelet.prior.arithmetic import Convolution, shifts
from rnn_codec_lab.benchmark.integers import integer_costs
from tests.families.wavelet.priors import prior

PICTURES = [
    (f"{seed}.png", np.random.default_rng(seed).integers(0, 256, (70, 90, 3), np.uint8))
    for seed in range(2)
]


def test_lengths_of_pictures_are_added_up() -> None:
    both = integer_costs(prior(), PICTURES, [0.5, 2.0])
    each = [integer_costs(prior(), [picture], [0.5, 2.0]) for picture in PICTURES]
    for row, *parts in zip(both, *each, strict=True):
        for kind in ("real_bits", "integer_bits"):
            assert row[kind] == pytest.approx(sum(part[kind] for part in parts))
        assert row["integer_bits"] == pytest.approx(
            row["real_bits"] * (1 + row["longer_percent"] / 100)
        )
    assert both[0]["real_bits"] < both[1]["real_bits"]


def test_integers_are_those_of_rounded_weights() -> None:
    found = prior()
    (before,) = integer_costs(found, PICTURES[:1], [1.0])
    with torch.no_grad():
        for layer in found.modules():
            if isinstance(layer, Convolution):
                units = torch.exp2(shifts(layer.factors))[:, None, None, None]
                layer.weight.copy_(torch.round(layer.factors * units) / units / layer.scale)
    (after,) = integer_costs(found, PICTURES[:1], [1.0])
    assert after["integer_bits"] == pytest.approx(before["integer_bits"], rel=1e-6)
    assert after["real_bits"] != before["real_bits"]
