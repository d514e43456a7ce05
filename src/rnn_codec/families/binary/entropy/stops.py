"""Stops: a position sends bits up to an iteration of its own, and none from there on.

At the beginning of each row of an iteration there is a flag for every position that had bits in the
iteration before: whether it goes on. A flag is predicted from its neighbours by probabilities that
adapt to the picture, in integers:

    · N ·     goes on in this iteration: N, W       context = 3·([N] + [W]) + [E] + [S]
    W x E     went on in the last one:   E, S       outside the picture counts as going on
    · S ·

    p ← p + ((2¹⁶·flag − p)·rate(n) >> 16)          rate(n) = ⌊2¹⁷ / (2n + 3)⌋, n flags seen
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_codec.coding.compiled import compiled
from rnn_codec.coding.range_coder import (
    LEAST_PROBABILITY,
    NOT_ARRIVED,
    PROBABILITY_BITS,
    get_bit,
    put_bit,
)

Stops = NDArray[np.int32]
"""The iterations that every position has bits in, from none to all, (h, w)."""

FIRST_PROBABILITIES = (31400, 35650, 37290, 42200, 50200, 55120, 52630, 58920, 64680)
"""That a position goes on, of 2¹⁶, in each context: means over photographs, to begin with."""
SEEN_AT_FIRST = 3
"""How many flags those count for."""
MOST_SEEN = 150
"""More flags than these are not remembered: later iterations are other than early ones."""

_ONE = 1 << PROBABILITY_BITS


class Flags(NamedTuple):
    """The flags of one iteration, and what has been learnt from those before."""

    alive: NDArray[np.bool_]
    """Which positions have bits in the iteration, (h, w)."""
    open: NDArray[np.bool_]
    """Which positions have a flag, (h, w): all that had bits in the iteration before, or none where
    all positions go on to the end."""
    probabilities: NDArray[np.int64]
    """That a position goes on, in each context, (9,)."""
    seen: NDArray[np.int64]
    """Flags that a probability has seen, (9,)."""


def flags_of_all(height: int, width: int) -> Flags:
    """Of a stream in which every position goes on to the end: there are none."""
    grid = np.ones((height, width), np.bool_)
    return Flags(grid, ~grid, *_first_probabilities())


def first_flags(height: int, width: int) -> Flags:
    """Of the first iteration of a stream with stops, before they are known."""
    grid = np.ones((height, width), np.bool_)
    return Flags(~grid, grid, *_first_probabilities())


def with_stops(flags: Flags, iteration: int, stops: Stops) -> Flags:
    """Filled in, of an iteration counted from 0."""
    return flags._replace(alive=stops > iteration)


def next_flags(flags: Flags) -> Flags:
    """Of the iteration after, before they are known."""
    return flags._replace(alive=np.zeros_like(flags.alive), open=flags.alive)


def _first_probabilities() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    probabilities = np.array(FIRST_PROBABILITIES, np.int64)
    return probabilities, np.full_like(probabilities, SEEN_AT_FIRST)


@compiled
def put_flags(flags, y, state, out):  # type: ignore[no-untyped-def]
    """Code the flags of row y."""
    for x in range(flags.alive.shape[1]):
        if flags.open[y, x]:
            context = context_of(flags, y, x)
            put_bit(state, out, flags.alive[y, x], bounded(flags.probabilities[context]))
            learn(flags, context, flags.alive[y, x])


@compiled
def get_flags(flags, y, state, data):  # type: ignore[no-untyped-def]
    """Decode the flags of row y into `flags.alive`; return whether all have arrived."""
    for x in range(flags.alive.shape[1]):
        if flags.open[y, x]:
            context = context_of(flags, y, x)
            flag = get_bit(state, data, bounded(flags.probabilities[context]))
            if flag == NOT_ARRIVED:
                return False
            flags.alive[y, x] = flag == 1
            learn(flags, context, flag == 1)
    return True


@compiled
def context_of(flags, y, x):  # type: ignore[no-untyped-def]
    """Which neighbours go on, or did: 0 … 8."""
    height, width = flags.alive.shape
    north = y == 0 or flags.alive[y - 1, x]
    west = x == 0 or flags.alive[y, x - 1]
    east = x + 1 == width or flags.open[y, x + 1]
    south = y + 1 == height or flags.open[y + 1, x]
    return 3 * (int(north) + int(west)) + int(east) + int(south)


@compiled
def bounded(probability):  # type: ignore[no-untyped-def]
    """As the range coder takes it."""
    return min(max(probability, LEAST_PROBABILITY), _ONE - LEAST_PROBABILITY)


@compiled
def learn(flags, context, goes_on):  # type: ignore[no-untyped-def]
    """Move a probability towards a flag, the less the more flags it has seen."""
    seen = flags.seen[context]
    rate = 2 * _ONE // (2 * seen + 3)
    target = _ONE if goes_on else 0
    flags.probabilities[context] += (target - flags.probabilities[context]) * rate >> (
        PROBABILITY_BITS
    )
    flags.seen[context] = min(seen + 1, MOST_SEEN)
