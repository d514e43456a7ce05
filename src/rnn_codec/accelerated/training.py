"""A training in boxes of time: what it is, what it keeps, how it goes on."""

import csv
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rnn_codec.accelerated.crops import DeviceCrops
from rnn_codec.accelerated.speed import training_macs
from rnn_codec.accelerated.step import ReplayedStep, TrainingStep
from rnn_codec.accelerated.validation import psnr_curve
from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path
from rnn_codec.training.seeds import iterations_of_step, mix

Pixels = NDArray[np.uint8]


@dataclass
class Progress:
    """How far a training is; part of its checkpoint."""

    step: int = 0
    """Steps done."""
    seconds: float = 0.0
    """Spent in steps and validations, all boxes together."""
    total_steps: int | None = None
    """Length of the schedule; None until the first box has measured how many fit."""


@dataclass(frozen=True)
class LogLine:
    """What is measured every so many steps."""

    step: int
    seconds: float
    loss: float
    images_per_second: float
    gmacs_per_second: float
    """10⁹ multiply–accumulate operations of the convolutions, a second."""
    fraction_of_peak: float
    """Of the rate of matrix products that was measured at the start."""
    memory_megabytes: float
    """The most that tensors took; 0 on a processor."""


@dataclass(frozen=True)
class Recipe:
    """What does not change from box to box."""

    iterations: tuple[int, int]
    """Fewest and most of a step."""
    seed: int
    rate: float
    """The full learning rate."""
    schedule: Callable[..., float]
    """Factor on the rate, from `step` and `total_steps`."""
    max_steps: int | None
    """Length of the schedule; None to fit it to the whole time."""
    log_every: int
    """Steps between two lines of the log."""
    save_every: float
    """Seconds between two checkpoints."""


class TimedTraining:
    """Trains until its time is over, and goes on in the next box exactly where it stopped.

    Args:
        step: the step.
        crops: what it is trained on.
        recipe: how.
        checkpoint: the file it goes on from, if there is one.
        peak: rate of matrix products, multiply–accumulate operations a second.
        clock: seconds, rising.
    """

    def __init__(
        self,
        step: TrainingStep,
        crops: DeviceCrops,
        recipe: Recipe,
        checkpoint: Path,
        peak: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.step, self.crops, self.recipe = step, crops, recipe
        self.checkpoint, self.peak, self.clock = checkpoint, peak, clock
        self.progress = Progress()
        if checkpoint.is_file():
            self.load()
        on_cuda = step.device.type == "cuda"
        self.runner = ReplayedStep(step, crops.batch(0)) if on_cuda else step
        fewest, most = recipe.iterations
        of_one = [training_macs(step.averaged, crops.crop_size, n) for n in range(fewest, most + 1)]
        self._macs = dict(zip(range(fewest, most + 1), of_one, strict=True))

    def run(self, box_seconds: float, whole_seconds: float) -> Iterator[LogLine]:
        """Train for a box of time, or to the last step; yield a line now and then.

        Args:
            box_seconds: of this call.
            whole_seconds: of all boxes: what the schedule is fitted to.
        """
        begun, spent_before = self.clock(), self.progress.seconds
        line_begun, line_step, line_macs = begun, self.progress.step, 0
        saved = begun
        while not self.finished:
            now = self.clock()
            self.progress.seconds = spent_before + now - begun
            if now - begun >= box_seconds:
                break
            line_macs += self.crops.batch_size * self._macs[self.train_one()]
            if self.progress.step % self.recipe.log_every == 0 or self.finished:
                loss = self.step.read_loss()
                now = self.clock()
                self.progress.seconds = spent_before + now - begun
                done, took = self.progress.step - line_step, now - line_begun
                yield self._line(loss / done, done, took, line_macs)
                self.fit_schedule(done, took, whole_seconds)
                if now - saved >= self.recipe.save_every:
                    self.save()
                    saved = self.clock()
                line_begun, line_step, line_macs = self.clock(), self.progress.step, 0
        self.save()

    @property
    def finished(self) -> bool:
        """Whether the last step is done."""
        total = self.progress.total_steps or self.recipe.max_steps
        return total is not None and self.progress.step >= total

    def train_one(self) -> int:
        """One step; return how many iterations it unrolled."""
        number, recipe = self.progress.step, self.recipe
        # While the length is not known the schedule is at its beginning.
        total = self.progress.total_steps or recipe.max_steps or 10**9
        self.step.set_rate(recipe.rate * recipe.schedule(number, total_steps=total))
        iterations = iterations_of_step(recipe.seed, number, *recipe.iterations)
        torch.manual_seed(mix(recipe.seed, number, 0))
        self.runner.run(self.crops.batch(number), iterations)
        self.progress.step += 1
        return iterations

    def fit_schedule(self, steps: int, seconds: float, whole_seconds: float) -> None:
        """Set the length of the schedule to what fits into the whole time, once, if it is open.

        The first line's steps are slower: they compile. The second's count.
        """
        if self.recipe.max_steps is not None:
            self.progress.total_steps = self.recipe.max_steps
        elif self.progress.total_steps is None and self.progress.step > self.recipe.log_every:
            left = max(0.0, whole_seconds - self.progress.seconds)
            self.progress.total_steps = self.progress.step + int(left * steps / seconds)

    def validate(self, pictures: Sequence[Pixels]) -> list[float]:
        """PSNR after each iteration, with the averaged weights."""
        return psnr_curve(self.step.averaged, pictures, self.step.device)

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "codec": self.step.codec.state_dict(),
            "averaged": self.step.averaged.state_dict(),
            "optimizer": self.step.optimizer.state_dict(),
            "updates": self.step.updates,
            "progress": asdict(self.progress),
        }
        content = BytesIO()
        torch.save(state, content)
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(self.checkpoint) as partial:
            partial.write_bytes(content.getbuffer())

    def load(self) -> None:
        """Go on from the checkpoint.

        Raises:
            UserError: it is damaged, or of another codec.
        """
        try:
            state = torch.load(self.checkpoint, map_location=self.step.device, weights_only=True)
            self.step.codec.load_state_dict(state["codec"])
            self.step.averaged.load_state_dict(state["averaged"])
            self.step.optimizer.load_state_dict(state["optimizer"])
            self.step.updates.copy_(state["updates"])
            self.progress = Progress(**state["progress"])
        # What PyTorch raises depends on where the damage is.
        except Exception as error:
            raise UserError(
                f"{self.checkpoint} cannot be read, or is of another codec: delete it to begin anew"
            ) from error

    def _line(self, loss: float, steps: int, seconds: float, macs: int) -> LogLine:
        on_cuda = self.step.device.type == "cuda"
        memory = torch.cuda.max_memory_allocated(self.step.device) if on_cuda else 0
        return LogLine(
            step=self.progress.step,
            seconds=self.progress.seconds,
            loss=loss,
            images_per_second=steps * self.crops.batch_size / seconds,
            gmacs_per_second=macs / seconds / 1e9,
            fraction_of_peak=macs / seconds / self.peak,
            memory_megabytes=memory / 1e6,
        )


def append_line(path: Path, line: LogLine) -> None:
    """Add a line to a CSV log."""
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, asdict(line))
        if is_new:
            writer.writeheader()
        writer.writerow(asdict(line))


def accelerated_identity(config: dict[str, Any], pack: Path) -> str:
    """16 hexadecimal digits that differ between trainings: by configuration, or by pictures."""
    pictures = hashlib.sha256(pack.read_bytes()).hexdigest()
    text = json.dumps([config, pictures], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
