"""A gain for every 32×32 block [Toderici 2017, section 2.2.3], by what is seen there.

Structural similarity weights a squared error by 1 / (2σ² + C₂), σ² being the variance of the window
that it lies in: errors are seen where a picture is smooth. A block's gain is a root of the mean of
that weight.
"""

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.gains import BLOCK, FULL, MOST_EXPONENT, Gains
from rnn_codec.families.wavelet.scaling.protocol import SCALINGS, STEP
from rnn_codec.families.wavelet.windows import window_means

WINDOW = 7
"""Of the variance, at half the picture's size."""
C2 = 58.5
"""(0.03 · 255)², of structural similarity."""
MIDDLE = 8
"""Added to the logarithm, so that usual blocks have the exponent 0."""
STRENGTHS = {"balanced": FULL // 2, "psnr": 0, "ms-ssim": FULL}
"""Of both, the weights of scales and the gains of blocks; the full one is a fourth root."""
IMPORTANCE = 8
"""From black to white of a mask, in units of an exponent: with the full strength a gain of 4."""


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
            # The mask counts whatever the tune.
            exponents = exponents * np.float32(strength / FULL) + _importances(importance)
            of_blocks = FULL
        whole = np.rint(exponents).clip(-MOST_EXPONENT, MOST_EXPONENT).astype(np.int8)
        return Gains(STEP, strength, of_blocks, whole)


def sensitivities(pixels: NDArray[np.uint8]) -> NDArray[np.floating]:
    """log₂ of how much errors in blocks count, about 0 on the whole; (H/32, W/32)."""
    grey = _halved(pixels.mean(axis=2, dtype=np.float32))
    mean, square = window_means(grey, WINDOW), window_means(grey * grey, WINDOW)
    weight = 1 / (2 * np.maximum(square - mean * mean, 0) + np.float32(C2))
    return np.log2(_block_means(weight, BLOCK // 2)) + MIDDLE


def _importances(mask: NDArray[np.uint8]) -> NDArray[np.floating]:
    return (_block_means(mask.astype(np.float32), BLOCK) / 255 - 0.5) * IMPORTANCE


def _halved(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of 2×2 samples, the last repeated."""
    height, width = x.shape
    whole = np.pad(x, ((0, height % 2), (0, width % 2)), mode="edge")
    return whole.reshape(len(whole) // 2, 2, -1, 2).mean((1, 3))


def _block_means(x: NDArray[np.floating], side: int) -> NDArray[np.floating]:
    """Of blocks; those at the end may be smaller."""
    height, width = x.shape
    starts = np.arange(0, height, side), np.arange(0, width, side)
    sums = np.add.reduceat(np.add.reduceat(x, starts[0], axis=0), starts[1], axis=1)
    counts = np.minimum(side, height - starts[0])[:, None] * np.minimum(side, width - starts[1])
    return sums / counts.astype(np.float32)
