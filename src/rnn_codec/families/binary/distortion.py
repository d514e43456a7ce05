"""How far a picture is off, block by block: what an encoder weighs against the bits.

    psnr        squared error
    ms-ssim     what a block takes from MS-SSIM: at five scales, squared error over the variance of
                the picture around it; and a little of the squared error over a power of the
                block's variance
    balanced    the same, with more of the latter

Where there is texture, errors show less: dividing by the variance moves bits from there to where
they are seen. The first term sees where in a block an edge ends and a flat part begins; by it alone
low rates, where pictures are far from the original, would be worse. How much of the second there
is was chosen on photographs held out: more for PSNR, less for MS-SSIM.
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
"""Of a block's variance."""
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of MS-SSIM [Wang 2003], the finest scale first."""
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
    """What each block takes from MS-SSIM [Wang 2003], about; see `squared_error` for shapes.

    With e = x̂ − x, the contrast and structure term of SSIM lacks σ_e² / (σ_x² + σ_x̂² + C₂) to one,
    and MS-SSIM, a product of powers of its means, the sum of these over the scales, weighted. Here
    σ_x̂ is taken to be σ_x, and e² stands for σ_e²: a wrong mean counts, for edges would come up
    between blocks that stopped before they had theirs.
    """
    scales = list(_scales(reference.clamp(-1, 1).float() * 127.5))
    weights = [
        weight / (2 * _variance(x) + CONTRAST)
        for weight, x in zip(SCALE_WEIGHTS, scales, strict=True)
    ]

    def off(signal: Tensor) -> Tensor:
        # In place, as in `squared_error`.
        errors = _scales(signal.clamp(-1, 1).sub_(reference).float().mul_(127.5))
        return torch.stack(
            [
                F.avg_pool2d(e.square().mul_(weight).mean(dim=1), STRIDE >> scale)
                for scale, (e, weight) in enumerate(zip(errors, weights, strict=True))
            ]
        ).sum(dim=0)

    return off


def structural_and_weighted_error(share: float, reference: Tensor) -> Callable[[Tensor], Tensor]:
    """Structural error, and a share of the weighted one; see `squared_error` for shapes."""
    structural, weighted = structural_error(reference), weighted_error(POWER, reference)
    return lambda signal: structural(signal) + share * weighted(signal)


def _scales(x: Tensor) -> Iterator[Tensor]:
    """Each half as large as the one before."""
    for scale in range(len(SCALE_WEIGHTS)):
        x = F.avg_pool2d(x, 2) if scale else x
        yield x


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


BALANCED = "balanced"
DISTORTIONS: dict[str, Distortion] = {
    BALANCED: partial(structural_and_weighted_error, 0.1),
    "psnr": squared_error,
    "ms-ssim": partial(structural_and_weighted_error, 0.02),
}
"""By the names that users give them."""


def distortion_named(name: str) -> Distortion:
    """One of `DISTORTIONS`; raises InvalidOptionError if there is none of that name."""
    if name not in DISTORTIONS:
        raise InvalidOptionError(f"tune is one of {', '.join(DISTORTIONS)}, not {name}")
    return DISTORTIONS[name]
