"""Trainings that diverge: noticed while they run, and ended with their last sound checkpoint."""

from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import nn

from rnn_codec.errors import UserError
from rnn_codec.training.steps import Training


class DivergedError(UserError):
    """A training whose loss or gradients are no longer finite."""


class StopOnDivergence(L.Callback):
    """Ends a training whose loss or gradients stay not finite; a single such step moves nothing.

    Args:
        limit: so many steps in a row are too many; in a shorter training, all of them.
        every: steps between two looks, for each of which the device is waited for.
        checkpoint: of the training; it is not written while a step is broken.
    """

    def __init__(self, limit: int, every: int, checkpoint: Path) -> None:
        self.limit = limit
        self.every = every
        self.checkpoint = checkpoint
        self._first_step = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Take down where the training begins, or goes on."""
        self._first_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, *args: Any
    ) -> None:
        """Look, now and then."""
        if trainer.global_step % self.every == 0:
            self._look(trainer, pl_module, self.limit)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Look at the end, at the weights, too; a training may be shorter than the limit."""
        if not has_finite_weights(pl_module):
            raise DivergedError(self._sentence("the weights are not finite"))
        steps = trainer.global_step - self._first_step
        if steps > 0:
            self._look(trainer, pl_module, min(self.limit, steps))

    def _look(self, trainer: L.Trainer, module: L.LightningModule, limit: int) -> None:
        assert isinstance(module, Training)
        # Every process must take the same decision, and each has the loss of its own crops.
        broken = module.broken.in_a_row() >= limit
        if trainer.strategy.reduce_boolean_decision(broken, all=False):
            last = f"the last {limit} steps" if limit > 1 else "the last step"
            raise DivergedError(self._sentence(f"loss or gradients were not finite in {last}"))

    def _sentence(self, reason: str) -> str:
        kept = f"; {self.checkpoint} is from before" if self.checkpoint.is_file() else ""
        return (
            f"the training has diverged: {reason}; start a new run with a lower learning rate{kept}"
        )


def is_sound(module: nn.Module) -> bool:
    """Whether a training can be gone on with from here: weights and last step are finite."""
    stepped = not isinstance(module, Training) or module.broken.in_a_row() == 0
    return stepped and has_finite_weights(module)


def has_finite_weights(module: nn.Module) -> bool:
    """Whether no weight is infinite or NaN.

    Example:
        >>> layer = nn.Linear(2, 2)
        >>> finite = has_finite_weights(layer)
        >>> _ = nn.init.constant_(layer.bias, float("nan"))
        >>> finite, has_finite_weights(layer)
        (True, False)
    """
    return bool(torch.stack([weight.isfinite().all() for weight in module.parameters()]).all())
