"""Compiles functions, and keeps what was compiled for later commands where there is a place."""

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
    """Names, times and sizes of the sources that kernels in a folder are made of: its and ours."""
    paths = sorted({*folder.glob("*.py"), *Path(__file__).parent.glob("*.py")})
    return tuple((path.name, path.stat().st_mtime, path.stat().st_size) for path in paths)


class SparingCache(FunctionCache):
    """A cache on disk that is done without where it can be neither read nor written.

    One that is damaged is written anew.

    A kernel holds what it calls from other modules: numba looks at the source of its own alone, and
    would take an old one when another has changed.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        kept = self._cache_file
        folder = Path(function.__code__.co_filename).parent
        kept._source_stamp = kept._source_stamp, sources_stamp(folder)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was compiled before; None if it cannot be read."""
        try:
            return super().load_overload(sig, target_context)
        except OSError:
            return None
        # A damaged file ends in whatever it makes the reader raise.
        except Exception:
            self._begin_anew()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, unless the disk is full or may not be written to."""
        with suppress(OSError):
            super().save_overload(sig, data)

    def _begin_anew(self) -> None:
        """Forget all that was kept of the function."""
        with suppress(OSError):
            self.flush()


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function by numba at its first call, without Python's lock.

    It is compiled anew in every process where numba finds no folder for its cache: a package that
    may not be written to, for a user without a home.

    Raises:
        UserError: numba's compiler has been switched off. As Python the coder would take minutes
            for a picture, and its sums of integers would not be those of the machine.

    Example:
        >>> compiled(lambda x: x + 1)(2)
        3
    """
    if config.DISABLE_JIT:
        raise UserError(
            "NUMBA_DISABLE_JIT switches off the compiler that the entropy coder needs: unset it"
        )
    dispatcher = njit(nogil=True)(function)
    # What numba raises where it finds no folder; the option `cache` of `njit` would end the import.
    with suppress(RuntimeError):
        dispatcher._cache = SparingCache(function)
    return dispatcher
