"""Convolutional Associative LSTM [Toderici 2017, eq. 7–10]."""

import torch
from torch import Tensor

from rnn_codec.cells.cell import CELLS, CellState, RecurrentCell
from rnn_codec.layers.convolution import SharedConv2d, set_bias


def bound(real: Tensor, imaginary: Tensor) -> tuple[Tensor, Tensor]:
    """bnd(z): z where |z| ≤ 1, else z/|z| [Toderici 2017, eq. 10].

    Example:
        >>> [part.tolist() for part in bound(torch.tensor([3.0, 0.3]), torch.tensor([4.0, 0.4]))]
        [[0.6000000238418579, 0.30000001192092896], [0.800000011920929, 0.4000000059604645]]
    """
    # Clamping the square keeps the gradient finite at z = 0.
    scale = torch.rsqrt((real * real + imaginary * imaginary).clamp(min=1.0))
    return real * scale, imaginary * scale


def step(
    of_input: Tensor, of_state: Tensor | None, *memory: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """h̃, Re c and Im c; the gates (B, 9C/2, H, W) are the sum of two convolutions.

    In the first iteration there is neither a state nor a memory.
    """
    gates = of_input if of_state is None else of_input + of_state
    units = gates.shape[1] // 9
    real_gates, complex_gates = gates.split([3 * units, 6 * units], dim=1)
    f, i, o = torch.sigmoid(real_gates).chunk(3, dim=1)
    real, imaginary = bound(*complex_gates.chunk(2, dim=1))
    (j_re, in_re, out_re), (j_im, in_im, out_im) = real.chunk(3, 1), imaginary.chunk(3, 1)
    c_re, c_im = i * (in_re * j_re - in_im * j_im), i * (in_re * j_im + in_im * j_re)
    if memory:
        c_re, c_im = c_re + f * memory[0], c_im + f * memory[1]
    h_re, h_im = bound(out_re * c_re - out_im * c_im, out_re * c_im + out_im * c_re)
    return torch.cat([o * h_re, o * h_im], dim=1), c_re, c_im


@CELLS.register("associative_lstm")
class AssociativeLSTMCell(RecurrentCell):
    """An LSTM with a complex memory, addressed by complex keys.

        f, i, o = σ(·);  j, r_i, r_o = bnd(·)  of Wx + Uh̃′ + b
        c = f⊙c′ + r_i⊙i⊙j;  h = o⊙bnd(r_o⊙c);  h̃ = (Re h, Im h)

    f, i, o and h̃ are real, the rest complex: `channels` outputs are channels/2 complex units. The
    state is (h̃, Re c, Im c), the output h̃. The paper uses this cell only in the decoder. It keeps
    one copy of the memory, whereas Danihelka et al. 2016 keep several permuted ones.

    Args:
        channels: depth of the output; even.
        forget_bias: the forget gate's initial bias.
        key_bias: the initial bias of the real parts of r_i and r_o. At 1 the cell starts close to
            an LSTM. At 0 every layer multiplies four small numbers, the signal dies out over four
            layers, and the decoder does not start to learn.

    Example:
        >>> cell = AssociativeLSTMCell(3, 8, 3, 1, 3, forget_bias=1.0, key_bias=1.0)
        >>> output, state = cell(torch.zeros(1, 3, 16, 16), None)
        >>> output.shape, [tuple(s.shape) for s in state][1:]
        (torch.Size([1, 8, 16, 16]), [(1, 4, 16, 16), (1, 4, 16, 16)])
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
        key_bias: float,
    ) -> None:
        super().__init__()
        if channels % 2:
            raise ValueError(
                f"an Associative LSTM needs an even number of channels, not {channels}"
            )
        units = channels // 2
        self.input_gates = SharedConv2d(in_channels, 9 * units, kernel, stride)
        self.hidden_gates = SharedConv2d(channels, 9 * units, hidden_kernel, bias=False)
        set_bias(self.input_gates, slice(0, units), forget_bias)
        # Gates in order: f, i, o, then the real parts of j, r_i, r_o, then the imaginary ones.
        set_bias(self.input_gates, slice(4 * units, 6 * units), key_bias)

    def forward(self, x: Tensor, state: CellState | None) -> tuple[Tensor, CellState]:
        gates = self.input_gates(x)
        if state is None:
            hidden, c_re, c_im = self.step(gates, None)
        else:
            hidden, c_re, c_im = self.step(gates, self.hidden_gates(state[0]), *state[1:])
        return hidden, (hidden, c_re, c_im)
