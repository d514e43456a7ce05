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
"""Maps x, (B, 3, H, W), and x̂_1 … x̂_n, each shaped like x, to a scalar."""

LOSSES: Registry[Callable[..., Tensor]] = Registry(
    "loss", "rnn_codec.families.binary.training", deferred=True
)
LOSSES.parts["of_residuals"] = LOSSES

SIGNAL_RANGE = 2.0
"""The range of a signal, −1 … 1."""


@LOSSES.register("l1")
def residual_loss(signal: Tensor, reconstructions: Sequence[Tensor]) -> Tensor:
    """β Σ_t |x − x̂_t|: the mean absolute residual over all iterations [Toderici 2017, section 2].

    Args:
        signal: x, (B, 3, H, W).
        reconstructions: x̂_1 … x̂_n, each shaped like `signal`.

    Returns:
        A scalar, in units of the signal (2 is the full range).

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
    """The mean over iterations of ln(mean absolute residual + floor), with a weight on the first.

    The area under a PSNR curve is a sum of such logarithms. In `residual_loss` late iterations
    hardly count because their residuals are small. Here each counts by the fraction of the residual
    that it removes.

    Args:
        signal: as in `residual_loss`, and so are the reconstructions.
        floor: a residual below which improvements hardly count, in units of the signal.
        first_weight: the weight of the first iteration; the others have 1.

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
    """Another loss plus `weight` times the mean of 1 − SSIM over scales and iterations.

    The coarsest of the five scales of MS-SSIM [Wang et al. 2003] does not fit into a crop. Here the
    given scales have equal weights, and each uses all terms of SSIM.

    Args:
        signal: as in `residual_loss`, and so are the reconstructions.
        of_residuals: the other loss.
        weight: the weight of the structural part.
        scales: factors by which signal and reconstructions are shrunk, by averaging, before they
            are compared; 1 keeps their size.

    Raises:
        InvalidOptionError: a shrunk signal is smaller than the window, or there is no valid scale.
    """
    if min(scales, default=0) < 1:
        raise InvalidOptionError(
            f"loss.scales must be one or more whole numbers of at least 1, not {list(scales)}"
        )
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
    """The mean SSIM of x̂_1 … x̂_n, (n, B, 3, H, W), and x, (B, 3, H, W) [Wang et al. 2004].

    Both are first shrunk by the factor `scale`, by averaging, without padding.
    """
    x = F.avg_pool2d(signal.float(), scale)
    y = F.avg_pool2d(reconstructions.flatten(0, 1).float(), scale)
    y = y.view(*reconstructions.shape[:2], *y.shape[1:])
    luminance, structure = similarity(x, y, SIGNAL_RANGE)
    return (luminance * structure).mean()
