"""The progress of a training counted in steps: a bar on a terminal, lines in a file."""

import sys
import time
from collections.abc import Callable
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import ProgressBar, RichProgressBar

from rnn_codec.progress import SECONDS


def step_progress() -> ProgressBar:
    """What shows steps where standard error goes."""
    return StepProgressBar(refresh_rate=10) if sys.stderr.isatty() else StepLines(time.monotonic)


class StepLines(ProgressBar):
    """Writes the number of steps to standard error when `SECONDS` have passed since the last time.

    Args:
        clock: tells the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock, self._told, self._enabled = clock, clock(), True

    def disable(self) -> None:
        """Of several processes the first writes."""
        self._enabled = False

    def enable(self) -> None:
        """Undo `disable`."""
        self._enabled = True

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, *args: Any
    ) -> None:
        """Write if it is time."""
        if self._enabled and self._clock() - self._told >= SECONDS:
            self._told = self._clock()
            of_all = f" of {trainer.max_steps}" if trainer.max_steps > 0 else ""
            print(f"step {trainer.global_step}{of_all}", file=sys.stderr, flush=True)


class StepProgressBar(RichProgressBar):
    """Steps done of those to do, the loss, the throughput; no epochs, of which there is one."""

    def _get_train_description(self, current_epoch: int) -> str:
        return "step"

    def _update_metrics(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Not after every step: to read a figure is to wait for the device."""
        if not trainer.training or trainer.global_step % self.refresh_rate == 0:
            super()._update_metrics(trainer, pl_module)

    def get_metrics(
        self, trainer: L.Trainer, pl_module: L.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """The logged figures, without the logger's version."""
        metrics = super().get_metrics(trainer, pl_module)
        return {name: value for name, value in metrics.items() if name != "v_num"}
