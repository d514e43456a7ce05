"""Where bits go: sensitivities of blocks, and the gains that tunes and masks derive from them."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rnn_codec.families.wavelet.scaling.residual_scaling import (
    C2,
    MIDDLE,
    ResidualScaling,
    sensitivities,
)
from rnn_codec.families.wavelet.training.coefficients import sensitivity


def picture(height: int, width: int) -> NDArray[np.uint8]:
    """A picture that is smooth on the left, with noise that grows to the right."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (height, width, 3)) * np.linspace(0, 50, width)[None, :, None]
    return (128 + noise).clip(0, 255).astype(np.uint8)


def test_they_are_those_of_training() -> None:
    pixels = picture(96, 160)
    in_training = sensitivity(torch.from_numpy(pixels).permute(2, 0, 1)[None])[0, 0].numpy()
    assert np.array_equal(np.rint(sensitivities(pixels)), 2 * in_training)


def test_a_flat_block_has_the_weight_of_no_variance() -> None:
    flat = np.full((70, 33, 3), 90, np.uint8)
    found = sensitivities(flat)
    assert found.shape == (3, 2)
    np.testing.assert_allclose(found, np.log2(1 / C2) + MIDDLE, rtol=1e-4)


def test_smooth_blocks_have_larger_gains() -> None:
    gains = ResidualScaling().gains(picture(64, 320), "ms-ssim", None)
    assert gains.exponents is not None
    assert np.all(np.diff(gains.exponents.mean(0)) <= 0)
    assert gains.exponents.max() > gains.exponents.min() + 2


@pytest.mark.parametrize(("tune", "strength"), [("psnr", 0), ("balanced", 4), ("ms-ssim", 8)])
def test_tunes_are_strengths(tune: str, strength: int) -> None:
    gains = ResidualScaling().gains(picture(64, 64), tune, None)
    assert (gains.of_scales, gains.of_blocks) == (strength, strength)
    assert (gains.exponents is None) == (strength == 0)


@pytest.mark.parametrize("tune", ["psnr", "balanced", "ms-ssim"])
def test_a_mask_counts_the_same_whatever_the_tune(tune: str) -> None:
    pixels, mask = picture(64, 128), np.zeros((64, 128), np.uint8)
    mask[:, 64:] = 255
    scaling = ResidualScaling()
    black = scaling.gains(pixels, tune, np.zeros_like(mask))
    half = scaling.gains(pixels, tune, mask)
    assert black.exponents is not None
    assert half.exponents is not None
    more = half.exponents.astype(int) - black.exponents
    assert np.array_equal(more, [[0, 0, 8, 8]] * 2)
    # Each unit is 8/32 of an octave: black to white makes two octaves, a gain of 4.
    assert half.of_blocks == 8
