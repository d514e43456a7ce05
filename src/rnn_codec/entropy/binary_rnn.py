"""BinaryRNN: the probabilities of one iteration's bits [Toderici 2017, section 3].

    bits ─► masked 7×7 ─► z0 ─► 1×2 ─┐
                                     ├─► line LSTM ─► 1×1 ─► 1×1 ─► logits of 32 bits
    another model's context ─────────┘      ▲    │
                                            └────┘ 1×3, from the row above

All 32 bits of a position are predicted at once, from positions before it in raster order alone.

Layers that are not gates end in `clip`: a range known beforehand, so that integers of a few bits
hold their values.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnn_codec.code import CODE_DEPTH

DEPTH = 64
"""Depth of every hidden layer."""
GATES = 4 * DEPTH
"""Forget, input, output, candidate: one after the other."""
CLIP = 4.0
"""The largest value of a layer that is not a gate."""
WINDOW = 7
"""Side of the masked convolution."""


def clip(x: Tensor) -> Tensor:
    """0 … 4: a rectifier with a bound.

    Example:
        >>> clip(torch.tensor([-1.0, 2.0, 5.0]))
        tensor([0., 2., 4.])
    """
    return x.clamp(0.0, CLIP)


def lstm_update(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """c = σ(f)⊙c′ + σ(i)⊙tanh(j), h = σ(o)⊙tanh(c); gates (B, 256, …) → h, c (B, 64, …)."""
    forget, write, output, candidate = gates.chunk(4, dim=1)
    cell = torch.sigmoid(forget) * cell + torch.sigmoid(write) * torch.tanh(candidate)
    return torch.sigmoid(output) * torch.tanh(cell), cell


class MaskedConv2d(nn.Module):
    """A convolution that sees only positions before its own, in raster order.

    Only the taps before the centre are weights; files of older versions, which have the whole
    window, are read as well.

    Args:
        in_channels: depth of its input.
        out_channels: depth of its output.
        window: side, odd.
    """

    def __init__(self, in_channels: int, out_channels: int, window: int) -> None:
        super().__init__()
        self.window = window
        whole = nn.Conv2d(in_channels, out_channels, window)
        assert whole.bias is not None
        self.weight = nn.Parameter(self._before_centre(whole.weight.detach()))
        """(out, in, window² // 2), in raster order."""
        self.bias = whole.bias

    def masked_weight(self) -> Tensor:
        """(out, in, window, window), zero from the centre on."""
        others = self.window**2 - self.weight.shape[-1]
        return F.pad(self.weight, (0, others)).unflatten(2, (self.window, self.window))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, with zeros outside."""
        return F.conv2d(x, self.masked_weight(), self.bias, padding=self.window // 2)

    def _before_centre(self, weight: Tensor) -> Tensor:
        return weight.flatten(2)[..., : self.window**2 // 2].clone()

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Take the taps out of a whole window."""
        weight = state_dict.get(f"{prefix}weight")
        if weight is not None and weight.ndim == 4:
            state_dict[f"{prefix}weight"] = self._before_centre(weight)
        super()._load_from_state_dict(state_dict, prefix, *args)


class BinaryRNN(nn.Module):
    """The context model of one iteration.

    Shapes:
        bits −1, +1 (B, 32, H, W); context (B, 256, H, W), added to the gates → logits of a +1
        (B, 32, H, W)
    """

    def __init__(self) -> None:
        super().__init__()
        self.masked = MaskedConv2d(CODE_DEPTH, DEPTH, WINDOW)
        self.input_to_state = nn.Conv2d(DEPTH, GATES, (1, 2))
        self.state_to_state = nn.Conv1d(DEPTH, GATES, 3, padding=1, bias=False)
        self.hidden = nn.Conv2d(DEPTH, DEPTH, 1)
        self.output = nn.Conv2d(DEPTH, CODE_DEPTH, 1)
        nn.init.ones_(self.input_to_state.bias[:DEPTH])  # type: ignore[index]

    def forward(self, bits: Tensor, context: Tensor) -> Tensor:
        """Predict every bit from those before it."""
        z0 = clip(self.masked(bits))
        rows = self.input_to_state(F.pad(z0, (1, 0))) + context
        return self.output(clip(self.hidden(self.line_lstm(rows))))

    def line_lstm(self, rows: Tensor) -> Tensor:
        """Run the LSTM down the rows: (B, 256, H, W) → (B, 64, H, W)."""
        batch, _, _, width = rows.shape
        state = cell = rows.new_zeros(batch, DEPTH, width)
        states = []
        for row in rows.unbind(dim=2):
            state, cell = lstm_update(row + self.state_to_state(state), cell)
            states.append(state)
        return torch.stack(states, dim=2)
