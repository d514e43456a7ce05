"""Optional packages, and the extras of rnn-codec that install them."""

from collections.abc import Iterator
from contextlib import contextmanager

from rnn_codec.errors import UserError

EXTRAS = {"plotly": "report"}
"""The extra that installs a package, unless it is `train`."""


class MissingPackageError(UserError):
    """Something needs a package that is not installed."""


@contextmanager
def explained_extras(who: str, *own: str) -> Iterator[None]:
    """If a package cannot be imported, say which extra installs it.

    Args:
        who: what needs the package, for the message.
        own: packages of the running code, which no extra installs. A missing module of theirs is a
            bug, which is raised as it is.

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
