"""Threads that share the work on a picture: how many there are changes nothing they compute."""

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
"""Of what is computed at once, at most: it stays in the processor's memory."""
LEAST_POSITIONS, LEAST_ROWS = 2**11, 8
"""Of what a thread is woken for."""


class Workers:
    """So many threads, one of which is the caller's.

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
        """How many there are."""
        return self._others + 1

    def map(self, function: Callable[[A], T], arguments: Iterable[A]) -> list[T]:
        """What a function gives for each of its arguments, in their order."""
        found: dict[int, T] = {}

        def put(index: int, argument: A) -> None:
            found[index] = function(argument)

        self._share(put, enumerate(arguments))
        return [found[index] for index in sorted(found)]

    def by_strips(
        self, strip: Callable[[int, int], list[NDArray[S]]], height: int, width: int
    ) -> list[NDArray[S]]:
        """What `strip` gives for all rows, from a first one to a last, joined along them."""
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
            # Where it belongs as it comes, so that there is no second copy of all.
            for array, part in zip(whole, parts, strict=True):
                array[start:end] = part

        self._share(put, rows)
        return whole

    def for_strips(self, strip: Callable[[int, int], None], height: int, width: int) -> None:
        """Let `strip` see to some rows, from a first one to a last, until it has to all."""
        self._share(strip, self._strips(height, width))

    def _share(
        self, function: Callable[[int, A], None], arguments: Iterable[tuple[int, A]]
    ) -> None:
        """Let every thread take the next arguments until there are none."""
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
                # One that has not begun has nothing left to do.
                if not future.cancel():
                    future.result()

    def _strips(self, height: int, width: int) -> list[tuple[int, int]]:
        """Of the same size but for the last; as many for each thread, if not too small."""
        threads, positions = self._others + 1, height * width
        count = -(-positions // STRIP_POSITIONS)
        count = min(-(-count // threads) * threads, max(positions // LEAST_POSITIONS, 1))
        rows = max(-(-height // count), LEAST_ROWS)
        return [(start, min(start + rows, height)) for start in range(0, height, rows)]
