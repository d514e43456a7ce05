"""The networks against the figures derived from the paper's figure 1."""

import pytest
import torch

from rnn_codec.layers.convolution import SharedConv2d
from tests.conftest import make_codec


def test_lstm_network_has_the_papers_weights() -> None:
    codec = make_codec("lstm", "one_shot", width=1.0)
    weights = sum(p.numel() for name, p in codec.named_parameters() if name.endswith("weight"))
    assert weights == 30_213_920  # 30.2 M


@pytest.mark.parametrize("cell", ["lstm", "gru", "residual_gru", "associative_lstm"])
def test_one_iteration_is_an_eighth_of_a_bit_per_pixel(cell: str) -> None:
    codec = make_codec(cell, "one_shot")
    image = torch.zeros(1, 3, 64, 96, dtype=torch.uint8)
    codes = codec.encode(image, 3)
    assert codes.bits.shape == (3, 1, 32, 4, 6)
    assert codes.bits_per_pixel == 3 / 8


def test_every_layer_scales_with_the_width() -> None:
    full, half = make_codec("lstm", "one_shot", 0.5), make_codec("lstm", "one_shot", 0.25)
    pairs = zip(_convolutions(full), _convolutions(half), strict=True)
    ratios = {(a.weight.shape[0] / b.weight.shape[0]) for a, b in list(pairs)}
    assert ratios == {2.0, 1.0}
    unscaled = [c.weight.shape[0] for c in (half.encoder.binarizer.convolution, half.decoder.last)]
    assert unscaled == [32, 3]


def _convolutions(codec: torch.nn.Module) -> list[SharedConv2d]:
    return [m for m in codec.modules() if isinstance(m, SharedConv2d)]
