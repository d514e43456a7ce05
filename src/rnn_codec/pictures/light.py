"""Conversions between samples and linear light, and between sets of primaries."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

SRGB_CHROMATICITIES = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
"""x and y of white, red, green and blue."""
NEAR_CHROMATICITY = 0.005

BRADFORD: Matrix = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
"""Matrix from XYZ to cone responses, in which one white is adapted to another."""


def srgb_light(samples: Matrix) -> Matrix:
    """The light 0 … 1 of sRGB samples 0 … 1 [IEC 61966-2-1]."""
    return np.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4)


def srgb_samples(light: Matrix) -> NDArray[np.uint8]:
    """The 8-bit sRGB samples of light; values outside 0 … 1 are clipped.

    >>> srgb_samples(np.array([-0.1, 0.214, 1.5])).tolist()
    [0, 127, 255]
    """
    light = light.clip(0, 1)
    samples = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(samples * 255).astype(np.uint8)


def to_srgb_primaries(chromaticities: tuple[float, ...]) -> Matrix | None:
    """The matrix (3, 3) to sRGB's primaries; None if the primaries are sRGB's, or are invalid.

    Args:
        chromaticities: x and y of white, red, green and blue.
    """
    if np.allclose(chromaticities, SRGB_CHROMATICITIES, rtol=0, atol=NEAR_CHROMATICITY):
        return None
    try:
        with np.errstate(all="raise"):
            own, white = _light_to_xyz(chromaticities)
            srgb, srgb_white = _light_to_xyz(SRGB_CHROMATICITIES)
            cones = (BRADFORD @ srgb_white) / (BRADFORD @ white)
            adapted = np.linalg.inv(BRADFORD) @ (cones[:, None] * BRADFORD)
            return np.linalg.inv(srgb) @ adapted @ own
    except (FloatingPointError, np.linalg.LinAlgError):
        return None


def _light_to_xyz(chromaticities: tuple[float, ...]) -> tuple[Matrix, Matrix]:
    """The matrix from light to XYZ, and the XYZ of white."""
    x, y = np.reshape(chromaticities, (4, 2)).T
    white, *primaries = np.stack([x, y, 1 - x - y], axis=-1)
    white = white / white[1]
    columns = np.stack(primaries, axis=-1)
    return columns * np.linalg.solve(columns, white), white
