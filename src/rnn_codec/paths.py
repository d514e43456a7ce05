"""Paths as users write them: a `~` at the beginning is a home folder, and no text is no path.

A shell replaces `~` only where a word begins with it. Python leaves it as it is, and takes empty
text, as of a variable that is not set, for the current folder. So whatever a user writes comes
through here, once: see `rnn_codec.composition` for configurations, `rnn_codec.commands.options` for
options of commands on files, and the functions of the library.
"""

import os
from pathlib import Path

from rnn_codec.errors import InvalidOptionError


def expanded(text: str) -> str:
    """A text with the folder that a `~` or `~name` at its beginning stands for, if it does.

    >>> expanded("runs/~a"), expanded("~/runs") == os.path.join(os.path.expanduser("~"), "runs")
    ('runs/~a', True)
    """
    return os.path.expanduser(text)


def not_empty(option: str, text: str) -> str:
    """The text itself.

    Raises:
        InvalidOptionError: it is empty; `option` is what the user knows it by.
    """
    if not text:
        raise InvalidOptionError(f"{option} is empty: give it a value, or leave it out")
    return text


def user_path(what: str, path: "str | os.PathLike[str]") -> Path:
    """A path that a user has written, which may begin with `~`; raises what `not_empty` does.

    >>> user_path("the file", "a.rnc").name
    'a.rnc'
    """
    return Path(expanded(not_empty(what, os.fspath(path))))
