"""Tells whoever watches how far a long computation is; nobody need watch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

Watcher = Callable[[float], None]
"""Is called with the share that is done, 0 … 1."""

_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Watch what is computed within.

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
    """So much is done."""
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher(share)


def watched(items: Sequence[T]) -> Iterator[T]:
    """Each item, telling how many of them are done.

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
