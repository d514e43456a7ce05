"""The protocol of scalings: from a picture and a tune to gains."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.gains import Gains
from rnn_codec.registry import Registry

STEP = 32
"""The default step in units of 1/32: coefficients are coded to whole numbers, about 55 dB."""


class Scaling(Protocol):
    """How the coefficients of pictures are scaled."""

    @property
    def tunes(self) -> tuple[str, ...]:
        """The available tunes; the first is the default."""

    def gains(
        self, pixels: NDArray[np.uint8], tune: str, importance: NDArray[np.uint8] | None
    ) -> Gains:
        """The gains of a picture (H, W, 3).

        Args:
            tune: one of `tunes`.
            importance: a mask (H, W), white where the picture matters; None for everywhere.
        """


SCALINGS: Registry[type[Scaling]] = Registry(
    "reconstruction of the wavelet family", "rnn_codec.families.wavelet.scaling"
)
