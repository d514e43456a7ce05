"""Convolutional GRU [Toderici 2017, eq. 11–13]."""

import torch
from torch import Tensor

from rnn_codec.cells.cell import CellState, RecurrentCell
from rnn_codec.convolution import SharedConv2d


class GRUCell(RecurrentCell):
    """z, r = σ(W_z,r x + U_z,r h′ + b);  h = (1−z)⊙h′ + z⊙tanh(Wx + U(r⊙h′) + b).

    The state is (h,), the output h.

    Args:
        in_channels: depth of the input.
        channels: depth of the output.
        kernel: side of W.
        stride: stride of W.
        hidden_kernel: side of U.

    Example:
        >>> cell = GRUCell(3, 8, kernel=3, stride=2, hidden_kernel=1)
        >>> output, (hidden,) = cell(torch.zeros(1, 3, 16, 16), None)
        >>> output.shape, output is hidden
        (torch.Size([1, 8, 8, 8]), True)
    """

    def __init__(
        self, in_channels: int, channels: int, kernel: int, stride: int, hidden_kernel: int
    ) -> None:
        super().__init__()
        self.channels = channels
        self.input_gates = SharedConv2d(in_channels, 3 * channels, kernel, stride)
        self.hidden_gates = SharedConv2d(channels, 2 * channels, hidden_kernel, bias=False)
        self.hidden_candidate = SharedConv2d(channels, channels, hidden_kernel, bias=False)

    def forward(self, x: Tensor, state: CellState | None) -> tuple[Tensor, CellState]:
        """Run one iteration; see `RecurrentCell.forward`."""
        gates = self.input_gates(x)
        if state is None:
            update, _, candidate = gates.chunk(3, dim=1)
            hidden = torch.sigmoid(update) * torch.tanh(candidate)
            return hidden, (hidden,)
        (previous,) = state
        of_gates, of_candidate = gates.split([2 * self.channels, self.channels], dim=1)
        update, reset = torch.sigmoid(of_gates + self.hidden_gates(previous)).chunk(2, dim=1)
        candidate = torch.tanh(of_candidate + self.hidden_candidate(reset * previous))
        # lerp: previous + update ⊙ (candidate − previous)
        hidden = torch.lerp(previous, candidate, update)
        return hidden, (hidden,)
