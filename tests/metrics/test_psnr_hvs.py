"""PSNR-HVS against SciPy's DCT, block by block, and against values of another implementation."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dctn

from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.psnr_hvs import (
    CONTRAST_SENSITIVITY,
    psnr_hvs_colour,
    psnr_hvs_luma,
)

# PSNR-HVS of `pattern_pair(strength)` by the package psnr-hvsm 0.3.0 (NumPy backend), which agrees
# with the authors' MATLAB code: of luma as `LUMA_WEIGHTS` @ RGB + 16, and of R, G, B separately.
GOLDEN = {
    1: (34.59041000084578, (32.34266501273155, 30.321512381029706, 28.917514705309134)),
    3: (25.047984906452534, (22.8002399183383, 20.779087286636454, 19.375089610915886)),
}
LUMA_WEIGHTS = np.array([65.481, 128.553, 24.966]) / 255


def pattern_pair(strength: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of 64×96 waves with a regular pattern added, and the waves."""
    y, x = np.mgrid[0:64, 0:96]
    waves = [128 + 90 * np.sin(x / (5 + c)) * np.cos(y / (7 + c)) for c in range(3)]
    reference = np.clip(np.rint(np.stack(waves, -1)), 0, 255).astype(np.uint8)
    pattern = ((x * 37 + y * 91)[..., None] * np.array([1, 3, 5]) % 23) - 11
    image = np.clip(reference.astype(int) + pattern * strength, 0, 255).astype(np.uint8)
    return image, reference


def decibels(error: float) -> float:
    return float(10 * np.log10(255**2 / error))


def slow_error(difference: np.ndarray) -> float:
    """Return the weighted error of one plane, (H, W), by SciPy's DCT, block by block."""
    height, width = difference.shape
    errors = []
    for top in range(0, height - 7, 8):
        for left in range(0, width - 7, 8):
            block = difference[top : top + 8, left : left + 8]
            coefficients = dctn(block, norm="ortho") * np.array(CONTRAST_SENSITIVITY)
            errors.append((coefficients**2).mean())
    return float(np.mean(errors))


@pytest.mark.parametrize("strength", GOLDEN)
def test_agrees_with_another_implementation(strength: int) -> None:
    image, reference = (pixels_to_batch(pixels) for pixels in pattern_pair(strength))
    luma, planes = GOLDEN[strength]
    mean_error = np.mean([255**2 / 10 ** (plane / 10) for plane in planes])
    assert float(psnr_hvs_luma(image, reference)) == pytest.approx(luma, abs=1e-9)
    assert float(psnr_hvs_colour(image, reference)) == pytest.approx(decibels(mean_error), abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(8, 40), st.integers(8, 40), st.integers(0, 2**32 - 1))
def test_agrees_with_blocks_transformed_by_scipy(height: int, width: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    image, reference = generator.integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    difference = image.astype(float) - reference
    colour = np.mean([slow_error(difference[..., c]) for c in range(3)])
    luma = slow_error(difference @ LUMA_WEIGHTS)
    pair = pixels_to_batch(image), pixels_to_batch(reference)
    assert float(psnr_hvs_colour(*pair)) == pytest.approx(decibels(float(colour)), abs=1e-9)
    assert float(psnr_hvs_luma(*pair)) == pytest.approx(decibels(luma), abs=1e-9)


def test_scores_each_image_of_a_batch() -> None:
    pairs = [tuple(map(pixels_to_batch, pattern_pair(strength))) for strength in (1, 3)]
    image, reference = (torch.cat(tensors) for tensors in zip(*pairs, strict=True))
    for score in (psnr_hvs_luma, psnr_hvs_colour):
        expected = [float(score(*pair)) for pair in pairs]
        assert score(image, reference).tolist() == pytest.approx(expected)


def test_needs_a_block() -> None:
    image = torch.zeros(1, 3, 7, 64, dtype=torch.uint8)
    with pytest.raises(ValueError, match="at least 8 pixels"):
        psnr_hvs_colour(image, image)
