"""How long a model takes from pixels to a file, and back."""

from dataclasses import dataclass
from functools import partial
from timeit import repeat

import numpy as np
from numpy.typing import NDArray

from rnn_codec.models.protocol import Model
from rnn_codec.rates import BitsPerPixel


@dataclass(frozen=True)
class CodingTime:
    """A picture, coded once.

    Attributes:
        model: its folder's name.
        width: of the picture, pixels.
        height: of the picture, pixels.
        bits_per_pixel: asked for.
        file_bytes: length of the file.
        compress_seconds: networks, entropy coder and all.
        decompress_seconds: from bytes to pixels.
    """

    model: str
    width: int
    height: int
    bits_per_pixel: float
    file_bytes: int
    compress_seconds: float
    decompress_seconds: float


def time_coding(
    model: Model, pixels: NDArray[np.uint8], bits_per_pixel: float, repetitions: int
) -> CodingTime:
    """Code a picture (H, W, 3) and decode it, several times each; the fastest count."""
    rate = BitsPerPixel(bits_per_pixel)
    # Untimed: it compiles the integer coder, or loads what was compiled.
    data = model.compress(pixels, rate)
    model.decompress(data)
    seconds = partial(repeat, number=1, repeat=repetitions)
    return CodingTime(
        model=model.path.name,
        width=pixels.shape[1],
        height=pixels.shape[0],
        bits_per_pixel=bits_per_pixel,
        file_bytes=len(data),
        compress_seconds=min(seconds(lambda: model.compress(pixels, rate))),
        decompress_seconds=min(seconds(lambda: model.decompress(data))),
    )
