"""Bjøntegaard delta rate: the average additional rate of a codec at equal quality."""

import bjontegaard
import numpy as np
from numpy.typing import ArrayLike

from rnn_codec.metrics.curve import Array

BD_METRICS = ("ms_ssim", "psnr")
"""The metrics for which BD-rates are usually published."""


def bd_rate(
    bpp: ArrayLike,
    quality: ArrayLike,
    anchor_bpp: ArrayLike,
    anchor_quality: ArrayLike,
    min_overlap: float,
) -> float | None:
    """The additional rate over the anchor in per cent, averaged as log rate at common qualities.

    Log rate is interpolated over quality with PCHIP, by the package `bjontegaard`. Since rate must
    be a function of quality, points are left out if a lower rate has the same or a higher quality
    (`rising`).

    Args:
        bpp, quality: curve of the codec; the quality in dB.
        anchor_bpp, anchor_quality: curve of the codec that it is compared with.
        min_overlap: the smallest share of the narrower quality range that must be common, 0 … 1.

    Returns:
        Per cent, negative if the codec needs less; None if the curves overlap too little, or one
        has fewer than two rising points.

    Example:
        >>> rates = np.array([0.25, 0.5, 1.0])
        >>> round(bd_rate(rates / 2, [30, 33, 36], rates, [30, 33, 36], 0.5), 9)
        -50.0
    """
    own, anchor = rising(bpp, quality), rising(anchor_bpp, anchor_quality)
    if min(len(own[0]), len(anchor[0])) < 2:
        return None
    if overlap(own[1], anchor[1]) < max(min_overlap, np.finfo(float).tiny):
        return None
    return float(
        bjontegaard.bd_rate(
            *(*anchor, *own), method="pchip", require_matching_points=False, min_overlap=0
        )
    )


def rising(bpp: ArrayLike, quality: ArrayLike) -> tuple[Array, Array]:
    """The curve sorted by rate, without points that are no better than a cheaper one.

    >>> [values.tolist() for values in rising([1.0, 0.5, 2.0, 1.5], [30, 28, 33, 29])]
    [[0.5, 1.0, 2.0], [28.0, 30.0, 33.0]]
    """
    rates, values = np.asarray(bpp, dtype=float), np.asarray(quality, dtype=float)
    order = np.lexsort((-values, rates))
    rates, values = rates[order], values[order]
    before = np.concatenate([[-np.inf], np.maximum.accumulate(values)[:-1]])
    return rates[values > before], values[values > before]


def overlap(one: Array, other: Array) -> float:
    """The share of the narrower of two ascending ranges that lies in the wider one, 0 … 1.

    >>> overlap(np.array([20.0, 30.0]), np.array([25.0, 45.0]))
    0.5
    """
    common = min(one[-1], other[-1]) - max(one[0], other[0])
    return max(float(common / min(one[-1] - one[0], other[-1] - other[0])), 0.0)
