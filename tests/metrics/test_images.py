"""Pixels as batches."""

import numpy as np
import pytest

from rnn_codec.families.binary.training.codes import to_signs
from rnn_codec.metrics.images import pixels_to_batch

PIXELS = np.random.default_rng(0).integers(0, 256, (9, 14, 3), dtype=np.uint8)

VIEWS = {
    "BGR": PIXELS[..., ::-1],
    "mirrored": PIXELS[:, ::-1],
    "upside down": PIXELS[::-1],
    "every other": PIXELS[::-2, ::3],
    "transposed": PIXELS.swapaxes(0, 1),
    "read only": np.broadcast_to(PIXELS[:1], PIXELS.shape),
}


@pytest.mark.parametrize("view", VIEWS)
def test_any_view_becomes_a_batch(view: str) -> None:
    pixels = VIEWS[view]
    batch = pixels_to_batch(pixels)
    assert np.array_equal(batch[0].numpy().transpose(1, 2, 0), pixels)
    batch.zero_()
    assert PIXELS.any(), "the batch is a copy"


def test_any_view_of_bits_becomes_signs() -> None:
    bits = PIXELS[::-1] > 99
    assert np.array_equal(to_signs(bits).numpy(), 2.0 * bits - 1)
