"""All metrics at once, under the names by which records and tables know them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import Tensor

from rnn_codec.metrics.ms_ssim import ms_ssim
from rnn_codec.metrics.psnr import psnr
from rnn_codec.metrics.psnr_hvs import psnr_hvs_colour, psnr_hvs_luma

SCORES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = MappingProxyType(
    {
        "psnr": psnr,
        "ms_ssim": ms_ssim,
        "psnr_hvs": psnr_hvs_colour,
        "psnr_hvs_luma": psnr_hvs_luma,
    }
)
"""Name to function, in the order of reports. All but `ms_ssim`, in 0..1, are in dB."""


def score_batch(image: Tensor, reference: Tensor) -> dict[str, Tensor]:
    """Score uint8 batches (B, 3, H, W) with every metric of `SCORES`: name to (B,) float64.

    Raises `ImageTooSmallError` if a side is 160 pixels or less.
    """
    return {name: score(image, reference) for name, score in SCORES.items()}


def score_pair(image: Tensor, reference: Tensor) -> dict[str, float]:
    """Score one uint8 image, (3, H, W), against its reference with every metric of `SCORES`.

    Raises `ImageTooSmallError` if a side is 160 pixels or less.

    >>> import torch
    >>> black = torch.zeros(3, 192, 192, dtype=torch.uint8)
    >>> score_pair(black, black)
    {'psnr': 100.0, 'ms_ssim': 1.0, 'psnr_hvs': 100.0, 'psnr_hvs_luma': 100.0}
    """
    scores = score_batch(image.unsqueeze(0), reference.unsqueeze(0))
    return {name: float(value) for name, value in scores.items()}
