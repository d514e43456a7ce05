"""Convolutional LSTM [Toderici 2017, eq. 4–6]."""

import torch
from torch import Tensor

from rnn_codec.cells.cell import CELLS, CellState, RecurrentCell
from rnn_codec.layers.convolution import SharedConv2d, set_bias


def begin(gates: Tensor) -> tuple[Tensor, Tensor]:
    """Output and memory after the first iteration, (B, C, H, W), from gates (B, 4C, H, W)."""
    _, i, o, j = gates.chunk(4, dim=1)
    memory = torch.sigmoid(i) * torch.tanh(j)
    return torch.sigmoid(o) * torch.tanh(memory), memory


def go_on(of_input: Tensor, of_state: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """Output and memory after a later iteration; the gates are the sum of two convolutions."""
    f, i, o, j = (of_input + of_state).chunk(4, dim=1)
    memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(j)
    return torch.sigmoid(o) * torch.tanh(memory), memory


@CELLS.register("lstm")
class LSTMCell(RecurrentCell):
    """f, i, o = σ(·), j = tanh(·) of Wx + Uh′ + b;  c = f⊙c′ + i⊙j;  h = o⊙tanh(c).

    The state is (h, c), the output h.

    Args:
        in_channels: depth of the input.
        channels: depth of the output and of the memory.
        kernel: side of W.
        stride: stride of W.
        hidden_kernel: side of U.
        forget_bias: the forget gate's bias at the start; 1 lets memory last before it is learned
            (the paper's released code).

    Example:
        >>> cell = LSTMCell(3, 8, kernel=3, stride=2, hidden_kernel=1, forget_bias=1.0)
        >>> output, state = cell(torch.zeros(1, 3, 16, 16), None)
        >>> output.shape, [s.shape for s in state] == [output.shape] * 2
        (torch.Size([1, 8, 8, 8]), True)
    """

    elementwise = ("begin", "go_on")
    begin, go_on = staticmethod(begin), staticmethod(go_on)

    def __init__(
        self,
        in_channels: int,
        channels: int,
        kernel: int,
        stride: int,
        hidden_kernel: int,
        forget_bias: float,
    ) -> None:
        super().__init__()
        self.input_gates = SharedConv2d(in_channels, 4 * channels, kernel, stride)
        # One bias is enough: one of U would only add to that of W.
        self.hidden_gates = SharedConv2d(channels, 4 * channels, hidden_kernel, bias=False)
        set_bias(self.input_gates, slice(0, channels), forget_bias)

    def forward(self, x: Tensor, state: CellState | None) -> tuple[Tensor, CellState]:
        """Run one iteration; see `RecurrentCell.forward`."""
        gates = self.input_gates(x)
        if state is None:
            hidden, memory = self.begin(gates)
        else:
            hidden, memory = self.go_on(gates, self.hidden_gates(state[0]), state[1])
        return hidden, (hidden, memory)
