"""PSNR against scikit-image."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis.extra import numpy as hnp
from skimage.metrics import peak_signal_noise_ratio

from rnn_codec.metrics.psnr import psnr

PIXELS = hnp.arrays(np.uint8, (2, 3, 5, 7))


@given(PIXELS, PIXELS)
def test_agrees_with_scikit_image_per_image(image: np.ndarray, reference: np.ndarray) -> None:
    scores = psnr(torch.from_numpy(image), torch.from_numpy(reference))
    assert scores.dtype == torch.float64
    for score, one, other in zip(scores, image, reference, strict=True):
        with np.errstate(divide="ignore"):
            expected = min(peak_signal_noise_ratio(other, one, data_range=255), 100.0)
        assert float(score) == pytest.approx(expected, abs=1e-9)


def test_identical_images_have_100_decibels_and_nothing_has_more() -> None:
    image = torch.randint(0, 255, (1, 3, 256, 256), dtype=torch.uint8)
    barely = image.clone()
    barely[0, 0, 0, 0] += 1  # 48.1 + 10 log10(196608) = 101.1 dB without the cap
    assert float(psnr(image, image)) == 100.0
    assert float(psnr(barely, image)) == 100.0


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (torch.zeros(1, 3, 8, 8), TypeError),
        (torch.zeros(3, 8, 8, dtype=torch.uint8), ValueError),
        (torch.zeros(1, 1, 8, 8, dtype=torch.uint8), ValueError),
        (torch.zeros(2, 3, 8, 8, dtype=torch.uint8), ValueError),
    ],
)
def test_refuses_what_is_not_a_pair_of_uint8_rgb(image: torch.Tensor, error: type) -> None:
    with pytest.raises(error):
        psnr(image, torch.zeros(1, 3, 8, 8, dtype=torch.uint8))
