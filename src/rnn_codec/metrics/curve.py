"""Rate–distortion curves: image by image, and means over a data set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnn_codec.metrics.area_under_curve import area_under_curve

Array = NDArray[np.float64]


class UnequalPointsError(ValueError):
    """The images were not all measured once at the same points."""


@dataclass(frozen=True)
class Curve:
    """Mean rate and scores at each point, ascending."""

    point: tuple[float, ...]
    """Levels, qualities or rates asked for; empty where they are not known, as of published
    curves."""
    bpp: tuple[float, ...]
    """Bits per pixel."""
    scores: Mapping[str, tuple[float, ...]]
    """By metric."""


@dataclass(frozen=True, eq=False)
class Samples:
    """A curve, image by image; arrays are (images, points).

    Attributes:
        points: ascending.
        bytes: of files, or of what else a rate is of.
        pixels: of the images.
        scores: by metric.
    """

    points: tuple[float, ...]
    bytes: Array
    pixels: Array
    scores: Mapping[str, Array]

    @property
    def bpp(self) -> Array:
        """Bits per pixel."""
        return 8 * self.bytes / self.pixels

    def mean(self) -> Curve:
        """Means over the images.

        Scores are computed per image and then averaged, as papers do: the mean of PSNRs, not the
        PSNR of a mean error.
        """
        scores = {metric: column_means(values) for metric, values in self.scores.items()}
        return Curve(self.points, column_means(self.bpp), scores)


def column_means(rows: Array | Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The mean of each column.

    >>> column_means([(1, 2), (3, 6)])
    (2.0, 4.0)
    """
    return tuple(np.mean(rows, axis=0).tolist())


def areas_under(curve: Curve) -> dict[str, float]:
    """Return the area under each metric's curve, 0.125 to 2 bpp (`area_under_curve`)."""
    return {metric: area_under_curve(curve.bpp, scores) for metric, scores in curve.scores.items()}


def quality_at(rates: Sequence[float], qualities: Sequence[float], bpp: float) -> float | None:
    """Return the quality at `bpp`, linear between points; `None` beyond the measured rates.

    >>> quality_at([1.0, 2.0], [30.0, 34.0], 1.5)
    32.0
    >>> quality_at([1.0, 2.0], [30.0, 34.0], 0.5) is None
    True
    """
    if not min(rates) <= bpp <= max(rates):
        return None
    order = np.argsort(rates, kind="stable")
    return float(np.interp(bpp, np.asarray(rates)[order], np.asarray(qualities)[order]))
