"""An encoder that looks at what comes of its files, and moves coefficients accordingly.

    coefficients ─ coded ─► values that are told ─ decoded, restored ─► picture
          ▲                                                               │
          └──── moved towards what the values should be ◄── slope of a loss

Rounding makes a coefficient what is nearest to it. What is best for the picture that is decoded is
another matter: the network that restores has its own mind, structure counts beside squared error,
and the errors of neighbours can cancel. So a file is made, the slope of a loss is followed back to
its coefficients, and these move. Files decode as ever.

The loss is taken for a parabola: its slope divided by its curvature is how far the value that is
told is from the best one. Curvatures are those which slopes and errors of rounding show, in windows
of a scale: with squared error alone, and nothing that restores, values pull where they came from.
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
"""(h, w, N) of each scale."""

MOVES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10)
"""How often coefficients move, by the effort."""
FIRST_SHARE, LAST_SHARE = 0.5, 0.05
"""Of the way to where the parabola has its least, in the first move and in the last."""
STEEPER = 1.5
"""By how much the curvature is taken larger than it shows: coefficients move all at once."""
STEEPER_AGAIN = 1.7
"""By how much more where a move has made things worse."""
TOLERATED = 0.03
"""By how much the cost may rise with a move."""
COST_OF_SIZE = 1.2
"""How much the logarithm of a file's size counts beside the loss, about as both go together."""
TOWARDS_SIZE = 0.5
"""Power of how much too large a file is, by which the threshold grows for the next."""
FARTHEST = 1.5
"""From where a coefficient was at first, in units of the threshold."""
WINDOW = 5
"""Side of the windows of a curvature."""
OF_SCALE = 0.3
"""How much the curvature of the whole scale counts in that of each window."""
NO_CURVATURE = 1.0
"""Of a scale where none shows: larger than any, so that nothing moves."""
KEPT = 0.7
"""Share of the curvature found before that each move keeps."""


class Loss(Protocol):
    """How far what is decoded is from what it should be; see `PictureLoss`."""

    def value(self, picture: Synthesis, conditions: Conditions) -> float:
        """The loss."""

    def slope(
        self, picture: Synthesis, conditions: Conditions
    ) -> tuple[float, NDArray[np.float32]]:
        """The loss, and how fast it grows with red, green and blue of each pixel, (3, H, W)."""


@dataclass(frozen=True)
class Told:
    """A picture as a file tells it.

    Attributes:
        planes, settings, gains: of the file.
        segment: up to which it goes.
        threshold: that it tells coefficients to, with the weights of usual gains.
        size: bytes of the file, in units of what it may have.
    """

    planes: Planes
    settings: Settings
    gains: Gains
    segment: Segment
    threshold: float
    size: float


@dataclass(frozen=True)
class State:
    """Coefficients, the threshold that they are told to, and what came of it.

    Attributes:
        size: see `Told`.
        cost: least is best.
    """

    coefficients: Arrays
    threshold: float
    size: float = 1.0
    cost: float = math.inf

    @property
    def next_threshold(self) -> float:
        """With which a file is nearer to its size."""
        return self.threshold * self.size**TOWARDS_SIZE


class Refinement:
    """The coefficients of a picture, as they move.

    Args:
        pixels: of the picture, (H, W, 3).
        gains: of the picture, with any step.
        loss: what is to become small.
        threshold: of the first file.

    Attributes:
        tried: what the next file is to be made of.
        best: what the best file so far was made of.
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
        """Go on with the best coefficients, for another threshold: costs do not compare."""
        self.tried = self.best = self._last = State(self.best.coefficients, threshold)

    def judge(self, told: Told) -> None:
        """See whether the file of what is tried is the best so far."""
        self._judge(told, self._loss.value(*self._decoded(told)))

    def move(self, told: Told, share: float) -> None:
        """From what is tried, with its file, to what is to be tried next.

        What was much worse is taken back, and a shorter way is tried.

        Args:
            share: of the way to where the loss should be least.
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
        """Coefficients some way from the last ones, in reach of the original ones."""
        tried = []
        for index, weight in enumerate(self._gains.weights(shape)):
            last, original = self._last.coefficients[index], self._original[index]
            reach = np.float32(FARTHEST * self._last.threshold) / broad(weight)
            there = self._values[index] - self._pulls[index] / np.float32(self._steeper)
            np.clip(there, original - reach, original + reach, out=there)
            tried.append(last + np.float32(share) * (there - last))
        self.tried = State(tried, self._last.next_threshold)

    def _learn(self, told: Told, of_values: Arrays) -> None:
        """Curvatures, and how far values are from where the loss is least by them."""
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
    """Of so many moves.

    >>> [round(share, 2) for share in shares(3)]
    [0.5, 0.16, 0.05]
    """
    return [float(share) for share in np.geomspace(FIRST_SHARE, LAST_SHARE, moves)]


def curvature(slope: NDArray[np.float32], error: NDArray[np.float32]) -> NDArray[np.float32]:
    """That of a parabola whose slope is known where errors are, (h, w, 1); both (h, w, N)."""
    product, square = (slope * error).sum(2), (error * error).sum(2)
    whole, mean = OF_SCALE * product.mean(), OF_SCALE * square.mean()
    if whole <= 0 or mean <= 0:
        return np.full((*product.shape, 1), NO_CURVATURE, np.float32)
    near = np.maximum(window_means(product, WINDOW), 0) + whole
    return (near / (window_means(square, WINDOW) + mean)).astype(np.float32)[..., None]


def _values(told: Told) -> Arrays:
    """What coefficients are told to be."""
    shape = told.planes.shape
    weights = told.gains.weights(shape)
    of_components = [
        list(values(told.planes, told.settings.first, told.segment, weights, component))
        for component in range(COMPONENTS)
    ]
    return [np.concatenate(of_scale, 2) for of_scale in zip(*of_components, strict=True)]
