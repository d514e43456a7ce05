"""Training losses: pure functions of a signal and its reconstructions x̂_1 … x̂_n."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytorch_msssim
import torch
import torch.nn.functional as F
from torch import Tensor

from rnn_codec.errors import InvalidOptionError

Loss: TypeAlias = Callable[[Tensor, Sequence[Tensor]], Tensor]
"""From x, (B, 3, H, W), and x̂_1 … x̂_n, each like x, to a scalar."""

WINDOW = 11
"""Side of the window of SSIM, pixels [Wang et al. 2004]."""
SIGMA = 1.5
"""Of the Gaussian in that window, pixels."""
SIGNAL_RANGE = 2.0
"""Of a signal, −1 … 1."""


def residual_loss(signal: Tensor, reconstructions: Sequence[Tensor]) -> Tensor:
    """β Σ_t |x − x̂_t|: the mean absolute residual over all iterations [Toderici 2017, section 2].

    Args:
        signal: x, (B, 3, H, W).
        reconstructions: x̂_1 … x̂_n, each like `signal`.

    Returns:
        A scalar, in units of the signal (2 is the whole range).

    Example:
        >>> zeros, ones = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
        >>> residual_loss(zeros, [ones, zeros])
        tensor(0.5000)
    """
    losses = [(signal - reconstruction).abs().mean() for reconstruction in reconstructions]
    return torch.stack(losses).mean()


def log_residual_loss(signal: Tensor, reconstructions: Sequence[Tensor], floor: float) -> Tensor:
    """The mean over the iterations of ln(floor + the mean absolute residual).

    The area under a curve of PSNR is a sum of such logarithms. In `residual_loss` a late iteration,
    whose residual is small, hardly counts; here each counts by the share it takes off.

    Args:
        signal: x, (B, 3, H, W).
        reconstructions: x̂_1 … x̂_n, each like `signal`.
        floor: a residual that need not become smaller, in units of the signal.

    Example:
        >>> zeros, ones = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
        >>> log_residual_loss(zeros, [ones, ones], floor=0.0)
        tensor(0.)
    """
    residuals = [(signal - reconstruction).abs().mean() for reconstruction in reconstructions]
    return (torch.stack(residuals) + floor).log().mean()


def structural_loss(
    signal: Tensor,
    reconstructions: Sequence[Tensor],
    of_residuals: Loss,
    weight: float,
    scales: Sequence[int],
) -> Tensor:
    """Another loss plus `weight` times what SSIM lacks to 1, mean over scales and iterations.

    MS-SSIM [Wang et al. 2003] weights five scales, the coarsest of which does not fit into a crop;
    the finest costs most and counts least. Here some in between count alike, and each has the whole
    of SSIM.

    Args:
        signal: x, (B, 3, H, W).
        reconstructions: x̂_1 … x̂_n, each like `signal`.
        of_residuals: the other loss.
        weight: of the structural part.
        scales: by how much signal and reconstructions are shrunk, by averaging, before they are
            compared: 1 for not at all.

    Raises:
        InvalidOptionError: a shrunk signal is smaller than the window.

    Example:
        >>> x = torch.rand(1, 3, 32, 32)
        >>> abs(structural_loss(x, [x, x], residual_loss, weight=0.5, scales=[1, 2]).item()) < 1e-6
        True
    """
    shortest = min(signal.shape[-2:])
    if shortest // max(scales) < WINDOW:
        raise InvalidOptionError(
            f"loss.scales has {max(scales)}, for which crops need {WINDOW * max(scales)} pixels: "
            f"set data.crop_size, which is {shortest}, or leave that scale out"
        )
    stacked = torch.cat(list(reconstructions))
    repeated = signal.repeat(len(reconstructions), 1, 1, 1)
    lacking = [1 - _ssim(stacked, repeated, scale) for scale in scales]
    return of_residuals(signal, reconstructions) + weight * torch.stack(lacking).mean()


def _ssim(image: Tensor, reference: Tensor, scale: int) -> Tensor:
    """Mean SSIM of signals that are shrunk first; in single precision also under autocast."""
    with torch.autocast(image.device.type, enabled=False):
        small, its_reference = (F.avg_pool2d(x.float(), scale) for x in (image, reference))
        score: Tensor = pytorch_msssim.ssim(
            small, its_reference, data_range=SIGNAL_RANGE, win=_window(small)
        )
    return score


def _window(image: Tensor) -> Tensor:
    """The Gaussian that the package would make, (C, 1, 1, 11), made where the image is.

    The package's own comes from the processor in every call: a copy that no CUDA graph records.
    """
    places = torch.arange(WINDOW, device=image.device, dtype=image.dtype) - WINDOW // 2
    bell = torch.exp(-(places**2) / (2 * SIGMA**2))
    return (bell / bell.sum()).repeat(image.shape[1], 1, 1, 1)
