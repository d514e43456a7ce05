"""Ctrl-C and SIGTERM end a training at the end of a step, or a validation at once, with a
checkpoint."""

import signal
import threading
from types import FrameType
from typing import Any

import lightning as L

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class ValidationStoppedError(Exception):
    """The process was told to end in a validation; the step before it has its checkpoint."""


class StopOnSignal(L.Callback):
    """Stops training after the step, or the validated picture, in which the process is told to end.

    A second signal ends it at once: the last checkpoint on disk is then what remains. Of several
    processes none breaks off a validation, in which they wait for each other.

    Attributes:
        signalled: whether a signal has come.
    """

    def __init__(self) -> None:
        self.signalled = False
        self._previous: dict[signal.Signals, Any] = {}

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Take over the signals."""
        self._take_over()

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """The same for a validation after the training."""
        if not self.signalled and not self._previous:
            self._take_over()

    def _take_over(self) -> None:
        # Only the main thread may.
        if threading.current_thread() is threading.main_thread():
            self._previous = {s: signal.signal(s, self._stop) for s in SIGNALS}

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.signalled = True
        self._give_back()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, *args: Any
    ) -> None:
        """Ask the trainer to stop if a signal has come."""
        if self.signalled:
            trainer.should_stop = True

    def on_validation_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, *args: Any
    ) -> None:
        """End a validation that there is no time for.

        Raises:
            ValidationStoppedError: a signal has come.
        """
        if self.signalled and trainer.world_size == 1:
            raise ValidationStoppedError

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Give the signals back."""
        self._give_back()

    def _give_back(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}
