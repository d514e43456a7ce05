"""From crops to the coefficients that files hold, and back to pictures.

    crop ─ its rotation, transform ─► coefficients ─ step, gains ─► magnitudes and signs

They are identical to those that `rnn_codec.families.wavelet.planes` computes with NumPy.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rnn_codec.families.wavelet.colour import MIDDLE, fitted, rotated
from rnn_codec.families.wavelet.layout import COMPONENTS, SCALES
from rnn_codec.families.wavelet.lifting import LEVELS, NORM_LL, NORMS, joined, split
from rnn_codec.families.wavelet.planes import CENTRES

MULTIPLE = 2**LEVELS
"""Sides of crops are multiples of it, so that all bands of a scale have the same size."""
BLOCK = MULTIPLE
"""Side of the blocks that have gains, in pixels."""

MOST_POWER, WITH_POWER = 0.9, 0.8
"""Gains are sensitivities to a power from 0 to `MOST_POWER`, in the share `WITH_POWER` of those
crops that have any."""
TILT = (-1.0, -0.2, 0.15, 0.2, 0.0, -0.45)
"""The log₂ of the weights of scales where structural similarity counts."""
MOST_TILT = 1.2

STABILISER = 58.5
"""The constant (0.03 · 255)² in the definition of SSIM."""
WINDOW = 7
MIDDLE_SENSITIVITY = -8
"""The log₂ of the sensitivity of a block whose gain is 1."""


@dataclass(frozen=True)
class Scaling:
    """The factors on the coefficients of each of B crops.

    Attributes:
        factor: the inverse of the step, (B,).
        scales: weights of scales, (B, SCALES).
        power: the gain of a block is its sensitivity to this power; 0 for no gains, (B,).
    """

    factor: Tensor
    scales: Tensor
    power: Tensor

    @classmethod
    def drawn(cls, rng: np.random.Generator, count: int, gained: float) -> "Scaling":
        """Draw `count` scalings at random: steps from 1 to 2, and gains in a share of the crops."""
        step, chosen, tilt, with_power, power = torch.from_numpy(rng.random((5, count)))
        is_gained = chosen < gained
        exponents = torch.where(is_gained, MOST_TILT * tilt, 0.0)[:, None] * torch.tensor(TILT)
        powers = torch.where(is_gained & (with_power < WITH_POWER), MOST_POWER * power, 0.0)
        return cls(torch.exp2(-step).float(), torch.exp2(exponents).float(), powers.float())

    @classmethod
    def plain(cls, count: int) -> "Scaling":
        """Return `count` scalings that leave coefficients unchanged."""
        return cls(torch.ones(count), torch.ones(count, SCALES), torch.zeros(count))

    @property
    def factors(self) -> Tensor:
        """The factors on coefficients of blocks whose gain is 1, (B, SCALES)."""
        return self.factor[:, None] * self.scales

    def share(self, part: slice) -> "Scaling":
        """Return the scaling of some of the crops."""
        return Scaling(self.factor[part], self.scales[part], self.power[part])

    def to(self, device: torch.device) -> "Scaling":
        return Scaling(self.factor.to(device), self.scales.to(device), self.power.to(device))


def transformed(images: Tensor) -> tuple[list[Tensor], Tensor]:
    """Coefficients of uint8 images (B, 3, H, W), whose sides are multiples of `MULTIPLE`.

    Returns:
        float32 (B, N, h, w) of each scale, and the rotations of colours (B, 3, 3).
    """
    pixels = images.permute(0, 2, 3, 1).cpu().numpy()
    rotations = torch.tensor([fitted(picture).matrix for picture in pixels], device=images.device)
    colours = (images.float() - MIDDLE).unbind(1)
    x = _rotated(colours, rotations)
    found = []
    for norms in reversed(NORMS):
        x, details = split(x)
        # Channels are grouped by component: its bands HL, LH, HH.
        bands = torch.stack(details, 2) * x.new_tensor(norms)[:, None, None]
        found.append(bands.flatten(1, 2))
    return [x * x.new_tensor(NORM_LL), *reversed(found)], rotations


def pictured(scales: Sequence[Tensor], rotations: Tensor) -> Tensor:
    """Undo `transformed`: uint8 (B, 3, H, W), rounded."""
    return coloured(scales, rotations).round().clamp(0, 255).to(torch.uint8)


def coloured(scales: Sequence[Tensor], rotations: Tensor) -> Tensor:
    """Undo `transformed`: float32 (B, 3, H, W), about 0 … 255, neither rounded nor clipped."""
    x = scales[0] / scales[0].new_tensor(NORM_LL)
    for coefficients, norms in zip(scales[1:], NORMS, strict=True):
        bands = coefficients.unflatten(1, (COMPONENTS, -1)) / x.new_tensor(norms)[:, None, None]
        batch, _, _, height, width = bands.shape
        picture = x.new_empty(batch, COMPONENTS, 2 * height, 2 * width)
        x = joined(picture, x, bands.unbind(2))
    # The inverse of a rotation is its transpose.
    return _rotated(x.unbind(1), rotations.mT) + MIDDLE


def _rotated(planes: Sequence[Tensor], rotations: Tensor) -> Tensor:
    """Planes (B, H, W), rotated by (B, 3, 3), to (B, 3, H, W)."""
    rows = rotations[..., None, None].unbind(1)
    # Each picture has its own row, whose entries are tensors instead of numbers.
    found = [rotated(planes, cast(tuple[float, float, float], row.unbind(1))) for row in rows]
    return torch.stack(found, 1)


def scaled(scales: Sequence[Tensor], images: Tensor, scaling: Scaling) -> list[Tensor]:
    """The coefficients (B, N, h, w) of uint8 images (B, 3, H, W), multiplied by their weights."""
    pairs = zip(scales, weights(scales, images, scaling), strict=True)
    return [coefficients * weight for coefficients, weight in pairs]


def weights(scales: Sequence[Tensor], images: Tensor, scaling: Scaling) -> list[Tensor]:
    """The factors on the coefficients of each scale, (B, 1, h, w)."""
    gains, factors = block_gains(images, scaling), scaling.factors
    found = []
    for scale, coefficients in enumerate(scales):
        each = coefficients.shape[-1] // gains.shape[-1]
        of_blocks = gains.repeat_interleave(each, 2).repeat_interleave(each, 3)
        found.append(of_blocks * factors[:, scale, None, None, None])
    assert len(found) == SCALES
    return found


def block_gains(images: Tensor, scaling: Scaling) -> Tensor:
    """The gains (B, 1, H/32, W/32) of the blocks of uint8 images (B, 3, H, W)."""
    return torch.exp2(scaling.power[:, None, None, None] * sensitivity(images))


def sensitivity(images: Tensor) -> Tensor:
    """The log₂ of the gain of each block of uint8 images (B, 3, H, W), (B, 1, H/32, W/32).

    An error in a block costs SSIM in proportion to the mean of 1/(2 variance + C₂), over windows at
    half size. Errors count by their squares, so the root of this mean is a gain.
    """
    grey = F.avg_pool2d(images.float().mean(1, keepdim=True), 2)
    mean = _window_means(grey)
    variance = (_window_means(grey.square()) - mean.square()).clamp(min=0)
    lost = F.avg_pool2d(1 / (2 * variance + STABILISER), BLOCK // 2)
    return (lost.log2().round() - MIDDLE_SENSITIVITY) / 2


def _window_means(x: Tensor) -> Tensor:
    return F.avg_pool2d(F.pad(x, (WINDOW // 2,) * 4, mode="replicate"), WINDOW, 1)


def padded(images: Tensor) -> Tensor:
    """Pad uint8 images (B, 3, H, W) to multiples of `MULTIPLE`; repeat edges below and right."""
    height, width = images.shape[-2:]
    if height % MULTIPLE == width % MULTIPLE == 0:
        return images
    margins = (0, -width % MULTIPLE, 0, -height % MULTIPLE)
    return F.pad(images.float(), margins, mode="replicate").to(torch.uint8)


def last_planes(magnitudes: Sequence[Tensor], bits_per_pixel: float) -> Tensor:
    """The plane with which each crop takes about `bits_per_pixel`, (B,); 0 where it takes fewer.

    Args:
        magnitudes: of each scale, int32 (B, N, h, w).
    """
    batch, _, height, width = magnitudes[-1].shape
    pixels = 4 * height * width
    enough = math.ceil(bits_per_pixel * pixels / BITS_OF_A_COEFFICIENT)
    last = magnitudes[0].new_zeros(batch)
    for plane in range(HIGHEST_LAST_PLANE, 0, -1):
        counts = sum((m >> plane > 0).flatten(1).sum(1) for m in magnitudes)
        last = torch.where((counts >= enough) & (last == 0), plane, last)
        if bool((last > 0).all()):
            break
    return last


BITS_OF_A_COEFFICIENT = 5.5
"""The bits of a significant coefficient, with its sign, its later bits, and the zeros around it."""
HIGHEST_LAST_PLANE = 7


def middles(magnitudes: Tensor, planes: Tensor) -> Tensor:
    """The decoded magnitudes where the planes down to `planes` are known; see `planes.CENTRES`.

    Args:
        magnitudes: int32, with the bits of all planes.
        planes: of a shape that broadcasts with theirs.
    """
    known = magnitudes >> planes
    centres = torch.tensor(CENTRES, device=magnitudes.device)
    within = centres[known.clamp(max=len(CENTRES) - 1)]
    return (known + within) * torch.exp2(planes.float())
