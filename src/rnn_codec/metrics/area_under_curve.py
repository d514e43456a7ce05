"""Area under a rate–distortion curve, the summary of Toderici et al. 2017, table 1."""

from collections.abc import Sequence

import numpy as np

LOWEST_BPP = 0.125
HIGHEST_BPP = 2.0


def area_under_curve(bpp: Sequence[float], quality: Sequence[float]) -> float:
    """Integrate quality over bits per pixel from 0.125 to 2, linear between points.

    Points may come in any order. Outside the measured rates the curve takes its end's value; inside
    the limits every point counts. For 16 points at k/8 bpp this is the trapezoid rule of Toderici
    et al. 2017, and MS-SSIM reaches 1.875 at most.

    Raises:
        ValueError: no points, unequal lengths, or numbers that are not finite.

    >>> area_under_curve([1.0], [0.9])
    1.6875
    """
    rates, qualities = np.asarray(bpp, dtype=float), np.asarray(quality, dtype=float)
    if rates.ndim != 1 or rates.shape != qualities.shape or rates.size == 0:
        raise ValueError(
            f"a curve needs as many rates as qualities, at least one: "
            f"got {rates.shape} and {qualities.shape}"
        )
    if not (np.isfinite(rates).all() and np.isfinite(qualities).all()):
        raise ValueError("a curve's rates and qualities must be finite")
    order = np.argsort(rates, kind="stable")
    rates, qualities = rates[order], qualities[order]
    ends = np.interp([LOWEST_BPP, HIGHEST_BPP], rates, qualities)
    inside = (rates > LOWEST_BPP) & (rates < HIGHEST_BPP)
    nodes = np.concatenate([[LOWEST_BPP], rates[inside], [HIGHEST_BPP]])
    return float(np.trapezoid(np.concatenate([ends[:1], qualities[inside], ends[1:]]), nodes))
