"""Rate and quality of pictures during training, with ideal code lengths: no file is made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torchmetrics import Metric

from rnn_codec.families.wavelet.layout import COLOURS, SCALES, channels
from rnn_codec.families.wavelet.prior.arithmetic import Smooth
from rnn_codec.families.wavelet.prior.code_length import Coefficients, code_lengths
from rnn_codec.families.wavelet.prior.network import Prior
from rnn_codec.families.wavelet.training.coefficients import (
    last_planes,
    middles,
    padded,
    pictured,
    transformed,
)
from rnn_codec.metrics.curve import HIGHEST_BPP
from rnn_codec.metrics.scores import SCORES

RATES = tuple(eighth / 8 for eighth in range(1, 17))
"""Bits per pixel at which curves are averaged."""
SHOWN_RATES = (0.125, 0.25, 0.5, 1.0, 2.0)
SCORED = ("psnr", "ms_ssim")
LOWEST_BPP = 0.05
"""The rate below which nothing is scored."""
CODED_BPP = 2.4
"""The rate to which planes are coded, safely above the highest rate that is scored."""
HEADER_BITS = 8 * 24


@dataclass(frozen=True)
class PictureCurve:
    """Rates of a picture, ascending, and its scores there, by metric."""

    bpp: tuple[float, ...]
    scores: Mapping[str, tuple[float, ...]]


class MeanCurve(Metric):
    """The mean of scores at `RATES` over pictures, in all processes."""

    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        zeros = torch.zeros(len(RATES), dtype=torch.float64)
        self.add_state("total", zeros, dist_reduce_fx="sum")
        self.add_state("count", torch.zeros(()), dist_reduce_fx="sum")

    def update(self, scores: Tensor) -> None:
        """Add the scores of a picture, (rates,)."""
        self.total += scores.to(self.total.device)
        self.count += 1

    def compute(self) -> Tensor:
        """The mean scores (rates,), float64; NaN without a picture."""
        return self.total / self.count


@torch.no_grad()
def curve_of(prior: Prior, arithmetic: Smooth, image: Tensor) -> PictureCurve:
    """The curve of a uint8 image (1, 3, H, W), with a point after each scale of each plane."""
    height, width = image.shape[-2:]
    whole = padded(image)
    scales, rotations = transformed(whole)
    coefficients = Coefficients.of(scales)
    last = int(last_planes(coefficients.magnitudes, CODED_BPP))
    points: list[tuple[float, ...]] = []
    for bits, values in coded(prior, arithmetic, coefficients, last):
        rate = (HEADER_BITS + bits) / (height * width)
        if rate < LOWEST_BPP:
            continue
        shown = pictured(values, rotations)[..., :height, :width]
        points.append((rate, *(float(SCORES[name](shown, image)) for name in SCORED)))
        if rate > HIGHEST_BPP:
            break
    # A flat picture never reaches the lowest rate: it is scored with all its coefficients.
    if not points:
        shown = pictured(scales, rotations)[..., :height, :width]
        points.append((LOWEST_BPP, *(float(SCORES[name](shown, image)) for name in SCORED)))
    bpp, *scores = zip(*points, strict=True)
    return PictureCurve(bpp, dict(zip(SCORED, scores, strict=True)))


def coded(
    prior: Prior, arithmetic: Smooth, coefficients: Coefficients, last: int
) -> Iterator[tuple[float, list[Tensor]]]:
    """Yield the bits so far and the decoded coefficients (1, N, h, w), after each scale of a plane.

    Args:
        coefficients: of one picture.
        last: the plane to end with.
    """
    lengths = code_lengths(prior, arithmetic, coefficients, last)
    first = coefficients.first[..., 0].tolist()
    values = [torch.zeros_like(signs) for signs in coefficients.signs]
    bits = 0.0
    for plane, of_plane in zip(lengths.planes, lengths.bits, strict=True):
        for scale in range(SCALES):
            if plane > max(first[scale]):
                continue
            for colour in range(len(COLOURS)):
                if plane <= first[scale][colour]:
                    own = channels(scale, colour)
                    magnitudes = coefficients.magnitudes[scale][:, own]
                    middle = middles(magnitudes, torch.tensor(plane, device=magnitudes.device))
                    values[scale][:, own] = middle * coefficients.signs[scale][:, own]
            bits += float(of_plane[scale].sum())
            yield bits, values
