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
from rnn_codec.training.loss import Loss
from rnn_codec.training.seeds import iterations_of_step, mix

Pixels = NDArray[np.uint8]


@dataclass
class Progress:
    """How far a training is; part of its checkpoint."""

    step: int = 0
    """Steps done."""
    images: int = 0
    """Crops in their batches."""
    seconds: float = 0.0
    """From the beginning of a box to its last step, all boxes together."""
    total_steps: int | None = None
    """Length of the schedule; None until the first line of the log has measured how many fit."""


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
    learning_rate: float
    iterations_from: int
    """Fewest iterations of a step."""
    crop_size: int
    skipped: int
    """Steps whose gradient was not finite."""


@dataclass(frozen=True)
class Phase:
    """What is trained on in a part of the schedule."""

    begins: float
    """At this share of the schedule; the first phase at 0."""
    crops: DeviceCrops
    iterations: tuple[int, int]
    """Fewest and most of a step."""
    loss: Loss


@dataclass(frozen=True)
class Recipe:
    """What does not change from box to box."""

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
        phases: what it is trained on, one after another.
        recipe: how.
        checkpoint: the file it goes on from, if there is one.
        peak: rate of matrix products, multiply–accumulate operations a second.
        clock: seconds, rising.
        recorded: whether steps are recorded and replayed; on CUDA alone.

    Attributes:
        on_save: called after each checkpoint.
    """

    def __init__(
        self,
        step: TrainingStep,
        phases: Sequence[Phase],
        recipe: Recipe,
        checkpoint: Path,
        peak: float,
        clock: Callable[[], float] = time.monotonic,
        recorded: bool = False,
    ) -> None:
        self.step, self.phases, self.recipe = step, phases, recipe
        self.checkpoint, self.peak, self.clock = checkpoint, peak, clock
        self.progress = Progress()
        self.told_to_end = False
        if checkpoint.is_file():
            self.load()
        self.runner = ReplayedStep(step) if recorded else step
        self.on_save: Callable[[], object] = lambda: None
        self._macs = training_macs(step.averaged)

    def run(self, begun: float, box_seconds: float, whole_seconds: float) -> Iterator[LogLine]:
        """Train for a box of time, or to the last step; yield a line now and then.

        Args:
            begun: when the box began, by the clock: what was done since is part of it.
            box_seconds: of this box.
            whole_seconds: of all boxes: what the schedule is fitted to.

        Raises:
            UserError: no step of a line had a finite gradient; the checkpoint is from before.
        """
        spent_before = self.progress.seconds
        line_begun, line_step, line_images, line_macs = self.clock(), *self._position(), 0
        saved = line_begun
        while not self.finished and not self.told_to_end:
            now = self.clock()
            self.progress.seconds = spent_before + now - begun
            if now - begun >= box_seconds:
                break
            line_macs += self.train_one()
            if self.progress.step % self.recipe.log_every == 0 or self.finished:
                loss, skipped = self.step.read_loss()
                now = self.clock()
                self.progress.seconds = spent_before + now - begun
                done, images = self.progress.step - line_step, self.progress.images - line_images
                self._refuse_divergence(done, skipped)
                yield self._line(loss, done, images, now - line_begun, line_macs, skipped)
                self.fit_schedule(whole_seconds)
                if now - saved >= self.recipe.save_every:
                    self.save()
                    saved = self.clock()
                line_begun, line_step, line_images, line_macs = self.clock(), *self._position(), 0
        self.save()

    @property
    def finished(self) -> bool:
        """Whether the last step is done."""
        most = self.recipe.max_steps
        return most is not None and self.progress.step >= most

    @property
    def phase(self) -> Phase:
        """What the next step is trained on."""
        share = self.progress.step / self._length()
        return [phase for phase in self.phases if phase.begins <= share][-1]

    def train_one(self) -> int:
        """One step; return its multiply–accumulate operations."""
        number, recipe, phase = self.progress.step, self.recipe, self.phase
        self.step.set_rate(self.rate)
        iterations = iterations_of_step(recipe.seed, number, *phase.iterations)
        torch.manual_seed(mix(recipe.seed, number, 0))
        self.runner.run(phase.crops.batch(number), iterations, phase.loss)
        self.progress.step += 1
        self.progress.images += phase.crops.batch_size
        return phase.crops.batch_size * self._macs(phase.crops.crop_size, iterations)

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        factor = self.recipe.schedule(self.progress.step, total_steps=self._length())
        return self.recipe.rate * factor

    def fit_schedule(self, whole_seconds: float) -> None:
        """Set the length of the schedule so that its share that is done is that of the time.

        Steps do not take equally long: the first compile, later ones have more iterations.
        """
        if self.recipe.max_steps is None:
            done = min(1.0, self.progress.seconds / whole_seconds)
            self.progress.total_steps = max(self.progress.step, round(self.progress.step / done))

    def _length(self) -> int:
        """Steps of the schedule. While that is not known the schedule is at its beginning."""
        return self.recipe.max_steps or self.progress.total_steps or 10**9

    def _position(self) -> tuple[int, int]:
        return self.progress.step, self.progress.images

    def _refuse_divergence(self, steps: int, skipped: int) -> None:
        if steps and skipped == steps:
            kept = "checkpoint and weights are from before" if self.checkpoint.is_file() else ""
            raise UserError(
                f"none of the last {steps} steps, up to step {self.progress.step}, had a finite "
                f"gradient: train anew with a lower optimizer.lr; {kept or 'nothing was kept'}"
            )

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
        self.on_save()

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

    def _line(
        self, loss: float, steps: int, images: int, seconds: float, macs: int, skipped: int
    ) -> LogLine:
        on_cuda = self.step.device.type == "cuda"
        memory = torch.cuda.max_memory_allocated(self.step.device) if on_cuda else 0
        return LogLine(
            step=self.progress.step,
            seconds=self.progress.seconds,
            loss=loss / max(1, steps - skipped),
            images_per_second=images / seconds,
            gmacs_per_second=macs / seconds / 1e9,
            fraction_of_peak=macs / seconds / self.peak,
            memory_megabytes=memory / 1e6,
            learning_rate=self.rate,
            iterations_from=self.phase.iterations[0],
            crop_size=self.phase.crops.crop_size,
            skipped=skipped,
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
