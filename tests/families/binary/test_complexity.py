"""Operations against the figures derived from the paper's figure 1."""

import pytest
import torch

from rnn_codec.families.binary.complexity import count_macs, macs_per_pixel
from rnn_codec.layers.convolution import SharedConv2d
from tests.conftest import make_codec


def figure_1_macs_per_patch() -> int:
    """LSTM network, 32×32 patch: (input, depth, kernel, hidden kernel, side) of every layer."""
    layers = [
        (64, 256, 3, 1, 8), (256, 512, 3, 1, 4), (512, 512, 3, 1, 2),
        (512, 512, 2, 1, 2), (128, 512, 3, 1, 4), (128, 256, 3, 3, 8), (64, 128, 3, 3, 16),
    ]  # fmt: skip
    recurrent = sum(4 * d * (i * k * k + d * h * h) * s * s for i, d, k, h, s in layers)
    plain = 3 * 64 * 9 * 16**2 + 2 * 512 * 32 * 2**2 + 32 * 3 * 32**2
    return recurrent + plain


def test_lstm_at_paper_width() -> None:
    codec = make_codec("lstm", "one_shot", width=1.0)
    assert macs_per_pixel(codec) * 32**2 == figure_1_macs_per_patch()


@pytest.mark.parametrize("batch", [1, 3])
def test_every_image_of_a_batch_counts(batch: int) -> None:
    layer = SharedConv2d(2, 4, kernel=3, stride=2)
    macs = count_macs(layer, lambda: layer(torch.zeros(batch, 2, 10, 14)))
    assert macs == batch * (2 * 4 * 3 * 3) * (5 * 7)
