"""Functions that all network designs share."""

import pytest
import torch
import torch.nn.functional as F

from rnn_codec.families.binary.networks.network import depth_to_space, scaled


def test_a_width_that_leaves_broken_layers_is_refused() -> None:
    with pytest.raises(ValueError, match=r"network\.width=0\.01"):
        scaled(64, 0.01)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_depth_to_space_is_a_pixel_shuffle_that_keeps_the_layout(
    layout: torch.memory_format,
) -> None:
    x = torch.randn(2, 12, 3, 5).to(memory_format=layout).requires_grad_()
    shuffled = depth_to_space(x)
    assert torch.equal(shuffled, F.pixel_shuffle(x, 2))
    assert shuffled.is_contiguous(memory_format=layout)
    weights = torch.randn(2, 3, 6, 10).to(memory_format=layout)
    (gradient,) = torch.autograd.grad((shuffled * weights).sum(), x)
    assert torch.equal(gradient, F.pixel_unshuffle(weights, 2))
    assert gradient.is_contiguous(memory_format=layout)
