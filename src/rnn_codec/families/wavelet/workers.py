"""Threads that share the work on a picture; results do not depend on their number."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rnn_codec.forking import anew_in_child

T = TypeVar("T")
A = TypeVar("A")
S = TypeVar("S", bound=np.generic)

STRIP_POSITIONS = 2**13
"""The most positions that are computed at once: their data fits into the processor's cache."""
LEAST_POSITIONS, LEAST_ROWS = 2**11, 8
"""The fewest positions and rows for which a thread is woken."""


class Workers:
    """A given number of threads, one of which is the caller's.

    Example:
        >>> Workers(2).map(abs, [-1, 2])
        [1, 2]
    """

    def __init__(self, threads: int) -> None:
        self._others = threads - 1
        self._start()
        anew_in_child(self._start)

    def _start(self) -> None:
        self._pool = ThreadPoolExecutor(self._others) if self._others else None

    @property
    def count(self) -> int:
        """The number of threads."""
        return self._others + 1

    def map(self, function: Callable[[A], T], arguments: Iterable[A]) -> list[T]:
        """The results of a function for each of its arguments, in order."""
        found: dict[int, T] = {}

        def put(index: int, argument: A) -> None:
            found[index] = function(argument)

        self._share(put, enumerate(arguments))
        return [found[index] for index in sorted(found)]

    def by_strips(
        self, strip: Callable[[int, int], list[NDArray[S]]], height: int, width: int
    ) -> list[NDArray[S]]:
        """The results of `strip(start, end)` for all rows, in strips, joined along the rows."""
        rows = self._strips(height, width)
        if len(rows) == 1:
            return strip(0, height)
        whole: list[NDArray[S]] = []
        first_come = Lock()

        def put(start: int, end: int) -> None:
            parts = strip(start, end)
            with first_come:
                whole.extend(
                    np.empty((height, *part.shape[1:]), part.dtype) for part in parts[len(whole) :]
                )
            # Copied into place at once, so that there is no second copy of everything.
            for array, part in zip(whole, parts, strict=True):
                array[start:end] = part

        self._share(put, rows)
        return whole

    def for_strips(self, strip: Callable[[int, int], None], height: int, width: int) -> None:
        """Call `strip(start, end)` for strips that together cover all rows."""
        self._share(strip, self._strips(height, width))

    def _share(
        self, function: Callable[[int, A], None], arguments: Iterable[tuple[int, A]]
    ) -> None:
        """Let every thread take the next arguments until none are left."""
        left = deque(arguments)

        def take() -> None:
            while True:
                try:
                    arguments = left.popleft()
                except IndexError:
                    return
                function(*arguments)

        others = min(self._others, len(left) - 1)
        started = [self._pool.submit(take) for _ in range(others)] if self._pool else []
        try:
            take()
        finally:
            left.clear()
            for future in started:
                # A task that has not started has nothing left to do.
                if not future.cancel():
                    future.result()

    def _strips(self, height: int, width: int) -> list[tuple[int, int]]:
        """Strips of equal size but for the last; equally many per thread, if not too small."""
        threads, positions = self._others + 1, height * width
        count = -(-positions // STRIP_POSITIONS)
        count = min(-(-count // threads) * threads, max(positions // LEAST_POSITIONS, 1))
        rows = max(-(-height // count), LEAST_ROWS)
        return [(start, min(start + rows, height)) for start in range(0, height, rows)]
