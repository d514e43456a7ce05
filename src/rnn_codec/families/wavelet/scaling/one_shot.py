"""As residual_scaling, with a restoration network that predicts the whole picture at the end.

The paper's one-shot reconstruction [Toderici 2017, section 2.2.1] predicts the picture again in
every iteration, from all that is known; here the decoder does so once.
"""

from rnn_codec.families.wavelet.scaling.protocol import SCALINGS
from rnn_codec.families.wavelet.scaling.residual_scaling import ResidualScaling


@SCALINGS.register("one_shot")
class OneShot(ResidualScaling):
    """See `Scaling`; the network is in `families.wavelet.restoration`."""
