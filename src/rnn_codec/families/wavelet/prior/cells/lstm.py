"""LSTM from scale to scale [Toderici 2017, eq. 4–6]."""

from typing import TypeVar

import torch

from rnn_codec.families.wavelet.prior.arithmetic import Arithmetic, Convolution
from rnn_codec.families.wavelet.prior.cells.cell import SCALE_CELLS, ScaleCell

T = TypeVar("T")


@SCALE_CELLS.register("lstm")
class LSTMCell(ScaleCell):
    """f, i, o = gate(W_f,i,o (x, h′));  c = f⊙c′ + i⊙(W (x, h′));  h = o⊙c.

    Args:
        forget_bias: the forget gate's bias at the start.
    """

    states = 2

    def __init__(self, depth: int, forget_bias: float) -> None:
        super().__init__()
        self.gates = Convolution(2 * depth, 3 * depth, 1, rectified=depth)
        self.candidate = Convolution(2 * depth, depth, 1, rectified=depth)
        with torch.no_grad():
            self.gates.bias[:depth] = forget_bias

    def forward(self, a: Arithmetic[T], x: T, state: tuple[T, ...]) -> tuple[T, ...]:
        before, memory = state
        seen = a.joined([x, before])
        f, i, o = a.parted(a.gates(self.gates, seen), 3)
        memory = a.sum(a.gated(f, memory), a.gated(i, a.signed(self.candidate, seen)))
        return a.gated(o, memory), memory
