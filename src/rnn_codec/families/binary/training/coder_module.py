"""Trains a context model on the codes of a frozen codec."""

import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric

from rnn_codec.families.binary.codec import shown_iterations
from rnn_codec.families.binary.entropy.context_model import ContextModel, bits_per_bit, code_lengths
from rnn_codec.training.schedules import Progress
from rnn_codec.training.steps import BuildOptimizer, Schedule, Training


class CoderTraining(Training):
    """Minimises the ideal code length [Toderici 2017, section 3].

    Batches are symbols −1, +1 and, where a position has stopped, 0 (n, B, 32, H, W). Arguments are
    those of `Training`.
    """

    unit = "positions"

    def __init__(
        self,
        model: ContextModel,
        optimizer: BuildOptimizer,
        schedule: Schedule,
        progress: Progress,
    ) -> None:
        super().__init__(optimizer, schedule, progress)
        self.model = model
        self.rates = [MeanMetric() for _ in range(model.iterations)]
        # Registered, so that they move to the model's device.
        self.registered_rates = nn.ModuleList(self.rates)

    def examples(self, batch: Tensor) -> int:
        """Crops in a batch (n, B, 32, H, W)."""
        return batch.shape[1]

    def units(self, batch: Tensor) -> int:
        """Positions in a batch, those of each iteration counted."""
        return batch[:, :, 0].numel()

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """Bits for one position of all iterations, so that each counts alike however many follow.

        Logged are bits for one bit of the code.
        """
        length = code_lengths(self.model(batch), batch).sum()
        with torch.no_grad():
            rate = length / batch.abs().sum().clamp(min=1)
        self.log("train/bits_per_bit", rate, prog_bar=True, sync_dist=True)
        return length / batch[0].numel()

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        """The ideal code length of one picture, whose bits count alike in all pictures."""
        for mean, rate in zip(self.rates, bits_per_bit(self.model(batch), batch), strict=True):
            mean.update(rate, weight=batch[0].numel())

    def on_validation_epoch_end(self) -> None:
        """Log what some of the iterations cost, and all of them together."""
        rates = []
        for mean in self.rates:
            rates.append(float(mean.compute()))
            mean.reset()
        for iteration in shown_iterations(len(rates)):
            self.log(f"val/bits_per_bit_{iteration}", rates[iteration - 1])
        self.log("val/bits_per_bit", sum(rates) / len(rates), prog_bar=True)
