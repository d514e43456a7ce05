"""Packages that only some of rnn-codec needs, and the extras of its installation with them."""

from collections.abc import Iterator
from contextlib import contextmanager

from rnn_codec.errors import UserError

EXTRAS = {"plotly": "report"}
"""By the package, where it is not `train`."""


class MissingPackageError(UserError):
    """Something needs a package that is not installed."""


@contextmanager
def explained_extras(who: str, *own: str) -> Iterator[None]:
    """Say which extra brings a package that cannot be imported.

    Args:
        who: needs it, for the sentence.
        own: packages that are no extra's, but of whom is at work: that one of their modules is
            missing is a mistake of theirs.

    Raises:
        MissingPackageError: a package is not installed.

    >>> with explained_extras("rnn-codec report"):
    ...     raise ModuleNotFoundError(name="plotly.offline")
    Traceback (most recent call last):
    rnn_codec.extras.MissingPackageError: rnn-codec report needs plotly, of the extra report: pip \
install 'rnn-codec[report]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in {"", __name__.partition(".")[0], *own}:
            raise
        extra = EXTRAS.get(missing, "train")
        raise MissingPackageError(
            f"{who} needs {missing}, of the extra {extra}: pip install 'rnn-codec[{extra}]'"
        ) from error
