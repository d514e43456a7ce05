"""Refine coefficients: an encoder decodes its own files and moves coefficients accordingly.

    coefficients ─ coded ─► values in the file ─ decoded, restored ─► picture
          ▲                                                             │
          └────── moved towards better values ◄────── gradient of a loss

Quantisation picks the value nearest to a coefficient. That is not always the best for the decoded
picture: a restoration network responds in its own way, structure counts as well as squared error,
and errors of neighbours can cancel. So a file is made, the gradient of a loss is followed back to
its coefficients, and these move. Decoding does not change.

The loss is approximated by a parabola: its slope divided by its curvature is the distance of a
decoded value from the best one. Curvatures are estimated from slopes and quantisation errors, in
windows of a scale. With squared error alone and no restoration, values are drawn back to their
originals.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.decoding import decoded
from rnn_codec.families.wavelet.format import Settings
from rnn_codec.families.wavelet.gains import Gains
from rnn_codec.families.wavelet.layout import COMPONENTS, Segment
from rnn_codec.families.wavelet.planes import (
    Planes,
    Shape,
    Synthesis,
    broad,
    slopes,
    transformed,
    values,
)
from rnn_codec.families.wavelet.restoration.conditions import Conditions
from rnn_codec.families.wavelet.rotation import Rotation
from rnn_codec.families.wavelet.windows import window_means
from rnn_codec.families.wavelet.workers import Workers

Arrays = list[NDArray[np.float32]]
"""An array (h, w, N) for each scale."""

MOVES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10)
"""The number of times that coefficients move, by the effort."""
FIRST_SHARE, LAST_SHARE = 0.5, 0.05
"""The share of the way to the parabola's minimum, in the first move and in the last."""
STEEPER = 1.5
"""The factor on the estimated curvature, because all coefficients move at once."""
STEEPER_AGAIN = 1.7
"""The further factor on the curvature after a move that made the cost worse."""
TOLERATED = 0.03
"""The largest rise of the cost with which a move is kept."""
COST_OF_SIZE = 1.2
"""The weight of the logarithm of a file's size in the cost: about how fast the loss falls."""
TOWARDS_SIZE = 0.5
"""The power of the ratio of a file's size to its target by which the next threshold grows."""
FARTHEST = 1.5
"""The largest distance of a coefficient from its original, in units of the threshold."""
WINDOW = 5
"""The side of the windows in which curvatures are estimated."""
OF_SCALE = 0.3
"""The weight of the curvature of the whole scale in that of each window."""
NO_CURVATURE = 1.0
"""The curvature of a scale that shows none: larger than any, so that nothing moves."""
KEPT = 0.7
"""The share of the previous curvature that each move keeps."""


class Loss(Protocol):
    """The distortion of a decoded picture; see `PictureLoss`."""

    def value(self, picture: Synthesis, conditions: Conditions) -> float:
        """The loss."""

    def slope(
        self, picture: Synthesis, conditions: Conditions
    ) -> tuple[float, NDArray[np.float32]]:
        """The loss, and its gradient by red, green and blue of each pixel, (3, H, W)."""


@dataclass(frozen=True)
class Told:
    """The decoded state of a picture's file.

    Attributes:
        planes, settings, gains: of the file.
        segment: the last segment of the file.
        threshold: the threshold of its coefficients, with the weights of the default step.
        size: length of the file, relative to the length that it may have.
    """

    planes: Planes
    settings: Settings
    gains: Gains
    segment: Segment
    threshold: float
    size: float


@dataclass(frozen=True)
class State:
    """Coefficients, the threshold to which they are coded, and the result.

    Attributes:
        size: see `Told`.
        cost: lower is better.
    """

    coefficients: Arrays
    threshold: float
    size: float = 1.0
    cost: float = math.inf

    @property
    def next_threshold(self) -> float:
        """The threshold with which the next file is nearer to its target size."""
        return self.threshold * self.size**TOWARDS_SIZE


class Refinement:
    """The coefficients of a picture, refined move by move.

    Args:
        pixels: of the picture, (H, W, 3).
        gains: of the picture, with any step.
        loss: the loss to reduce.
        threshold: of the first file.

    Attributes:
        tried: the state from which the next file is to be made.
        best: the state from which the best file so far was made.
    """

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        rotation: Rotation,
        gains: Gains,
        loss: Loss,
        workers: Workers,
        threshold: float,
    ) -> None:
        self._loss, self._rotation, self._workers = loss, rotation, workers
        self._gains = gains
        self._original = transformed(pixels, rotation, workers)
        self._curvatures: Arrays | None = None
        self._steeper = STEEPER
        self._values: Arrays = []
        self._pulls: Arrays = []
        self.tried = self.best = self._last = State(self._original, threshold)

    def begin_at(self, threshold: float) -> None:
        """Restart from the best coefficients with another threshold: costs are not comparable."""
        self.tried = self.best = self._last = State(self.best.coefficients, threshold)

    def judge(self, told: Told) -> None:
        """Check whether the file made from `tried` is the best so far."""
        self._judge(told, self._loss.value(*self._decoded(told)))

    def move(self, told: Told, share: float) -> None:
        """Move from `tried`, given its file, to the next state to try.

        If the file is much worse, the move is undone, and a shorter one is tried.

        Args:
            share: of the way to the expected minimum of the loss.
        """
        value, of_pixels = self._loss.slope(*self._decoded(told))
        found = self._judge(told, value)
        if found.cost <= self._last.cost + TOLERATED:
            self._last = found
            self._learn(told, slopes(of_pixels, self._rotation, self._workers))
        else:
            self._steeper *= STEEPER_AGAIN
        self._try(told.planes.shape, share)

    def _judge(self, told: Told, value: float) -> State:
        cost = value + COST_OF_SIZE * math.log(told.size)
        found = replace(self.tried, size=told.size, cost=cost)
        self.best = min(self.best, found, key=lambda state: state.cost)
        return found

    def _try(self, shape: Shape, share: float) -> None:
        """Try coefficients some way from the last ones, within reach of the original ones."""
        tried = []
        for index, weight in enumerate(self._gains.weights(shape)):
            last, original = self._last.coefficients[index], self._original[index]
            reach = np.float32(FARTHEST * self._last.threshold) / broad(weight)
            there = self._values[index] - self._pulls[index] / np.float32(self._steeper)
            np.clip(there, original - reach, original + reach, out=there)
            tried.append(last + np.float32(share) * (there - last))
        self.tried = State(tried, self._last.next_threshold)

    def _learn(self, told: Told, of_values: Arrays) -> None:
        """Estimate curvatures and, from them, the distance of values from the loss's minimum."""
        self._values = _values(told)
        weights = [broad(weight) for weight in self._gains.weights(told.planes.shape)]
        found = [
            curvature(slope / weight, (value - original) * weight)
            for slope, value, original, weight in zip(
                of_values, self._values, self._original, weights, strict=True
            )
        ]
        if self._curvatures is not None:
            pairs = zip(self._curvatures, found, strict=True)
            found = [np.float32(KEPT) * old + np.float32(1 - KEPT) * new for old, new in pairs]
        self._curvatures = found
        self._pulls = [
            slope / (curvature * weight * weight)
            for slope, curvature, weight in zip(of_values, found, weights, strict=True)
        ]

    def _decoded(self, told: Told) -> tuple[Synthesis, Conditions]:
        return decoded(told.planes, told.settings, told.segment, told.gains, self._workers)


def shares(moves: int) -> Sequence[float]:
    """The share of the way to the minimum that each of some moves takes.

    >>> [round(share, 2) for share in shares(3)]
    [0.5, 0.16, 0.05]
    """
    return [float(share) for share in np.geomspace(FIRST_SHARE, LAST_SHARE, moves)]


def curvature(slope: NDArray[np.float32], error: NDArray[np.float32]) -> NDArray[np.float32]:
    """The curvature (h, w, 1) of a parabola, from its slopes at known errors, both (h, w, N)."""
    product, square = (slope * error).sum(2), (error * error).sum(2)
    whole, mean = OF_SCALE * product.mean(), OF_SCALE * square.mean()
    if whole <= 0 or mean <= 0:
        return np.full((*product.shape, 1), NO_CURVATURE, np.float32)
    near = np.maximum(window_means(product, WINDOW), 0) + whole
    return (near / (window_means(square, WINDOW) + mean)).astype(np.float32)[..., None]


def _values(told: Told) -> Arrays:
    """The values to which coefficients are decoded."""
    shape = told.planes.shape
    weights = told.gains.weights(shape)
    of_components = [
        list(values(told.planes, told.settings.first, told.segment, weights, component))
        for component in range(COMPONENTS)
    ]
    return [np.concatenate(of_scale, 2) for of_scale in zip(*of_components, strict=True)]
