"""Throughput beside the loss in the progress bar."""

import time
from typing import Any

import lightning as L


class Throughput(L.Callback):
    """Logs training images a second, over all processes, since it last did.

    Validation and checkpoints count as time in which nothing was trained.

    Args:
        every_n_steps: steps between two figures.
    """

    def __init__(self, every_n_steps: int) -> None:
        self.every_n_steps = every_n_steps
        self._images = 0
        self._since = 0.0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock."""
        self._images, self._since = 0, time.monotonic()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, *_: Any
    ) -> None:
        """Count, and log now and then."""
        self._images += len(batch) * trainer.world_size
        if trainer.global_step % self.every_n_steps == 0:
            now = time.monotonic()
            pl_module.log("train/images_per_s", self._images / (now - self._since), prog_bar=True)
            self._images, self._since = 0, now
