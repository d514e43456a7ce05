"""The distortions that an encoder weighs, against the metrics."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from rnn_codec.errors import InvalidOptionError
from rnn_codec.families.binary.distortion import (
    CONTRAST,
    DISTORTIONS,
    POWER,
    SCALE_WEIGHTS,
    distortion_named,
    structural_error,
    weighted_error,
)
from rnn_codec.metrics.ms_ssim import ms_ssim


def photograph(seed: int = 0, height: int = 192, width: int = 208) -> Tensor:
    """A signal with flat and busy parts, (1, 3, H, W)."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(3, height, width)).cumsum(axis=1).cumsum(axis=2) / 400
    busy = rng.normal(size=(3, height, width)) * np.linspace(0, 0.4, width) ** 2
    return torch.from_numpy((np.sin(noise) * 0.6 + busy).clip(-1, 1)[None]).float()


def as_pixels(signal: Tensor) -> Tensor:
    return ((signal + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def test_squared_error_over_variance() -> None:
    x = photograph()
    y = (x + 0.1 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)
    blocks = (x.double() * 127.5).view(3, 12, 16, 13, 16)
    variance = blocks.var(dim=(2, 4), unbiased=False).mean(dim=0)
    error = ((y - x).double() * 127.5).view(3, 12, 16, 13, 16).square().mean(dim=(0, 2, 4))
    expected = error / (variance + CONTRAST) ** POWER
    assert torch.allclose(weighted_error(POWER, x)(y)[0].double(), expected, rtol=1e-3)
    assert torch.allclose(weighted_error(0.0, x)(y)[0].double(), error, rtol=1e-3)


def test_the_constant_of_ssim() -> None:
    assert pytest.approx(58.5, abs=0.1) == CONTRAST
    assert sum(SCALE_WEIGHTS) == pytest.approx(1, abs=1e-3)


def variance_around(x: np.ndarray) -> np.ndarray:
    """The variance in SSIM's Gaussian window around each pixel, (3, H, W)."""

    def blurred(values: np.ndarray) -> np.ndarray:
        for axis in (1, 2):
            values = gaussian_filter1d(values, 1.5, axis=axis, mode="nearest", radius=5)
        return values

    return blurred(x * x) - blurred(x) ** 2


def of_blocks(values: np.ndarray, side: int) -> np.ndarray:
    height, width = values.shape
    return values.reshape(height // side, side, width // side, side).mean(axis=(1, 3))


def halved(x: np.ndarray) -> np.ndarray:
    return x.reshape(3, x.shape[1] // 2, 2, x.shape[2] // 2, 2).mean(axis=(2, 4))


def test_structural_error_is_squared_error_over_the_variance_around_it_at_each_scale() -> None:
    x = photograph()
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    y = (0.8 * x + 0.05 * noise).clamp(-1, 1)
    a, b = (v[0].double().numpy() * 127.5 for v in (x, y))
    total = np.zeros((12, 13))
    for scale, weight in enumerate(SCALE_WEIGHTS):
        errors = (a - b) ** 2 / (2 * variance_around(a) + CONTRAST)
        total += weight * of_blocks(errors.mean(axis=0), 16 >> scale)
        if scale < 4:
            a, b = halved(a), halved(b)
    found = structural_error(x)(y)[0].double().numpy()
    np.testing.assert_allclose(found, total, rtol=1e-3)
    weighted = weighted_error(POWER, x)(y)[0].double().numpy()
    for name, share in (("balanced", 0.1), ("ms-ssim", 0.02)):
        both = DISTORTIONS[name](x)(y)[0].double().numpy()
        np.testing.assert_allclose(both, found + share * weighted, rtol=1e-5)


def test_structural_error_follows_ms_ssim() -> None:
    """For small distortions, 1 − MS-SSIM is about the mean of the blocks' errors."""
    x = photograph(2)
    for strength in (0.01, 0.02, 0.04):
        y = (x + strength * torch.randn(x.shape, generator=torch.Generator().manual_seed(3))).clamp(
            -1, 1
        )
        lack = 1 - float(ms_ssim(as_pixels(y), as_pixels(x)))
        assert float(structural_error(x)(y).mean()) == pytest.approx(lack, rel=0.35)


@pytest.mark.parametrize("name", DISTORTIONS)
def test_a_picture_is_not_off_itself(name: str) -> None:
    x = photograph(height=160, width=160)
    assert distortion_named(name)(x)(x).abs().max() < 1e-5
    off = distortion_named(name)(x)(-x)
    assert off.shape == (1, 10, 10)
    assert (off >= 0).all()
    assert off.mean() > 0.1


def test_an_error_is_counted_where_it_is() -> None:
    for name in DISTORTIONS:
        x = torch.zeros(1, 3, 128, 128)
        y = x.clone()
        y[..., 48:64, 64:80] = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0))
        off = distortion_named(name)(x)(y)[0]
        assert off.argmax() == 3 * 8 + 4


def test_other_names() -> None:
    with pytest.raises(InvalidOptionError, match="balanced, psnr, ms-ssim, not ssim"):
        distortion_named("ssim")
