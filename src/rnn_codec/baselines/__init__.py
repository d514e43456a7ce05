"""Classic codecs to compare with, at the true sizes of the files they write.

>>> import numpy as np
>>> jpeg = codec("jpeg_420")
>>> data = jpeg.encode(np.zeros((16, 24, 3), np.uint8), quality=75)
>>> jpeg.decode(data).shape
(16, 24, 3)
"""

from rnn_codec.baselines.classic import ClassicCodec
from rnn_codec.baselines.registry import UnknownCodecError, codec, names

__all__ = ["ClassicCodec", "UnknownCodecError", "codec", "names"]
