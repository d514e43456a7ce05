"""Errors that a user can cause and fix."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rnn_codec.streams import escaped_lines, say


class UserError(Exception):
    """Shown to the user as one sentence, without a traceback."""


class InvalidOptionError(UserError, ValueError):
    """An option has an invalid value."""


class StoppedError(UserError):
    """The user or the cluster has told the command to stop."""


def reason(error: BaseException) -> str:
    """The first line of an exception's message, or the name of its type if there is no message.

    >>> reason(EOFError()), reason(ValueError("no\\nmore"))
    ('EOFError', 'no')
    """
    return next(iter(str(error).splitlines()), "") or type(error).__name__


NO_MEMORY = ("can't allocate memory", "Failed to allocate memory", "bad allocation")
"""Parts of messages of PyTorch and ONNX Runtime on a CPU, where the type says nothing."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, for which every library has its own type of error.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(ValueError("bad value"))
    (True, False)
    """
    # OutOfMemoryError is PyTorch's: comparing names saves importing it.
    kind = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return kind or any(words in str(error) for words in NO_MEMORY)


def _numbers(*names: str) -> frozenset[int]:
    """The numbers of system errors, by name; Windows lacks some of them."""
    return frozenset(getattr(errno, name) for name in names if hasattr(errno, name))


WRITING = _numbers("ENOSPC", "EDQUOT", "EFBIG", "EROFS")
"""Errors with which the system refuses to write a file."""
USING = _numbers("EACCES", "EPERM", "EIO", "ENAMETOOLONG")
"""Errors with which it refuses to read or write a file."""


def is_of_a_file(error: BaseException) -> bool:
    """Whether an error means that a file could not be written, or not be used at all.

    >>> is_of_a_file(PermissionError(errno.EACCES, "no")), is_of_a_file(ConnectionError())
    (True, False)
    """
    if not isinstance(error, OSError):
        return False
    # Libraries raise errors without a number, to which `files.atomic_path` adds the file's name.
    return error.errno in WRITING | USING or (error.errno is None and bool(error.filename))


@contextmanager
def exit_on_user_error() -> Iterator[None]:
    """Exit with status 1 on a `UserError`, a file that cannot be used, or a lack of memory.

    The error is printed in one sentence.

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
        _exit("this is too large for the available memory")


def _sentence(error: OSError) -> str:
    file = error.filename or "a file"
    if error.errno == errno.ENOSPC:
        return f"the disk is full: {file} could not be written"
    if error.errno in USING:
        return f"{file} cannot be used: {error.strerror}"
    # Without a number, str(error) contains the file's name, but not the library's message.
    said = error.strerror or " ".join(map(str, error.args)) or type(error).__name__
    return f"{file} cannot be written: {said}"


def _exit(message: str) -> None:
    say(f"error: {escaped_lines(message)}", sys.stderr)
    sys.exit(1)
