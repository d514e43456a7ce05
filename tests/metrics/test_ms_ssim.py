"""MS-SSIM against a slow implementation of Wang et al. 2003, channel by channel."""

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d

from rnn_codec.metrics.ms_ssim import ImageTooSmallError, ms_ssim

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def gaussian_means(plane: np.ndarray) -> np.ndarray:
    """Filter with an 11-tap Gaussian of deviation 1.5, where it fits."""
    taps = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()
    return correlate1d(correlate1d(plane, taps, axis=0), taps, axis=1)[5:-5, 5:-5]


def contrast_and_similarity(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    mean_x, mean_y = gaussian_means(x), gaussian_means(y)
    variance_x = gaussian_means(x * x) - mean_x**2
    variance_y = gaussian_means(y * y) - mean_y**2
    covariance = gaussian_means(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    contrast = (2 * covariance + c2) / (variance_x + variance_y + c2)
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return float(contrast.mean()), float((luminance * contrast).mean())


def halve(plane: np.ndarray) -> np.ndarray:
    height, width = plane.shape
    return plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))


def slow_ms_ssim(x: np.ndarray, y: np.ndarray) -> float:
    score = 1.0
    for scale, weight in enumerate(SCALE_WEIGHTS):
        contrast, similarity = contrast_and_similarity(x, y)
        score *= (similarity if scale == len(SCALE_WEIGHTS) - 1 else contrast) ** weight
        x, y = halve(x), halve(y)
    return score


def noisy_pair(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return smooth colours with noise of a different strength in each channel, and without it."""
    generator = np.random.default_rng(3)
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [128 + 80 * np.sin(rows / (9 + c)) * np.cos(columns / (6 + c)) for c in range(3)]
    reference = np.stack(planes).round()
    noise = generator.normal(size=reference.shape) * np.array([4, 15, 40]).reshape(3, 1, 1)
    image = (reference + noise).clip(0, 255)
    tensors = [
        torch.from_numpy(array.astype(np.uint8)).unsqueeze(0) for array in (image, reference)
    ]
    return tensors[0], tensors[1]


def test_is_the_mean_of_the_channels_scores() -> None:
    image, reference = noisy_pair(192, 224)
    channels = [
        slow_ms_ssim(image[0, c].double().numpy(), reference[0, c].double().numpy())
        for c in range(3)
    ]
    assert max(channels) - min(channels) > 0.05
    assert float(ms_ssim(image, reference)) == pytest.approx(np.mean(channels), abs=1e-6)


def test_scores_each_image_of_a_batch() -> None:
    image, reference = noisy_pair(161, 176)
    scores = ms_ssim(torch.cat([image, reference]), torch.cat([reference, reference]))
    assert scores.dtype == torch.float64
    assert float(scores[0]) == pytest.approx(float(ms_ssim(image, reference)), abs=1e-7)
    assert float(scores[1]) == pytest.approx(1.0, abs=1e-6)


def test_autocast_around_it_changes_nothing() -> None:
    image, reference = noisy_pair(176, 176)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = ms_ssim(image, reference)
    assert torch.equal(inside, ms_ssim(image, reference))


@pytest.mark.parametrize(("height", "width"), [(160, 300), (300, 160), (32, 32)])
def test_names_size_and_limit_when_an_image_is_too_small(height: int, width: int) -> None:
    image = torch.zeros(1, 3, height, width, dtype=torch.uint8)
    with pytest.raises(ImageTooSmallError, match=rf"161 pixels, not {width}×{height}"):
        ms_ssim(image, image)
