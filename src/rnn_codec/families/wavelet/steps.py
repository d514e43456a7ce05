"""Which step a file is coded with, so that it ends where a plane does.

Within a plane every bit takes off about as much of the error, and four times less in the next: a
file is best for its size at the end of a plane, and worst in the middle of one. The step is free
within an octave, so planes can end at any size.
"""

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.gains import MOST_STEP, STEP_UNITS
from rnn_codec.families.wavelet.layout import PLANES
from rnn_codec.families.wavelet.planes import Planes

FINE_STEP = 4
"""Of coefficients that are counted, in units of 1/32."""
BITS = 4.9
"""That files take for each coefficient that is not zero, with its sign, its other bits, and the
zeros around it: over photographs and rates it differs by a few per cent. To it belongs that a file
ends a little behind its plane."""
LEAST_PLANES = 1
"""Behind the one that a file is to end with, for where it ends a little later."""
THRESHOLDS = tuple(2.0 ** (number / 128) for number in range(13 * 128))
"""That pictures are tried with where a quality is to be reached: some .05 dB apart."""


def counts(planes: Planes) -> NDArray[np.int64]:
    """How many coefficients have at least the magnitude of each index."""
    of_each = np.zeros(1 << PLANES, np.int64)
    for magnitudes in planes.magnitudes:
        of_each += np.bincount(magnitudes.ravel(), minlength=len(of_each))
    return of_each[::-1].cumsum()[::-1]


def threshold(at_least: NDArray[np.int64], bits: float) -> float:
    """What coefficients are told to in a file of so many bits, in units of 1.

    Args:
        at_least: see `counts`, of coefficients in units of `FINE_STEP`.
    """
    significant = max(bits / BITS, 1.0)
    # The counts fall: the first that is not above.
    index = max(int(np.searchsorted(-at_least, -significant)), 1)
    return index * FINE_STEP / STEP_UNITS


def step_with(threshold: float) -> int:
    """The step, in units of 1/32, with which a plane tells coefficients to a threshold.

    >>> step_with(64.0), step_with(65.0), step_with(2.0)
    (128, 130, 32)
    """
    return max(round(threshold * STEP_UNITS / 2 ** plane_of(threshold)), 1)


def plane_of(threshold: float) -> int:
    """The plane that does so: the lowest from 1 on, for steps are told apart best if large.

    >>> plane_of(64.0), plane_of(2.0)
    (4, 1)
    """
    plane = LEAST_PLANES
    while round(threshold * STEP_UNITS / 2**plane) > MOST_STEP:
        plane += 1
    return plane
