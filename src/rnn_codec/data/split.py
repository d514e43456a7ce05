"""The split of pictures into those trained on and those held out."""

from dataclasses import dataclass

import numpy as np
from lightning.pytorch.utilities import rank_zero_warn
from numpy.typing import NDArray

from rnn_codec.data.decoding import DecodedImages
from rnn_codec.errors import UserError
from rnn_codec.metrics.ms_ssim import SHORTEST_SIDE


@dataclass(frozen=True)
class Split:
    """Pictures for training, and held-out pictures for validation."""

    training: DecodedImages
    validation: DecodedImages


def large_enough(images: DecodedImages, side: int, use: str) -> DecodedImages:
    """The pictures with both sides at least `side`; a warning names each of the others.

    Raises:
        UserError: no picture is left.
    """
    enough = images.shortest_sides >= side
    for index in np.flatnonzero(~enough):
        size = f"{images.widths[index]}×{images.heights[index]}"
        rank_zero_warn(
            f"left out of {use}: {images.names[index]} is {size}, but sides must be at least {side}"
        )
    if not enough.any():
        raise UserError(
            f"no picture is left for {use}: it needs some with sides of {side} pixels or more that "
            "are not used otherwise; set data.root and data.validation_root to two such folders"
        )
    return images.select(np.flatnonzero(enough).tolist())


def hold_out(images: DecodedImages, every: int) -> DecodedImages:
    """The first picture that is large enough to measure, and every `every`-th of these after it."""
    measurable = np.flatnonzero(images.shortest_sides >= SHORTEST_SIDE)
    return images.select(measurable[::every].tolist())


def without(images: DecodedImages, held_out: DecodedImages) -> DecodedImages:
    """The pictures without those that have the same pixels as a held-out one."""
    known = set(held_out.digests)
    return images.select([i for i, digest in enumerate(images.digests) if digest not in known])


def spread(available: int, most: int) -> list[int]:
    """Indices of at most `most` items, spread evenly over `available` items.

    >>> spread(10, 3), spread(2, 3)
    ([0, 3, 6], [0, 1])
    """
    chosen = min(available, most)
    return [index * available // chosen for index in range(chosen)]


def centre_crop(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """The centre of a picture (H, W, 3), of at most `height` rows and `width` columns."""
    top, left = max(picture.shape[0] - height, 0) // 2, max(picture.shape[1] - width, 0) // 2
    return picture[top : top + height, left : left + width]
