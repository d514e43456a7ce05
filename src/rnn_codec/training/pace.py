"""How many steps fit into a given time, from a short training that measures them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lightning as L
import torch
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor

from rnn_codec.errors import StoppedError, UserError
from rnn_codec.runs.folder import RunFolder
from rnn_codec.training.fitting import build_trainer
from rnn_codec.training.interruption import StopOnSignal
from rnn_codec.training.module import CodecTraining
from rnn_codec.training.options import TrainerOptions, Upkeep
from rnn_codec.training.phase import Phase

PREPARING, TIMED = 4, 10
"""Steps of the short training: with one number of iterations, with another, and with the first
again, which are timed."""
STEPS = 2 * PREPARING + TIMED
USED = 0.97
"""Share of the time that is planned: the rest is for validation, checkpoints and surprises."""


@dataclass(frozen=True)
class Pace:
    """What a part of a training costs.

    Attributes:
        share: of all steps.
        step: seconds of one, mean over its numbers of iterations.
        preparation: seconds beside the steps: compilers, choice of kernels, recordings.
    """

    share: float
    step: float
    preparation: float


def rehearsal(phase: Phase) -> list[Phase]:
    """Phases of a short training, of `STEPS`, in which the steps of a phase can be timed.

    A step costs as much as it has iterations, beside a constant: the mean number has the mean cost.
    """
    mean = (phase.fewest_iterations + phase.most_iterations) // 2
    other = phase.most_iterations
    parts = ((0, mean), (PREPARING, other), (2 * PREPARING, mean))
    return [
        replace(phase, first_step=first, fewest_iterations=n, most_iterations=n)
        for first, n in parts
    ]


def measure_pace(
    share: float,
    phase: Phase,
    model: CodecTraining,
    data: L.LightningDataModule,
    options: TrainerOptions,
    upkeep: Upkeep,
) -> Pace:
    """Train for some steps of one phase, and leave nothing behind.

    Args:
        share: of all steps.
        phase: what is measured.
        model: a codec's training, whose phases are replaced.
        data: crops of the phase.
        options: of the training.
        upkeep: of the training.

    Raises:
        StoppedError: the process was told to end.
    """
    model.phases = rehearsal(phase)
    stop, stopwatch = StopOnSignal(), Stopwatch()
    short = replace(
        options,
        max_steps=STEPS,
        max_time=None,
        val_check_interval=STEPS + 1,
        progress_bar=False,
    )
    with TemporaryDirectory() as folder:
        run, logger = RunFolder(Path(folder)), CSVLogger(folder)
        build_trainer(short, upkeep, run, logger, [stop, stopwatch]).fit(model, datamodule=data)
    if stop.signalled:
        raise StoppedError("stopped before the training began")
    return stopwatch.pace(share, phase)


class Stopwatch(L.Callback):
    """Takes the time after each step of a short training, when the device has done it."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Take the time before the first step."""
        self._take()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Tensor, *_: Any
    ) -> None:
        """Take the time."""
        # Between the timed steps nothing may be waited for.
        if trainer.global_step <= 2 * PREPARING or trainer.global_step == STEPS:
            self._take()

    def _take(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.times.append(time.monotonic())

    def pace(self, share: float, phase: Phase) -> Pace:
        """What the phase costs that has been rehearsed."""
        begun, first, second = (self.times[index] for index in (0, PREPARING, 2 * PREPARING))
        step = (self.times[-1] - second) / TIMED
        # The two numbers of iterations may be the same.
        kinds = phase.most_iterations - phase.fewest_iterations + 1
        longest = step * phase.most_iterations / rehearsal(phase)[0].most_iterations
        each = max(0.0, second - first - PREPARING * longest)
        return Pace(share, step, first - begun + (kinds - 1) * each)


def steps_within(minutes: float, paces: Sequence[Pace]) -> int:
    """Steps of a training that ends in some minutes.

    Raises:
        UserError: not even its preparation does.

    Example:
        >>> steps_within(10, [Pace(0.5, 0.1, 20.0), Pace(0.5, 0.3, 42.0)])
        2600
    """
    left = USED * 60 * minutes - sum(pace.preparation for pace in paces)
    steps = int(left / sum(pace.share * pace.step for pace in paces))
    if steps < 1:
        raise UserError(
            f"trainer.minutes is too short: {minutes:.1f} minutes are left for the training, and "
            f"what comes before its steps takes {sum(p.preparation for p in paces) / 60:.1f}; "
            "allow more"
        )
    return steps


def timer_text(minutes: float) -> str:
    """A time as Lightning writes it: days, hours, minutes, seconds.

    Example:
        >>> timer_text(9.35)
        '00:00:09:21'
    """
    seconds = max(1, round(60 * minutes))
    parts = (seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)
    return ":".join(f"{part:02}" for part in parts)
