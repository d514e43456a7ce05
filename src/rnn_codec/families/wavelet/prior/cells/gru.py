"""GRU from scale to scale [Toderici 2017, eq. 11–13]."""

from typing import TypeVar

from rnn_codec.families.wavelet.prior.arithmetic import Arithmetic, Convolution
from rnn_codec.families.wavelet.prior.cells.cell import SCALE_CELLS, ScaleCell

T = TypeVar("T")


@SCALE_CELLS.register("gru")
class GRUCell(ScaleCell):
    """r, z = gate(W_r,z (x, h′));  h = z⊙h′ + (1−z)⊙(W (x, r⊙h′))."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.gates = Convolution(2 * depth, 2 * depth, 1, rectified=depth)
        self.candidate = Convolution(2 * depth, depth, 1, rectified=depth)

    def forward(self, a: Arithmetic[T], x: T, state: tuple[T, ...]) -> tuple[T, ...]:
        (before,) = state
        r, z = a.parted(a.gates(self.gates, a.joined([x, before])), 2)
        candidate = a.signed(self.candidate, a.joined([x, a.gated(r, before)]))
        return (a.sum(a.gated(z, before), a.gated(a.rest(z), candidate)),)
