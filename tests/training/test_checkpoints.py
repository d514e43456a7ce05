"""When LastCheckpoint writes: at the end of a training, however it ends, and whenever it is due."""

from pathlib import Path

import lightning as L
import pytest
import torch
from torch.utils.data import DataLoader

from rnn_codec.training.checkpoints import AtomicCheckpointIO, LastCheckpoint
from tests.trainings import Counting, least_trainer

MAX_STEPS = 6
NEVER = 1e6
"""Minutes between two checkpoints, far longer than these trainings take."""


class StopRequest(L.Callback):
    """Asks the trainer to stop after a step, as a signal or a time limit does."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_end(self, trainer: L.Trainer, *args: object) -> None:
        if trainer.global_step == self.step:
            trainer.should_stop = True


class WrittenAt(L.Callback):
    """Notes the step of the checkpoint on disk after every step; None if there is no checkpoint."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.steps: list[int | None] = []

    def on_train_batch_start(self, trainer: L.Trainer, *args: object) -> None:
        if trainer.global_step:
            self.note()

    def on_train_end(self, *args: object) -> None:
        self.note()

    def note(self) -> None:
        self.steps.append(step_of(self.path) if self.path.is_file() else None)


def step_of(checkpoint: Path) -> int:
    return torch.load(checkpoint, weights_only=True)["global_step"]


def steps_written(folder: Path, every_minutes: float, *callbacks: L.Callback) -> list[int | None]:
    """Train; return the step of the checkpoint on disk after each step."""
    path = folder / "checkpoints" / "last.ckpt"
    written = WrittenAt(path)
    all_callbacks = [LastCheckpoint(path, every_minutes), written, *callbacks]
    options = {"plugins": [AtomicCheckpointIO()], "enable_progress_bar": False}
    trainer = least_trainer(folder, MAX_STEPS, all_callbacks, **options)
    trainer.fit(Counting(), DataLoader(torch.ones(100, 1), batch_size=1))
    return written.steps


@pytest.mark.parametrize("step", [1, 3, MAX_STEPS])
def test_a_stop_request_leaves_a_checkpoint_of_the_last_step(step: int, tmp_path: Path) -> None:
    steps = steps_written(tmp_path, NEVER, StopRequest(step))
    assert steps == [None] * (step - 1) + [step]


def test_the_last_of_all_steps_leaves_a_checkpoint(tmp_path: Path) -> None:
    assert steps_written(tmp_path, NEVER) == [None] * (MAX_STEPS - 1) + [MAX_STEPS]


def test_a_checkpoint_that_is_due_is_written_at_the_end_of_the_step(tmp_path: Path) -> None:
    assert steps_written(tmp_path, every_minutes=0) == list(range(1, MAX_STEPS + 1))
