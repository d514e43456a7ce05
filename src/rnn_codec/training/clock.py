"""How long a training took and how much it saw, through all interruptions."""

import time
from collections.abc import Callable
from typing import Any

import lightning as L
from torch import Tensor


class TrainingClock(L.Callback):
    """Counts seconds and examples; both are part of the checkpoint.

    What was done after the last checkpoint before an interruption is done again and counts once.

    Args:
        count: how many examples are in a batch.

    Attributes:
        seconds: from the first step to the end of the last one.
        examples: of all processes.
    """

    def __init__(self, count: Callable[[Tensor], int]) -> None:
        self.count = count
        self.seconds = 0.0
        self.examples = 0
        self._since = 0.0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start, or start again."""
        self._since = time.monotonic()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, *_: Any
    ) -> None:
        """Add the step and what was done since the last one."""
        now = time.monotonic()
        self.seconds += now - self._since
        self.examples += self.count(batch) * trainer.world_size
        self._since = now

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"seconds": self.seconds, "examples": self.examples}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.seconds, self.examples = state_dict["seconds"], state_dict["examples"]
