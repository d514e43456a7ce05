"""Residual GRU [Toderici 2017, eq. 14–15]."""

import torch
from torch import Tensor

from rnn_codec.cells.cell import CELLS, CellState, RecurrentCell
from rnn_codec.cells.gru import reset
from rnn_codec.layers.convolution import SharedConv2d


def begin(gates: Tensor, output_scale: float) -> tuple[Tensor, Tensor]:
    """h° and h after the first iteration, (B, C, H, W), from gates (B, 4C, H, W)."""
    update, _, candidate, around = gates.chunk(4, dim=1)
    hidden = torch.sigmoid(update) * torch.tanh(candidate)
    return torch.add(hidden, around, alpha=output_scale), hidden


def update(
    of_input: Tensor,
    of_state: Tensor,
    previous: Tensor,
    z: Tensor,
    around_state: Tensor,
    around_cell: Tensor,
    hidden_scale: float,
    output_scale: float,
) -> tuple[Tensor, Tensor]:
    """h° and h, from the candidates of two convolutions, W_h h′ and W_ox x."""
    hidden = torch.lerp(previous, torch.tanh(of_input + of_state), z)
    hidden = torch.add(hidden, around_state, alpha=hidden_scale)
    return torch.add(hidden, around_cell, alpha=output_scale), hidden


@CELLS.register("residual_gru")
class ResidualGRUCell(RecurrentCell):
    """A GRU with paths around the gates, one for the state and one for the output.

        h  = (1−z)⊙h′ + z⊙tanh(Wx + U(r⊙h′) + b) + α_h W_h h′
        h° = h + α_x W_ox x

    The state is (h,), the output h°. The paper does not state the kernels of W_h and W_ox. Here W_h
    has the kernel of U, and W_ox the kernel and stride of W, so that each is computed by the same
    convolution as the gates.

    Args:
        hidden_scale: α_h, 0.1 in the paper.
        output_scale: α_x, 0.1 in the paper.

    Example:
        >>> cell = ResidualGRUCell(3, 8, 3, 2, 1, hidden_scale=0.1, output_scale=0.1)
        >>> output, (hidden,) = cell(torch.ones(1, 3, 16, 16), None)
        >>> output.shape, bool((output != hidden).any())
        (torch.Size([1, 8, 8, 8]), True)
    """

    elementwise = ("begin", "reset", "update")
    begin, reset, update = staticmethod(begin), staticmethod(reset), staticmethod(update)

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
        gates, n = self.input_gates(x), self.channels
        if state is None:
            output, hidden = self.begin(gates, self.output_scale)
            return output, (hidden,)
        (previous,) = state
        of_gates, of_candidate, around_cell = gates.split([2 * n, n, n], dim=1)
        hidden_gates, around_state = self.hidden_gates(previous).split([2 * n, n], dim=1)
        z, kept = self.reset(of_gates, hidden_gates, previous)
        candidate = self.hidden_candidate(kept)
        scales = self.hidden_scale, self.output_scale
        output, hidden = self.update(
            of_candidate, candidate, previous, z, around_state, around_cell, *scales
        )
        return output, (hidden,)
