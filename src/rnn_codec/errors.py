"""Errors that a user can cause and mend."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rnn_codec.streams import escaped_lines, say


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


NO_MEMORY = ("can't allocate memory", "Failed to allocate memory", "bad allocation")
"""In what PyTorch and ONNX Runtime say on a processor, in errors of no special kind."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether no memory was left, for which every library has a kind of error of its own.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(ValueError("bad value"))
    (True, False)
    """
    # PyTorch, which has the latter, is not imported for its name.
    kind = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return kind or any(words in str(error) for words in NO_MEMORY)


def _numbers(*names: str) -> frozenset[int]:
    """Of errors of the system; Windows has not all of them."""
    return frozenset(getattr(errno, name) for name in names if hasattr(errno, name))


WRITING = _numbers("ENOSPC", "EDQUOT", "EFBIG", "EROFS")
"""Why the system does not write a file."""
USING = _numbers("EACCES", "EPERM", "EIO", "ENAMETOOLONG")
"""Why it neither reads nor writes one."""


def is_of_a_file(error: BaseException) -> bool:
    """Whether a file could not be written, or not be used at all.

    >>> is_of_a_file(PermissionError(errno.EACCES, "no")), is_of_a_file(ConnectionError())
    (True, False)
    """
    if not isinstance(error, OSError):
        return False
    # Libraries raise one without a number, which `files.atomic_path` gives a name.
    return error.errno in WRITING | USING or (error.errno is None and bool(error.filename))


@contextmanager
def exit_on_user_error() -> Iterator[None]:
    """Print a `UserError`, that a file cannot be written, or that no memory is left; exit with 1.

    In one sentence each.

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
        if not is_of_a_file(error):
            raise
        _exit(_sentence(error))
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        _exit("this is too large for this memory")


def _sentence(error: OSError) -> str:
    file = error.filename or "a file"
    if error.errno == errno.ENOSPC:
        return f"the disk is full: {file} could not be written"
    if error.errno in USING:
        return f"{file} cannot be used: {error.strerror}"
    # Without a number the text has the name in it, but not what a library has said.
    said = error.strerror or " ".join(map(str, error.args)) or type(error).__name__
    return f"{file} cannot be written: {said}"


def _exit(message: str) -> None:
    say(f"error: {escaped_lines(message)}", sys.stderr)
    sys.exit(1)
