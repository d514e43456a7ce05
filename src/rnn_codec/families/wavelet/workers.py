"""Threads that share the work on a picture: how many there are changes nothing they compute."""

from collections.abc import Callable, Iterable, Iterator
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
        return list(self._each(function, *arguments))

    def by_strips(
        self, strip: Callable[[int, int], list[NDArray[S]]], height: int, width: int
    ) -> list[NDArray[S]]:
        """What `strip` gives for all rows, from a first one to a last, joined along them."""
        rows = _strips(height, width)
        if len(rows) == 1:
            return strip(0, height)
        whole: list[NDArray[S]] = []
        # Strips are put where they belong as they come, so that there is no second copy of all.
        for (start, end), parts in zip(
            rows, self._each(strip, *zip(*rows, strict=True)), strict=True
        ):
            whole = whole or [np.empty((height, *part.shape[1:]), part.dtype) for part in parts]
            for array, part in zip(whole, parts, strict=True):
                array[start:end] = part
        return whole

    def for_strips(self, strip: Callable[[int, int], None], height: int, width: int) -> None:
        """Let `strip` see to some rows, from a first one to a last, until it has to all."""
        for _ in self._each(strip, *zip(*_strips(height, width), strict=True)):
            pass

    def _each(self, function: Callable[..., T], *arguments: Iterable[object]) -> Iterator[T]:
        return (map if self._pool is None else self._pool.map)(function, *arguments)


def _strips(height: int, width: int) -> list[tuple[int, int]]:
    rows = max(LEAST_ROWS, STRIP_POSITIONS // width)
    return [(start, min(start + rows, height)) for start in range(0, height, rows)]
