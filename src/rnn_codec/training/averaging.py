"""Exponential moving average of the weights, with a warm-up."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Average = Callable[[Sequence[Tensor], Sequence[Tensor], Tensor], None]


def effective_decay(decay: float, updates: Tensor) -> Tensor:
    """The share of the old average that is kept: (1 + n)/(10 + n), at most `decay`.

    Without this warm-up the average of a short training would still hold its first steps.

    Example:
        >>> effective_decay(0.999, torch.tensor([0, 90, 100000]))
        tensor([0.1000, 0.9100, 0.9990])
    """
    return ((1 + updates) / (10 + updates)).clamp(max=decay)


def moving_average(decay: float) -> Average:
    """Update the averages, in place, with the current weights after `updates` updates.

    The function is what `torch.optim.swa_utils.AveragedModel` takes as `multi_avg_fn`.
    """

    @torch.no_grad()
    def update(averages: Sequence[Tensor], weights: Sequence[Tensor], updates: Tensor) -> None:
        taken = 1 - effective_decay(decay, updates)
        for average, weight in zip(averages, weights, strict=True):
            average.lerp_(weight, taken.to(average.dtype))

    return update
