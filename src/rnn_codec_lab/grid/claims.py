"""Claims: which worker has which run.

A claim is a lock on a file. The commands that the worker starts inherit the open file, and the
system frees the lock when the last process that has it open ends, however it ends. So a run is free
as soon as nothing writes to it: a training that outlives its worker keeps its run until it is done.
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
    """Hold a lock for the length of a block, or longer if a process that inherits it lives on.

    Args:
        path: of the lock's file, which says who has it; made if need be, and never removed.

    Yields:
        The descriptor that processes inherit; None if another process has the lock.

    Raises:
        UserError: the file system has no locks.
    """
    make_folder(path.parent)
    # Closed in the end, not unlocked: that would free it for those who have inherited it, too.
    with path.open("a", encoding="utf-8") as file:
        if not _lock(file, fcntl.LOCK_EX):
            yield None
            return
        file.truncate(0)
        file.write(f"{platform.node()}, process {os.getpid()}")
        file.flush()
        yield file.fileno()


def claimant(path: Path) -> str | None:
    """The worker that has a lock, or had it and left a training behind; None if nobody has it."""
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
            "choose a folder output= on a file system that has locks"
        ) from error
    return True
