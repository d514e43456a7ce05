"""Threads that share the work on a picture: how many there are changes nothing they compute."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
S = TypeVar("S", bound=np.generic)

STRIP_POSITIONS, LEAST_ROWS = 2**13, 8
"""Of what is computed at once: it stays in the processor's memory, and all threads have some."""


class Workers:
    """So many threads.

    Example:
        >>> Workers(2).map(abs, [-1, 2])
        [1, 2]
    """

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def map(self, function: Callable[..., T], *arguments: Iterable[object]) -> list[T]:
        """What a function gives for each of its arguments, in their order."""
        if self._pool is None:
            return list(map(function, *arguments))
        return list(self._pool.map(function, *arguments))

    def by_strips(
        self, strip: Callable[[int, int], list[NDArray[S]]], height: int, width: int
    ) -> list[NDArray[S]]:
        """What `strip` gives for all rows, from a first one to a last, joined along them."""
        found = self.for_strips(strip, height, width)
        if len(found) == 1:
            return found[0]
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]

    def for_strips(self, strip: Callable[[int, int], T], height: int, width: int) -> list[T]:
        """What `strip` gives for some rows, from a first one to a last, for all rows."""
        rows = max(LEAST_ROWS, STRIP_POSITIONS // width)
        starts = range(0, height, rows)
        if len(starts) == 1:
            return [strip(0, height)]
        return self.map(strip, starts, [min(start + rows, height) for start in starts])
