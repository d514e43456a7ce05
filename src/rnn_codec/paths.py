"""Paths as users write them: `~` at the beginning is a home folder, and empty text is invalid.

A shell expands `~` only at the beginning of a word. Python does not expand it, and takes empty
text, as of an unset variable, for the current folder. So all paths that users write pass through
here, once: see `rnn_codec.composition` for configurations, `rnn_codec.commands.options` for options
of commands on files, and the functions of the library.
"""

import os
from pathlib import Path

from rnn_codec.errors import InvalidOptionError


def expanded(text: str) -> str:
    """A text with `~` or `~name` at its beginning replaced by the home folder.

    >>> expanded("runs/~a"), expanded("~/runs") == os.path.join(os.path.expanduser("~"), "runs")
    ('runs/~a', True)
    """
    return os.path.expanduser(text)


def not_empty(option: str, text: str) -> str:
    """Return the text itself.

    Raises:
        InvalidOptionError: the text is empty; the message names `option`.
    """
    if not text:
        raise InvalidOptionError(f"{option} is empty: give it a value, or leave it out")
    return text


def user_path(what: str, path: "str | os.PathLike[str]") -> Path:
    """A path as a user wrote it, with `~` expanded; raises the same errors as `not_empty`.

    >>> user_path("the file", "a.rnc").name
    'a.rnc'
    """
    return Path(expanded(not_empty(what, os.fspath(path))))
