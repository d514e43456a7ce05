"""One image at one point of a codec's range."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.ms_ssim import SHORTEST_SIDE, ImageTooSmallError
from rnn_codec.metrics.scores import score_pair


@dataclass(frozen=True)
class Measurement:
    """What one image costs and how good it is, at one setting of a codec."""

    image: str
    """The image's name in its data set."""
    point: int | float
    """The iteration, counted from 1, of a neural codec; the quality of a classic one."""
    bpp: float
    """Bits of the whole file, header and all, per pixel of the image."""
    scores: Mapping[str, float]
    """By metric, the names of `SCORES`."""


@dataclass(frozen=True)
class MeasuredFile:
    """A file of one image, and what it decodes to."""

    file_bytes: int
    """Header included."""
    bpp: float
    """The same in bits per pixel."""
    scores: Mapping[str, float]
    """Against the original, by metric."""
    pixels: NDArray[np.uint8]
    """(H, W, 3), RGB."""


def check_measurable(image: str, pixels: NDArray[np.uint8]) -> None:
    """Raise `ImageTooSmallError`, naming the image, if MS-SSIM cannot score (H, W, 3) pixels."""
    height, width = pixels.shape[:2]
    if min(height, width) < SHORTEST_SIDE:
        raise ImageTooSmallError(
            f"{image} is {width}×{height} pixels: MS-SSIM needs sides of {SHORTEST_SIDE} or more, "
            "so leave it out or enlarge it"
        )


def measure(
    image: str,
    point: int | float,
    size: int,
    decoded: NDArray[np.uint8],
    original: NDArray[np.uint8],
) -> Measurement:
    """Measure a file of `size` bytes that decodes to `decoded`; pixels are (H, W, 3) uint8.

    Raises `ImageTooSmallError` if a side is 160 pixels or less, `ValueError` for unequal shapes.
    """
    file = measure_file(size, decoded, original)
    return Measurement(image, point, file.bpp, file.scores)


def measure_file(
    size: int, decoded: NDArray[np.uint8], original: NDArray[np.uint8]
) -> MeasuredFile:
    """As `measure`, with the pixels."""
    height, width = original.shape[:2]
    scores = score_pair(pixels_to_batch(decoded)[0], pixels_to_batch(original)[0])
    return MeasuredFile(size, 8 * size / (height * width), scores, decoded)
