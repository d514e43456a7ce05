"""Boxes of time: they end in time, and together are one training."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from rnn_codec.accelerated.crops import DeviceCrops
from rnn_codec.accelerated.speed import training_macs
from rnn_codec.accelerated.step import TrainingStep
from rnn_codec.accelerated.training import LogLine, Recipe, TimedTraining, append_line
from rnn_codec.accelerated.validation import psnr_curve
from rnn_codec.codec import to_image, to_signal
from rnn_codec.complexity import macs_per_pixel
from rnn_codec.errors import UserError
from rnn_codec.metrics.psnr import psnr
from rnn_codec.training.execution import Execution
from rnn_codec.training.schedules import cosine
from tests.conftest import make_codec

CPU = torch.device("cpu")
PICTURES = [np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)]
EXECUTION = Execution(channels_last=True, compile=False, deferred_weight_gradients=True)


class Clock:
    """Goes on by a second each time that a batch is drawn."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def make(
    folder: Path, clock: Callable[[], float], max_steps: int | None, save_every: float = 1e9
) -> TimedTraining:
    codec = make_codec("gru", "residual_scaling")
    adam = partial(torch.optim.AdamW, lr=0.01)
    crops = DeviceCrops(PICTURES, 32, 2, 0, 0, CPU)
    draw = crops.batch

    def batch(step: int) -> torch.Tensor:
        if isinstance(clock, Clock):
            clock.now += 1
        return draw(step)

    crops.batch = batch  # type: ignore[method-assign]
    recipe = Recipe(
        iterations=(1, 3),
        seed=0,
        rate=0.01,
        schedule=partial(cosine, warmup_steps=2, final_factor=0.1),
        max_steps=max_steps,
        log_every=2,
        save_every=save_every,
    )
    step = TrainingStep(codec, adam, 0.9, 1.0, None, EXECUTION)
    return TimedTraining(step, crops, recipe, folder / "last.pt", 1e9, clock)


def same(a: TimedTraining, b: TimedTraining) -> None:
    for name in ("codec", "averaged"):
        ours, theirs = (getattr(t.step, name).state_dict() for t in (a, b))
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_boxes_together_are_one_training(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole", Clock(), max_steps=9)
    lines = list(whole.run(1000, 1000))
    assert [line.step for line in lines] == [2, 4, 6, 8, 9]
    steps = []
    for _ in range(4):
        part = make(tmp_path / "parts", Clock(), max_steps=9)
        list(part.run(3, 1000))
        steps.append(part.progress.step)
    assert steps == [3, 6, 9, 9]
    assert part.finished
    same(whole, part)


def test_a_checkpoint_is_written_on_the_way(tmp_path: Path) -> None:
    training = make(tmp_path, Clock(), max_steps=8, save_every=3)
    lines = training.run(1000, 1000)
    for _ in range(3):
        next(lines)
    # Killed here: the generator is dropped.
    again = make(tmp_path, Clock(), max_steps=8)
    assert again.progress.step == 4
    list(again.run(1000, 1000))
    whole = make(tmp_path / "whole", Clock(), max_steps=8)
    list(whole.run(1000, 1000))
    same(again, whole)


def test_the_schedule_is_fitted_to_the_whole_time(tmp_path: Path) -> None:
    training = make(tmp_path, Clock(), max_steps=None)
    list(training.run(box_seconds=10, whole_seconds=30))
    assert training.progress.step == 10
    # A step takes a second: as many as the whole time has.
    assert training.progress.total_steps == 30
    for box in (2, 3):
        training = make(tmp_path, Clock(), max_steps=None)
        list(training.run(box_seconds=10, whole_seconds=30))
        assert (training.progress.step, training.finished) == (10 * box, box == 3)
    assert float(training.step.optimizer.param_groups[0]["lr"]) == pytest.approx(0.001, rel=0.1)


def test_what_the_log_says_is_counted(tmp_path: Path) -> None:
    training = make(tmp_path, Clock(), max_steps=4)
    crops = training.crops
    first, second = training.run(1000, 1000)
    assert (first.step, second.step, second.seconds) == (2, 4, 4.0)
    assert second.images_per_second == crops.batch_size
    assert second.gmacs_per_second == pytest.approx(second.fraction_of_peak)
    assert second.memory_megabytes == 0
    assert 0 < second.loss < 2
    append_line(tmp_path / "log.csv", first)
    append_line(tmp_path / "log.csv", second)
    rows = (tmp_path / "log.csv").read_text().splitlines()
    assert rows[0].split(",") == list(LogLine.__dataclass_fields__)
    assert len(rows) == 3


def test_operations_are_three_times_those_of_the_forward_pass() -> None:
    codec = make_codec("lstm", "one_shot").eval()
    two, three = (training_macs(codec, 32, n) for n in (2, 3))
    # Iterations after the first cost the same.
    assert three - two == 3 * 32 * 32 * macs_per_pixel(codec)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "last.pt").write_bytes(content)
    with pytest.raises(UserError, match=r"last\.pt"):
        make(tmp_path, Clock(), 4)


def test_validation_has_the_psnr_of_the_metrics() -> None:
    codec = make_codec("gru", "one_shot").eval()
    image = torch.from_numpy(PICTURES[0]).permute(2, 0, 1)[None]
    expected = [float(psnr(shown, image)) for shown in codec.decode(codec.encode(image, 16))]
    assert psnr_curve(codec, PICTURES * 2, CPU) == pytest.approx(expected)
    assert torch.equal(to_image(to_signal(image)), image)
