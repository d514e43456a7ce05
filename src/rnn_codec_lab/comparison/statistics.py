"""Means over seeds, and significance of differences between models.

Every resample draws images with replacement, the same for all compared models (the bootstrap is
paired), and seeds with replacement for each model. It computes the mean curve of the drawn images
and its area in the same way as for all images, and averages the areas over the drawn seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rnn_codec.metrics.curve import HIGHEST_BPP, LOWEST_BPP, Array

Key = TypeVar("Key")


@dataclass(frozen=True)
class Estimate:
    """A figure of a model, averaged over seeds."""

    mean: float
    """Mean over the seeds."""
    std: float | None
    """Standard deviation over the seeds, with n−1 in the denominator; None for a single seed."""
    count: int
    """Number of seeds."""


@dataclass(frozen=True)
class Interval:
    """A difference between two codecs, with its bootstrap interval."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Standing:
    """The result of comparing a model with the others of its group."""

    rank: int
    """1 + the number of significantly better models, but never better than the rank of a model
    with a larger area."""
    behind_best: Interval
    """The model's area minus the largest of the group."""


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean and standard deviation of at least one value.

    >>> estimate([1.0, 3.0])
    Estimate(mean=2.0, std=1.4142135623730951, count=2)
    >>> estimate([1.0])
    Estimate(mean=1.0, std=None, count=1)
    """
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Estimate(float(np.mean(values)), std, len(values))


def areas(bpp: Array, quality: Array) -> Array:
    """Vectorised `area_under_curve`: maps rates and qualities (…, points), in any order, to (…).

    >>> areas(np.array([[0.5, 1.0], [1.0, 3.0]]), np.array([[0.9, 0.9], [0.5, 1.5]])).tolist()
    [1.6875, 1.1875]
    """
    order = np.argsort(bpp, axis=-1, kind="stable")
    rates, values = np.take_along_axis(bpp, order, -1), np.take_along_axis(quality, order, -1)
    clipped = np.clip(rates, LOWEST_BPP, HIGHEST_BPP)
    widths, rises = np.diff(rates, axis=-1), np.diff(values, axis=-1)
    slopes = np.divide(rises, widths, out=np.zeros_like(rises), where=widths > 0)
    starts = values[..., :-1] + slopes * (clipped[..., :-1] - rates[..., :-1])
    pieces = np.diff(clipped, axis=-1)
    inside = np.sum(pieces * (starts + slopes * pieces / 2), axis=-1)
    before = values[..., 0] * (clipped[..., 0] - LOWEST_BPP)
    after = values[..., -1] * (HIGHEST_BPP - clipped[..., -1])
    return np.asarray(before + inside + after)


def image_weights(images: int, resamples: int, rng: np.random.Generator) -> Array:
    """Draw images; return the share of each in a resample, (resamples, images), rows of sum 1."""
    return rng.multinomial(images, np.full(images, 1 / images), size=resamples) / images


def resampled_areas(
    runs: Sequence[tuple[Array, Array]], weights: Array, rng: np.random.Generator
) -> Array:
    """Return the area of one model in every resample.

    Args:
        runs: rates and qualities of every seed, each (images, points).
        weights: weights of the images, (resamples, images).
        rng: generator that draws the seeds.

    Returns:
        Areas, (resamples,).
    """
    of_runs = [areas(weights @ bpp, weights @ quality) for bpp, quality in runs]
    drawn = rng.multinomial(len(runs), np.full(len(runs), 1 / len(runs)), size=len(weights))
    return np.sum(drawn / len(runs) * np.stack(of_runs, axis=1), axis=1)


def standings(
    areas_of: Mapping[Key, float], resampled: Mapping[Key, Array], confidence: float
) -> dict[Key, Standing]:
    """Rank models by area; models that the resamples cannot tell apart share a rank.

    Args:
        areas_of: the area of each model.
        resampled: the areas of each model in every resample; all models share the resamples.
        confidence: share of the resamples that an interval contains, 0 … 1.

    Example:
        >>> draws = {"a": np.array([3.0, 5.0]), "b": np.array([1.0, 2.0]), "c": np.array([4.0, 4])}
        >>> found = standings({"a": 4.0, "b": 1.5, "c": 4.1}, draws, 0.95)
        >>> [found[key].rank for key in "abc"]
        [1, 3, 1]
    """
    found: dict[Key, Standing] = {}
    rank = 1
    ordered = sorted(areas_of, key=lambda key: -areas_of[key])
    for key in ordered:
        against = {
            other: interval(
                resampled[key] - resampled[other], areas_of[key] - areas_of[other], confidence
            )
            for other in ordered
        }
        rank = max(rank, 1 + sum(one.high < 0 for one in against.values()))
        found[key] = Standing(rank, against[ordered[0]])
    return found


def interval(differences: NDArray[np.float64], difference: float, confidence: float) -> Interval:
    """Return the central share `confidence` of the resampled differences (percentile bootstrap)."""
    tail = 50 * (1 - confidence)
    low, high = np.percentile(differences, [tail, 100 - tail])
    return Interval(difference, float(low), float(high))


def interval_of_mean(values: Sequence[float], weights: Array, confidence: float) -> Interval:
    """Return the mean of a difference over images, with its interval.

    Args:
        values: the difference for each image.
        weights: weights of the images, (resamples, images): see `image_weights`.
        confidence: share of the resamples that the interval contains, 0 … 1.
    """
    return interval(weights @ np.asarray(values), float(np.mean(values)), confidence)
