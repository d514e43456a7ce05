"""How long models take: what is timed, not how long it takes."""

import numpy as np

from rnn_codec.models.find import SHIPPED, load_model
from rnn_codec_lab.benchmark.models import time_coding


def test_a_shipped_model_is_timed() -> None:
    pixels = np.random.default_rng(0).integers(256, size=(32, 48, 3), dtype=np.uint8)
    found = time_coding(load_model(SHIPPED / "flagship"), pixels, 1.0, repetitions=1)
    assert (found["model"], found["width"], found["height"]) == ("flagship", 48, 32)
    assert 0 < found["file_bytes"] <= 32 * 48 / 8
    assert min(found["compress_seconds"], found["decompress_seconds"]) > 0
