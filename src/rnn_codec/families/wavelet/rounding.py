"""Which coefficients a file's last plane makes significant: those that are worth their bits.

A coefficient of at least the threshold is significant, as the plane has it. For the picture it is
better to weigh squared error against what the prior asks for: one that nobody expects is left zero,
and one that is expected is made significant a little below the threshold. Files decode as ever.
"""

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.engine import Bytes
from rnn_codec.families.wavelet.group import PROBABILITIES
from rnn_codec.families.wavelet.planes import CENTRES

SLOPE = 0.1
"""Squared error that a bit must take off, in squares of the threshold."""

_SIGN = 1.0
_COSTS = np.log2(PROBABILITIES[:, 0] / PROBABILITIES[:, 1]) + _SIGN
"""Bits that a one takes more than a zero, by the byte of its logit."""
_TAKEN = 1 + CENTRES[1]
"""For what a new coefficient is taken, in units of the threshold."""


def rounded(magnitudes: NDArray[np.uint16], plane: int, logits: Bytes) -> NDArray[np.uint16]:
    """Magnitudes of coefficients that are not significant above a plane, as it is to tell them.

    Args:
        magnitudes: of all planes; so are those that are returned.
        logits: of their significance, in bytes.
    """
    threshold = 1 << plane
    taken_off = _TAKEN * (2 / threshold * magnitudes - _TAKEN)
    worth = taken_off >= SLOPE * _COSTS.take(logits)
    raised = np.maximum(magnitudes, threshold)
    return np.where(worth, raised, np.minimum(magnitudes, threshold - 1)).astype(np.uint16)
