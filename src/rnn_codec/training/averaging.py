"""Exponential moving average of the weights, with a warm-up."""

from collections.abc import Sequence
from functools import partial

import lightning as L
import torch
from lightning.pytorch import callbacks
from torch import Tensor


@torch.no_grad()
def move_averages(
    decay: float, averages: Sequence[Tensor], weights: Sequence[Tensor], updates: Tensor
) -> None:
    """Move averages towards the weights, in place.

    After n updates the decay is (1 + n)/(10 + n), at most `decay`. Without this warm-up the average
    of a short training would still contain its first steps.
    """
    kept = ((1 + updates) / (10 + updates)).clamp(max=decay)
    for average, weight in zip(averages, weights, strict=True):
        average.lerp_(weight, (1 - kept).to(average.dtype))


class WeightAveraging(callbacks.WeightAveraging):
    """Lightning's, with the average on the device of the weights, so that updates do not wait."""

    def __init__(self, decay: float) -> None:
        super().__init__(multi_avg_fn=partial(move_averages, decay))

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        self._device = trainer.strategy.root_device
        super().setup(trainer, pl_module, stage)
        if self._average_model is not None:
            # It is read in every step, which must not wait for the device.
            self._average_model.n_averaged = self._average_model.n_averaged.cpu()

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Leave the average in the module, also if a resumed training had no steps left.

        Lightning does so when training ends, which then does not even begin.
        """
        del trainer
        self._copy_average_to_current(pl_module)
