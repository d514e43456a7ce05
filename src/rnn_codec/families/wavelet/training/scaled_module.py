"""The common part of this family's trainings: crops whose scaling is drawn at random."""

import numpy as np
import torch
from torch import Tensor

from rnn_codec.data.crops import process_of, step_rng
from rnn_codec.families.wavelet.training.coefficients import Scaling
from rnn_codec.training.schedules import Progress
from rnn_codec.training.steps import BuildOptimizer, Schedule, Training

STREAM = 2
"""The stream of random numbers, separate from those of the crops."""


class ScaledTraining(Training):
    """Trains on crops whose coefficients are scaled in many ways.

    Everything random in a step (the quantisation step, gains, whether crops are transposed) follows
    from the seed, the step and the place in the global batch. So a resumed run continues exactly as
    it would have, and several processes compute what one process with the global batch would.

    Batches are uint8 images (B, 3, H, W).

    Args:
        optimizer: see `Training`, as for the schedule and the progress.
        gained_crops: share of the crops that have gains of blocks and scales, 0 … 1.
    """

    unit = "images"

    def __init__(
        self,
        optimizer: BuildOptimizer,
        schedule: Schedule,
        progress: Progress,
        seed: int,
        gained_crops: float,
    ) -> None:
        super().__init__(optimizer, schedule, progress)
        self.seed = seed
        self.gained_crops = gained_crops

    def examples(self, batch: Tensor) -> int:
        """Images in a batch (B, 3, H, W)."""
        return len(batch)

    units = examples

    def draw(self, batch: int) -> tuple[Scaling, Tensor]:
        """Draw the scaling of this process's crops in this step, and whether they are transposed.

        The latter is (B, 1, 1, 1).
        """
        # Each process draws for all and uses its own.
        count, own = self.place(batch)
        rng = self.rng()
        whole = Scaling.drawn(rng, count, self.gained_crops)
        turned = torch.from_numpy(rng.random(count) < 1 / 2)
        return whole.share(own).to(self.device), turned[own, None, None, None].to(self.device)

    def rng(self, *stream: int) -> np.random.Generator:
        """A generator of random numbers for this step, the same in all processes."""
        return step_rng(self.seed, self.global_step, STREAM, *stream)

    def place(self, batch: int) -> tuple[int, slice]:
        """The number of crops in the global batch, and the slice that belongs to this process."""
        rank, world_size = process_of(self._trainer)
        return batch * world_size, slice(rank * batch, (rank + 1) * batch)
