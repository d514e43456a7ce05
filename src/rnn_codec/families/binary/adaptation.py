"""Where positions stop: least D + λR, the classic choice of an encoder [Shoham 1988].

Every position has a table of its distortion after 0, 1, … iterations and of what each iteration
costs. For one λ, the slope at which a bit must pay, each position takes the number of iterations
that is best for it alone. λ is found so that all together have the size, or the distortion, that
was asked for.

Tables hold what one coding of the picture gave. They change when neighbours stop, but little: a
second choice, by the tables of a coding with stops, gains less than a per cent.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.binary.entropy.coder import CHECK_BITS
from rnn_codec.families.binary.entropy.stops import Stops

Table = NDArray[np.float64]
"""A number for each position after 0, 1, … n iterations, (n + 1, h, w)."""

FLAGS_SAVING = 0.07
"""Of the plain entropy of flags that their context model saves, about."""
LOG_RANGE = 60.0
"""Of log λ, from the steepest slope on."""
HALVINGS = 40
"""Of that range: to 10⁻¹⁰."""


@dataclass(frozen=True)
class Choices:
    """What each position may do."""

    distortion: Table
    bits: Table
    """What the position costs up to there, 0 at first."""

    def at(self, slope: float) -> Stops:
        """The best number of iterations of each position, where a bit must gain `slope`."""
        best: Stops = np.argmin(self.distortion + slope * self.bits, axis=0).astype(np.int32)
        return best

    def of_size(self, bits: float) -> Stops:
        """The most iterations that take no more than so many bits, flags included."""
        most = self.at(0.0)
        if self.size(most) <= bits:
            return most
        steep, _ = self._between(lambda stops: self.size(stops) <= bits)
        return self.at(steep)

    def of_distortion(self, distortion: float) -> Stops:
        """The fewest iterations with no more than so much distortion in all."""
        none = np.zeros(self.bits.shape[1:], np.int32)
        if self.total(none) <= distortion:
            return none
        _, flat = self._between(lambda stops: self.total(stops) > distortion)
        return self.at(flat)

    def size(self, stops: Stops) -> float:
        """Bits of a code with such stops, flags and check values included."""
        bits = float(_taken(self.bits, stops).sum())
        flags = (1 - FLAGS_SAVING) * plain_entropy(stops)
        return bits + flags + CHECK_BITS * int(stops.max())

    def total(self, stops: Stops) -> float:
        """The distortion of all positions together."""
        return float(_taken(self.distortion, stops).sum())

    def _between(self, holds: Callable[[Stops], bool]) -> tuple[float, float]:
        """Two slopes next to each other: with the steeper a condition holds, with the other not."""
        steep, flat = self._steepest, self._steepest - LOG_RANGE
        for _ in range(HALVINGS):
            middle = (steep + flat) / 2
            if holds(self.at(math.exp(middle))):
                steep = middle
            else:
                flat = middle
        return math.exp(steep), math.exp(flat)

    @cached_property
    def _steepest(self) -> float:
        """The logarithm of a slope that nothing pays for."""
        least = self.bits[1:][self.bits[1:] > 0]
        most = float(self.distortion.max()) / float(least.min(initial=1.0))
        return math.log(max(most, 1e-30)) + 1.0


def _taken(table: Table, stops: Stops) -> Table:
    return np.take_along_axis(table, stops[None].astype(np.int64), axis=0)


def cumulative(costs: NDArray[np.float32]) -> Table:
    """Bits of each iteration, (n, h, w), to a `Table`.

    Example:
        >>> cumulative(np.full((2, 1, 1), 32, np.float32)).ravel()
        array([ 0., 32., 64.])
    """
    start = np.zeros((1, *costs.shape[1:]))
    return np.concatenate([start, np.cumsum(costs, axis=0, dtype=np.float64)])


def plain_entropy(stops: Stops) -> float:
    """Bits of the flags if all of an iteration were alike and their number known.

    Example:
        >>> plain_entropy(np.array([[1, 2], [2, 1]]))
        4.0
    """
    most = int(stops.max(initial=0))
    alive = [stops.size, *(int((stops > iteration).sum()) for iteration in range(most))]
    return sum(_entropy(going, before) for before, going in pairwise(alive))


def _entropy(part: int, whole: int) -> float:
    if part in (0, whole):
        return 0.0
    share = part / whole
    return -whole * (share * math.log2(share) + (1 - share) * math.log2(1 - share))
