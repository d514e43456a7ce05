"""Draws blocks of photographs, from which a network can be initialised."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnn_codec.families.binary.code import STRIDE
from rnn_codec.families.binary.codec import to_signal


def draw_blocks(pictures: Iterable[NDArray[np.uint8]], per_picture: int, seed: int) -> Tensor:
    """Draw blocks of 16×16 pixels at random, the same in every process and on every machine.

    Args:
        pictures: uint8 (H, W, 3); those with a side below 16 pixels are skipped.
        per_picture: the number of blocks from each picture.
        seed: the seed of the random places.

    Returns:
        Blocks of the signal, −1 … 1, (N, 768): row, column, colour.

    Example:
        >>> draw_blocks([np.zeros((20, 16, 3), np.uint8)], per_picture=2, seed=0).shape
        torch.Size([2, 768])
    """
    rng = np.random.default_rng(seed)
    drawn = [np.empty((0, 3 * STRIDE**2), np.uint8)]
    for picture in pictures:
        rows, columns = (length - STRIDE + 1 for length in picture.shape[:2])
        if rows < 1 or columns < 1:
            continue
        tops, lefts = rng.integers(rows, size=per_picture), rng.integers(columns, size=per_picture)
        places = zip(tops, lefts, strict=True)
        blocks = [picture[top : top + STRIDE, left : left + STRIDE] for top, left in places]
        drawn.append(np.stack(blocks).reshape(per_picture, -1))
    return to_signal(torch.from_numpy(np.concatenate(drawn)))
