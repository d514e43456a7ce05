"""Convolutional LSTM [Toderici 2017, eq. 4–6]."""

import torch
from torch import Tensor

from rnn_codec.cells.cell import CELLS, CellState, RecurrentCell
from rnn_codec.layers.convolution import SharedConv2d, set_bias


def step(of_input: Tensor, of_state: Tensor | None, memory: Tensor | None) -> tuple[Tensor, Tensor]:
    """h and c, (B, C, H, W); the gates (B, 4C, H, W) are the sum of two convolutions.

    In the first iteration there is neither a state nor a memory.
    """
    f, i, o, j = (of_input if of_state is None else of_input + of_state).chunk(4, dim=1)
    written = torch.sigmoid(i) * torch.tanh(j)
    memory = written if memory is None else torch.sigmoid(f) * memory + written
    return torch.sigmoid(o) * torch.tanh(memory), memory


@CELLS.register("lstm")
class LSTMCell(RecurrentCell):
    """f, i, o = σ(·), j = tanh(·) of Wx + Uh′ + b;  c = f⊙c′ + i⊙j;  h = o⊙tanh(c).

    The state is (h, c), the output h.

    Args:
        forget_bias: the forget gate's initial bias; at 1, as in the paper's released code, memory
            lasts even before the cell has learned to keep it.

    Example:
        >>> cell = LSTMCell(3, 8, kernel=3, stride=2, hidden_kernel=1, forget_bias=1.0)
        >>> output, state = cell(torch.zeros(1, 3, 16, 16), None)
        >>> output.shape, [s.shape for s in state] == [output.shape] * 2
        (torch.Size([1, 8, 8, 8]), True)
    """

    elementwise = ("step",)
    step = staticmethod(step)

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
        # One bias is enough: a bias of U would only add to that of W.
        self.hidden_gates = SharedConv2d(channels, 4 * channels, hidden_kernel, bias=False)
        set_bias(self.input_gates, slice(0, channels), forget_bias)

    def forward(self, x: Tensor, state: CellState | None) -> tuple[Tensor, CellState]:
        of_state, memory = (
            (None, None) if state is None else (self.hidden_gates(state[0]), state[1])
        )
        hidden, memory = self.step(self.input_gates(x), of_state, memory)
        return hidden, (hidden, memory)
