"""Rate–distortion curves: means over a data set, at each point of a codec's range."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnn_codec.evaluation.measurement import Measurement
from rnn_codec.metrics.area_under_curve import area_under_curve


class UnequalPointsError(ValueError):
    """The images were not all measured once at the same points."""


@dataclass(frozen=True)
class Curve:
    """Mean rate and scores at each point, ascending; units as in `Measurement`."""

    point: tuple[float, ...]
    """Empty where it is not known, as of published curves."""
    bpp: tuple[float, ...]
    scores: Mapping[str, tuple[float, ...]]
    """By metric."""

    def columns(self) -> dict[str, tuple[float, ...]]:
        """Points, rates and scores by name, as `from_columns` takes them."""
        return {"point": self.point, "bpp": self.bpp, **self.scores}

    def first(self, points: int) -> "Curve":
        """The first so many points, or all if there are fewer."""
        return from_columns({name: values[:points] for name, values in self.columns().items()})


def from_columns(columns: Mapping[str, Iterable[float]]) -> Curve:
    """A curve from points, rates and scores by name; raises `KeyError` without `point` or `bpp`.

    >>> from_columns({"point": [1], "bpp": [0.125], "psnr": [20.0]}).scores
    {'psnr': (20.0,)}
    """
    scores = {name: tuple(values) for name, values in columns.items()}
    return Curve(scores.pop("point"), scores.pop("bpp"), scores)


def mean_curve(measurements: Iterable[Measurement]) -> Curve:
    """Average rate and scores over the images, at each point.

    Scores are computed per image and then averaged, as papers do: the mean of PSNRs, not the PSNR
    of a mean error. Raises `UnequalPointsError` if an image lacks a point that another has or has
    one twice, since means at different points would then be over different images; `ValueError`
    for no measurements.

    >>> one = Measurement("a", 1, 0.125, {"psnr": 20.0})
    >>> two = Measurement("b", 1, 0.125, {"psnr": 30.0})
    >>> mean_curve([one, two]).scores
    {'psnr': (25.0,)}
    """
    at_point: dict[float, list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        at_point[measurement.point].append(measurement)
    if not at_point:
        raise ValueError("there is nothing to average: no measurements")
    _check_same_images(at_point)
    points = tuple(sorted(at_point))
    groups = [at_point[point] for point in points]
    rates = tuple(float(np.mean([m.bpp for m in group])) for group in groups)
    scores = {
        metric: tuple(float(np.mean([m.scores[metric] for m in group])) for group in groups)
        for metric in groups[0][0].scores
    }
    return Curve(points, rates, scores)


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
