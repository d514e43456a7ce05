"""Which step of a training was validated last."""

import lightning as L


class ValidatedStep(L.Callback):
    """Remembers the step of the last validation.

    Attributes:
        step: steps done when it was; None before the first.
    """

    def __init__(self) -> None:
        self.step: int | None = None

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Take the step down."""
        self.step = trainer.global_step
