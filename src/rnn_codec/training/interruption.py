"""Ctrl-C and SIGTERM end a training at the end of a step, with a checkpoint."""

import signal
import threading
from types import FrameType
from typing import Any

import lightning as L

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopOnSignal(L.Callback):
    """Stops training after the step in which the process is told to end.

    A second signal ends it at once: the last checkpoint on disk is then what remains.

    Attributes:
        signalled: whether a signal has come.
    """

    def __init__(self) -> None:
        self.signalled = False
        self._previous: dict[signal.Signals, Any] = {}

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Take over the signals; only the main thread may."""
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

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Give the signals back."""
        self._give_back()

    def _give_back(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}
