"""Checkpoints that stay intact when the process is killed."""

import time
from io import BytesIO
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.fabric.utilities.types import _PATH
from lightning.pytorch.callbacks import Checkpoint

from rnn_codec.errors import UserError, reason
from rnn_codec.files import atomic_path
from rnn_codec.training.callbacks import is_sound

PARTS = frozenset({"state_dict", "optimizer_states", "lr_schedulers", "loops", "global_step"})
"""Keys without which a training cannot resume from a checkpoint."""


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes to a temporary file, then renames it: there is always one complete checkpoint.

    A file that is not a checkpoint, or is only half copied, is refused in one sentence.
    """

    def load_checkpoint(self, path: _PATH, *args: Any, **options: Any) -> dict[str, Any]:
        try:
            checkpoint: dict[str, Any] = super().load_checkpoint(path, *args, **options)
        # A damaged file can make the reader raise anything.
        except Exception as error:
            raise UserError(
                f"the checkpoint {path} cannot be read ({reason(error)}): restore it from a copy, "
                "or delete it to start again"
            ) from error
        if not isinstance(checkpoint, dict) or not checkpoint.keys() >= PARTS:
            raise UserError(
                f"{path} is not the checkpoint of a training: restore it from a copy, or delete it "
                "to start again"
            )
        return checkpoint

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: _PATH, storage_options: Any = None
    ) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        content = BytesIO()
        torch.save(checkpoint, content)
        with atomic_path(path) as partial:
            partial.write_bytes(content.getbuffer())


class LastCheckpoint(Checkpoint):
    """Keeps one checkpoint up to date: every few minutes, and when training stops for any reason.

    It is written at the end of a step, so that a resumed run continues with the next one. It is
    also written before a validation, which can then be interrupted. It is never written while the
    weights, or the loss and gradient of the last step, are not finite: the checkpoint before is
    worth more.
    """

    def __init__(self, path: Path, every_minutes: float) -> None:
        self.path = path
        self.interval = 60.0 * every_minutes
        self._written_at = time.monotonic()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, *args: Any
    ) -> None:
        """Write if a checkpoint is due, or if this was the last step."""
        ending = trainer.should_stop or trainer.global_step >= trainer.max_steps > 0
        due = time.monotonic() - self._written_at >= self.interval
        # All processes must take the same decision, but their clocks differ.
        ending = ending or is_validated(trainer)
        if trainer.strategy.broadcast((ending or due) and is_sound(pl_module)):
            trainer.save_checkpoint(self.path)
            self._written_at = time.monotonic()


def is_validated(trainer: L.Trainer) -> bool:
    """Whether a validation follows the current step."""
    batches, interval = trainer.fit_loop.total_batch_idx + 1, trainer.val_check_batch
    return trainer.enable_validation and interval is not None and batches % interval == 0
