"""The losses against independent implementations."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from rnn_codec.errors import UserError
from rnn_codec.families.binary.training.losses import (
    log_residual_loss,
    residual_loss,
    structural_loss,
)


@pytest.fixture
def signals() -> tuple[Tensor, list[Tensor]]:
    """A smooth signal (2, 3, 44, 64) and two noisy reconstructions."""
    y, x = torch.meshgrid(torch.arange(44.0), torch.arange(64.0), indexing="ij")
    waves = torch.stack([torch.sin(x / (4 + c) + y / (7 - c)) for c in range(3)])
    signal = torch.stack([waves, waves.flip(2)]) * 0.8
    return signal, [signal + s * torch.randn_like(signal) for s in (0.3, 0.1)]


def lacking(signal: Tensor, reconstruction: Tensor, scale: int) -> float:
    """1 − SSIM by scikit-image, on means over squares, for each channel separately."""
    small = []
    for x in (signal, reconstruction):
        b, c, h, w = x.shape
        squares = x.double().numpy().reshape(b, c, h // scale, scale, w // scale, scale)
        small.append(squares.mean(axis=(3, 5)))
    scores = [
        structural_similarity(
            small[0][b, c],
            small[1][b, c],
            data_range=2.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for b in range(signal.shape[0])
        for c in range(signal.shape[1])
    ]
    return 1 - float(np.mean(scores))


def test_residuals_are_averaged_over_pixels_and_iterations(
    signals: tuple[Tensor, list[Tensor]],
) -> None:
    signal, reconstructions = signals
    expected = np.mean([np.abs((signal - r).numpy()).mean() for r in reconstructions])
    assert residual_loss(signal, reconstructions).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("first", [0.0, 1.0, 3.0])
def test_logarithms_of_residuals_are_averaged(
    signals: tuple[Tensor, list[Tensor]], first: float
) -> None:
    signal, reconstructions = signals
    reconstructions = [*reconstructions, signal / 2]
    means = [np.abs((signal - r).numpy()).mean() for r in reconstructions]
    expected = np.average([np.log(mean + 0.01) for mean in means], weights=[first, 1, 1])
    loss = log_residual_loss(signal, reconstructions, floor=0.01, first_weight=first)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("scales", [[1], [2, 4], [1, 2, 4]])
def test_the_structural_part_is_what_scikit_image_says(
    signals: tuple[Tensor, list[Tensor]], scales: list[int]
) -> None:
    signal, reconstructions = signals
    part = np.mean([lacking(signal, r, scale) for r in reconstructions for scale in scales])
    loss = structural_loss(signal, reconstructions, residual_loss, 0.7, scales)
    expected = residual_loss(signal, reconstructions).item() + 0.7 * part
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_both_parts_pull_at_a_reconstruction(signals: tuple[Tensor, list[Tensor]]) -> None:
    signal, (reconstruction, _) = signals
    gradients = []
    for weight in (0.0, 1.0):
        leaf = reconstruction.clone().requires_grad_()
        structural_loss(signal, [leaf], residual_loss, weight, [2]).backward()
        gradients.append(leaf.grad)
    assert not torch.equal(*gradients)


def test_a_scale_that_crops_are_too_small_for_is_refused() -> None:
    x = torch.zeros(1, 3, 32, 32)
    told = r"crops of 32 pixels .* loss\.scales=\[1, 4\].* data\.crop_size, .* of 44"
    with pytest.raises(UserError, match=told):
        structural_loss(x, [x], residual_loss, 1.0, [1, 4])
