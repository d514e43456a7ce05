"""The encoder and the decoder of figure 1 [Toderici 2017], with a width multiplier.

    encoder   3 ─► E-Conv ─► E-RNN#1 ─► E-RNN#2 ─► E-RNN#3 ─► B-Conv ─► 32 bits
              H      H/2       H/4        H/8        H/16       H/16

    decoder  32 ─► D-Conv#1 ─► D-RNN#1 ─►⤢ D-RNN#2 ─►⤢ D-RNN#3 ─►⤢ D-RNN#4 ─►⤢ D-Conv#2 ─► 3
             H/16    H/16       H/16        H/8         H/4          H/2         H

⤢ is depth-to-space, which turns every four channels into 2×2 pixels of one.
"""

from torch import Tensor, nn

from rnn_codec.cells.cell import CellFactory
from rnn_codec.families.binary.code import CODE_DEPTH
from rnn_codec.families.binary.networks.network import (
    DECODERS,
    ENCODERS,
    DecoderNetwork,
    EncoderNetwork,
    NetworkState,
    Steps,
    depth_to_space,
    scaled,
)
from rnn_codec.layers.binarizer import Binarizer
from rnn_codec.layers.convolution import SharedConv2d

_ENCODER_CONVOLUTION = 64
_ENCODER = ((256, 3, 1), (512, 3, 1), (512, 3, 1))
"""Depth, kernel and hidden kernel of each recurrent layer."""
_DECODER_CONVOLUTION = 512
_DECODER = ((512, 2, 1), (512, 3, 1), (256, 3, 3), (128, 3, 3))


@ENCODERS.register("paper")
class Encoder(EncoderNetwork):
    """The paper's encoder, every depth multiplied by `width`; see `EncoderNetwork` for shapes."""

    def __init__(self, cell: CellFactory, width: float) -> None:
        super().__init__()
        depth = scaled(_ENCODER_CONVOLUTION, width)
        self.convolution = SharedConv2d(3, depth, kernel=3, stride=2)
        self.cells = nn.ModuleList()
        for full_depth, kernel, hidden_kernel in _ENCODER:
            channels = scaled(full_depth, width)
            self.cells.append(cell(depth, channels, kernel, 2, hidden_kernel))
            depth = channels
        self.binarizer = Binarizer(depth, CODE_DEPTH)

    def forward(
        self, x: Tensor, state: NetworkState, steps: Steps | None = None
    ) -> tuple[Tensor, NetworkState]:
        x = self.convolution(x)  # H/2
        states = []
        for cell, previous in zip(self.cells, state, strict=True):
            x, following = cell(x, previous)  # H/4, H/8, H/16
            states.append(following)
        return self.binarizer(x), tuple(states)


@DECODERS.register("paper")
class Decoder(DecoderNetwork):
    """The paper's decoder, every depth multiplied by `width`; see `DecoderNetwork` for shapes."""

    def __init__(self, cell: CellFactory, width: float) -> None:
        super().__init__()
        depth = scaled(_DECODER_CONVOLUTION, width)
        self.first = SharedConv2d(CODE_DEPTH, depth, kernel=1)
        self.cells = nn.ModuleList()
        for full_depth, kernel, hidden_kernel in _DECODER:
            channels = scaled(full_depth, width)
            self.cells.append(cell(depth, channels, kernel, 1, hidden_kernel))
            depth = channels // 4
        self.last = SharedConv2d(depth, 3, kernel=1)

    def forward(self, x: Tensor, state: NetworkState) -> tuple[Tensor, NetworkState]:
        x = self.first(x)  # H/16
        states = []
        for cell, previous in zip(self.cells, state, strict=True):
            x, following = cell(x, previous)
            states.append(following)
            x = depth_to_space(x)  # H/8, H/4, H/2, H
        return self.last(x), tuple(states)
