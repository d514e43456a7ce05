"""Training losses: pure functions of a signal and its reconstructions x̂_1 … x̂_n."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from rnn_codec.errors import InvalidOptionError
from rnn_codec.registry import Registry
from rnn_codec.training.similarity import WINDOW, similarity

Loss: TypeAlias = Callable[[Tensor, Sequence[Tensor]], Tensor]
"""From x, (B, 3, H, W), and x̂_1 … x̂_n, each like x, to a scalar."""

LOSSES: Registry[Callable[..., Tensor]] = Registry(
    "loss", "rnn_codec.families.binary.training", deferred=True
)
LOSSES.parts["of_residuals"] = LOSSES

SIGNAL_RANGE = 2.0
"""Of a signal, −1 … 1."""


@LOSSES.register("l1")
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


@LOSSES.register("log_l1")
def log_residual_loss(
    signal: Tensor, reconstructions: Sequence[Tensor], floor: float, first_weight: float
) -> Tensor:
    """The mean over the iterations of ln(floor + the mean absolute residual), the first weighted.

    The area under a curve of PSNR is a sum of such logarithms. In `residual_loss` a late iteration,
    whose residual is small, hardly counts; here each counts by the share it takes off.

    Args:
        signal: as of `residual_loss`; so are the reconstructions.
        floor: a residual that need not become smaller, in units of the signal.
        first_weight: of the first iteration, where the others have 1.

    Example:
        >>> zeros, ones = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
        >>> log_residual_loss(zeros, [ones, ones], floor=0.0, first_weight=1.0)
        tensor(0.)
    """
    residuals = [(signal - reconstruction).abs().mean() for reconstruction in reconstructions]
    logarithms = (torch.stack(residuals) + floor).log()
    weighted = logarithms.sum() + (first_weight - 1) * logarithms[0]
    return weighted / (len(logarithms) + first_weight - 1)


@LOSSES.register("structural")
def structural_loss(
    signal: Tensor,
    reconstructions: Sequence[Tensor],
    of_residuals: Loss,
    weight: float,
    scales: Sequence[int],
) -> Tensor:
    """Another loss plus `weight` times what SSIM lacks to 1, mean over scales and iterations.

    The coarsest of the five scales of MS-SSIM [Wang et al. 2003] does not fit into a crop; here
    some count alike, and each has the whole of SSIM.

    Args:
        signal: as of `residual_loss`; so are the reconstructions.
        of_residuals: the other loss.
        weight: of the structural part.
        scales: by how much signal and reconstructions are shrunk, by averaging, before they are
            compared: 1 for not at all.

    Raises:
        InvalidOptionError: a shrunk signal is smaller than the window, or there is no scale.
    """
    if min(scales, default=0) < 1:
        raise InvalidOptionError(f"loss.scales must be whole numbers from 1 on, not {list(scales)}")
    shortest = min(signal.shape[-2:])
    if shortest // max(scales) < WINDOW:
        raise InvalidOptionError(
            f"crops of {shortest} pixels are too small for loss.scales={list(scales)}: the largest "
            f"scale needs data.crop_size, or late.crop_size, of {WINDOW * max(scales)}"
        )
    stacked = torch.stack(list(reconstructions))
    lacking = [1 - mean_ssim(signal, stacked, scale) for scale in scales]
    return of_residuals(signal, reconstructions) + weight * torch.stack(lacking).mean()


def mean_ssim(signal: Tensor, reconstructions: Tensor, scale: int) -> Tensor:
    """Mean SSIM of x̂_1 … x̂_n, (n, B, 3, H, W), to x, (B, 3, H, W) [Wang et al. 2004].

    Both are shrunk `scale` times first, by averaging, and not padded.
    """
    x = F.avg_pool2d(signal.float(), scale)
    y = F.avg_pool2d(reconstructions.flatten(0, 1).float(), scale)
    y = y.view(*reconstructions.shape[:2], *y.shape[1:])
    luminance, structure = similarity(x, y, SIGNAL_RANGE)
    return (luminance * structure).mean()
