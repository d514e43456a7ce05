"""Choose which coefficients a file's last plane makes significant: those that are worth their bits.

Without rounding, a coefficient is significant if it reaches the threshold. It is better to weigh
squared error against the bits that the prior asks for: an unlikely coefficient is left zero, and a
likely one is made significant slightly below the threshold. Decoding does not change.
"""

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.engine import Bytes
from rnn_codec.families.wavelet.group import PROBABILITIES
from rnn_codec.families.wavelet.planes import CENTRES

SLOPE = 0.1
"""The least reduction of squared error for each bit, in squares of the threshold."""

_SIGN = 1.0
_COSTS = np.log2(PROBABILITIES[:, 0] / PROBABILITIES[:, 1]) + _SIGN
"""The additional bits of a one, with its sign, over a zero, by the byte of its logit."""
_TAKEN = 1 + CENTRES[1]
"""The decoded value of a newly significant coefficient, in units of the threshold."""


def rounded(magnitudes: NDArray[np.uint16], plane: int, logits: Bytes) -> NDArray[np.uint16]:
    """Round the magnitudes of coefficients that are not significant before a plane.

    Args:
        magnitudes: with the bits of all planes, like those that are returned.
        logits: of their significance, as bytes.
    """
    threshold = 1 << plane
    taken_off = _TAKEN * (2 / threshold * magnitudes - _TAKEN)
    worth = taken_off >= SLOPE * _COSTS.take(logits)
    raised = np.maximum(magnitudes, threshold)
    return np.where(worth, raised, np.minimum(magnitudes, threshold - 1)).astype(np.uint16)
