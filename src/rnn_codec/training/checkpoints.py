"""Checkpoints that a kill cannot spoil."""

import time
from io import BytesIO
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.fabric.utilities.types import _PATH
from lightning.pytorch.callbacks import Checkpoint

from rnn_codec.files import atomic_path
from rnn_codec.training.divergence import is_sound


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the old checkpoint, then renames: there is always one whole checkpoint."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: _PATH, storage_options: Any = None
    ) -> None:
        """Write `checkpoint` to `path` in one step."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        content = BytesIO()
        torch.save(checkpoint, content)
        with atomic_path(path) as partial:
            partial.write_bytes(content.getbuffer())


class LastCheckpoint(Checkpoint):
    """Keeps one checkpoint up to date: every few minutes, and when training stops for any reason.

    It is written at the end of a step, so that a resumed run goes on with the next; but never with
    weights that are not finite, or after a step that was not: the one before is worth more.

    Args:
        path: the checkpoint's file.
        every_minutes: time between two writes.
    """

    def __init__(self, path: Path, every_minutes: float) -> None:
        self.path = path
        self.interval = 60.0 * every_minutes
        self._written_at = time.monotonic()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, *args: Any
    ) -> None:
        """Write if it is time, or if this was the last step."""
        ending = trainer.should_stop or trainer.global_step >= trainer.max_steps > 0
        due = time.monotonic() - self._written_at >= self.interval
        # Every process must take the same decision, and their clocks differ.
        if trainer.strategy.broadcast((ending or due) and is_sound(pl_module)):
            trainer.save_checkpoint(self.path)
            self._written_at = time.monotonic()
