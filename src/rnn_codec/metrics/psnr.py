"""Peak signal-to-noise ratio of RGB images."""

import torch
from torch import Tensor

from rnn_codec.metrics.images import check_pair

PEAK = 255.0
HIGHEST_DECIBELS = 100.0
"""The score of identical images, and an upper limit for all others, so that means stay finite."""


def decibels(mean_squared_error: Tensor) -> Tensor:
    """Return 10 log10(255² / MSE) in dB, at most `HIGHEST_DECIBELS` (an MSE of 6.5e-6 or less).

    A 768×512 RGB image with a single sample that differs by one has 108 dB and is reported as
    100 dB. Such images are indistinguishable from lossless ones, to the eye and on any screen.
    """
    return (10 * torch.log10(PEAK**2 / mean_squared_error)).clamp(max=HIGHEST_DECIBELS)


def psnr(image: Tensor, reference: Tensor) -> Tensor:
    """PSNR of each image in dB: two (B, 3, H, W) uint8 batches → (B,) float64 in [0, 100].

    The squared error is averaged over the pixels and channels of each image. Identical images have
    100 dB, not infinity, and no score is higher (`decibels`). Raises `TypeError` or `ValueError`
    for other dtypes or shapes.

    >>> black = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
    >>> psnr(black + 1, black)
    tensor([48.1308], dtype=torch.float64)
    >>> psnr(black, black)
    tensor([100.], dtype=torch.float64)
    """
    check_pair(image, reference)
    difference = image.double() - reference.double()
    return decibels(difference.square().mean(dim=(1, 2, 3)))
