"""How long a model takes from pixels to a file, and back."""

from functools import partial
from timeit import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_codec.models.protocol import Model
from rnn_codec.rates import BitsPerPixel


def time_coding(
    model: Model, pixels: NDArray[np.uint8], bits_per_pixel: float, repetitions: int
) -> dict[str, Any]:
    """Code a picture (H, W, 3) and decode it, several times each; the fastest count.

    Returns:
        A row of bench.json: name of the model, size of picture and file, the rate asked for, and
        seconds from pixels to bytes and back.
    """
    rate = BitsPerPixel(bits_per_pixel)
    # Untimed: it compiles the integer coder, or loads what was compiled.
    data = model.compress(pixels, rate)
    model.decompress(data)
    seconds = partial(repeat, number=1, repeat=repetitions)
    return {
        "model": model.path.name,
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "bits_per_pixel": bits_per_pixel,
        "file_bytes": len(data),
        "compress_seconds": min(seconds(lambda: model.compress(pixels, rate))),
        "decompress_seconds": min(seconds(lambda: model.decompress(data))),
    }
