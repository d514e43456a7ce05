"""Stops: each position has bits up to its own last iteration, and none after it.

Each row of an iteration begins with a flag for every position that had bits in the iteration
before. The flag states whether the position continues. It is predicted from its neighbours by
probabilities that adapt to the picture, in integers:

    · N ·     continues in this iteration:   N, W   context = 3·([N] + [W]) + [E] + [S]
    W x E     had bits in the one before:    E, S   outside the picture counts as continuing
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
"""The number of iterations in which each position has bits, from 0 to all, (h, w)."""

FIRST_PROBABILITIES = (31400, 35650, 37290, 42200, 50200, 55120, 52630, 58920, 64680)
"""Initial probability in each context that a position continues, × 2¹⁶: means over photographs."""
SEEN_AT_FIRST = 3
"""Number of flags that the initial probabilities count as."""
MOST_SEEN = 150
"""Limit on the count of flags seen: later iterations differ from early ones."""

_ONE = 1 << PROBABILITY_BITS


class Flags(NamedTuple):
    """The flags of one iteration, and the probabilities learnt from earlier ones."""

    alive: NDArray[np.bool_]
    """Which positions have bits in the iteration, (h, w)."""
    open: NDArray[np.bool_]
    """Which positions have a flag, (h, w): those that had bits in the iteration before, or none in
    a stream without stops."""
    probabilities: NDArray[np.int64]
    """The probability in each context that a position continues, (9,)."""
    seen: NDArray[np.int64]
    """The number of flags that each probability has seen, (9,)."""


def flags_of_all(height: int, width: int) -> Flags:
    """The flags of a stream without stops: every position continues, and none has a flag."""
    grid = np.ones((height, width), np.bool_)
    return Flags(grid, ~grid, *_first_probabilities())


def first_flags(height: int, width: int) -> Flags:
    """The flags of the first iteration of a stream with stops, before they are known."""
    grid = np.ones((height, width), np.bool_)
    return Flags(~grid, grid, *_first_probabilities())


def with_stops(flags: Flags, iteration: int, stops: Stops) -> Flags:
    """The flags of an iteration, counted from 0, filled in from the stops."""
    return flags._replace(alive=stops > iteration)


def next_flags(flags: Flags) -> Flags:
    """The flags of the next iteration, before they are known."""
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
    """The context, 0 … 8: which neighbours continue, or had bits in the iteration before."""
    height, width = flags.alive.shape
    north = y == 0 or flags.alive[y - 1, x]
    west = x == 0 or flags.alive[y, x - 1]
    east = x + 1 == width or flags.open[y, x + 1]
    south = y + 1 == height or flags.open[y + 1, x]
    return 3 * (int(north) + int(west)) + int(east) + int(south)


@compiled
def bounded(probability):  # type: ignore[no-untyped-def]
    """The probability, clamped to the range that the range coder accepts."""
    return min(max(probability, LEAST_PROBABILITY), _ONE - LEAST_PROBABILITY)


@compiled
def learn(flags, context, goes_on):  # type: ignore[no-untyped-def]
    """Move a probability towards a flag, by less the more flags it has seen."""
    seen = flags.seen[context]
    rate = 2 * _ONE // (2 * seen + 3)
    target = _ONE if goes_on else 0
    flags.probabilities[context] += (target - flags.probabilities[context]) * rate >> (
        PROBABILITY_BITS
    )
    flags.seen[context] = min(seen + 1, MOST_SEEN)
