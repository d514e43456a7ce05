"""Colour spaces by code points, as in a PNG's cICP chunk [ITU-T H.273; PNG 3, 11.3.2.6]."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rnn_codec.pictures.light import SRGB_CHROMATICITIES, srgb_light

Samples = NDArray[np.float64]

_D65, _C = (0.3127, 0.3290), (0.310, 0.316)

PRIMARIES: Mapping[int, tuple[float, ...]] = {
    1: SRGB_CHROMATICITIES,
    4: (*_C, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    8: (*_C, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    10: (1 / 3, 1 / 3, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    22: (*_D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
"""Values of ColourPrimaries: x and y of white, red, green and blue."""


def _broadcast(samples: Samples, slope: float, alpha: float, beta: float) -> Samples:
    """The inverse of a power of 0.45 with a linear part near black."""
    curve = ((samples + (alpha - 1)) / alpha) ** (1 / 0.45)
    return np.where(samples < slope * beta, samples / slope, curve)


def _logarithmic(samples: Samples, decades: float) -> Samples:
    return np.where(samples > 0, 10 ** (decades * (samples - 1)), 0.0)


def _power(samples: Samples, gamma: float) -> Samples:
    return samples**gamma


def _cinema(samples: Samples) -> Samples:
    return samples**2.6 * (52.37 / 48)


_bt709 = partial(_broadcast, slope=4.5, alpha=1.0992968268094429, beta=0.018053968510807)

CURVES: Mapping[int, Callable[[Samples], Samples]] = {
    # Curves 11 and 12 differ from BT.709 only for samples below 0.
    **dict.fromkeys((1, 6, 11, 12, 14, 15), _bt709),
    4: partial(_power, gamma=2.2),
    5: partial(_power, gamma=2.8),
    7: partial(_broadcast, slope=4.0, alpha=1.111572195921731, beta=0.022821585529445),
    8: partial(_power, gamma=1.0),
    9: partial(_logarithmic, decades=2.0),
    10: partial(_logarithmic, decades=2.5),
    13: srgb_light,
    17: _cinema,
}
"""Values of TransferCharacteristics: from samples 0 … 1 to light 0 … 1, the inverse of H.273."""

SRGB_CURVE = 13
HDR: Mapping[int, str] = {16: "PQ", 18: "HLG"}
"""Values of TransferCharacteristics for light beyond the range of sRGB."""

_RGB, _NARROW, _FULL = 0, 0, 1


def primaries_and_curve(code_points: bytes) -> tuple[int, int] | None:
    """The keys of `PRIMARIES` and `CURVES`; None if the code points do not state the colours.

    That is so if a code point is unspecified or reserved, or if the matrix is not that of RGB, in
    which all PNGs are: libpng ignores such a chunk too.

    Args:
        code_points: the body of a cICP chunk.

    Raises:
        ValueError: the picture is HDR, or its samples have a narrow range.

    >>> primaries_and_curve(bytes([12, 13, 0, 1])), primaries_and_curve(bytes([2, 2, 0, 1]))
    ((12, 13), None)
    """
    if len(code_points) != 4:
        return None
    primaries, curve, matrix, range_flag = code_points
    if curve in HDR:
        raise ValueError(
            f"it has high dynamic range ({HDR[curve]}), which is not supported: convert it to SDR"
        )
    if matrix != _RGB or primaries not in PRIMARIES or curve not in CURVES:
        return None
    if range_flag == _NARROW:
        raise ValueError(
            "its cICP states samples of narrow range, which are not supported: convert it to "
            "full range"
        )
    return (primaries, curve) if range_flag == _FULL else None
