"""Convolutional GRU [Toderici 2017, eq. 11–13]."""

import torch
from torch import Tensor

from rnn_codec.cells.cell import CELLS, CellState, RecurrentCell
from rnn_codec.layers.convolution import SharedConv2d


def begin(gates: Tensor) -> Tensor:
    """The state after the first iteration, (B, C, H, W), from gates (B, 3C, H, W)."""
    update, _, candidate = gates.chunk(3, dim=1)
    return torch.sigmoid(update) * torch.tanh(candidate)


def reset(of_input: Tensor, of_state: Tensor, previous: Tensor) -> tuple[Tensor, Tensor]:
    """z and r⊙h′, from the gates (B, 2C, H, W) of two convolutions."""
    z, r = torch.sigmoid(of_input + of_state).chunk(2, dim=1)
    return z, r * previous


def update(of_input: Tensor, of_state: Tensor, previous: Tensor, z: Tensor) -> Tensor:
    """The next state, from the candidates (B, C, H, W) of two convolutions."""
    # lerp: previous + z ⊙ (candidate − previous)
    return torch.lerp(previous, torch.tanh(of_input + of_state), z)


@CELLS.register("gru")
class GRUCell(RecurrentCell):
    """z, r = σ(W_z,r x + U_z,r h′ + b);  h = (1−z)⊙h′ + z⊙tanh(Wx + U(r⊙h′) + b).

    The state is (h,), the output h.

    Example:
        >>> cell = GRUCell(3, 8, kernel=3, stride=2, hidden_kernel=1)
        >>> output, (hidden,) = cell(torch.zeros(1, 3, 16, 16), None)
        >>> output.shape, output is hidden
        (torch.Size([1, 8, 8, 8]), True)
    """

    elementwise = ("begin", "reset", "update")
    begin, reset, update = staticmethod(begin), staticmethod(reset), staticmethod(update)

    def __init__(
        self, in_channels: int, channels: int, kernel: int, stride: int, hidden_kernel: int
    ) -> None:
        super().__init__()
        self.channels = channels
        self.input_gates = SharedConv2d(in_channels, 3 * channels, kernel, stride)
        self.hidden_gates = SharedConv2d(channels, 2 * channels, hidden_kernel, bias=False)
        self.hidden_candidate = SharedConv2d(channels, channels, hidden_kernel, bias=False)

    def forward(self, x: Tensor, state: CellState | None) -> tuple[Tensor, CellState]:
        gates = self.input_gates(x)
        if state is None:
            hidden = self.begin(gates)
            return hidden, (hidden,)
        (previous,) = state
        of_gates, of_candidate = gates.split([2 * self.channels, self.channels], dim=1)
        z, kept = self.reset(of_gates, self.hidden_gates(previous), previous)
        hidden = self.update(of_candidate, self.hidden_candidate(kept), previous, z)
        return hidden, (hidden,)
