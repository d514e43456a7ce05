"""Scores of pixels without PyTorch, against those with it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_codec.errors import UserError
from rnn_codec.metrics import pixels
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.scores import SCORES


@given(st.integers(161, 230), st.integers(161, 230), st.floats(0, 90), st.integers(0, 99))
@settings(max_examples=12, deadline=None)
def test_scores_are_those_of_pytorch(height: int, width: int, noise: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = np.stack([128 + 90 * np.sin(x / 9 + c) * np.cos(y / 14) for c in range(3)], -1)
    reference = waves.astype(np.uint8)
    found = (waves + rng.normal(0, noise, waves.shape)).clip(0, 255).astype(np.uint8)
    batches = pixels_to_batch(found), pixels_to_batch(reference)
    for name, score in pixels.SCORES.items():
        assert score(found, reference) == pytest.approx(float(SCORES[name](*batches)), abs=2e-5)


def test_equal_pictures_have_the_highest_scores() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (170, 180, 3), np.uint8)
    assert pixels.psnr(picture, picture) == SCORES["psnr"].highest
    assert pixels.ms_ssim(picture, picture) == pytest.approx(1.0)


def test_small_pictures_have_no_ms_ssim() -> None:
    small = np.zeros((160, 300, 3), np.uint8)
    with pytest.raises(UserError, match="161×161 pixels, not 300×160"):
        pixels.ms_ssim(small, small)
