"""Throughput beside the loss in the progress bar."""

import time
from collections.abc import Callable
from typing import Any

import lightning as L
from torch import Tensor


def count_images(batch: Tensor) -> int:
    """Images in a batch (B, 3, H, W)."""
    return len(batch)


def count_crops(batch: Tensor) -> int:
    """Crops of codes in a batch (T, B, 32, H, W)."""
    return batch.shape[1]


def count_positions(batch: Tensor) -> int:
    """Positions of codes in a batch (T, B, 32, H, W), each iteration's counted."""
    return batch[:, :, 0].numel()


class Throughput(L.Callback):
    """Logs what was trained on a second, over all processes, since it last did.

    Validation and checkpoints count as time in which nothing was trained.

    Args:
        every_n_steps: steps between two figures.
        unit: what is counted.
        count: how many of them are in a batch.
    """

    def __init__(self, every_n_steps: int, unit: str, count: Callable[[Tensor], int]) -> None:
        self.every_n_steps = every_n_steps
        self.unit = unit
        self.count = count
        self._counted = 0
        self._since = 0.0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock."""
        self._counted, self._since = 0, time.monotonic()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, *_: Any
    ) -> None:
        """Count, and log now and then."""
        self._counted += self.count(batch) * trainer.world_size
        if trainer.global_step % self.every_n_steps == 0:
            now = time.monotonic()
            rate = self._counted / (now - self._since)
            pl_module.log(f"train/{self.unit}_per_s", rate, prog_bar=True)
            self._counted, self._since = 0, now
