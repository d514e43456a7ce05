"""How far a picture is off, block by block: what an encoder weighs against the bits.

    psnr        squared error
    balanced    squared error over (variance of the block + C)^0.6
    ms-ssim     what MS-SSIM measures: variance of the error over the picture's, at five scales;
                and a fiftieth of what `balanced` measures

Where there is texture, errors show less: dividing by the variance moves bits from there to where
they are seen. C is the constant of SSIM's contrast term.
"""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from rnn_codec.code import STRIDE
from rnn_codec.codec import Distortion, squared_error
from rnn_codec.errors import InvalidOptionError

CONTRAST = (0.03 * 255) ** 2
"""C₂ of SSIM, in squared 8-bit values."""
BALANCED_POWER = 0.6
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of MS-SSIM [Wang 2003], the finest scale first."""
WEIGHTED_SHARE = 0.02
"""Of the weighted error, beside the structural one. Shares of 0.01 and 0.03 are as good on
photographs; none is worse at low rates, 0.1 at high ones."""
WINDOW_DEVIATION = 1.5
WINDOW = 11
"""Of SSIM's Gaussian window, in pixels of a scale."""


def weighted_error(power: float, reference: Tensor) -> Callable[[Tensor], Tensor]:
    """Squared error over a power of the block's variance; see `squared_error` for shapes."""
    blocks = F.avg_pool2d(reference.float(), STRIDE)
    squares = F.avg_pool2d(reference.float().square(), STRIDE)
    variance = (squares - blocks.square()).mean(dim=1) * 127.5**2
    weight, plain = (variance.clamp(min=0) + CONTRAST) ** -power, squared_error(reference)
    return lambda signal: plain(signal) * weight


def structural_error(reference: Tensor) -> Callable[[Tensor], Tensor]:
    """What each block takes from MS-SSIM, to first order; see `squared_error` for shapes.

    With e = x̂ − x, the contrast and structure term of SSIM lacks σ_e² / (σ_x² + σ_x̂² + C₂) to one,
    and MS-SSIM, a product of powers of its means, the sum of these over the scales, weighted.
    """
    references = _scales(reference)
    variances = [_variance(x) for x in references]

    def off(signal: Tensor) -> Tensor:
        scales = zip(SCALE_WEIGHTS, references, variances, _scales(signal), strict=True)
        return torch.stack(
            [
                weight * _of_blocks(_lacking(x, variance, y), STRIDE >> scale)
                for scale, (weight, x, variance, y) in enumerate(scales)
            ]
        ).sum(dim=0)

    return off


def structural_and_weighted_error(reference: Tensor) -> Callable[[Tensor], Tensor]:
    """Structural error, and a little of the weighted one; see `squared_error` for shapes.

    A wrong mean takes nothing from structure. By that alone flat blocks would stop before they have
    theirs, and edges come up between them, which then do take from it.
    """
    structural, weighted = structural_error(reference), weighted_error(BALANCED_POWER, reference)
    return lambda signal: structural(signal) + WEIGHTED_SHARE * weighted(signal)


def _lacking(x: Tensor, variance: Tensor, y: Tensor) -> Tensor:
    """What y lacks to the contrast and structure of x, whose variance is known, (B, H, W)."""
    return (_variance(y - x) / (variance + _variance(y) + CONTRAST)).mean(dim=1)


def _scales(signal: Tensor) -> list[Tensor]:
    """In 8-bit values, each half as large as the one before."""
    scales = [signal.clamp(-1, 1).float() * 127.5]
    for _ in SCALE_WEIGHTS[1:]:
        scales.append(F.avg_pool2d(scales[-1], 2))
    return scales


def _variance(x: Tensor) -> Tensor:
    """Of the Gaussian window around each pixel; at the edges of what lies inside."""
    return (_blurred(x.square()) - _blurred(x).square()).clamp(min=0)


def _blurred(x: Tensor) -> Tensor:
    places = torch.arange(WINDOW, device=x.device) - WINDOW // 2
    taps = torch.exp(-(places.float() ** 2) / (2 * WINDOW_DEVIATION**2))
    taps = (taps / taps.sum()).expand(x.shape[1], 1, 1, WINDOW)
    padded = F.pad(x, [WINDOW // 2] * 4, mode="replicate")
    across = F.conv2d(padded, taps, groups=x.shape[1])
    return F.conv2d(across, taps.mT, groups=x.shape[1])


def _of_blocks(x: Tensor, side: int) -> Tensor:
    """(B, H, W) → means of blocks of side × side, (B, H/side, W/side)."""
    return F.avg_pool2d(x, side) if side > 1 else x


BALANCED = "balanced"
DISTORTIONS: dict[str, Distortion] = {
    BALANCED: partial(weighted_error, BALANCED_POWER),
    "psnr": squared_error,
    "ms-ssim": structural_and_weighted_error,
}
"""By the names that users give them."""


def distortion_named(name: str) -> Distortion:
    """One of `DISTORTIONS`.

    Raises:
        InvalidOptionError: there is none of that name.
    """
    if name not in DISTORTIONS:
        raise InvalidOptionError(f"tune is one of {', '.join(DISTORTIONS)}, not {name}")
    return DISTORTIONS[name]
