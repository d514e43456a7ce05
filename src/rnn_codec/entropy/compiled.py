"""Compiles functions, and keeps what was compiled for later commands where there is a place."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache


class SparingCache(FunctionCache):
    """A cache on disk that is done without where it can be neither read nor written."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was compiled before; None if it cannot be read."""
        with suppress(OSError):
            return super().load_overload(sig, target_context)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, unless the disk is full or may not be written to."""
        with suppress(OSError):
            super().save_overload(sig, data)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function by numba at its first call, without Python's lock.

    It is compiled anew in every process where numba finds no folder for its cache: a package that
    may not be written to, for a user without a home.

    Example:
        >>> compiled(lambda x: x + 1)(2)
        3
    """
    dispatcher = njit(nogil=True)(function)
    # What numba raises where it finds no folder; the option `cache` of `njit` would end the import.
    with suppress(RuntimeError):
        dispatcher._cache = SparingCache(function)
    return dispatcher
