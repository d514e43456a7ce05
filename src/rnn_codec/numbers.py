"""Checks of numbers that callers pass: any number type of Python or NumPy, nothing else."""

import operator
from numbers import Real
from typing import Any

from rnn_codec.errors import InvalidOptionError


def whole_number(name: str, value: Any) -> int:
    """Return a value as int; `name` is what the message calls the argument.

    Raises:
        InvalidOptionError: the value is not a whole number.

    >>> whole_number("iterations", "3")
    Traceback (most recent call last):
    rnn_codec.errors.InvalidOptionError: iterations must be a whole number, not '3'
    """
    try:
        # A bool would pass as an index, but is not a count.
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise InvalidOptionError(f"{name} must be a whole number, not {value!r}")


def real_number(name: str, value: Any) -> float:
    """Return a value as float; raises `InvalidOptionError` if it is not a number."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    raise InvalidOptionError(f"{name} must be a number, not {value!r}")
