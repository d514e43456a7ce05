"""Residual GRU from scale to scale [Toderici 2017, eq. 14–15]."""

from typing import TypeVar

from rnn_codec.families.wavelet.prior.arithmetic import Arithmetic, Convolution
from rnn_codec.families.wavelet.prior.cells.cell import SCALE_CELLS
from rnn_codec.families.wavelet.prior.cells.gru import GRUCell

T = TypeVar("T")


@SCALE_CELLS.register("residual_gru")
class ResidualGRUCell(GRUCell):
    """A GRU with paths around its gates: h + α_h W_h h′ + α_x W_x x.

    Both paths belong to one layer: they are in the output, on which the next scale depends.

    Args:
        hidden_scale, output_scale: α_h and α_x, 0.1 in the paper.
    """

    def __init__(self, depth: int, hidden_scale: float, output_scale: float) -> None:
        super().__init__(depth)
        self.around_state = Convolution(depth, depth, 1, scale=hidden_scale)
        self.around_cell = Convolution(depth, depth, 1, rectified=depth, scale=output_scale)

    def forward(self, a: Arithmetic[T], x: T, state: tuple[T, ...]) -> tuple[T, ...]:
        (hidden,) = super().forward(a, x, state)
        hidden = a.sum(hidden, a.signed(self.around_state, state[0]))
        return (a.sum(hidden, a.signed(self.around_cell, x)),)
