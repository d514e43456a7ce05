"""Blocks of an image against plain indexing, forward and backward."""

import pytest
import torch

from rnn_codec.layers.blocks import split_blocks, to_blocks, to_image


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_block_holds_its_pixels_row_by_row(layout: torch.memory_format) -> None:
    image = torch.rand(2, 3, 32, 48).to(memory_format=layout)
    blocks = to_blocks(image, 16)
    assert blocks.shape == (2, 768, 2, 3)
    assert blocks.is_contiguous(memory_format=torch.channels_last)
    pixels = image[1, :, 16:32, 32:48]
    assert torch.equal(blocks[1, :, 1, 2], pixels.permute(1, 2, 0).flatten())
    assert torch.equal(to_image(blocks, 16), image)


def test_gradients_go_back_to_their_pixels() -> None:
    image = torch.rand(1, 3, 32, 32, requires_grad=True)
    weights = torch.rand(1, 192, 4, 4)
    (gradient,) = torch.autograd.grad((split_blocks(to_blocks(image, 16)) * weights).sum(), image)
    assert torch.equal(gradient, to_image(weights, 8))
