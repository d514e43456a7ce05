"""Chooses where positions stop, by minimising D + λR [Shoham 1988].

For each position, tables hold its distortion after 0, 1, … iterations and the bits of each
iteration. Given λ, the distortion that a bit must save, each position independently takes the
number of iterations that is best for it. λ is then searched so that all positions together have the
requested size or distortion.

The tables come from one coding of the picture. They change slightly when neighbours stop: choosing
again, with the tables of a coding with stops, would save less than 1 %.
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
"""A value for each position after 0, 1, … n iterations, (n + 1, h, w)."""

FLAGS_SAVING = 0.07
"""The approximate share of the flags' plain entropy that their context model saves."""
LOG_RANGE = 60.0
"""The range of log λ that is searched, downwards from the steepest slope."""
HALVINGS = 40
"""Bisection steps of the search in that range, which narrow it to about 10⁻¹⁰."""


@dataclass(frozen=True)
class Choices:
    """The distortion and cost of every choice that each position has."""

    distortion: Table
    bits: Table
    """Bits up to each iteration, starting with 0."""

    def at(self, slope: float) -> Stops:
        """The best number of iterations for each position if a bit must save `slope` distortion."""
        best: Stops = np.argmin(self.distortion + slope * self.bits, axis=0).astype(np.int32)
        return best

    def of_size(self, bits: float) -> Stops:
        """The most iterations that take at most `bits`, flags included."""
        most = self.at(0.0)
        if self.size(most) <= bits:
            return most
        steep, _ = self._between(lambda stops: self.size(stops) <= bits)
        return self.at(steep)

    def of_distortion(self, distortion: float) -> Stops:
        """The fewest iterations whose total distortion is at most `distortion`."""
        none = np.zeros(self.bits.shape[1:], np.int32)
        if self.total(none) <= distortion:
            return none
        _, flat = self._between(lambda stops: self.total(stops) > distortion)
        return self.at(flat)

    def size(self, stops: Stops) -> float:
        """The bits of a code with these stops, flags and check values included."""
        bits = float(_taken(self.bits, stops).sum())
        flags = (1 - FLAGS_SAVING) * plain_entropy(stops)
        return bits + flags + CHECK_BITS * int(stops.max())

    def total(self, stops: Stops) -> float:
        """The total distortion of all positions."""
        return float(_taken(self.distortion, stops).sum())

    def _between(self, holds: Callable[[Stops], bool]) -> tuple[float, float]:
        """Two neighbouring slopes: the condition holds at the steeper one, but not at the other."""
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
        """The logarithm of a slope so steep that no bit is worth its cost."""
        least = self.bits[1:][self.bits[1:] > 0]
        most = float(self.distortion.max()) / float(least.min(initial=1.0))
        return math.log(max(most, 1e-30)) + 1.0


def _taken(table: Table, stops: Stops) -> Table:
    return np.take_along_axis(table, stops[None].astype(np.int64), axis=0)


def cumulative(costs: NDArray[np.float32]) -> Table:
    """The `Table` of accumulated bits, from the bits of each iteration, (n, h, w).

    Example:
        >>> cumulative(np.full((2, 1, 1), 32, np.float32)).ravel()
        array([ 0., 32., 64.])
    """
    start = np.zeros((1, *costs.shape[1:]))
    return np.concatenate([start, np.cumsum(costs, axis=0, dtype=np.float64)])


def plain_entropy(stops: Stops) -> float:
    """Entropy of the flags in bits, if those of an iteration had one, known probability.

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
