"""Trains a context model on the codes of a frozen codec."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric

from rnn_codec.code import MAX_ITERATIONS
from rnn_codec.entropy.context_model import ContextModel, bits_per_bit
from rnn_codec.training.steps import BuildOptimizer, Schedule, Training


class CoderTraining(Training):
    """Minimises the ideal code length [Toderici 2017, section 3].

    Batches are bits −1, +1 (16, B, 32, H, W).

    Args:
        model: the context model to train.
        optimizer: builds the optimizer of its parameters.
        schedule: maps a step to a factor on the learning rate.
        tied_steps: steps at the start in which all iterations have the same weights.
    """

    def __init__(
        self,
        model: ContextModel,
        optimizer: BuildOptimizer,
        schedule: Schedule,
        tied_steps: int,
    ) -> None:
        super().__init__(optimizer, schedule)
        self.tied_steps = tied_steps
        tie(model.models)
        self.model = model
        self.rates = [MeanMetric() for _ in range(MAX_ITERATIONS)]
        # Registered, so that they move to the model's device.
        self.registered_rates = nn.ModuleList(self.rates)

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """Bits for one bit of the code, mean over the iterations."""
        loss = bits_per_bit(self.model(batch), batch).mean()
        self.log("train/bits_per_bit", loss, prog_bar=True, sync_dist=True)
        return loss

    def on_after_backward(self) -> None:
        """Keep the iterations' weights the same for a while: each learns from the bits of all."""
        if self.global_step < self.tied_steps:
            tie_gradients(self.model.models)

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
        for iteration in (1, 2, 4, 8, 16):
            self.log(f"val/bits_per_bit_{iteration}", rates[iteration - 1])
        self.log("val/bits_per_bit", sum(rates) / len(rates), prog_bar=True)


def tie(networks: Sequence[nn.Module]) -> None:
    """Give networks the weights of the first."""
    for network in networks[1:]:
        network.load_state_dict(networks[0].state_dict())


def tie_gradients(networks: Sequence[nn.Module]) -> None:
    """Give networks the mean of their gradients: the same weights then stay the same."""
    for parameters in zip(*(network.parameters() for network in networks), strict=True):
        gradients = [p.grad for p in parameters if p.grad is not None]
        mean = torch.stack(gradients).mean(dim=0)
        for gradient in gradients:
            gradient.copy_(mean)
