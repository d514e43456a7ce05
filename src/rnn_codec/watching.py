"""Reports the progress of a long computation to a watcher, if there is one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

Watcher = Callable[[float], None]
"""A function that is called with the completed share, 0 … 1."""

_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Report the progress of computations in the block to `watcher`.

    Example:
        >>> with watching(print):
        ...     tell(0.5)
        0.5
    """
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def tell(share: float) -> None:
    """Report that a share, 0 … 1, is done."""
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher(share)


def watched(items: Sequence[T]) -> Iterator[T]:
    """Yield each item, and report how many of them are done.

    Example:
        >>> with watching(print):
        ...     list(watched("ab"))
        0.0
        0.5
        1.0
        ['a', 'b']
    """
    for done, item in enumerate(items):
        tell(done / len(items))
        yield item
    tell(1.0)
