"""Compiles functions, and caches the compiled code on disk for later commands if possible."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba import config, njit
from numba.core.caching import FunctionCache

from rnn_codec.errors import UserError


@cache
def sources_stamp(folder: Path) -> tuple[tuple[str, float, int], ...]:
    """Names, times and sizes of all sources that may be compiled into a folder's kernels.

    These are the sources in that folder and in this package.
    """
    paths = sorted({*folder.glob("*.py"), *Path(__file__).parent.glob("*.py")})
    return tuple((path.name, path.stat().st_mtime, path.stat().st_size) for path in paths)


class SparingCache(FunctionCache):
    """A cache on disk that is skipped where it cannot be read or written.

    A damaged cache is written again.

    Compiled kernels include the functions of other modules that they call. Numba itself checks only
    the kernel's own source file, and would load an outdated kernel when another file has changed.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        kept = self._cache_file
        folder = Path(function.__code__.co_filename).parent
        kept._source_stamp = kept._source_stamp, sources_stamp(folder)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code compiled earlier, or None if it cannot be read."""
        try:
            return super().load_overload(sig, target_context)
        except OSError:
            return None
        # A damaged file can make the reader raise anything.
        except Exception:
            self._begin_anew()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Cache the compiled code, unless the disk is full or not writable."""
        with suppress(OSError):
            super().save_overload(sig, data)

    def _begin_anew(self) -> None:
        """Delete everything cached for the function."""
        with suppress(OSError):
            self.flush()


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function with numba at its first call, to run without the GIL.

    Where numba finds no folder for its cache, e.g. in a read-only package for a user without a home
    folder, every process compiles the function again.

    Raises:
        UserError: numba's compiler is switched off. In plain Python the coder would take minutes
            per picture, and its integer sums would differ from the machine's.

    Example:
        >>> compiled(lambda x: x + 1)(2)
        3
    """
    if config.DISABLE_JIT:
        raise UserError(
            "NUMBA_DISABLE_JIT switches off the compiler that the entropy coder needs: unset it"
        )
    dispatcher = njit(nogil=True)(function)
    # RuntimeError: numba finds no folder. With `njit(cache=True)` it would make the import fail.
    with suppress(RuntimeError):
        dispatcher._cache = SparingCache(function)
    return dispatcher
