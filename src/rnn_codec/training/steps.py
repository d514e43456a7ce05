"""What trainings of codecs and of entropy coders have in common: how weights take a step."""

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
"""Builds the optimizer of some parameters."""
Schedule = Callable[[int, float], float]
"""From a step, and from how far the training is (`Progress.position`), to a factor on the learning
rate."""


def clip_gradients(parameters: Iterable[nn.Parameter], largest_norm: float | None) -> Tensor:
    """Shorten the gradient to `largest_norm` if it is longer; None leaves its length.

    What is not finite becomes zero: one such step would spoil the weights for good. Nothing is
    read from a device. Gradients must not be scaled, as they are by a float16 scaler; in bfloat16
    there is none.

    Returns:
        The norm before, a scalar.
    """
    trained = [parameter for parameter in parameters if parameter.grad is not None]
    gradients = [parameter.grad for parameter in trained if parameter.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    if largest_norm is not None:
        # A norm that is not finite makes a NaN or a zero of every entry.
        torch.nn.utils.clip_grads_with_norm_(trained, largest_norm, norm)
    for gradient in gradients:
        gradient.nan_to_num_(0, 0, 0)
    return norm


class Training(L.LightningModule):
    """Takes steps by an optimizer and a schedule, with clipped gradients.

    Args:
        optimizer: builds the optimizer of the parameters.
        schedule: gives the factor on the learning rate.
        progress: how far the training is.

    Attributes:
        broken: of how many steps up to the last the loss or the gradient was not finite, a scalar
            where the weights are: to count waits for no device, to read does.
        unit: what throughput is told in.
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
        """How many are in a batch, for what the training costs."""

    @abstractmethod
    def units(self, batch: Tensor) -> int:
        """How many of `unit` are in a batch."""

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
        """What the learning rate of a step is multiplied by."""
        return self.schedule(step, self.progress.position(step))

    def on_before_backward(self, loss: Tensor) -> None:
        self._loss = loss.detach()

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip by norm, also where Lightning will not: fused optimizers in bfloat16."""
        norm = clip_gradients(self.parameters(), gradient_clip_val)
        # Both: the absolute value of NaN has a gradient of zero.
        sound = self._loss.isfinite() & norm.isfinite()
        self.broken.add_(1).mul_(~sound)
