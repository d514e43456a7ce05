"""The distortion of each block of a picture, which the encoder weighs against the bits.

    psnr        squared error
    ms-ssim     the block's share of the loss in MS-SSIM: at five scales, squared error over the
                local variance of the picture; plus a small share of the squared error over a power
                of the block's variance
    balanced    the same, with a larger share of the second term

Errors are less visible in texture: dividing by the variance moves bits from there to where errors
are seen. The first term resolves where in a block an edge ends and a flat part begins, but used
alone it would do worse at low rates, where pictures are far from the original. The share of the
second term was chosen on held-out photographs: a larger one favours PSNR, a smaller one MS-SSIM.
"""

from collections.abc import Callable, Iterator
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from rnn_codec.errors import InvalidOptionError
from rnn_codec.families.binary.code import STRIDE
from rnn_codec.families.binary.codec import Distortion, squared_error

CONTRAST = (0.03 * 255) ** 2
"""C₂ of SSIM, in squared 8-bit values."""
POWER = 0.6
"""Exponent of a block's variance in the weighted error."""
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""The weights of MS-SSIM's scales [Wang 2003], the finest scale first."""
WINDOW_DEVIATION = 1.5
WINDOW = 11
"""Side of SSIM's Gaussian window; like its deviation, in pixels of a scale."""


def weighted_error(power: float, reference: Tensor) -> Callable[[Tensor], Tensor]:
    """Squared error over the block's variance to a `power`; see `squared_error` for shapes."""
    blocks = F.avg_pool2d(reference.float(), STRIDE)
    squares = F.avg_pool2d(reference.float().square(), STRIDE)
    variance = (squares - blocks.square()).mean(dim=1) * 127.5**2
    weight, plain = (variance.clamp(min=0) + CONTRAST) ** -power, squared_error(reference)
    return lambda signal: plain(signal) * weight


def structural_error(reference: Tensor) -> Callable[[Tensor], Tensor]:
    """Each block's approximate share of the loss in MS-SSIM [Wang 2003].

    See `squared_error` for shapes.

    With e = x̂ − x, the contrast and structure term of SSIM is 1 − σ_e² / (σ_x² + σ_x̂² + C₂).
    MS-SSIM is a product of powers of its means, so it falls short of 1 by about the weighted sum of
    these fractions over the scales. Here σ_x̂ is set to σ_x, and e² replaces σ_e²: a wrong mean has
    to count, or edges would appear between blocks that stopped before theirs was right.
    """
    scales = list(_scales(reference.clamp(-1, 1).float() * 127.5))
    weights = [
        weight / (2 * _variance(x) + CONTRAST)
        for weight, x in zip(SCALE_WEIGHTS, scales, strict=True)
    ]

    def off(signal: Tensor) -> Tensor:
        # In place for speed, as in `squared_error`.
        errors = _scales(signal.clamp(-1, 1).sub_(reference).float().mul_(127.5))
        return torch.stack(
            [
                F.avg_pool2d(e.square().mul_(weight).mean(dim=1), STRIDE >> scale)
                for scale, (e, weight) in enumerate(zip(errors, weights, strict=True))
            ]
        ).sum(dim=0)

    return off


def structural_and_weighted_error(share: float, reference: Tensor) -> Callable[[Tensor], Tensor]:
    """Structural error plus `share` times the weighted error; see `squared_error` for shapes."""
    structural, weighted = structural_error(reference), weighted_error(POWER, reference)
    return lambda signal: structural(signal) + share * weighted(signal)


def _scales(x: Tensor) -> Iterator[Tensor]:
    """Yield x at each scale, every one with half the side of the one before."""
    for scale in range(len(SCALE_WEIGHTS)):
        x = F.avg_pool2d(x, 2) if scale else x
        yield x


def _variance(x: Tensor) -> Tensor:
    """The variance in the Gaussian window around each pixel, the edges of the image replicated."""
    return (_blurred(x.square()) - _blurred(x).square()).clamp(min=0)


def _blurred(x: Tensor) -> Tensor:
    places = torch.arange(WINDOW, device=x.device) - WINDOW // 2
    taps = torch.exp(-(places.float() ** 2) / (2 * WINDOW_DEVIATION**2))
    taps = (taps / taps.sum()).expand(x.shape[1], 1, 1, WINDOW)
    padded = F.pad(x, [WINDOW // 2] * 4, mode="replicate")
    across = F.conv2d(padded, taps, groups=x.shape[1])
    return F.conv2d(across, taps.mT, groups=x.shape[1])


BALANCED = "balanced"
DISTORTIONS: dict[str, Distortion] = {
    BALANCED: partial(structural_and_weighted_error, 0.1),
    "psnr": squared_error,
    "ms-ssim": partial(structural_and_weighted_error, 0.02),
}
"""The distortions by the names that users give: the values of `tune`."""


def distortion_named(name: str) -> Distortion:
    """The distortion called `name`; raises InvalidOptionError if there is none."""
    if name not in DISTORTIONS:
        raise InvalidOptionError(f"tune is one of {', '.join(DISTORTIONS)}, not {name}")
    return DISTORTIONS[name]
