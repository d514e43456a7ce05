"""Tells whoever watches how far a long computation is; nobody need watch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

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
