"""The base of all trainings: how a step updates the weights."""

from abc import abstractmethod
from collections.abc import Callable, Iterable

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from rnn_codec.training.schedules import Progress

BuildOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]
"""Builds an optimizer of the given parameters."""
Schedule = Callable[[int, float], float]
"""Maps a step and the progress (`Progress.position`) to a factor on the learning rate."""


def clip_gradients(parameters: Iterable[nn.Parameter], largest_norm: float | None) -> Tensor:
    """Scale the gradient to `largest_norm` if its norm is larger; None leaves it as it is.

    Non-finite entries become zero: one such step would ruin the weights. Nothing is read from a
    device. Gradients must not be scaled, as a float16 scaler does; bfloat16 has no scaler.

    Returns:
        The norm before clipping, a scalar.
    """
    trained = [parameter for parameter in parameters if parameter.grad is not None]
    gradients = [parameter.grad for parameter in trained if parameter.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    if largest_norm is not None:
        # A non-finite norm turns every entry into NaN or zero.
        torch.nn.utils.clip_grads_with_norm_(trained, largest_norm, norm)
    for gradient in gradients:
        gradient.nan_to_num_(0, 0, 0)
    return norm


class Training(L.LightningModule):
    """Takes steps with an optimizer and a schedule, with clipped gradients.

    Args:
        optimizer: builds the optimizer of the parameters.
        schedule: gives the factor on the learning rate.
        progress: the training's progress.

    Attributes:
        broken: the number of latest steps in a row with a non-finite loss or gradient, a scalar on
            the device of the weights: counting does not wait for the device, reading does.
        unit: the unit of throughput.
    """

    unit: str

    def __init__(self, optimizer: BuildOptimizer, schedule: Schedule, progress: Progress) -> None:
        super().__init__()
        self.build_optimizer = optimizer
        self.schedule = schedule
        self.progress = progress
        self.broken = torch.zeros((), dtype=torch.int64)
        self._loss = torch.zeros(())

    @abstractmethod
    def examples(self, batch: Tensor) -> int:
        """The number of examples in a batch, for the cost of the training."""

    @abstractmethod
    def units(self, batch: Tensor) -> int:
        """The number of units in a batch."""

    def on_fit_start(self) -> None:
        self.broken = torch.zeros((), dtype=torch.int64, device=self.device)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """The optimizer, with the schedule applied every step."""
        optimizer = self.build_optimizer(self.parameters())
        scheduler = LambdaLR(optimizer, self.factor)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def factor(self, step: int) -> float:
        """The factor on the learning rate in a step."""
        return self.schedule(step, self.progress.position(step))

    def on_before_backward(self, loss: Tensor) -> None:
        self._loss = loss.detach()

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip by norm, even where Lightning refuses to: fused optimizers in bfloat16."""
        norm = clip_gradients(self.parameters(), gradient_clip_val)
        # Both are needed: the absolute value of NaN has a gradient of zero.
        sound = self._loss.isfinite() & norm.isfinite()
        self.broken.add_(1).mul_(~sound)
