"""Train a prior: code lengths of crops, weighted by their effect on quality over rate."""

import numpy as np
import torch
from torch import Tensor, nn

from rnn_codec.families.wavelet.prior.arithmetic import Rounded, Smooth
from rnn_codec.families.wavelet.prior.code_length import Coefficients, code_lengths
from rnn_codec.families.wavelet.prior.network import Prior
from rnn_codec.families.wavelet.training.coefficients import (
    Scaling,
    last_planes,
    scaled,
    transformed,
)
from rnn_codec.families.wavelet.training.scaled_module import ScaledTraining
from rnn_codec.families.wavelet.training.validation import (
    RATES,
    SCORED,
    SHOWN_RATES,
    MeanCurve,
    curve_of,
)
from rnn_codec.metrics.curve import area_under_curve
from rnn_codec.training.schedules import Progress
from rnn_codec.training.steps import BuildOptimizer, Schedule

HIGHEST_RATE, LOWEST_RATE, LEAST_WEIGHT = 3.0, 0.02, 0.15
"""Rates (bits per pixel) between which bits are weighted by their effect; the least weight."""


def weighed(bits: Tensor) -> Tensor:
    """The loss (B,) of crops whose parts take `bits` bits per pixel, (parts, B).

    Saving a share of all bits before the rate r lifts the curve, over the logarithm of the rate,
    from r on. So bits are weighted by the logarithm of 3/r, where r is in the middle of their part.
    """
    with torch.no_grad():
        rates = bits.cumsum(0) - bits / 2
        weights = torch.log(HIGHEST_RATE / rates.clamp(min=LOWEST_RATE)).clamp(min=LEAST_WEIGHT)
    return (bits * weights).sum(0)


class PriorTraining(ScaledTraining):
    """Minimises the code lengths of the coefficients of crops, coded to a given rate.

    Sides of crops are multiples of 32, at least 64. Validation pictures may have any sides above
    160 pixels.

    Args:
        optimizer: see `ScaledTraining`, as for all arguments not listed here.
        most_bits: bits per pixel to which crops are coded.
        integers_from: share of the training after which it computes in integers, 0 … 1.
    """

    def __init__(
        self,
        prior: Prior,
        optimizer: BuildOptimizer,
        schedule: Schedule,
        progress: Progress,
        seed: int,
        most_bits: float,
        gained_crops: float,
        integers_from: float,
    ) -> None:
        super().__init__(optimizer, schedule, progress, seed, gained_crops)
        self.prior = prior
        self.most_bits = most_bits
        self.integers_from = integers_from
        self.curves = {name: MeanCurve() for name in SCORED}
        # Registered, so that they move to the model's device.
        self.registered_curves = nn.ModuleDict(self.curves)

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        scaling, turned = self.draw(len(batch))
        bits = self.bits_of(torch.where(turned, batch.mT, batch), scaling, self.arithmetic())
        # Every weight must take part, whatever is coded: DDP waits for the gradients of all.
        everything = sum((parameter.sum() for parameter in self.prior.parameters()), start=0.0)
        loss = weighed(bits).mean() + 0.0 * everything
        self.log("train/loss", loss, prog_bar=True, sync_dist=True)
        self.log("train/bpp", bits.detach().sum(0).mean(), sync_dist=True)
        return loss

    def arithmetic(self) -> Smooth:
        """Real numbers or, at the end of the training, the integers with which files are coded."""
        begins = self.integers_from * self.progress.max_steps
        position = self.progress.position(self.global_step)
        return Rounded() if position >= begins else Smooth()

    def bits_of(self, images: Tensor, scaling: Scaling, arithmetic: Smooth) -> Tensor:
        """The bits per pixel (parts, B) of uint8 images (B, 3, H, W).

        Parts are luma and chroma of each scale of each plane, in the order of files. Each image
        ends with its own last plane; later parts are zero.
        """
        scales, _ = transformed(images)
        coefficients = Coefficients.of(scaled(scales, images, scaling))
        last = last_planes(coefficients.magnitudes, self.most_bits)
        lengths = code_lengths(self.prior, arithmetic, coefficients, int(last.min()))
        planes = torch.tensor(list(lengths.planes), device=images.device)
        coded = planes[:, None, None, None] >= last
        height, width = images.shape[-2:]
        return (lengths.bits * coded).flatten(0, 2) / (height * width)

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        """Code one image (1, 3, H, W) as files do, with ideal code lengths, and score it."""
        curve = curve_of(self.prior, Rounded(), batch)
        for name, mean in self.curves.items():
            mean.update(torch.from_numpy(np.interp(RATES, curve.bpp, curve.scores[name])))

    def on_validation_epoch_end(self) -> None:
        """Log the curves at some rates, and the areas to 2 bpp."""
        for name, mean in self.curves.items():
            scores = mean.compute().tolist()
            for rate in SHOWN_RATES:
                self.log(f"val/{name}_{rate:g}", scores[RATES.index(rate)])
            self.log(f"val/{name}_auc", area_under_curve(RATES, scores), prog_bar=True)
            mean.reset()
