"""Boxes of time: they end in time, and together are one training."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from rnn_codec.accelerated.crops import DeviceCrops, DevicePictures
from rnn_codec.accelerated.speed import training_macs
from rnn_codec.accelerated.step import TrainingStep
from rnn_codec.accelerated.training import LogLine, Phase, Recipe, TimedTraining, append_line
from rnn_codec.accelerated.validation import psnr_curve

from rnn_codec.codec import to_image, to_signal
from rnn_codec.complexity import count_macs, macs_per_pixel
from rnn_codec.errors import UserError
from rnn_codec.metrics.psnr import psnr
from rnn_codec.training.execution import Execution
from rnn_codec.training.loss import residual_loss
from rnn_codec.training.schedules import cosine
from tests.conftest import make_codec

CPU = torch.device("cpu")
PICTURES = [np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)]
EXECUTION = Execution(
    channels_last=True, compile=False, compile_gates=False, deferred_weight_gradients=True
)


class Clock:
    """Goes on by a second each time that a batch is drawn."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def counted_crops(clock: Callable[[], float], crop_size: int = 32) -> DeviceCrops:
    crops = DeviceCrops(DevicePictures(PICTURES, CPU), crop_size, 2, 0, 0)
    draw = crops.batch

    def batch(step: int) -> torch.Tensor:
        if isinstance(clock, Clock):
            clock.now += 1
        return draw(step)

    crops.batch = batch  # type: ignore[method-assign]
    return crops


def make(
    folder: Path, clock: Callable[[], float], max_steps: int | None, save_every: float = 1e9
) -> TimedTraining:
    codec = make_codec("gru", "residual_scaling")
    adam = partial(torch.optim.AdamW, lr=0.01)
    recipe = Recipe(
        seed=0,
        rate=0.01,
        schedule=partial(cosine, warmup_steps=2, final_factor=0.1),
        max_steps=max_steps,
        log_every=2,
        save_every=save_every,
    )
    step = TrainingStep(codec, adam, 0.9, 1.0, None, EXECUTION)
    parts = ((0.0, (1, 3)), (0.7, (3, 3)))
    phases = [Phase(begins, counted_crops(clock), n, residual_loss) for begins, n in parts]
    return TimedTraining(step, phases, recipe, folder / "last.pt", 1e9, clock)


def box(training: TimedTraining, seconds: float, whole: float = 1000) -> list[LogLine]:
    return list(training.run(training.clock(), seconds, whole))


def same(a: TimedTraining, b: TimedTraining) -> None:
    for name in ("codec", "averaged"):
        ours, theirs = (getattr(t.step, name).state_dict() for t in (a, b))
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_boxes_together_are_one_training(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole", Clock(), max_steps=9)
    lines = box(whole, 1000)
    assert [line.step for line in lines] == [2, 4, 6, 8, 9]
    steps = []
    for _ in range(4):
        part = make(tmp_path / "parts", Clock(), max_steps=9)
        box(part, 3)
        steps.append(part.progress.step)
    assert steps == [3, 6, 9, 9]
    assert part.finished
    same(whole, part)


def test_a_checkpoint_is_written_on_the_way(tmp_path: Path) -> None:
    training = make(tmp_path, Clock(), max_steps=8, save_every=3)
    lines = training.run(100.0, 1000, 1000)
    for _ in range(3):
        next(lines)
    # Killed here: the generator is dropped.
    again = make(tmp_path, Clock(), max_steps=8)
    assert again.progress.step == 4
    box(again, 1000)
    whole = make(tmp_path / "whole", Clock(), max_steps=8)
    box(whole, 1000)
    same(again, whole)


def test_the_schedule_is_fitted_to_the_whole_time(tmp_path: Path) -> None:
    rates = []
    for number in (1, 2, 3):
        training = make(tmp_path, Clock(), max_steps=None)
        rates += [line.learning_rate for line in box(training, seconds=10, whole=30)]
        assert training.progress.step == 10 * number
        # A step takes a second: as many as the whole time has.
        assert training.progress.total_steps == 30
    expected = [0.01 * cosine(step, 30, 2, 0.1) for step in range(4, 31, 2)]
    assert rates[:1] + rates[1:] == pytest.approx([rates[0], *expected])
    assert training.progress.seconds == 30


def test_what_was_done_before_the_first_step_is_part_of_the_box(tmp_path: Path) -> None:
    clock = Clock()
    training = make(tmp_path, clock, max_steps=None)
    begun = clock.now
    clock.now += 7
    list(training.run(begun, 10, 20))
    assert training.progress.step == 3
    assert training.progress.seconds == 10
    # Half of the time is over, and so is half of the schedule.
    assert training.progress.total_steps == pytest.approx(2 * 3, abs=2)


def test_the_end_of_the_schedule_is_trained_in_its_own_way(tmp_path: Path) -> None:
    lines = box(make(tmp_path, Clock(), max_steps=10), 1000)
    assert [line.iterations_from for line in lines] == [1, 1, 1, 3, 3]


def test_a_training_that_diverges_ends_and_keeps_what_was_before(tmp_path: Path) -> None:
    training = make(tmp_path, Clock(), max_steps=100, save_every=0)
    lines = training.run(100.0, 1000, 1000)
    next(lines)
    next(lines)
    training.step.codec.decoder.last.weight.register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(UserError, match=r"up to step 6.*optimizer\.lr"):
        list(lines)
    assert make(tmp_path, Clock(), max_steps=100).progress.step == 4


def test_a_box_that_is_told_to_end_keeps_its_last_step(tmp_path: Path) -> None:
    training = make(tmp_path, Clock(), max_steps=100)
    for line in training.run(100.0, 1000, 1000):
        training.told_to_end = line.step == 6
    assert make(tmp_path, Clock(), max_steps=100).progress.step == 6


def test_what_the_log_says_is_counted(tmp_path: Path) -> None:
    training = make(tmp_path, Clock(), max_steps=4)
    crops = training.phases[0].crops
    first, second = box(training, 1000)
    assert (first.step, second.step, second.seconds) == (2, 4, 4.0)
    assert second.images_per_second == crops.batch_size
    assert training.progress.images == 4 * crops.batch_size
    assert (first.skipped, first.crop_size, first.iterations_from) == (0, 32, 1)
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
    macs, signal = training_macs(codec), torch.zeros(1, 3, 64, 64)
    for iterations in (1, 2, 5):
        forward = count_macs(codec, lambda n=iterations: codec.unroll(signal, n))
        assert macs(64, iterations) == 3 * forward
    # Iterations after the first cost the same.
    assert macs(32, 3) - macs(32, 2) == 3 * 32 * 32 * macs_per_pixel(codec)


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
