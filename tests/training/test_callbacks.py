"""Callbacks: the clock of a training, and the end of a training by a signal."""

import signal
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import lightning as L
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from rnn_codec.errors import StoppedError
from rnn_codec.runs.folder import RunFolder
from rnn_codec.training import callbacks
from rnn_codec.training.averaging import WeightAveraging
from rnn_codec.training.callbacks import (
    StopOnSignal,
    TrainingClock,
    ValidationStoppedError,
)
from rnn_codec.training.checkpoints import AtomicCheckpointIO, LastCheckpoint
from rnn_codec.training.fitting import stopped
from rnn_codec.training.schedules import Progress
from rnn_codec.training.steps import Training
from tests.trainings import Counting, least_trainer

PICTURES = 5
NEVER = 1e6


def make_clock(limit: timedelta | None = None) -> TrainingClock:
    return TrainingClock(limit, Progress(max_steps=10, late_begins=0.5), every_n_steps=2)


class Rows(Training):
    """A training that counts two units for each row of a batch, and keeps what is logged."""

    unit = "halves"

    def __init__(self) -> None:
        self.logged: list[tuple[str, float]] = []

    def examples(self, batch: Tensor) -> int:
        return len(batch)

    def units(self, batch: Tensor) -> int:
        return 2 * len(batch)

    def log(self, name: str, value: float, **_: object) -> None:
        self.logged.append((name, value))


def run(
    clock: TrainingClock, moments: list[float], monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, float]]:
    """Run a training that begins at the first moment; the others end steps. Return the log."""
    times = iter(moments)
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: next(times))
    strategy = SimpleNamespace(broadcast=lambda value: value)
    trainer = SimpleNamespace(world_size=2, strategy=strategy, global_step=0)
    module = Rows()
    clock.on_train_start(trainer, module)
    for index in range(len(moments) - 1):
        trainer.global_step = index + 1
        clock.on_train_batch_end(trainer, module, None, torch.zeros(3, 3, 8, 8), index)
    return module.logged


def test_counts_seconds_and_the_examples_of_all_processes(monkeypatch) -> None:
    clock = make_clock()
    logged = run(clock, [100.0, 101.0, 103.5, 104.0, 105.5], monkeypatch)
    assert (clock.seconds, clock.examples) == (5.5, 24)
    # Throughput of two steps by two processes.
    assert logged == [("train/halves_per_s", 24 / 3.5), ("train/halves_per_s", 24 / 2)]


def test_goes_on_from_a_checkpoint_without_the_time_between(monkeypatch) -> None:
    first, second = make_clock(), make_clock()
    run(first, [100.0, 101.0], monkeypatch)
    second.load_state_dict(first.state_dict())
    run(second, [5000.0, 5002.0], monkeypatch)
    assert (second.seconds, second.examples) == (3.0, 12)


def test_tells_how_much_of_its_time_a_training_has_used(monkeypatch) -> None:
    first, second = make_clock(timedelta(seconds=8)), make_clock(timedelta(seconds=8))
    run(first, [100.0, 101.0, 103.0], monkeypatch)
    assert first.progress.time_used == 3 / 8
    # The position follows the time or the steps, whichever is further.
    assert [first.progress.position(step) for step in (3, 4)] == [3.75, 4]
    second.load_state_dict(first.state_dict())
    assert second.progress.time_used == 3 / 8
    assert [second.progress.is_late(step) for step in (4, 5)] == [False, True]
    run(second, [5000.0, 5001.0], monkeypatch)
    # Half of the time is used after one step, when the next batch has already been drawn.
    assert [second.progress.is_late(step) for step in (1, 2)] == [False, True]
    third = make_clock(timedelta(seconds=8))
    third.load_state_dict(second.state_dict())
    assert [third.progress.is_late(step) for step in (1, 2)] == [False, True]
    run(third, [0.0, 100.0], monkeypatch)
    assert third.progress.time_used == 1


class SignalInValidation(L.Callback):
    """Sends the signal `number` after the second picture of a validation, counted from one."""

    def __init__(self, number: int, validation: int) -> None:
        self.number, self.validation = number, validation
        self.begun, self.pictures = 0, 0

    def on_validation_start(self, *args: object) -> None:
        self.begun += 1

    def on_validation_batch_end(self, *args: object) -> None:
        self.pictures += 1
        if self.begun == self.validation and self.pictures % PICTURES == 2:
            signal.raise_signal(self.number)


def train(folder: Path, more: list[L.Callback], checkpoint: Path | None = None) -> L.Trainer:
    """Train for nine steps, with a validation after every third."""
    trainer = least_trainer(
        folder,
        9,
        more,
        val_check_interval=3,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        plugins=[AtomicCheckpointIO()],
        enable_progress_bar=False,
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
    # No picture of the second validation was begun after the signal.
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
    assert str(error).endswith("resume with: rnn-codec train 'resume='\"'\"'runs/a b'\"'\"''")
