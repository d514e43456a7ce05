"""The standard streams, whatever they lead to: nothing, a pipe that nobody reads, any encoding."""

import os
import re
import sys
from io import TextIOWrapper
from typing import TextIO

STREAMS = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))

_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
"""Characters that move the cursor, colour what follows, or turn its direction."""
_CONTROL = re.compile(f"[{_CONTROLS}]")


def prepare_streams() -> None:
    """Let everything be printed: to nowhere where a stream is closed, and in any encoding.

    What the encoding of a stream lacks becomes an escape, not a traceback.
    """
    for name, flags in STREAMS:
        # Python has none where the descriptor is closed; the first file to be opened would get it,
        # and with it what is printed.
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, flags)
            setattr(sys, name, os.fdopen(descriptor, "r" if flags == os.O_RDONLY else "w"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str, stream: TextIO | None = None) -> None:
    """Print a line that nobody need read: where the reader has gone, as after `| head`, go on.

    Args:
        stream: where to; None for standard output.
    """
    stream = stream or sys.stdout
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        silence(stream)


def silence(stream: TextIO) -> None:
    """Let a stream without a reader lead to nothing: Python would complain when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def escaped(text: str) -> str:
    """A text that does nothing to a terminal but stand there, as names of files may.

    >>> print(escaped("a\\x1b[31m\\n.png"))
    a\\x1b[31m\\x0a.png
    """
    return _CONTROL.sub(lambda found: _escape(found[0]), text)


def escaped_lines(text: str) -> str:
    """The same of a text of several lines."""
    return "\n".join(map(escaped, text.split("\n")))


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
