"""Rate–distortion curves, for each image and as means over a data set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOWEST_BPP = 0.125
HIGHEST_BPP = 2.0
"""The upper limit of areas under curves; `LOWEST_BPP` is the lower [Toderici 2017, table 1]."""


class UnequalPointsError(ValueError):
    """Raised unless all images were measured once at the same points."""


@dataclass(frozen=True)
class Curve:
    """Mean rate and scores at each point, ascending."""

    point: tuple[float, ...]
    """Levels, or requested qualities or rates; empty if unknown, as for published curves."""
    bpp: tuple[float, ...]
    """Bits per pixel."""
    scores: Mapping[str, tuple[float, ...]]
    """Scores by metric."""


@dataclass(frozen=True, eq=False)
class Samples:
    """The curves of several images; arrays are (images, points).

    Attributes:
        points: as in `Curve`, ascending.
        bytes: sizes of files, or of whatever else the rate measures.
        pixels: numbers of pixels of the images.
        scores: scores by metric.
    """

    points: tuple[float, ...]
    bytes: Array
    pixels: Array
    scores: Mapping[str, Array]

    @property
    def bpp(self) -> Array:
        """Bits per pixel."""
        return 8 * self.bytes / self.pixels

    def curves(self) -> "list[Curve]":
        """The curve of each image."""
        return [
            Curve(self.points, tuple(bpp), {m: tuple(v[row]) for m, v in self.scores.items()})
            for row, bpp in enumerate(self.bpp.tolist())
        ]

    def mean(self) -> Curve:
        """Means over the images.

        Scores are computed per image and then averaged, as papers do: the mean of PSNRs, not the
        PSNR of a mean error.
        """
        scores = {metric: column_means(values) for metric, values in self.scores.items()}
        return Curve(self.points, column_means(self.bpp), scores)


def column_means(rows: Array | Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The means of the columns.

    >>> column_means([(1, 2), (3, 6)])
    (2.0, 4.0)
    """
    return tuple(np.mean(rows, axis=0).tolist())


def area_under_curve(bpp: Sequence[float], quality: Sequence[float]) -> float:
    """The integral of quality over bits per pixel from 0.125 to 2, linear between points.

    Points may be in any order. Beyond the measured rates the curve is extended by its end values;
    within the limits every point counts. For 16 points at k/8 bpp this is the trapezoid rule of
    Toderici et al. 2017, and the area of MS-SSIM is at most 1.875.

    Raises:
        ValueError: no points, unequal lengths, or numbers that are not finite.

    >>> area_under_curve([1.0], [0.9])
    1.6875
    """
    rates, qualities = np.asarray(bpp, dtype=float), np.asarray(quality, dtype=float)
    if rates.ndim != 1 or rates.shape != qualities.shape or rates.size == 0:
        raise ValueError(
            f"a curve needs equally many rates and qualities, at least one of each: "
            f"got shapes {rates.shape} and {qualities.shape}"
        )
    if not (np.isfinite(rates).all() and np.isfinite(qualities).all()):
        raise ValueError("a curve's rates and qualities must be finite")
    order = np.argsort(rates, kind="stable")
    rates, qualities = rates[order], qualities[order]
    ends = np.interp([LOWEST_BPP, HIGHEST_BPP], rates, qualities)
    inside = (rates > LOWEST_BPP) & (rates < HIGHEST_BPP)
    nodes = np.concatenate([[LOWEST_BPP], rates[inside], [HIGHEST_BPP]])
    return float(np.trapezoid(np.concatenate([ends[:1], qualities[inside], ends[1:]]), nodes))


def areas_under(curve: Curve) -> dict[str, float]:
    """The area under each metric's curve."""
    return {metric: area_under_curve(curve.bpp, scores) for metric, scores in curve.scores.items()}


def quality_at(rates: Sequence[float], qualities: Sequence[float], bpp: float) -> float | None:
    """Return the quality at `bpp`, interpolated linearly; `None` beyond the measured rates.

    >>> quality_at([1.0, 2.0], [30.0, 34.0], 1.5)
    32.0
    >>> quality_at([1.0, 2.0], [30.0, 34.0], 0.5) is None
    True
    """
    if not min(rates) <= bpp <= max(rates):
        return None
    order = np.argsort(rates, kind="stable")
    return float(np.interp(bpp, np.asarray(rates)[order], np.asarray(qualities)[order]))
