"""Residual GRU [Toderici 2017, eq. 14–15]."""

import torch
from torch import Tensor

from rnn_codec.cells.cell import CellState, RecurrentCell
from rnn_codec.convolution import SharedConv2d


class ResidualGRUCell(RecurrentCell):
    """A GRU with a path around the gates for the state and one for the output.

        h  = (1−z)⊙h′ + z⊙tanh(Wx + U(r⊙h′) + b) + α_h W_h h′
        h° = h + α_x W_ox x

    The state is (h,), the output h°. The paper does not state the kernels of W_h and W_ox: here
    W_h has that of U and W_ox that of W, with its stride, so that each comes out of the convolution
    that computes the gates.

    Args:
        in_channels: depth of the input.
        channels: depth of the output.
        kernel: side of W and W_ox.
        stride: stride of W and W_ox.
        hidden_kernel: side of U and W_h.
        hidden_scale: α_h, 0.1 in the paper.
        output_scale: α_x, 0.1 in the paper.

    Example:
        >>> cell = ResidualGRUCell(3, 8, 3, 2, 1, hidden_scale=0.1, output_scale=0.1)
        >>> output, (hidden,) = cell(torch.ones(1, 3, 16, 16), None)
        >>> output.shape, bool((output != hidden).any())
        (torch.Size([1, 8, 8, 8]), True)
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        kernel: int,
        stride: int,
        hidden_kernel: int,
        hidden_scale: float,
        output_scale: float,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.hidden_scale = hidden_scale
        self.output_scale = output_scale
        self.input_gates = SharedConv2d(in_channels, 4 * channels, kernel, stride)
        self.hidden_gates = SharedConv2d(channels, 3 * channels, hidden_kernel, bias=False)
        self.hidden_candidate = SharedConv2d(channels, channels, hidden_kernel, bias=False)

    def forward(self, x: Tensor, state: CellState | None) -> tuple[Tensor, CellState]:
        """Run one iteration; see `RecurrentCell.forward`."""
        n = self.channels
        of_gates, of_candidate, around = self.input_gates(x).split([2 * n, n, n], dim=1)
        if state is None:
            update = torch.sigmoid(of_gates[:, :n])
            hidden = update * torch.tanh(of_candidate)
        else:
            hidden = self._recur(of_gates, of_candidate, state[0])
        return torch.add(hidden, around, alpha=self.output_scale), (hidden,)

    def _recur(self, of_gates: Tensor, of_candidate: Tensor, previous: Tensor) -> Tensor:
        n = self.channels
        hidden_gates, around = self.hidden_gates(previous).split([2 * n, n], dim=1)
        update, reset = torch.sigmoid(of_gates + hidden_gates).chunk(2, dim=1)
        candidate = torch.tanh(of_candidate + self.hidden_candidate(reset * previous))
        hidden = torch.lerp(previous, candidate, update)
        return torch.add(hidden, around, alpha=self.hidden_scale)
