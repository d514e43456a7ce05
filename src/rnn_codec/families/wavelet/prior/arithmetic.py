"""The arithmetic of the prior: bytes, which layers rescale by powers of two.

All tensors between layers are bytes q, which represent numbers:

    signed      (q − 128) / 64    −2 … 1.98     states, messages, known coefficients
    rectified   q / 64             0 … 3.98     after a rectifier
    gate        q / 256            0 … 0.996    a piecewise linear sigmoid with slope 1/4

The output of a layer is rounded, half to even, and saturates at the bounds of bytes, which is its
nonlinearity. Weights are integers −64 … 64 times a power of two for each output channel. So every
sum is an exact integer below 2²⁴, in any order, and also in float32. The sum of two products of a
byte and a weight is exact in the 16 bits in which some processors add them.

A network is written once, in the operations of `Arithmetic`. `Smooth` computes with real numbers,
for training. `Rounded` computes the integers' values exactly, in float32, and lets gradients
through. `graphs.Nodes` exports the same operations for the engine.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

UNITS = 64
"""The units of a byte that make 1 in a signed or rectified number."""
LEAST, MOST = -128 / UNITS, 127 / UNITS
MOST_RECTIFIED = 255 / UNITS
GATE_UNITS = 256
LARGEST_WEIGHT = 64
MOST_SHIFT = 16
"""Weights are whole multiples of a power of two, 2⁻¹⁶ at the least."""

T = TypeVar("T")


class Convolution(nn.Module):
    """A convolution with bias, padded with zeros to keep the size.

    Args:
        kernel: side of the kernel, odd.
        rectified: how many of the first inputs are rectified; the others are signed. It must be 0
            with a kernel larger than 1, because padding does not distinguish them.
        scale: factor on the output.

    Attributes:
        stride: of rows and columns.
        pads: zeros before the first column, after the last, before the first row, after the last.
    """

    stride = 1

    def __init__(
        self, inputs: int, outputs: int, kernel: int, rectified: int = 0, scale: float = 1.0
    ) -> None:
        super().__init__()
        if rectified and kernel != 1:
            raise ValueError("rectified inputs need a kernel of 1")
        self.rectified, self.scale = rectified, scale
        self.pads = (kernel // 2,) * 4
        self.weight = nn.Parameter(torch.empty(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    @property
    def factors(self) -> Tensor:
        """The factors on the inputs, (out, in, kernel, kernel)."""
        return self.weight if self.scale == 1.0 else self.weight * self.scale

    @property
    def offset(self) -> Tensor:
        """The bias that is added, (out,)."""
        return self.bias if self.scale == 1.0 else self.bias * self.scale


class Arithmetic(Protocol[T]):
    """The operations of which a network consists; T is a tensor, or stands for one."""

    def signed(self, layer: Convolution, x: T, shift: T | None = None) -> T:
        """A layer with a signed output; `shift` (B, out) is added to its bias."""

    def rectified(self, layer: Convolution, x: T, shift: T | None = None) -> T:
        """A layer with a rectified output."""

    def gates(self, layer: Convolution, x: T) -> T:
        """A layer whose outputs are gates."""

    def joined(self, parts: Sequence[T]) -> T:
        """Tensors side by side, along the channels."""

    def parted(self, x: T, count: int) -> list[T]:
        """Undo `joined` for parts of the same depth."""

    def gated(self, gate: T, x: T) -> T:
        """A gate times a signed tensor: signed."""

    def product(self, a: T, b: T) -> T:
        """Half the product of two signed tensors: signed."""

    def sum(self, a: T, b: T) -> T:
        """The sum of two signed tensors: signed."""

    def rest(self, gate: T) -> T:
        """255/256 minus a gate."""

    def opposite(self, x: T) -> T:
        """−1/64 minus a signed tensor."""


class Smooth:
    """Real numbers between the bounds of bytes."""

    def signed(self, layer: Convolution, x: Tensor, shift: Tensor | None = None) -> Tensor:
        return self._output(layer, x, shift, LEAST, MOST)

    def rectified(self, layer: Convolution, x: Tensor, shift: Tensor | None = None) -> Tensor:
        return self._output(layer, x, shift, 0.0, MOST_RECTIFIED)

    def gates(self, layer: Convolution, x: Tensor) -> Tensor:
        return self._output(layer, x, None, LEAST, MOST) / 4 + 0.5

    def joined(self, parts: Sequence[Tensor]) -> Tensor:
        return torch.cat(list(parts), dim=1)

    def parted(self, x: Tensor, count: int) -> list[Tensor]:
        return list(x.chunk(count, dim=1))

    def gated(self, gate: Tensor, x: Tensor) -> Tensor:
        return self._byte(gate * x)

    def product(self, a: Tensor, b: Tensor) -> Tensor:
        return F.hardtanh(self._byte(a * b / 2), LEAST, MOST)

    def sum(self, a: Tensor, b: Tensor) -> Tensor:
        return F.hardtanh(a + b, LEAST, MOST)

    def rest(self, gate: Tensor) -> Tensor:
        return (GATE_UNITS - 1) / GATE_UNITS - gate

    def opposite(self, x: Tensor) -> Tensor:
        return -1 / UNITS - x

    def _output(
        self, layer: Convolution, x: Tensor, shift: Tensor | None, least: float, most: float
    ) -> Tensor:
        weight, bias = self._numbers(layer, shift)
        if weight.shape[2:] == (1, 1):
            y = F.linear(x.permute(0, 2, 3, 1), weight.flatten(1)).permute(0, 3, 1, 2)
        else:
            y = F.conv2d(F.pad(x, layer.pads), weight, None, layer.stride)
        return F.hardtanh(self._byte(y + bias[..., None, None]), least, most)

    def _numbers(self, layer: Convolution, shift: Tensor | None) -> tuple[Tensor, Tensor]:
        """Weights, and biases (out,) or (B, out)."""
        offset = layer.offset
        return layer.factors, offset if shift is None else offset + shift

    def _byte(self, x: Tensor) -> Tensor:
        """A number as a byte can hold it, without saturation."""
        return x


class Rounded(Smooth):
    """The integers' values: weights and outputs are rounded; gradients are as if they were not."""

    def _output(
        self, layer: Convolution, x: Tensor, shift: Tensor | None, least: float, most: float
    ) -> Tensor:
        # Sums have up to 24 bits: bfloat16 would round them before they are.
        with torch.autocast(x.device.type, enabled=False):
            return super()._output(layer, x, shift, least, most)

    def _numbers(self, layer: Convolution, shift: Tensor | None) -> tuple[Tensor, Tensor]:
        factors, offset = super()._numbers(layer, shift)
        units = torch.exp2(shifts(layer.factors))
        weight = _through(
            factors, torch.round(factors * units[:, None, None, None]) / units[:, None, None, None]
        )
        bias = _through(offset, torch.round(offset * (units * UNITS)) / (units * UNITS))
        return weight, bias

    def _byte(self, x: Tensor) -> Tensor:
        return _through(x, torch.round(x * UNITS) / UNITS)


def shifts(factors: Tensor) -> Tensor:
    """The largest s for each output with which its weights times 2ˢ are −64 … 64, (out,)."""
    largest = factors.detach().abs().flatten(1).amax(1)
    # Almost 64.5, because weights are rounded.
    room = torch.log2((LARGEST_WEIGHT + 0.499) / largest.clamp(min=1e-12))
    return room.floor().clamp(0, MOST_SHIFT)


def _through(x: Tensor, rounded: Tensor) -> Tensor:
    """The rounded values, with the gradient of x."""
    return x + (rounded - x).detach() if x.requires_grad else rounded
