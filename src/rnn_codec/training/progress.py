"""The progress of a training in steps: a bar on a terminal, lines in a file."""

import sys
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import ProgressBar, RichProgressBar
from rich.progress import ProgressColumn

from rnn_codec.progress import ProgressLines, columns


def step_progress() -> ProgressBar:
    """The progress display that suits standard error."""
    return StepProgressBar(refresh_rate=10) if sys.stderr.isatty() else StepLines()


class StepLines(ProgressBar):
    """Writes the number of steps to standard error at intervals."""

    def __init__(self, lines: ProgressLines | None = None) -> None:
        super().__init__()
        self._lines, self._enabled = lines or ProgressLines("step"), True

    def disable(self) -> None:
        """Stop writing: of several processes only the first writes."""
        self._enabled = False

    def enable(self) -> None:
        self._enabled = True

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, *args: Any
    ) -> None:
        if self._enabled:
            self._lines.tell(trainer.global_step, trainer.max_steps)


class StepProgressBar(RichProgressBar):
    """Shows steps done and to do, loss and throughput; no epochs, as there is only one."""

    def configure_columns(self, trainer: L.Trainer) -> list[ProgressColumn]:
        return columns()

    def _get_train_description(self, current_epoch: int) -> str:
        return "step"

    def _update_metrics(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Update only every `refresh_rate` steps: reading a metric waits for the device."""
        if not trainer.training or trainer.global_step % self.refresh_rate == 0:
            super()._update_metrics(trainer, pl_module)

    def get_metrics(
        self, trainer: L.Trainer, pl_module: L.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """The logged metrics, without the logger's version."""
        metrics = super().get_metrics(trainer, pl_module)
        return {name: value for name, value in metrics.items() if name != "v_num"}
