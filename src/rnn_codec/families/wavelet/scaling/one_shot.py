"""As residual_scaling, and a network restores the picture at the end: one that predicts it whole.

The paper's one-shot reconstruction [Toderici 2017, section 2.2.1] predicts the picture anew from
all that is known, in every iteration; here it is done once, by the decoder.
"""

from rnn_codec.families.wavelet.scaling.protocol import SCALINGS
from rnn_codec.families.wavelet.scaling.residual_scaling import ResidualScaling


@SCALINGS.register("one_shot")
class OneShot(ResidualScaling):
    """See `Scaling`; the network is in `families.wavelet.restoration`."""
