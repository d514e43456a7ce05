"""The standard streams, whether they are closed, a pipe without a reader, or of any encoding."""

import os
import re
import sys
from io import TextIOWrapper
from typing import TextIO

STREAMS = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))

_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
"""Characters that move the cursor, colour text, or change its direction."""
_CONTROL = re.compile(f"[{_CONTROLS}]")


def prepare_streams() -> None:
    """Make printing always work, also to a closed stream and in any encoding.

    Characters that the encoding of a stream lacks become escapes instead of a traceback.
    """
    for name, flags in STREAMS:
        # Python has no stream for a closed descriptor; the first file to be opened would get that
        # descriptor, and with it the printed text.
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, flags)
            setattr(sys, name, os.fdopen(descriptor, "r" if flags == os.O_RDONLY else "w"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str, stream: TextIO | None = None) -> None:
    """Print a line; if the reader has closed the pipe, as `| head` does, continue silently.

    Args:
        stream: where to print; None for standard output.
    """
    stream = stream or sys.stdout
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        silence(stream)


def silence(stream: TextIO) -> None:
    """Redirect a stream without a reader to the null device: Python would complain at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def escaped(text: str) -> str:
    """A text with its control characters escaped: names of files may contain some.

    >>> print(escaped("a\\x1b[31m\\n.png"))
    a\\x1b[31m\\x0a.png
    """
    return _CONTROL.sub(lambda found: _escape(found[0]), text)


def escaped_lines(text: str) -> str:
    """The same for a text of several lines; line breaks stay."""
    return "\n".join(map(escaped, text.split("\n")))


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
