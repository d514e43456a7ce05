"""Crops as decoded from files that end somewhere: inputs of the restoration network."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rnn_codec.families.wavelet.layout import COLOURS, SCALES, channels
from rnn_codec.families.wavelet.prior.code_length import Coefficients
from rnn_codec.families.wavelet.training.coefficients import (
    Scaling,
    block_gains,
    coloured,
    middles,
    transformed,
    weights,
)

HIGHEST, LOWEST = 8.5, 1.3
"""The log₂ of the steps between which crops are coded: about 0.03 to 2.5 bits per pixel."""
WHOLE = 0.6
"""The share of crops whose scales are all coded to the same plane, as in most files."""


@dataclass(frozen=True)
class Told:
    """The decoded state of B crops.

    Attributes:
        picture: the decoded crops, float32 (B, 3, H, W).
        steps, fine: see `Restoration`.
    """

    picture: Tensor
    steps: Tensor
    fine: Tensor


def ends(rng: np.random.Generator, count: int) -> Tensor:
    """Draw the last planes of `count` crops, for luma and chroma of each scale, (B, SCALES, 2).

    In the order of the stream, all up to some scale are coded one plane further than the others.
    """
    depth, part, whole = rng.random((3, count))
    planes = LOWEST + (HIGHEST - LOWEST) * depth
    parts = SCALES * len(COLOURS)
    told = np.where(whole < WHOLE, parts, 1 + np.floor(part * parts))
    order = np.arange(parts).reshape(SCALES, len(COLOURS))
    behind = order >= told[:, None, None]
    return torch.from_numpy((np.floor(planes)[:, None, None] + behind).astype(np.int64))


def told(images: Tensor, scaling: Scaling, planes: Tensor) -> Told:
    """The decoded state of uint8 images (B, 3, H, W), coded down to planes (B, SCALES, 2)."""
    scales, rotations = transformed(images)
    factors = weights(scales, images, scaling)
    weighted = [x * factor for x, factor in zip(scales, factors, strict=True)]
    coefficients = Coefficients.of(weighted)
    # Above its first plane a scale is already known to be zero.
    planes = torch.minimum(planes, coefficients.first.permute(2, 0, 1) + 1)
    values = _values(coefficients, factors, planes)
    steps = planes - scaling.factors.log2()[:, :, None]
    fine = steps[:, -1, 0, None, None, None] - block_gains(images, scaling).log2()
    return Told(coloured(values, rotations), steps.flatten(1), fine)


def _values(coefficients: Coefficients, factors: Sequence[Tensor], planes: Tensor) -> list[Tensor]:
    """The decoded coefficients of each scale, (B, N, h, w)."""
    found = []
    for scale, (magnitudes, signs) in enumerate(
        zip(coefficients.magnitudes, coefficients.signs, strict=True)
    ):
        last = torch.empty_like(magnitudes[:, :, :1, :1])
        for colour in range(len(COLOURS)):
            last[:, channels(scale, colour)] = planes[:, scale, colour, None, None, None].int()
        found.append(middles(magnitudes, last) * signs / factors[scale])
    return found
