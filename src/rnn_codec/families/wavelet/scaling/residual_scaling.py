"""A gain for every 32×32 block [Toderici 2017, section 2.2.3], by how visible errors are.

Structural similarity weights a squared error by 1 / (2σ² + C₂), where σ² is the variance of its
window: errors are visible where a picture is smooth. A block's gain is a root of the mean of that
weight.
"""

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.gains import BLOCK, FULL, MOST_EXPONENT, Gains
from rnn_codec.families.wavelet.scaling.protocol import SCALINGS, STEP
from rnn_codec.families.wavelet.windows import window_means

WINDOW = 7
"""The side of the windows of variances, at half the picture's size."""
C2 = 58.5
"""The constant (0.03 · 255)² of structural similarity."""
MIDDLE = 8
"""The offset of the logarithm with which typical blocks have the exponent 0."""
STRENGTHS = {"balanced": FULL // 2, "psnr": 0, "ms-ssim": FULL}
"""The strength of weights of scales and of gains of blocks; the full one is a fourth root."""
IMPORTANCE = 8
"""The range from black to white of a mask, in exponents: with full strength a gain of 4."""


@SCALINGS.register("residual_scaling")
class ResidualScaling:
    """See `Scaling`."""

    tunes: tuple[str, ...] = tuple(STRENGTHS)

    def gains(
        self, pixels: NDArray[np.uint8], tune: str, importance: NDArray[np.uint8] | None
    ) -> Gains:
        strength = STRENGTHS[tune]
        if not strength and importance is None:
            return Gains(STEP)
        exponents, of_blocks = sensitivities(pixels), strength
        if importance is not None:
            # The mask counts with every tune.
            exponents = exponents * np.float32(strength / FULL) + _importances(importance)
            of_blocks = FULL
        whole = np.rint(exponents).clip(-MOST_EXPONENT, MOST_EXPONENT).astype(np.int8)
        return Gains(STEP, strength, of_blocks, whole)


def sensitivities(pixels: NDArray[np.uint8]) -> NDArray[np.floating]:
    """The log₂ of the weight of errors in each block, typically about 0, (H/32, W/32)."""
    grey = _halved(pixels.mean(axis=2, dtype=np.float32))
    mean, square = window_means(grey, WINDOW), window_means(grey * grey, WINDOW)
    weight = 1 / (2 * np.maximum(square - mean * mean, 0) + np.float32(C2))
    return np.log2(_block_means(weight, BLOCK // 2)) + MIDDLE


def _importances(mask: NDArray[np.uint8]) -> NDArray[np.floating]:
    return (_block_means(mask.astype(np.float32), BLOCK) / 255 - 0.5) * IMPORTANCE


def _halved(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of 2×2 samples; the last row and column are repeated if their number is odd."""
    height, width = x.shape
    whole = np.pad(x, ((0, height % 2), (0, width % 2)), mode="edge")
    return whole.reshape(len(whole) // 2, 2, -1, 2).mean((1, 3))


def _block_means(x: NDArray[np.floating], side: int) -> NDArray[np.floating]:
    """The means of blocks; the last ones may be smaller."""
    height, width = x.shape
    starts = np.arange(0, height, side), np.arange(0, width, side)
    sums = np.add.reduceat(np.add.reduceat(x, starts[0], axis=0), starts[1], axis=1)
    counts = np.minimum(side, height - starts[0])[:, None] * np.minimum(side, width - starts[1])
    return sums / counts.astype(np.float32)
