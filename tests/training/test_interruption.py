"""A training that is told to end: at the end of a step, or in the middle of a validation."""

import signal
from pathlib import Path

import lightning as L
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from rnn_codec.errors import StoppedError
from rnn_codec.runs.folder import RunFolder
from rnn_codec.training.averaging import WeightAveraging
from rnn_codec.training.checkpoints import AtomicCheckpointIO, LastCheckpoint
from rnn_codec.training.fitting import stopped
from rnn_codec.training.interruption import StopOnSignal, ValidationStoppedError

PICTURES = 5
NEVER = 1e6


class Counting(L.LightningModule):
    """One weight, which a step makes larger by one."""

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


class SignalInValidation(L.Callback):
    """Sends a signal while a picture is validated, in the validation of a number."""

    def __init__(self, number: int, validation: int) -> None:
        self.number, self.validation = number, validation
        self.begun, self.pictures = 0, 0

    def on_validation_start(self, *args: object) -> None:
        self.begun += 1

    def on_validation_batch_end(self, *args: object) -> None:
        self.pictures += 1
        if self.begun == self.validation and self.pictures % PICTURES == 2:
            signal.raise_signal(self.number)


def train(folder: Path, callbacks: list[L.Callback], checkpoint: Path | None = None) -> L.Trainer:
    """Nine steps, validated after every third."""
    trainer = L.Trainer(
        accelerator="cpu",
        max_epochs=-1,
        max_steps=9,
        val_check_interval=3,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        callbacks=callbacks,
        plugins=[AtomicCheckpointIO()],
        default_root_dir=folder,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    data = [DataLoader(torch.ones(count, 1), batch_size=1) for count in (100, PICTURES)]
    trainer.fit(Counting(), *data, ckpt_path=checkpoint)
    return trainer


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("averaged", [False, True])
def test_a_validation_is_broken_off_behind_the_checkpoint_of_its_step(
    averaged: bool, number: int, tmp_path: Path
) -> None:
    path, before = tmp_path / "last.ckpt", signal.getsignal(number)
    stop, sender = StopOnSignal(), SignalInValidation(number, validation=2)

    def upkeep(path: Path) -> list[L.Callback]:
        return [LastCheckpoint(path, NEVER), *([WeightAveraging(0.5)] if averaged else [])]

    with pytest.raises(ValidationStoppedError):
        train(tmp_path, [stop, sender, *upkeep(path)])
    assert stop.signalled
    # Of the second validation no picture was begun after the signal.
    assert sender.pictures == PICTURES + 2
    assert signal.getsignal(number) == before
    kept = torch.load(path, weights_only=True)
    assert kept["global_step"] == 6
    if not averaged:
        assert kept["state_dict"]["layer.weight"].item() == pytest.approx(6)
    resumed = train(tmp_path, upkeep(path), checkpoint=path)
    whole = train(tmp_path, upkeep(tmp_path / "whole.ckpt"))
    weights = [trainer.lightning_module.layer.weight for trainer in (resumed, whole)]
    assert torch.equal(*weights)


def test_a_validation_of_several_processes_is_not_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = StopOnSignal()
    stop.signalled = True
    trainer = L.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    monkeypatch.setattr(type(trainer), "world_size", 2)
    stop.on_validation_batch_start(trainer, Counting())


def test_who_stops_a_training_is_told_how_to_go_on() -> None:
    error = stopped(RunFolder(Path("runs/a b")))
    assert isinstance(error, StoppedError)
    assert str(error).endswith("go on with: rnn-codec train 'resume='\"'\"'runs/a b'\"'\"''")
