"""Rate–distortion curves: means over a data set, at each point of a codec's range."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnn_codec.evaluation.measurement import Measurement
from rnn_codec.metrics.area_under_curve import area_under_curve

METRICS = ("psnr", "ms_ssim", "psnr_hvs", "psnr_hvs_luma")


class UnequalPointsError(ValueError):
    """The images were not all measured once at the same points."""


@dataclass(frozen=True)
class Curve:
    """Mean rate and scores at each point, ascending; units as in `Measurement`."""

    point: tuple[float, ...]
    bpp: tuple[float, ...]
    psnr: tuple[float, ...]
    ms_ssim: tuple[float, ...]
    psnr_hvs: tuple[float, ...]
    psnr_hvs_luma: tuple[float, ...]

    def first(self, points: int) -> "Curve":
        """The first so many points, or all if there are fewer."""
        return Curve(**{name: values[:points] for name, values in vars(self).items()})

    def scores(self) -> dict[str, tuple[float, ...]]:
        """Return the scores of each metric, by its name."""
        return {metric: getattr(self, metric) for metric in METRICS}


def mean_curve(measurements: Iterable[Measurement]) -> Curve:
    """Average rate and scores over the images, at each point.

    Scores are computed per image and then averaged, as papers do: the mean of PSNRs, not the PSNR
    of a mean error. Raises `UnequalPointsError` if an image lacks a point that another has or has
    one twice, since means at different points would then be over different images; `ValueError`
    for no measurements.

    >>> one = Measurement("a", 1, 0.125, 20.0, 0.8, 21.0, 22.0)
    >>> two = Measurement("b", 1, 0.125, 30.0, 0.9, 31.0, 32.0)
    >>> mean_curve([one, two]).psnr
    (25.0,)
    """
    at_point: dict[float, list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        at_point[measurement.point].append(measurement)
    if not at_point:
        raise ValueError("there is nothing to average: no measurements")
    _check_same_images(at_point)
    points = tuple(sorted(at_point))
    columns = {
        field: tuple(float(np.mean([getattr(m, field) for m in at_point[p]])) for p in points)
        for field in ("bpp", *METRICS)
    }
    return Curve(points, **columns)


def _check_same_images(at_point: Mapping[float, Sequence[Measurement]]) -> None:
    """Raise unless every point holds every image exactly once."""
    images = {measurement.image for group in at_point.values() for measurement in group}
    for point, group in at_point.items():
        names = [measurement.image for measurement in group]
        if missing := sorted(images - set(names)):
            raise UnequalPointsError(f"no measurement at point {point} of {', '.join(missing)}")
        if len(names) > len(images):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise UnequalPointsError(f"several measurements at point {point} of {', '.join(twice)}")


def areas_under(curve: Curve) -> dict[str, float]:
    """Return the area under each metric's curve, 0.125 to 2 bpp (`area_under_curve`)."""
    return {
        metric: area_under_curve(curve.bpp, scores) for metric, scores in curve.scores().items()
    }


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
