"""Claims: which worker has which run.

A claim is a lock on a file. The commands that the worker starts inherit the open file, and the
system releases the lock when the last process that has the file open ends, for whatever reason. So
a run is free as soon as nothing writes to it: a training that outlives its worker keeps the claim
until it ends.
"""

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rnn_codec.errors import UserError
from rnn_codec.files import make_folder


@contextmanager
def claimed(path: Path) -> Iterator[int | None]:
    """Hold a lock for the duration of a block, or longer if a process that inherits it lives on.

    Args:
        path: the lock file, which names the holder; created if necessary, and never removed.

    Yields:
        The file descriptor for processes to inherit; None if another process holds the lock.

    Raises:
        UserError: the file system does not support locks.
    """
    make_folder(path.parent)
    # Closed at the end, not unlocked: unlocking would release it for inheriting processes, too.
    with path.open("a", encoding="utf-8") as file:
        if not _lock(file, fcntl.LOCK_EX):
            yield None
            return
        file.truncate(0)
        file.write(f"{platform.node()}, process {os.getpid()}")
        file.flush()
        yield file.fileno()


def claimant(path: Path) -> str | None:
    """Return the worker that holds a lock or whose training still does; None if it is free."""
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as file:
        return None if _lock(file, fcntl.LOCK_SH) else file.read()


def _lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise UserError(
            f"{file.name} cannot be locked: {error.strerror}; "
            "choose a folder output= on a file system that supports locks"
        ) from error
    return True
