"""The inputs of a restoration network other than the picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.format import Settings
from rnn_codec.families.wavelet.gains import FULL, OCTAVE, STEP_UNITS, Gains, blocks
from rnn_codec.families.wavelet.layout import Segment
from rnn_codec.families.wavelet.planes import Shape, told_planes


@dataclass(frozen=True)
class Conditions:
    """Inputs of a restoration network; see `Restoration`.

    Attributes:
        steps: (12,).
        strength: 0 … 1.
        fine: of each block, (H/32, W/32).
    """

    steps: NDArray[np.float32]
    strength: float
    fine: NDArray[np.float32]

    @classmethod
    def of(
        cls, shape: Shape, settings: Settings, segment: Segment | None, gains: Gains
    ) -> "Conditions":
        """Return the conditions of a file up to a segment."""
        # Logarithms of the factors on coefficients, without gains of blocks.
        weights = np.array(gains.scale_exponents()) / OCTAVE + np.log2(STEP_UNITS / gains.step)
        steps = told_planes(shape, settings.first, segment) - weights[:, None]
        of_blocks = np.zeros(blocks(shape))
        if gains.exponents is not None:
            of_blocks += gains.exponents * (gains.of_blocks / OCTAVE)
        fine = steps[-1, 0] - of_blocks
        strength = min(gains.of_scales / FULL, 1.0)
        return cls(steps.ravel().astype(np.float32), strength, fine.astype(np.float32))
