"""The protocol of scalings: a picture, and what its bits are for, to gains."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.gains import Gains
from rnn_codec.registry import Registry

STEP = 32
"""In units of 1/32: coefficients are told to whole numbers, some 55 dB."""


class Scaling(Protocol):
    """How the coefficients of pictures are scaled."""

    @property
    def tunes(self) -> tuple[str, ...]:
        """What bits can be spent for; the first is the default."""

    def gains(
        self, pixels: NDArray[np.uint8], tune: str, importance: NDArray[np.uint8] | None
    ) -> Gains:
        """Of a picture (H, W, 3).

        Args:
            tune: one of `tunes`.
            importance: (H, W), white where the picture matters; None if it does everywhere.
        """


SCALINGS: Registry[type[Scaling]] = Registry(
    "reconstruction of the wavelet family", "rnn_codec.families.wavelet.scaling"
)
