"""Choose the step of a file so that it ends where a plane does.

Within a plane every bit reduces the error by about the same amount, and by a quarter of it in the
next plane. So for its size a file is best at the end of a plane and worst in the middle of one. The
step is free within an octave, so planes can end at any size.
"""

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.gains import MOST_STEP, STEP_UNITS
from rnn_codec.families.wavelet.layout import PLANES
from rnn_codec.families.wavelet.planes import Planes

FINE_STEP = 4
"""The step of the coefficients that are counted, in units of 1/32."""
BITS = 4.9
"""Bits of a file per nonzero coefficient, with its sign, its other bits, and the zeros around it.

The number varies by a few per cent between photographs and rates. It includes that a file ends
slightly after its plane."""
LEAST_PLANES = 1
"""The fewest planes after the one that a file is to end with, as it may end slightly later."""
THRESHOLDS = tuple(2.0 ** (number / 128) for number in range(13 * 128))
"""The thresholds that are tried to reach a quality: about 0.05 dB apart."""


def counts(planes: Planes) -> NDArray[np.int64]:
    """The number of coefficients whose magnitude is at least the index."""
    of_each = np.zeros(1 << PLANES, np.int64)
    for magnitudes in planes.magnitudes:
        of_each += np.bincount(magnitudes.ravel(), minlength=len(of_each))
    return of_each[::-1].cumsum()[::-1]


def threshold(at_least: NDArray[np.int64], bits: float) -> float:
    """The threshold to which a file of this many bits codes coefficients, in units of 1.

    Args:
        at_least: the `counts` of coefficients in units of `FINE_STEP`.
    """
    significant = max(bits / BITS, 1.0)
    # The counts decrease: find the first that is not above `significant`.
    index = max(int(np.searchsorted(-at_least, -significant)), 1)
    return index * FINE_STEP / STEP_UNITS


def step_with(threshold: float) -> int:
    """The step, in units of 1/32, with which a plane codes coefficients to a threshold.

    >>> step_with(64.0), step_with(65.0), step_with(2.0)
    (128, 130, 32)
    """
    return max(round(threshold * STEP_UNITS / 2 ** plane_of(threshold)), 1)


def plane_of(threshold: float) -> int:
    """The plane of `step_with`: the lowest from 1 on, because large steps are graded most finely.

    >>> plane_of(64.0), plane_of(2.0)
    (4, 1)
    """
    plane = LEAST_PLANES
    while round(threshold * STEP_UNITS / 2**plane) > MOST_STEP:
        plane += 1
    return plane
