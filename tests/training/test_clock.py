"""The clock of a training."""

from types import SimpleNamespace

import pytest
import torch

from rnn_codec.training import clock as clock_module
from rnn_codec.training.clock import TrainingClock
from rnn_codec.training.throughput import count_images


def run(clock: TrainingClock, moments: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """A training whose first step begins at the first moment; the others end steps."""
    times = iter(moments)
    monkeypatch.setattr(clock_module.time, "monotonic", lambda: next(times))
    trainer = SimpleNamespace(world_size=2)
    clock.on_train_start(trainer, None)
    for index in range(len(moments) - 1):
        clock.on_train_batch_end(trainer, None, None, torch.zeros(3, 3, 8, 8), index)


def test_counts_seconds_and_the_examples_of_all_processes(monkeypatch) -> None:
    clock = TrainingClock(count_images)
    run(clock, [100.0, 101.0, 103.5], monkeypatch)
    assert (clock.seconds, clock.examples) == (3.5, 12)


def test_goes_on_from_a_checkpoint_without_the_time_between(monkeypatch) -> None:
    first, second = TrainingClock(count_images), TrainingClock(count_images)
    run(first, [100.0, 101.0], monkeypatch)
    second.load_state_dict(first.state_dict())
    run(second, [5000.0, 5002.0], monkeypatch)
    assert (second.seconds, second.examples) == (3.0, 12)
