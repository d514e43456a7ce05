"""No gains: every plane adds the same precision everywhere [Toderici 2017, section 2.2.2]."""

import numpy as np
from numpy.typing import NDArray

from rnn_codec.errors import UserError
from rnn_codec.families.wavelet.gains import Gains
from rnn_codec.families.wavelet.scaling.protocol import SCALINGS, STEP


@SCALINGS.register("additive")
class AdditiveScaling:
    """See `Scaling`."""

    tunes: tuple[str, ...] = ("psnr",)

    def gains(
        self, pixels: NDArray[np.uint8], tune: str, importance: NDArray[np.uint8] | None
    ) -> Gains:
        if importance is not None:
            raise UserError(
                "this model has no gains (recon=additive): --importance needs one trained with "
                "recon=residual_scaling"
            )
        return Gains(STEP)
