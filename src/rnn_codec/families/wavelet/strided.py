"""Copy coefficients between the arrays of a scale and of a group, one channel at a time.

NumPy is fast along long rows: a group of luma would otherwise be copied three numbers at a time.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

S = TypeVar("S", bound=np.generic)


def gathered(x: NDArray[S]) -> NDArray[S]:
    """A contiguous copy of a view (h, w, N), such as every other row and column of an array.

    >>> gathered(np.arange(16).reshape(4, 4, 1)[1::2, 1::2]).ravel()
    array([ 5,  7, 13, 15])
    """
    found = np.empty(x.shape, x.dtype)
    scatter(x, found)
    return found


def scatter(x: NDArray[S], into: NDArray[S]) -> None:
    """Undo `gathered`: overwrite a view of the same shape."""
    for channel in range(x.shape[2]):
        into[..., channel] = x[..., channel]


def mark(x: NDArray[np.bool_], into: NDArray[np.bool_]) -> None:
    """As `scatter`, but values that are already true stay true."""
    for channel in range(x.shape[2]):
        into[..., channel] |= x[..., channel]
