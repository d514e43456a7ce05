"""A design for quality per operation and per hour of training.

    encoder   3 ─►⤡ normalise ─► E-RNN#1 ─► E-RNN#2 ─► B-Conv ─► 32 bits
              H   H/4              H/8        H/16      H/16

    decoder  32 ─► D-Conv#1 ─► D-RNN#1 ─►⤢ D-RNN#2 ─►⤢ D-Conv#2 ─►⤢ 3
             H/16    H/16       H/16        H/8         H/4         H

⤡ is space-to-depth, ⤢ depth-to-space. The paper's decoder spends 61 % of its operations in layers
at H/4 and H/2; here nothing recurs above H/8, where a state is large and the gates' functions cost
as much as the products. What differs beside:

- The encoder divides what it sees by its mean magnitude at each position of the code, which it sees
  beside: the residuals of late iterations are small, and would be lost among those of the first.
- Bits are the sign in training too. The paper's random bits are noise that later iterations cannot
  tell from what is left to code.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnn_codec.cells import CellFactory
from rnn_codec.code import CODE_DEPTH, STRIDE
from rnn_codec.layers.binarizer import SignBinarizer
from rnn_codec.layers.convolution import SharedConv2d
from rnn_codec.networks.network import (
    DecoderNetwork,
    EncoderNetwork,
    NetworkState,
    Steps,
    depth_to_space,
    scaled,
)

SHUFFLE = 4
"""Pixels of a block, each way, that become channels."""
BLOCK_DEPTH = 3 * SHUFFLE**2
"""Channels at H/4: all pixels of a block."""
MAGNITUDE = 0.3
"""Mean magnitude of what the encoder sees."""
SMALLEST_MAGNITUDE = 0.02
"""Added to the magnitude of a residual: a few levels of 255 need no more gain."""

ENCODER = (96, 256)
DECODER_CONVOLUTION = 128
DECODER = (256, 256)
"""Depths of the recurrent layers at width 1."""


def normalised(blocks: Tensor) -> Tensor:
    """Residuals with about the same magnitude everywhere, and that magnitude, as a logarithm.

    The gain is no function to learn through: its gradient, large where a residual is small, would
    drown all others.

    Shapes:
        (B, 48, H/4, W/4) → (B, 49, H/4, W/4)

    Example:
        >>> weak = normalised(torch.full((1, 48, 4, 4), 0.1))[0, :, 0, 0]
        >>> strong = normalised(torch.full((1, 48, 4, 4), -1.0))[0, :, 0, 0]
        >>> weak[[0, 48]], strong[[0, 48]]
        (tensor([ 0.2500, -0.0601]), tensor([-0.2941,  1.0099]))
    """
    side = STRIDE // SHUFFLE
    means = F.avg_pool2d(blocks.detach().abs().mean(dim=1, keepdim=True), side)
    magnitude = F.interpolate(means + SMALLEST_MAGNITUDE, scale_factor=side, mode="nearest")
    return torch.cat([blocks * (MAGNITUDE / magnitude), 1 + magnitude.log() / 2], dim=1)


class LeanEncoder(EncoderNetwork):
    """The encoder; see `EncoderNetwork` for shapes.

    Args:
        cell: builds the recurrent layers.
        width: multiplies every depth but that of the code.
    """

    def __init__(self, cell: CellFactory, width: float) -> None:
        super().__init__()
        self.cells = nn.ModuleList()
        depth = BLOCK_DEPTH + 1
        for channels in (scaled(c, width) for c in ENCODER):
            self.cells.append(cell(depth, channels, kernel=3, stride=2, hidden_kernel=1))
            depth = channels
        self.binarizer = SignBinarizer(depth, CODE_DEPTH)

    def forward(
        self, x: Tensor, state: NetworkState, steps: Steps | None = None
    ) -> tuple[Tensor, NetworkState]:
        """Encode one iteration's residual."""
        x = normalised(F.pixel_unshuffle(x, SHUFFLE))  # H/4
        states = []
        for cell, previous in zip(self.cells, state, strict=True):
            x, following = cell(x, previous)  # H/8, H/16
            states.append(following)
        return self.binarizer(x), tuple(states)


class LeanDecoder(DecoderNetwork):
    """The decoder; see `DecoderNetwork` for shapes.

    Args:
        cell: builds the recurrent layers.
        width: multiplies every depth but that of the code.
    """

    def __init__(self, cell: CellFactory, width: float) -> None:
        super().__init__()
        depth = scaled(DECODER_CONVOLUTION, width)
        self.first = SharedConv2d(CODE_DEPTH, depth, kernel=1)
        self.cells = nn.ModuleList()
        for channels in (scaled(c, width) for c in DECODER):
            self.cells.append(cell(depth, channels, kernel=3, stride=1, hidden_kernel=1))
            depth = channels // 4
        self.last = SharedConv2d(depth, BLOCK_DEPTH, kernel=3)

    def forward(self, x: Tensor, state: NetworkState) -> tuple[Tensor, NetworkState]:
        """Decode one iteration's bits."""
        x = self.first(x)  # H/16
        states = []
        for cell, previous in zip(self.cells, state, strict=True):
            x, following = cell(x, previous)
            states.append(following)
            x = depth_to_space(x)  # H/8, H/4
        return F.pixel_shuffle(self.last(x), SHUFFLE), tuple(states)
