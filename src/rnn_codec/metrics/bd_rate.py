"""Bjøntegaard delta rate: how much more a codec spends for equal quality, on average."""

import bjontegaard
import numpy as np
from numpy.typing import ArrayLike

from rnn_codec.metrics.curve import Array

BD_METRICS = ("ms_ssim", "psnr")
"""Those for which the field states BD-rates."""


def bd_rate(
    bpp: ArrayLike,
    quality: ArrayLike,
    anchor_bpp: ArrayLike,
    anchor_quality: ArrayLike,
    min_overlap: float,
) -> float | None:
    """Per cent of rate more than the anchor's, mean of log rate over the qualities both reach.

    Log rate is interpolated over quality by PCHIP, by the package `bjontegaard`. Points whose
    quality is not above that of every lower rate are left out, since rate must be a function of
    quality (`rising`).

    Args:
        bpp, quality: of the codec; the quality in dB.
        anchor_bpp, anchor_quality: of the codec that it is compared with.
        min_overlap: least share of the narrower range of qualities that both must have, 0 … 1.

    Returns:
        Per cent, negative where the codec spends less; None if the curves overlap too little, or
        one has less than two rising points.

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
    """A curve by ascending rate, without points that are no better than a cheaper one.

    >>> [values.tolist() for values in rising([1.0, 0.5, 2.0, 1.5], [30, 28, 33, 29])]
    [[0.5, 1.0, 2.0], [28.0, 30.0, 33.0]]
    """
    rates, values = np.asarray(bpp, dtype=float), np.asarray(quality, dtype=float)
    order = np.lexsort((-values, rates))
    rates, values = rates[order], values[order]
    before = np.concatenate([[-np.inf], np.maximum.accumulate(values)[:-1]])
    return rates[values > before], values[values > before]


def overlap(one: Array, other: Array) -> float:
    """Share of the narrower of two rising ranges that lies in the wider, 0 … 1.

    >>> overlap(np.array([20.0, 30.0]), np.array([25.0, 45.0]))
    0.5
    """
    common = min(one[-1], other[-1]) - max(one[0], other[0])
    return max(float(common / min(one[-1] - one[0], other[-1] - other[0])), 0.0)
