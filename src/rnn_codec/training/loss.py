"""The training loss."""

from collections.abc import Sequence

import torch
from torch import Tensor


def residual_loss(signal: Tensor, reconstructions: Sequence[Tensor]) -> Tensor:
    """β Σ_t |x − x̂_t|: the mean absolute residual over all iterations [Toderici 2017, section 2].

    Args:
        signal: x, (B, 3, H, W).
        reconstructions: x̂_1 … x̂_n, each like `signal`.

    Returns:
        A scalar, in units of the signal (2 is the whole range).

    Example:
        >>> zeros, ones = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
        >>> residual_loss(zeros, [ones, zeros])
        tensor(0.5000)
    """
    losses = [(signal - reconstruction).abs().mean() for reconstruction in reconstructions]
    return torch.stack(losses).mean()
