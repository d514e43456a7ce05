"""A picture of what a codec reconstructs: the original and some iterations, with their rates."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from rnn_codec.errors import UserError
from rnn_codec.families.binary.code import MAX_ITERATIONS
from rnn_codec.families.binary.codec import RecurrentCodec
from rnn_codec.files import atomic_path
from rnn_codec.metrics.psnr import psnr

SHOWN = (1, 2, 4, 8, 16)
"""Iterations in the picture, beside the original, as far as the codec has them."""
COLUMNS = 3
MOST_NAMED = 24
"""Images that an error lists."""
INCHES = 4.2


def chosen_picture(
    images: Sequence[tuple[str, NDArray[np.uint8]]], name: str | None
) -> tuple[str, NDArray[np.uint8]]:
    """The picture of a name, with it; the first for None.

    Raises:
        UserError: there is none of that name.
    """
    if name is None:
        return images[0]
    found = dict(images)
    if str(name) not in found:
        listed = ", ".join(list(found)[:MOST_NAMED]) + (", …" if len(found) > MOST_NAMED else "")
        raise UserError(f"picture={name} is none of the images: {listed}")
    return str(name), found[str(name)]


def labelled_reconstructions(
    codec: RecurrentCodec, image: Tensor
) -> list[tuple[str, NDArray[np.uint8]]]:
    """The original and the iterations shown, as (label, pixels); `image` is uint8 (1, 3, H, W)."""
    iterations = min(MAX_ITERATIONS, codec.iterations)
    codes = codec.encode(image, iterations)
    rate = codes.bits_per_pixel / iterations
    labelled = [("original", image)]
    for iteration, decoded in enumerate(codec.decode(codes), start=1):
        if iteration in SHOWN:
            score = float(psnr(decoded, image))
            labelled.append((f"{iteration * rate:.3g} bpp, {score:.1f} dB", decoded))
    return [(label, picture[0].permute(1, 2, 0).cpu().numpy()) for label, picture in labelled]


def draw_reconstructions(path: Path, codec: RecurrentCodec, image: Tensor) -> None:
    """Draw the original and its reconstructions after the iterations `SHOWN` into a file.

    `image` is uint8 (1, 3, H, W) on the codec's device; the suffix of `path` names the format; the
    file is whole or absent.
    """
    pictures = labelled_reconstructions(codec, image)
    rows = -(-len(pictures) // COLUMNS)
    height, width = pictures[0][1].shape[:2]
    size = (INCHES * COLUMNS, (INCHES * height / width + 0.3) * rows)
    figure = Figure(figsize=size, layout="constrained", dpi=110)
    for place, (label, pixels) in enumerate(pictures, start=1):
        axes = figure.add_subplot(rows, COLUMNS, place)
        axes.imshow(pixels)
        axes.set_title(label, fontsize=10)
        axes.set_axis_off()
        # Their labels, which are not drawn, would be measured all the same, a dozen times each.
        axes.xaxis.set_visible(False)
        axes.yaxis.set_visible(False)
    with atomic_path(path) as partial:
        figure.savefig(partial)
