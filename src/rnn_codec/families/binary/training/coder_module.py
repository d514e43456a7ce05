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

    Batches are symbols −1 and +1, and 0 where a position has stopped, (n, B, 32, H, W). For the
    arguments see `Training`.
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
        # Registered so that they move to the model's device.
        self.registered_rates = nn.ModuleList(self.rates)

    def examples(self, batch: Tensor) -> int:
        """The number of crops in a batch (n, B, 32, H, W)."""
        return batch.shape[1]

    def units(self, batch: Tensor) -> int:
        """The number of positions in a batch, counted once per iteration."""
        return batch[:, :, 0].numel()

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """The loss: bits per position, summed over the iterations.

        So each iteration has the same weight, however many follow it. Bits per bit of the code are
        logged.
        """
        length = code_lengths(self.model(batch), batch).sum()
        with torch.no_grad():
            rate = length / batch.abs().sum().clamp(min=1)
        self.log("train/bits_per_bit", rate, prog_bar=True, sync_dist=True)
        return length / batch[0].numel()

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        """Add the ideal code length of one picture to the means, weighted by its number of bits."""
        for mean, rate in zip(self.rates, bits_per_bit(self.model(batch), batch), strict=True):
            mean.update(rate, weight=batch[0].numel())

    def on_validation_epoch_end(self) -> None:
        """Log the bits per bit of some iterations, and the mean of all."""
        rates = []
        for mean in self.rates:
            rates.append(float(mean.compute()))
            mean.reset()
        for iteration in shown_iterations(len(rates)):
            self.log(f"val/bits_per_bit_{iteration}", rates[iteration - 1])
        self.log("val/bits_per_bit", sum(rates) / len(rates), prog_bar=True)
