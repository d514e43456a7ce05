"""Shortens trainings of a few steps, and has the smallest training for Lightning."""

from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from torch import Tensor, nn

from rnn_codec.families.binary.training import stages as recurrent


def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pictures of every validation: they take a quarter of a short training."""
    monkeypatch.setattr(recurrent, "ReconstructionPictures", lambda folder: L.Callback())


class Counting(L.LightningModule):
    """A module of one weight, which grows by one in every step."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.layer.weight)

    def training_step(self, batch: Tensor) -> Tensor:
        return -self.layer(batch).sum()

    def validation_step(self, batch: Tensor) -> None:
        pass

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1.0)


def least_trainer(
    folder: Path, steps: int, callbacks: list[L.Callback], **options: Any
) -> L.Trainer:
    """A trainer that shows and logs nothing of its own."""
    return L.Trainer(
        accelerator="cpu",
        max_epochs=-1,
        max_steps=steps,
        callbacks=callbacks,
        default_root_dir=folder,
        logger=False,
        enable_model_summary=False,
        **options,
    )
