"""Measure a classic codec over a data set."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from rnn_codec.baselines.classic import ClassicCodec
from rnn_codec.evaluation.measurement import Measurement, measure


def evaluate_baseline(
    codec: ClassicCodec, images: Iterable[tuple[str, NDArray[np.uint8]]]
) -> Iterator[Measurement]:
    """Yield a measurement of each (name, (H, W, 3) uint8 pixels) at each quality of the codec.

    Yields as it goes, `len(codec.qualities)` times per image, so that a caller may show progress.
    Raises `ImageTooSmallError` if a side is 160 pixels or less.
    """
    for name, pixels in images:
        for quality in codec.qualities:
            data = codec.encode(pixels, quality)
            yield measure(name, quality, len(data), codec.decode(data), pixels)
