"""The known state of coefficients, as the prior sees it: three bytes in the prior's arithmetic.

    sign        −1, 0, 1       0 where the coefficient is not significant yet
    magnitude   ½ log₂(1 + m)
    around      ½ log₂(1 + 4 M), M the mean of m over the 5×5 window around, zeros outside

m is the magnitude in units of the last plane that was coded.
"""

import math

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.layout import COMPONENTS, bands

MIDDLE, UNITS, MOST = 128, 64, 127
"""Signed bytes: the byte of zero, the units of one, and the largest distance from zero."""
WINDOW = 5
MOST_MAGNITUDE, MOST_AROUND = 15, 10
"""Larger magnitudes count as these. The sum over a window fits into a byte."""
KINDS = 3
"""The bytes for each coefficient: sign, magnitude, around."""


def _half_logarithm(x: float) -> int:
    return min(MOST, round(UNITS / 2 * math.log2(1 + x)))


SIGN = UNITS
MAGNITUDES = tuple(_half_logarithm(m) for m in range(MOST_MAGNITUDE + 1))
AROUND = tuple(
    _half_logarithm(4 * total / WINDOW**2) for total in range(MOST_AROUND * WINDOW**2 + 1)
)
"""The byte for `around`, minus `MIDDLE`, by the sum over the window."""

TOLD_BIT, TOLD_SIGN = UNITS // 2, UNITS
"""How the later groups of a plane see a bit, and the sign of a newly significant coefficient."""


def depth(scale: int) -> int:
    """The number of channels of the known state at a scale.

    >>> depth(0), depth(1)
    (9, 27)
    """
    return KINDS * COMPONENTS * bands(scale)


_MAGNITUDES = np.array(MAGNITUDES, np.uint8) + MIDDLE
_AROUND = np.array(AROUND, np.uint8) + MIDDLE
_MARGIN = WINDOW // 2


def known(
    magnitudes: NDArray[np.uint16],
    negative: NDArray[np.bool_],
    channels: int,
    start: int,
    end: int,
) -> NDArray[np.uint8]:
    """The known state of coefficients (h, w, N), as bytes (end − start, w, channels).

    Args:
        magnitudes: in units of the last plane that was coded.
        channels: at least 3N; further ones stand for zero.
        start, end: the first row to return, and the row after the last.
    """
    _, width, count = magnitudes.shape
    found = np.full((end - start, width, channels), MIDDLE, np.uint8)
    above = max(start - _MARGIN, 0)
    around = np.minimum(magnitudes[above : end + _MARGIN], MOST_MAGNITUDE).astype(np.uint8)
    few = around[start - above : end - above]
    signs, values, means = (found[..., k * count : (k + 1) * count] for k in range(KINDS))
    # Computed in contiguous memory, unlike `signs`, and then copied.
    significant = few != 0
    of_signs = significant.view(np.uint8) * np.uint8(SIGN) + np.uint8(MIDDLE)
    of_signs -= (significant & negative[start:end]).view(np.uint8) * np.uint8(2 * SIGN)
    signs[:] = of_signs
    values[:] = _MAGNITUDES.take(few)
    np.minimum(around, MOST_AROUND, out=around)
    means[:] = _AROUND.take(_window_sums(around, start - above, end - start))
    return found


def _window_sums(x: NDArray[np.uint8], start: int, rows: int) -> NDArray[np.uint8]:
    """Sums over the 5×5 windows around some rows of (h, w, N), with zeros outside."""
    below = start + rows + _MARGIN - len(x)
    margins = (max(_MARGIN - start, 0), max(below, 0)), (_MARGIN, _MARGIN), (0, 0)
    padded = np.pad(x[max(start - _MARGIN, 0) :], margins)
    down = padded[:rows].copy()
    for d in range(1, WINDOW):
        down += padded[d : d + rows]
    width = x.shape[1]
    found = down[:, :width].copy()
    for d in range(1, WINDOW):
        found += down[:, d : d + width]
    return found
