"""Errors that a user can cause and mend."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """Shown to the user as one sentence, without a traceback."""


class InvalidOptionError(UserError, ValueError):
    """An option has a value that it cannot have."""


class StoppedError(UserError):
    """The user, or the cluster, has told the command to end."""


def reason(error: BaseException) -> str:
    """What an exception says, in one line; its kind if it says nothing.

    >>> reason(EOFError()), reason(ValueError("no\\nmore"))
    ('EOFError', 'no')
    """
    return next(iter(str(error).splitlines()), "") or type(error).__name__


@contextmanager
def exit_on_user_error() -> Iterator[None]:
    """Print a `UserError`, or a full disk, as one sentence on standard error and exit with 1.

    >>> with exit_on_user_error():
    ...     raise UserError("there is no picture a.png")
    Traceback (most recent call last):
    SystemExit: 1
    """
    try:
        yield
    except UserError as error:
        _exit(str(error))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _exit(f"the disk is full: {error.filename or 'a file'} could not be written")


def _exit(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(1)
