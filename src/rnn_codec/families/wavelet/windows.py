"""Means over the windows around positions."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray


def window_means(x: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """The means of windows with an odd side around each position of (h, w).

    Positions outside repeat the last ones inside.

    >>> window_means(np.float32([[0, 0, 3]]), 3)
    array([[0., 1., 2.]], dtype=float32)
    """
    padded = np.pad(x, side // 2, mode="edge")
    rows = sliding_window_view(padded, side, axis=0).mean(-1)
    return sliding_window_view(rows, side, axis=1).mean(-1)
