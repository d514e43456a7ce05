"""Classic codecs at equal bytes: the best quality whose file is not larger than another file."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rnn_codec_lab.baselines.classic import PillowCodec


def every_quality(codec: PillowCodec, pixels: NDArray[np.uint8]) -> dict[int, bytes]:
    """The files of a picture (H, W, 3), uint8 RGB, by quality, for a codec of whole qualities."""
    lowest, highest = codec.quality_limits
    return {
        quality: codec.encode(pixels, quality) for quality in range(int(lowest), int(highest) + 1)
    }


def best_within(files: Mapping[int, bytes], limit: int) -> int | None:
    """The highest quality whose file has at most `limit` bytes; None if even the smallest has more.

    >>> files = {1: b"12", 2: b"123", 3: b"1234"}
    >>> best_within(files, 3), best_within(files, 1)
    (2, None)
    """
    return max((quality for quality, data in files.items() if len(data) <= limit), default=None)
