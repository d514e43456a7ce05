"""Callbacks of every training: time and throughput, divergence, signals."""

import signal
import threading
import time
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import lightning as L
import torch
from torch import nn

from rnn_codec.errors import UserError
from rnn_codec.training.schedules import Progress
from rnn_codec.training.steps import Training

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TrainingClock(L.Callback):
    """Counts seconds and examples across interruptions; both are part of the checkpoint.

    Steps that are repeated because they came after the last checkpoint count once. The throughput
    of all processes is logged; its time includes validation and checkpoints, in which nothing is
    trained.

    Args:
        limit: limit of the training's time; `progress` is told which share of it is used up.
        every_n_steps: steps between two values of the throughput.

    Attributes:
        seconds: time from the first step to the end of the last one.
        examples: examples of all processes.
    """

    def __init__(self, limit: timedelta | None, progress: Progress, every_n_steps: int) -> None:
        self.limit = limit
        self.progress = progress
        self.every_n_steps = every_n_steps
        self.seconds = 0.0
        self.examples = 0
        self._since = self._logged_at = 0.0
        self._units = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._since = self._logged_at = time.monotonic()
        self._units = 0

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, *_: Any
    ) -> None:
        assert isinstance(pl_module, Training)
        now = time.monotonic()
        self.seconds += now - self._since
        self.examples += pl_module.examples(batch) * trainer.world_size
        self._since = now
        if self.limit is not None:
            # All processes must take the same decisions, but their clocks differ.
            used = trainer.strategy.broadcast(self.seconds / self.limit.total_seconds())
            self.progress.spend(min(1.0, used), trainer.global_step)
        self._units += pl_module.units(batch) * trainer.world_size
        if trainer.global_step % self.every_n_steps == 0:
            rate = self._units / (now - self._logged_at)
            pl_module.log(f"train/{pl_module.unit}_per_s", rate, prog_bar=True)
            self._units, self._logged_at = 0, now

    def state_dict(self) -> dict[str, Any]:
        late = self.progress.late_by_time
        return {"seconds": self.seconds, "examples": self.examples, "late_by_time": late}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.seconds, self.examples = state_dict["seconds"], state_dict["examples"]
        self.progress.late_by_time = state_dict.get("late_by_time")
        if self.limit is not None:
            self.progress.time_used = min(1.0, self.seconds / self.limit.total_seconds())


class ValidatedStep(L.Callback):
    """Remembers how many steps were done at the last validation."""

    step: int | None = None

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.step = trainer.global_step


class DivergedError(UserError):
    """A training whose loss or gradients are no longer finite."""


class StopOnDivergence(L.Callback):
    """Ends a training whose loss or gradients stay non-finite; such a step changes no weights.

    Args:
        limit: number of such steps in a row that ends the training, or all steps of a shorter one.
        every: steps between two checks; each of them waits for the device.
        checkpoint: the checkpoint that the error message names, if it exists.
    """

    def __init__(self, limit: int, every: int, checkpoint: Path) -> None:
        self.limit = limit
        self.every = every
        self.checkpoint = checkpoint
        self._first_step = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._first_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, *args: Any
    ) -> None:
        if trainer.global_step % self.every == 0:
            self._look(trainer, pl_module, self.limit)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Check once more, also the weights; a training may be shorter than the limit."""
        if not has_finite_weights(pl_module):
            raise DivergedError(self._sentence("the weights are not finite"))
        steps = trainer.global_step - self._first_step
        if steps > 0:
            self._look(trainer, pl_module, min(self.limit, steps))

    def _look(self, trainer: L.Trainer, module: L.LightningModule, limit: int) -> None:
        assert isinstance(module, Training)
        # All processes must take the same decision, but each has the loss of its own crops.
        broken = int(module.broken) >= limit
        if trainer.strategy.reduce_boolean_decision(broken, all=False):
            last = f"the last {limit} steps" if limit > 1 else "the last step"
            raise DivergedError(self._sentence(f"loss or gradients were not finite in {last}"))

    def _sentence(self, reason: str) -> str:
        kept = f"; {self.checkpoint} is from before that" if self.checkpoint.is_file() else ""
        return (
            f"the training has diverged: {reason}; start a new run with a lower learning rate{kept}"
        )


def is_sound(module: nn.Module) -> bool:
    """Whether a training can continue from here: the weights and the last step are finite."""
    stepped = not isinstance(module, Training) or int(module.broken) == 0
    return stepped and has_finite_weights(module)


def has_finite_weights(module: nn.Module) -> bool:
    """Whether no weight is infinite or NaN."""
    return bool(torch.stack([weight.isfinite().all() for weight in module.parameters()]).all())


class ValidationStoppedError(Exception):
    """The process was told to stop during a validation; the step before has its checkpoint."""


class StopOnSignal(L.Callback):
    """Stops training after the current step or validation picture when a signal arrives.

    The signals are Ctrl-C and SIGTERM; a checkpoint is written first. A second signal ends the
    process at once, and the last checkpoint on disk remains. Several processes wait for each other
    in a validation, so they never stop within one.
    """

    def __init__(self) -> None:
        self.signalled = False
        self._previous: dict[signal.Signals, Any] = {}

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Install the signal handlers, which only the main thread may do."""
        taken_over = self.signalled or self._previous
        if not taken_over and threading.current_thread() is threading.main_thread():
            self._previous = {s: signal.signal(s, self._stop) for s in SIGNALS}

    # A validation may follow the training.
    on_validation_start = on_train_start

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.signalled = True
        self._give_back()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, *args: Any
    ) -> None:
        if self.signalled:
            trainer.should_stop = True

    def on_validation_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, *args: Any
    ) -> None:
        if self.signalled and trainer.world_size == 1:
            raise ValidationStoppedError

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        self._give_back()

    def _give_back(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}
