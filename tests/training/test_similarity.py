"""Structural similarity by matrix products, against a package that convolves."""

import pytest
import pytorch_msssim
import torch

from rnn_codec.training.similarity import ms_ssim, similarity


def pair(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(size)
    x = torch.nn.functional.interpolate(torch.rand(2, 3, 12, 9), (size, size + 16), mode="bicubic")
    x = (x * 255).clamp(0, 255)
    return x, (x + 12 * torch.randn_like(x)).clamp(0, 255)


@pytest.mark.parametrize("size", [176, 200])
def test_ms_ssim_is_that_of_the_package(size: int) -> None:
    x, y = pair(size)
    expected = pytorch_msssim.ms_ssim(x, y, data_range=255, size_average=False)
    assert torch.allclose(ms_ssim(x, y, 255), expected, atol=1e-4)


@pytest.mark.parametrize(("size", "window"), [(128, 7), (64, 3)])
def test_small_pictures_have_smaller_windows(size: int, window: int) -> None:
    x, y = pair(size)
    expected = pytorch_msssim.ms_ssim(x, y, data_range=255, size_average=False, win_size=window)
    assert torch.allclose(ms_ssim(x, y, 255), expected, atol=1e-4)


def test_ssim_is_that_of_the_package() -> None:
    x, y = pair(64)
    luminance, structure = similarity(x, y, 255)
    expected = pytorch_msssim.ssim(x, y, data_range=255, size_average=False)
    assert torch.allclose((luminance * structure).mean((1, 2, 3)), expected, atol=1e-5)


def test_gradients_are_finite_where_nothing_is_alike() -> None:
    x, y = pair(128)
    y = (255 - x).requires_grad_()
    ms_ssim(x, y, 255).mean().backward()
    assert y.grad is not None
    assert y.grad.isfinite().all()
