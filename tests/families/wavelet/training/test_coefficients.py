"""Coefficients in training are those of files, and their scaling is drawn as documented."""

import numpy as np
import pytest
import torch

from rnn_codec.families.wavelet import planes
from rnn_codec.families.wavelet.colour import fitted
from rnn_codec.families.wavelet.layout import SCALES
from rnn_codec.families.wavelet.prior.code_length import Coefficients
from rnn_codec.families.wavelet.scaling.residual_scaling import sensitivities
from rnn_codec.families.wavelet.training.coefficients import (
    TILT,
    Scaling,
    last_planes,
    padded,
    pictured,
    scaled,
    sensitivity,
    transformed,
)
from rnn_codec.families.wavelet.workers import Workers
from tests.families.wavelet.training.pictures import crops


@pytest.mark.parametrize("factor", [1.0, 0.7])
def test_they_are_the_integers_of_files(factor: float) -> None:
    images = crops(2, 64)
    scaling = Scaling(torch.full((2,), factor), torch.ones(2, SCALES), torch.zeros(2))
    found = Coefficients.of(scaled(transformed(images)[0], images, scaling))
    for index, image in enumerate(images):
        pixels = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
        of_file = planes.analysed(
            pixels, fitted(pixels), [np.array(factor, np.float32)] * SCALES, Workers(1)
        )
        for scale in range(SCALES):
            magnitudes = found.magnitudes[scale][index].permute(1, 2, 0).numpy()
            negative = found.signs[scale][index].permute(1, 2, 0).numpy() < 0
            assert np.array_equal(magnitudes, of_file.magnitudes[scale])
            told = magnitudes > 0
            assert np.array_equal(negative[told], of_file.negative[scale][told])


def test_gains_multiply_blocks_and_weights_scales() -> None:
    images = crops(2, 96)
    scales, _ = transformed(images)
    weights = torch.tensor([[1.0, 1.5, 0.5, 2.0, 1.0, 0.75]] * 2)
    scaling = Scaling(torch.tensor([0.5, 0.8]), weights, torch.tensor([0.0, 0.6]))
    gains = torch.exp2(scaling.power[:, None, None, None] * sensitivity(images))
    assert (gains[0] == 1).all()
    assert len(gains[1].unique()) > 1
    for scale, (before, after) in enumerate(
        zip(scales, scaled(scales, images, scaling), strict=True)
    ):
        side = before.shape[-1] // 3
        for block in range(9):
            row, column = divmod(block, 3)
            at = (
                ...,
                slice(row * side, (row + 1) * side),
                slice(column * side, (column + 1) * side),
            )
            factor = scaling.factor * weights[:, scale] * gains[:, 0, row, column]
            torch.testing.assert_close(after[at], before[at] * factor[:, None, None, None])


def test_the_sensitivity_of_blocks_is_that_of_the_encoder() -> None:
    images = crops(1, 128)
    found = 2 * sensitivity(images)[0, 0].numpy()
    of_encoder = sensitivities(images[0].permute(1, 2, 0).numpy())
    assert np.abs(found - of_encoder).max() <= 0.5 + 1e-3


def test_pictures_come_back() -> None:
    images = crops(2, 64)
    assert torch.equal(pictured(*transformed(images)), images)


def test_pictures_are_filled_up_by_their_edges() -> None:
    image = crops(1, 64)[..., :50, :33]
    whole = padded(image)
    assert whole.shape == (1, 3, 64, 64)
    assert torch.equal(whole[..., :50, :33], image)
    assert torch.equal(whole[..., 63, 63], image[..., 49, 32])
    assert padded(whole) is whole


def test_a_share_of_the_crops_has_gains() -> None:
    drawn = Scaling.drawn(np.random.default_rng(0), 4000, 0.3)
    assert ((drawn.factor > 0.5) & (drawn.factor <= 1)).all()
    gained = (drawn.scales != 1).any(1)
    assert 0.27 < gained.float().mean() < 0.33
    assert 0.7 < (drawn.power[gained] > 0).float().mean() < 0.9
    assert not drawn.power[~gained].any()
    # One tilt is drawn for all scales of a crop.
    tilts = drawn.scales[gained].log2()
    assert torch.allclose(tilts, tilts[:, :1] * -torch.tensor(TILT), atol=1e-5)
    none = Scaling.drawn(np.random.default_rng(0), 100, 0.0)
    assert (none.scales == 1).all()
    assert (none.power == 0).all()


def test_crops_end_with_the_plane_that_takes_them_to_the_rate() -> None:
    images = crops(2, 64)
    images[1] = (images[1] // 8) + 100
    found = Coefficients.of(transformed(images)[0])
    last = last_planes(found.magnitudes, 1.0).tolist()
    for index, plane in enumerate(last):
        counts = [sum(int((m[index] >> p > 0).sum()) for m in found.magnitudes) for p in range(8)]
        enough = [p for p in range(1, 8) if counts[p] * 5.5 >= 64 * 64]
        assert plane == max(enough, default=0)
    assert last[0] > last[1]
