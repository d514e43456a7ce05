"""Trains a codec: the unrolled loss, and the validation."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rnn_codec.data.crops import process_of
from rnn_codec.errors import UserError
from rnn_codec.families.binary.code import STRIDE
from rnn_codec.families.binary.codec import (
    Iterate,
    RecurrentCodec,
    check_iterations,
    shown_iterations,
    to_signal,
)
from rnn_codec.families.binary.training.losses import Loss
from rnn_codec.layers.binarizer import Binarizer
from rnn_codec.metrics.curve import area_under_curve
from rnn_codec.metrics.per_iteration_mean import PerIterationMean
from rnn_codec.metrics.scores import SCORES
from rnn_codec.training.options import Execution
from rnn_codec.training.schedules import Progress, mix
from rnn_codec.training.steps import BuildOptimizer, Schedule, Training

IN_PROGRESS_BAR = ("psnr", "ms_ssim")
"""Scores whose areas under the curve the progress bar shows."""


def bits_per_pixel(iterations: int) -> list[float]:
    """The rate after each iteration, before entropy coding.

    >>> bits_per_pixel(3)
    [0.125, 0.25, 0.375]
    """
    return [iteration / 8 for iteration in range(1, iterations + 1)]


@dataclass(frozen=True)
class Phase:
    """A part of a training: its loss, and the range from which a step's iterations are drawn.

    Raises:
        UserError: the range of iterations is invalid.
    """

    fewest_iterations: int
    most_iterations: int
    loss: Loss

    def __post_init__(self) -> None:
        if not 1 <= self.fewest_iterations <= self.most_iterations:
            raise UserError(
                f"min_iterations={self.fewest_iterations} must be from 1 to "
                f"max_iterations={self.most_iterations}"
            )


class CodecTraining(Training):
    """Minimises the residuals of all iterations [Toderici 2017, section 2].

    All randomness in a step (the binarizer's bits, the number of iterations) is determined by the
    seed, the step and the place in the global batch. So a resumed run continues exactly as it would
    have without interruption, and several processes compute the same as one with the entire batch.

    Batches are uint8 images (B, 3, H, W). In training their sides are multiples of the framework's
    patch, in validation any size above 160 pixels.

    Args:
        optimizer: see `Training`, also for `schedule` and `progress`.
        phases: the parts of the training; a second one is its late part.
        stopped_crops: share of the crops in which positions stop, each after its own number of
            iterations, 0 … 1.
    """

    unit = "images"

    def __init__(
        self,
        codec: RecurrentCodec,
        optimizer: BuildOptimizer,
        schedule: Schedule,
        progress: Progress,
        phases: Sequence[Phase],
        seed: int,
        execution: Execution,
        stopped_crops: float,
    ) -> None:
        super().__init__(optimizer, schedule, progress)
        for phase in phases:
            check_iterations(phase.most_iterations, codec.iterations)
        self.codec = execution.lay_out_weights(codec)
        self.phases = phases
        self.seed = seed
        self.execution = execution
        self.stopped_crops = stopped_crops
        self.iterate: Iterate = codec.iterate
        self.validation_curves: dict[str, list[float]] = {}
        self.means = {
            name: PerIterationMean(score, codec.iterations) for name, score in SCORES.items()
        }
        # Registered so that they move to the model's device.
        self.registered_means = nn.ModuleDict(self.means)

    def examples(self, batch: Tensor) -> int:
        """The number of images in a batch (B, 3, H, W)."""
        return len(batch)

    units = examples

    def on_fit_start(self) -> None:
        """Compile only now that weight averaging has copied the module.

        Compiled functions cannot be copied.
        """
        super().on_fit_start()
        binarizer = self.codec.encoder.binarizer
        if isinstance(binarizer, Binarizer):
            binarizer.rank, binarizer.world_size = self.global_rank, self.trainer.world_size
        self.iterate = self.execution.compiled(self.codec.iterate)
        self.execution.fuse_gates(self.codec)

    def on_train_batch_start(self, batch: Tensor, batch_idx: int) -> None:
        torch.manual_seed(mix(self.seed, self.global_step, 0))

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        step = self.global_step
        loss = self.loss_of(batch, self.iterations_of(step), self.phase_of(step).loss)
        self.log("train/loss", loss, prog_bar=True, sync_dist=True)
        return loss

    def loss_of(self, images: Tensor, iterations: int, loss: Loss) -> Tensor:
        """The loss of uint8 images (B, 3, H, W) after unrolling a number of iterations."""
        signal = self.execution.lay_out(to_signal(images))
        with self.execution.unrolling(self.codec):
            stops = self.draw_stops(images, iterations)
            reconstructions = self.codec.unroll(signal, iterations, self.iterate, stops)
        return loss(signal, reconstructions)

    def draw_stops(self, images: Tensor, iterations: int) -> Tensor | None:
        """The iterations after which the positions of images stop; None if none stops.

        With these, decoders learn to handle positions without further bits, as in adaptive files.
        """
        if self.stopped_crops == 0:
            return None
        # Each process draws the numbers of all and uses its own share, as in `stochastic_sign`.
        rank, world_size = process_of(self._trainer)
        batch, _, height, width = images.shape
        size = batch * world_size, height // STRIDE, width // STRIDE
        drawn = torch.randint(1, iterations + 1, size, device=images.device)
        chosen = torch.rand(size[0], 1, 1, device=images.device) < self.stopped_crops
        return torch.where(chosen, drawn, iterations)[rank * batch : (rank + 1) * batch]

    def iterations_of(self, step: int) -> int:
        """The number of iterations that a step unrolls: uniform, and the same in every process."""
        phase, rng = self.phase_of(step), random.Random(mix(self.seed, step, 0))
        return rng.randint(phase.fewest_iterations, phase.most_iterations)

    def phase_of(self, step: int) -> Phase:
        """The phase that a step belongs to."""
        return self.phases[-1 if self.progress.is_late(step) else 0]

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        """Code one image with all iterations and score every reconstruction."""
        codes = self.codec.encode(self.execution.lay_out(batch), self.codec.iterations)
        for index, reconstruction in enumerate(self.codec.decode(codes)):
            for mean in self.means.values():
                mean.update(index, reconstruction, batch)

    def on_validation_epoch_end(self) -> None:
        """Log the scores at iterations 1, 2, 4, 8, 16 and the last, and the areas up to 2 bpp."""
        for name, mean in self.means.items():
            curve = mean.compute().tolist()
            self.validation_curves[name] = curve
            for iteration in shown_iterations(len(curve)):
                self.log(f"val/{name}_{iteration}", curve[iteration - 1])
            area = area_under_curve(bits_per_pixel(len(curve)), curve)
            self.log(f"val/{name}_auc", area, prog_bar=name in IN_PROGRESS_BAR)
            mean.reset()
