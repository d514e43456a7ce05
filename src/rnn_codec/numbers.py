"""Numbers that callers give: of any kind of Python's or NumPy's, and nothing else."""

import operator
from numbers import Real
from typing import Any

from rnn_codec.errors import InvalidOptionError


def whole_number(name: str, value: Any) -> int:
    """A whole number, for an argument of a name.

    Raises:
        InvalidOptionError: it is something else.

    >>> whole_number("iterations", "3")
    Traceback (most recent call last):
    rnn_codec.errors.InvalidOptionError: iterations must be a whole number, not '3'
    """
    try:
        # A bool is an index, too, but nobody counts with it.
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise InvalidOptionError(f"{name} must be a whole number, not {value!r}")


def real_number(name: str, value: Any) -> float:
    """A number; raises as `whole_number`."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    raise InvalidOptionError(f"{name} must be a number, not {value!r}")
