"""Associative LSTM from scale to scale [Toderici 2017, eq. 7–10]."""

from typing import TypeVar

import torch

from rnn_codec.families.wavelet.prior.arithmetic import Arithmetic, Convolution
from rnn_codec.families.wavelet.prior.cells.cell import SCALE_CELLS, ScaleCell

T = TypeVar("T")


@SCALE_CELLS.register("associative_lstm")
class AssociativeLSTMCell(ScaleCell):
    """An LSTM whose memory is complex and addressed by complex keys.

        f, i, o = gate(·);  j, r_i, r_o = ·  of W (x, h̃′)
        c = f⊙c′ + i⊙(r_i⊙j);  h = o⊙(r_o⊙c);  h̃ = (Re h, Im h)

    Products are halved, so a key of length 2 preserves lengths. Real and imaginary parts saturate
    separately; the paper bounds lengths.

    Args:
        depth: depth of the output, even.
        forget_bias: the forget gate's bias at the start.
        key_bias: the bias of the real parts of r_i and r_o at the start, where 1 is a key of
            length 1 in the paper's products.
    """

    states = 2

    def __init__(self, depth: int, forget_bias: float, key_bias: float) -> None:
        super().__init__()
        if depth % 2:
            raise ValueError(f"an Associative LSTM needs an even depth, not {depth}")
        units = depth // 2
        self.gates = Convolution(2 * depth, 3 * units, 1, rectified=depth)
        self.complex = Convolution(2 * depth, 6 * units, 1, rectified=depth)
        with torch.no_grad():
            self.gates.bias[:units] = forget_bias
            # Parts in order: the real ones of j, r_i, r_o, then the imaginary ones.
            self.complex.bias[units : 3 * units] = key_bias

    def forward(self, a: Arithmetic[T], x: T, state: tuple[T, ...]) -> tuple[T, ...]:
        seen = a.joined([x, state[0]])
        f, i, o = a.parted(a.gates(self.gates, seen), 3)
        j_re, in_re, out_re, j_im, in_im, out_im = a.parted(a.signed(self.complex, seen), 6)
        memory_re, memory_im = a.parted(state[1], 2)
        re, im = _multiplied(a, (in_re, in_im), (j_re, j_im))
        re = a.sum(a.gated(f, memory_re), a.gated(i, re))
        im = a.sum(a.gated(f, memory_im), a.gated(i, im))
        of_re, of_im = _multiplied(a, (out_re, out_im), (re, im))
        return a.joined([a.gated(o, of_re), a.gated(o, of_im)]), a.joined([re, im])


def _multiplied(a: Arithmetic[T], x: tuple[T, T], y: tuple[T, T]) -> tuple[T, T]:
    """Half the product of two complex numbers, by their parts."""
    real = a.sum(a.product(x[0], y[0]), a.opposite(a.product(x[1], y[1])))
    return real, a.sum(a.product(x[0], y[1]), a.product(x[1], y[0]))
