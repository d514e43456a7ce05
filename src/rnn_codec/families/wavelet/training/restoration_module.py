"""Train a restoration network: from decoded pictures to the originals."""

import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric

from rnn_codec.families.wavelet.layout import COLOURS, SCALES
from rnn_codec.families.wavelet.restoration.network import Restoration
from rnn_codec.families.wavelet.training.coefficients import Scaling, padded
from rnn_codec.families.wavelet.training.scaled_module import ScaledTraining
from rnn_codec.families.wavelet.training.told import Told, ends, told
from rnn_codec.metrics.scores import SCORES
from rnn_codec.training.schedules import Progress
from rnn_codec.training.similarity import ms_ssim
from rnn_codec.training.steps import BuildOptimizer, Schedule

STREAM = 1
"""The stream of random numbers, separate from those of the scaling."""
STRANGE = 0.2
"""The share of crops whose strength is independent of their gains."""
LEAST_ERROR, LEAST_LOSS = 0.3, 0.001
"""The squared error, and 1 − MS-SSIM, below which improvement counts little."""
VALIDATED = (7, 6, 5, 4, 3)
"""Planes at which pictures are restored in validation, with a step of 1: about 0.1 to 2 bits per
pixel."""
SCORED = ("psnr", "ms_ssim")


class RestorationTraining(ScaledTraining):
    """Minimises the distortion of restored pictures, in squared error and in structure.

    Both count by their logarithms, as in the area under a curve. Their weights depend on the
    strength, which is an input of the network.

    Sides of crops are multiples of 32, at least 64. Arguments are those of `ScaledTraining`.
    """

    def __init__(
        self,
        restoration: Restoration,
        optimizer: BuildOptimizer,
        schedule: Schedule,
        progress: Progress,
        seed: int,
        gained_crops: float,
    ) -> None:
        super().__init__(optimizer, schedule, progress, seed, gained_crops)
        self.restoration = restoration
        self.gains = {(name, plane): MeanMetric() for name in SCORED for plane in VALIDATED}
        # Registered, so that they move to the model's device.
        self.registered_gains = nn.ModuleList(self.gains.values())

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        scaling, turned = self.draw(len(batch))
        planes, strength = self.draw_ends(scaling)
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            images = torch.where(turned, batch.mT, batch)
            seen = told(images, scaling, planes)
        restored = self.restored(seen, strength)
        truth = images.float()
        error = _squared_error(restored, truth)
        gained = torch.log(
            (error + LEAST_ERROR) / (_squared_error(seen.picture, truth) + LEAST_ERROR)
        )
        structure = torch.log(1 - ms_ssim(truth, restored, 255) + LEAST_LOSS)
        # Even at strength 0 structure counts a little: learning it helps squared error, too.
        of_error, of_structure = 1 - 0.7 * strength, 0.2 + 0.8 * strength
        loss = (of_error * gained + of_structure * structure).mean()
        self.log("train/loss", loss, prog_bar=True, sync_dist=True)
        self.log("train/squared_error", gained.detach().mean(), sync_dist=True)
        self.log("train/structure", structure.detach().mean(), sync_dist=True)
        return loss

    def draw_ends(self, scaling: Scaling) -> tuple[Tensor, Tensor]:
        """The planes with which crops end, see `ends`, and their strengths (B,).

        Crops with gains have strengths of a half or one, others zero, except for a random share.
        """
        batch = len(scaling.factor)
        count, own = self.place(batch)
        rng = self.rng(STREAM)
        planes = ends(rng, count)[own].to(self.device)
        strange, half, any_of_three = torch.from_numpy(rng.random((3, count)))[:, own].float()
        has_gains = (scaling.scales != 1).any(1) | (scaling.power != 0)
        usual = torch.where(half < 1 / 2, 0.5, 1.0) * has_gains.cpu()
        strength = torch.where(strange < STRANGE, (any_of_three * 3).floor() / 2, usual)
        return planes, strength.to(self.device)

    def restored(self, seen: Told, strength: Tensor) -> Tensor:
        """The restored pictures (B, 3, H, W), float32."""
        restored: Tensor = self.restoration(seen.picture, seen.steps, strength[:, None], seen.fine)
        return restored

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        """Score the improvement of one image (1, 3, H, W) at some planes, for squared error."""
        height, width = batch.shape[-2:]
        scaling = Scaling.plain(1).to(self.device)
        for plane in VALIDATED:
            planes = torch.full((1, SCALES, len(COLOURS)), plane, device=self.device)
            seen = told(padded(batch), scaling, planes)
            after = self.restored(seen, torch.zeros(1, device=self.device))
            pictures = [
                x[..., :height, :width].round().clamp(0, 255).to(torch.uint8)
                for x in (seen.picture, after)
            ]
            for name in SCORED:
                before, after_score = (float(SCORES[name](x, batch)) for x in pictures)
                self.gains[name, plane].update(after_score - before)

    def on_validation_epoch_end(self) -> None:
        """Log the improvements, and their mean over the planes."""
        for name in SCORED:
            found = []
            for plane in VALIDATED:
                mean = self.gains[name, plane]
                found.append(float(mean.compute()))
                self.log(f"val/{name}_gain_{plane}", found[-1])
                mean.reset()
            self.log(f"val/{name}_gain", sum(found) / len(found), prog_bar=True)


def _squared_error(x: Tensor, y: Tensor) -> Tensor:
    """The mean squared error of each picture, (B,)."""
    return (x - y).square().mean((1, 2, 3))
