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

from rnn_codec.errors import UserError, reason
from rnn_codec.files import atomic_path
from rnn_codec.training.callbacks import is_sound

PARTS = frozenset({"state_dict", "optimizer_states", "lr_schedulers", "loops", "global_step"})
"""What a checkpoint must have for a training to go on."""


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the old checkpoint, then renames: there is always one whole checkpoint.

    A file that is none, as one that was copied by half, is refused in one sentence.
    """

    def load_checkpoint(self, path: _PATH, *args: Any, **options: Any) -> dict[str, Any]:
        try:
            checkpoint: dict[str, Any] = super().load_checkpoint(path, *args, **options)
        # A damaged file ends in whatever it makes the reader raise.
        except Exception as error:
            raise UserError(
                f"the checkpoint {path} cannot be read ({reason(error)}): bring a whole one back, "
                "or delete it to begin again"
            ) from error
        if not isinstance(checkpoint, dict) or not checkpoint.keys() >= PARTS:
            raise UserError(
                f"{path} is not the checkpoint of a training: bring it back, or delete it to begin "
                "again"
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

    It is written at the end of a step, so that a resumed run goes on with the next; before a
    validation, too, which can then be broken off. But never with weights that are not finite, or
    after a step that was not: the checkpoint before is worth more.
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
        ending = ending or is_validated(trainer)
        if trainer.strategy.broadcast((ending or due) and is_sound(pl_module)):
            trainer.save_checkpoint(self.path)
            self._written_at = time.monotonic()


def is_validated(trainer: L.Trainer) -> bool:
    """Whether a validation follows the step in hand."""
    batches, interval = trainer.fit_loop.total_batch_idx + 1, trainer.val_check_batch
    return trainer.enable_validation and interval is not None and batches % interval == 0
