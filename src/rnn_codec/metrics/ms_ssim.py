"""Multi-scale structural similarity of RGB images."""

import pytorch_msssim
import torch
from torch import Tensor

from rnn_codec.errors import UserError
from rnn_codec.metrics.images import check_pair

SHORTEST_SIDE = 161
"""With five scales and an 11×11 window, a side must exceed (11 − 1)·2⁴ = 160 pixels."""


class ImageTooSmallError(UserError, ValueError):
    """An image has a side that is too short for MS-SSIM's five scales."""


def ms_ssim(image: Tensor, reference: Tensor) -> Tensor:
    """MS-SSIM of each image: two (B, 3, H, W) uint8 batches → (B,) float64 in [0, 1].

    Computed on R, G and B separately and averaged, as in Toderici et al. 2017, section 5, at five
    scales with the weights of Wang et al. 2003, as `pytorch_msssim` defines it. Raises
    `ImageTooSmallError`, a `ValueError`, unless sides exceed 160 pixels, and `TypeError` or
    `ValueError` for other dtypes or shapes.

    >>> image = torch.arange(256, dtype=torch.uint8).expand(1, 3, 192, 256)
    >>> ms_ssim(image, image)
    tensor([1.], dtype=torch.float64)
    """
    check_pair(image, reference)
    height, width = image.shape[-2:]
    if min(height, width) < SHORTEST_SIDE:
        raise ImageTooSmallError(
            f"MS-SSIM needs sides of at least {SHORTEST_SIDE} pixels, "
            f"not {width}×{height} (width×height)"
        )
    # On a CPU, single precision is nine times as fast, with an error of 1e-7. On a GPU,
    # single-precision convolutions may silently run in TF32; double-precision ones never do.
    precision = torch.float32 if image.device.type == "cpu" else torch.float64
    # Per-channel convolutions are four times as fast with channels innermost.
    layout = torch.channels_last
    with torch.autocast(image.device.type, enabled=False):
        scores = pytorch_msssim.ms_ssim(
            image.to(precision, memory_format=layout),
            reference.to(precision, memory_format=layout),
            data_range=255,
            size_average=False,
        )
    # Rounding can lift the score of nearly identical images above 1.
    return scores.double().clamp(max=1.0)
