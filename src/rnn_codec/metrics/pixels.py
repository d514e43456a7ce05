"""PSNR and MS-SSIM in NumPy, for commands that do not need PyTorch.

Up to rounding, the scores equal those of the modules `psnr` and `ms_ssim`.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from rnn_codec.errors import UserError

HIGHEST_DECIBELS = 100.0
SHORTEST_SIDE = 161
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""The weights of the scales [Wang 2003]."""
_SIDE, _SIGMA = 11, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

_offsets = np.arange(_SIDE, dtype=np.float32) - _SIDE // 2
_WINDOW = np.exp(-(_offsets**2) / (2 * _SIGMA**2))
_WINDOW /= _WINDOW.sum()

Pixels = NDArray[np.uint8]


def psnr(picture: Pixels, reference: Pixels) -> float:
    """The PSNR of pictures (H, W, 3) in dB; 100 for identical ones.

    >>> psnr(np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8))
    0.0
    """
    difference = picture.astype(np.float32) - reference
    error = float(np.mean(np.square(difference), dtype=np.float64))
    if error == 0:
        return HIGHEST_DECIBELS
    return min(10 * math.log10(255**2 / error), HIGHEST_DECIBELS)


def ms_ssim(picture: Pixels, reference: Pixels) -> float:
    """The multi-scale structural similarity of pictures (H, W, 3), averaged over the colours.

    Raises:
        UserError: a side is below 161 pixels.
    """
    if min(picture.shape[:2]) < SHORTEST_SIDE:
        height, width = picture.shape[:2]
        raise UserError(
            f"MS-SSIM needs pictures of at least {SHORTEST_SIDE}×{SHORTEST_SIDE} pixels, "
            f"not {width}×{height}"
        )
    x, y = (np.moveaxis(image, 2, 0).astype(np.float32) for image in (picture, reference))
    total = np.ones(len(x))
    for scale, weight in enumerate(WEIGHTS):
        similarity, contrast = _similarities(x, y)
        last = scale == len(WEIGHTS) - 1
        total *= np.maximum(similarity if last else contrast, 0) ** weight
        x, y = _halved(x), _halved(y)
    return float(total.mean())


def _similarities(
    x: NDArray[np.float32], y: NDArray[np.float32]
) -> tuple[NDArray[np.float64], ...]:
    """The means, for each colour, of the full similarity and of its contrast–structure term."""
    mean_x, mean_y = _blurred(x), _blurred(y)
    variances = _blurred(x * x + y * y) - mean_x * mean_x - mean_y * mean_y
    covariance = _blurred(x * y) - mean_x * mean_y
    contrast = (2 * covariance + _C2) / (variances + _C2)
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x * mean_x + mean_y * mean_y + _C1)
    return tuple(
        np.mean(part, axis=(1, 2), dtype=np.float64) for part in (luminance * contrast, contrast)
    )


def _blurred(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Filter with a Gaussian window along rows and columns, only where the window fits."""
    height, width = (side - _SIDE + 1 for side in x.shape[1:])
    rows = sum(_WINDOW[k] * x[:, k : k + height] for k in range(_SIDE))
    found: NDArray[np.float32] = sum(_WINDOW[k] * rows[:, :, k : k + width] for k in range(_SIDE))
    return found


def _halved(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The means of 2×2 pixels; dimensions of odd length are padded with zeros on both sides."""
    odd = [side % 2 for side in x.shape[1:]]
    padded = np.pad(x, ((0, 0), *((side, side) for side in odd)))
    height, width = (side // 2 for side in padded.shape[1:])
    blocks = padded[:, : 2 * height, : 2 * width].reshape(len(x), height, 2, width, 2)
    return blocks.mean((2, 4))


SCORES: Mapping[str, Callable[[Pixels, Pixels], float]] = {"psnr": psnr, "ms_ssim": ms_ssim}
"""The scores by the names in `metrics.scores`."""
