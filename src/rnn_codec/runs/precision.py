"""The precisions in which weights are stored: floating point, or 8 bits with a scale per row.

A row is one index of a tensor's first dimension: an output channel of a convolution, or one
iteration, if each iteration has its own weights.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

PRECISIONS = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "int8": torch.int8,
}
"""Types in which weights can be exported."""
LARGEST = 127
"""The magnitude of a row's largest weight in 8 bits."""
SCALES = ".scales"
"""The suffix that turns the name of a tensor of integers into that of its scales."""


def to_precision(weights: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """Finite weights, by name, converted to one of `PRECISIONS` for storage.

    In 8 bits, a tensor becomes a tensor of integers and one of the scales of its rows. Tensors of
    one dimension, such as biases, are small and stay float32. `from_precision` is the inverse.
    """
    if dtype is not torch.int8:
        return {name: weight.to(dtype) for name, weight in weights.items()}
    stored: dict[str, Tensor] = {}
    for name, weight in weights.items():
        if weight.dim() < 2:
            stored[name] = weight.float()
        else:
            stored[name], stored[name + SCALES] = to_eight_bits(weight)
    return stored


def from_precision(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights in float32, from tensors that `to_precision` returned.

    Raises:
        KeyError: a tensor of integers has no scales.
    """
    integers = {name for name, tensor in stored.items() if tensor.dtype is torch.int8}
    scales = {name + SCALES for name in integers}
    return {
        name: from_eight_bits(tensor, stored[name + SCALES]) if name in integers else tensor.float()
        for name, tensor in stored.items()
        if name not in scales
    }


def to_eight_bits(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A tensor (n, …) as integers −127 … 127, int8, and the scales (n,) of its rows, float32.

    Example:
        >>> integers, scales = to_eight_bits(torch.tensor([[0.5, -1.27], [0.0, 0.0]]))
        >>> integers.tolist()
        [[50, -127], [0, 0]]
    """
    rows = weight.float().flatten(1)
    scales = rows.abs().amax(1) / LARGEST
    # For a row of zeros any divisor will do.
    divisors = torch.where(scales > 0, scales, 1.0)
    integers = (rows / divisors[:, None]).round().clamp(-LARGEST, LARGEST)
    return integers.to(torch.int8).view(weight.shape), scales


def from_eight_bits(integers: Tensor, scales: Tensor) -> Tensor:
    """The tensor, float32: each integer times the scale of its row, rounded once."""
    return integers.float() * scales.view(-1, *[1] * (integers.dim() - 1))
