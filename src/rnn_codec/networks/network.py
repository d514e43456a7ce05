"""What encoders and decoders of every design have in common.

    (B, 3, H, W) ─► encoder ─► bits (B, 32, H/16, W/16) ─► decoder ─► (B, 3, H, W)

Both carry the states of their recurrent layers from one iteration to the next.
"""

from abc import ABC, abstractmethod

import torch.nn.functional as F
from torch import Tensor, nn

from rnn_codec.binarizer import Binarizer
from rnn_codec.cells import CellState
from rnn_codec.errors import InvalidOptionError

STRIDE = 16
"""Pixels of the image, each way, for one position of the code."""
CODE_DEPTH = 32
"""Bits at every position of the code in one iteration, at every width: 1/8 bit per pixel."""

NetworkState = tuple[CellState | None, ...]
"""The states of a network's recurrent layers, first to last; None before the first iteration."""


class Network(nn.Module, ABC):
    """An encoder or a decoder.

    Attributes:
        cells: the recurrent layers, first to last.
    """

    cells: nn.ModuleList

    def initial_state(self) -> NetworkState:
        """The state before the first iteration."""
        return (None,) * len(self.cells)

    @abstractmethod
    def forward(self, x: Tensor, state: NetworkState) -> tuple[Tensor, NetworkState]:
        """Run one iteration."""


class EncoderNetwork(Network):
    """E_t and B: one iteration of an encoder, binarizer included.

    Shapes:
        (B, 3, H, W) → (B, 32, H/16, W/16), values −1 and +1; H and W multiples of 16

    Attributes:
        binarizer: the last layer.
    """

    binarizer: Binarizer


class DecoderNetwork(Network):
    """D_t: one iteration of a decoder.

    Shapes:
        (B, 32, H/16, W/16) → (B, 3, H, W)
    """


def scaled(channels: int, width: float) -> int:
    """A layer's depth at a width multiplier; refuses widths that leave no whole 2×2 block.

    Example:
        >>> scaled(256, 0.125)
        32
    """
    result = channels * width
    if result < 4 or result % 4:
        raise InvalidOptionError(
            f"network.width={width} makes a layer of {channels} channels {result:g} deep; "
            "choose a multiple of 1/16"
        )
    return int(result)


def depth_to_space(x: Tensor) -> Tensor:
    """Four channels become 2×2 pixels of one; the layout in memory stays; (B, 4C, H, W).

    PyTorch's own does not keep channels innermost on a GPU: every convolution after it would first
    put them back, forward and backward.

    Example:
        >>> import torch
        >>> depth_to_space(torch.arange(4.0).view(1, 4, 1, 1))
        tensor([[[[0., 1.],
                  [2., 3.]]]])
    """
    if x.is_contiguous():
        return F.pixel_shuffle(x, 2)
    batch, channels, height, width = x.shape
    blocks = x.permute(0, 2, 3, 1).reshape(batch, height, width, channels // 4, 2, 2)
    rows = blocks.permute(0, 1, 4, 2, 5, 3).reshape(batch, 2 * height, 2 * width, channels // 4)
    return rows.permute(0, 3, 1, 2)
