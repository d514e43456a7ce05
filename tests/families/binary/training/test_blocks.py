"""Blocks of photographs: from random places, the same every time."""

import numpy as np

from rnn_codec.families.binary.training.blocks import draw_blocks


def test_blocks_are_cut_out_of_their_picture() -> None:
    picture = np.arange(20 * 30 * 3, dtype=np.int64).reshape(20, 30, 3)
    blocks = draw_blocks([(picture % 251).astype(np.uint8)], per_picture=50, seed=3)
    windows = np.lib.stride_tricks.sliding_window_view(picture % 251, (16, 16, 3))[..., 0, :, :, :]
    known = {tuple(window.ravel()) for row in windows for window in row}
    levels = ((blocks.numpy() + 1) * 127.5).round().astype(np.int64)
    assert all(tuple(block) in known for block in levels)
    assert len({tuple(block) for block in levels}) > 10


def test_the_same_blocks_every_time_and_none_of_small_pictures() -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (h, 40, 3), dtype=np.uint8) for h in (15, 16, 50)]
    one, again = (draw_blocks(pictures, 4, seed=1) for _ in range(2))
    assert one.shape == (8, 768)
    assert (one == again).all()
    assert (draw_blocks(pictures[1:], 4, seed=1) == one).all()
    assert not (draw_blocks(pictures, 4, seed=2) == one).all()
    assert draw_blocks(pictures[:1], 4, seed=1).shape == (0, 768)
