"""The progress bar of a training counted in steps."""

import lightning as L
from lightning.pytorch.callbacks import RichProgressBar


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
