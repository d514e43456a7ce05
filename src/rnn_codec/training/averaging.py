"""Exponential moving average of the weights, with a warm-up."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import lightning as L
import torch
from lightning.pytorch import callbacks
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

    The first update takes the weights as they are. Nothing is read from a device.
    """

    @torch.no_grad()
    def update(averages: Sequence[Tensor], weights: Sequence[Tensor], updates: Tensor) -> None:
        taken = torch.where(updates == 0, 1.0, 1 - effective_decay(decay, updates))
        for average, weight in zip(averages, weights, strict=True):
            average.lerp_(weight, taken.to(average.dtype))

    return update


class WeightAveraging(callbacks.WeightAveraging):
    """Lightning's, but the average lies where the weights do, and an update waits for no device.

    Args:
        decay: share of the average that each step keeps.
    """

    def __init__(self, decay: float) -> None:
        super().__init__()
        self._update = moving_average(decay)

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Make the average when a training begins."""
        self._device = trainer.strategy.root_device
        super().setup(trainer, pl_module, stage)

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, *_: Any
    ) -> None:
        """Take a step into the average."""
        averaged = self._average_model
        if trainer.global_step <= self._latest_update_step or averaged is None:
            return
        averages, weights = (
            list(chain(module.parameters(), module.buffers()))
            for module in (averaged.module, pl_module)
        )
        self._update(averages, weights, averaged.n_averaged)
        averaged.n_averaged += 1
        self._latest_update_step = trainer.global_step
