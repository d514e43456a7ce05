"""The restoration network is trained on pictures as decoded from files."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from rnn_codec.families.wavelet.colour import fitted
from rnn_codec.families.wavelet.format import Settings
from rnn_codec.families.wavelet.gains import Gains
from rnn_codec.families.wavelet.layout import SCALES, Segment, last_segment
from rnn_codec.families.wavelet.planes import Shape, analysed, synthesised, values
from rnn_codec.families.wavelet.restoration.conditions import Conditions
from rnn_codec.families.wavelet.training.coefficients import Scaling
from rnn_codec.families.wavelet.training.told import WHOLE, ends, told
from rnn_codec.families.wavelet.workers import Workers
from tests.families.wavelet.training.pictures import crops

WORKERS = Workers(1)


def behind(segment: Segment) -> torch.Tensor:
    """The last planes of a file that ends with the chroma of a scale."""
    planes = torch.full((1, SCALES, 2), segment.plane)
    planes[:, segment.scale + 1 :] += 1
    return planes


@pytest.mark.parametrize("segment", [last_segment(5), last_segment(2), Segment(4, 3, 0, 7, 31)])
@pytest.mark.parametrize("step", [32, 45])
def test_it_is_what_a_file_tells(segment: Segment, step: int) -> None:
    """Against NumPy, as the decoder computes it."""
    image = crops(1, 128)
    pixels = image[0].permute(1, 2, 0).numpy()
    gains = Gains(step)
    shape, rotation = Shape(128, 128), fitted(pixels)
    weights = gains.weights(shape)
    planes = analysed(pixels, rotation, weights, WORKERS)
    settings = Settings(step, 0, 0, rotation, planes.first())
    of_component = partial(values, planes, settings.first, segment, weights)
    expected = synthesised(shape, of_component, rotation, WORKERS).colours(slice(None), slice(None))
    conditions = Conditions.of(shape, settings, segment, gains)

    scaling = replace(Scaling.plain(1), factor=torch.tensor([32 / step]))
    found = told(image, scaling, behind(segment))
    np.testing.assert_allclose(found.picture[0].numpy(), np.stack(expected), atol=0.01)
    np.testing.assert_allclose(found.steps[0].numpy(), conditions.steps, atol=1e-4)
    np.testing.assert_allclose(found.fine[0, 0].numpy(), conditions.fine, atol=1e-4)


def test_gains_of_blocks_are_in_the_finest_step() -> None:
    image = crops(1, 128)
    scaling = replace(Scaling.plain(1), power=torch.tensor([0.5]))
    found = told(image, scaling, torch.full((1, SCALES, 2), 4))
    plain = told(image, Scaling.plain(1), torch.full((1, SCALES, 2), 4))
    assert torch.equal(found.steps, plain.steps)
    assert found.fine.std() > 0.1
    assert plain.fine.std() == 0
    # Blocks that are coded with smaller steps are nearer to the truth.
    error = (found.picture - image.float()).square().mean(1)[0].unfold(0, 32, 32).unfold(1, 32, 32)
    worse = (plain.picture - image.float()).square().mean(1)[0].unfold(0, 32, 32).unfold(1, 32, 32)
    ratio = (error.mean((2, 3)) / worse.mean((2, 3))).log2()
    assert torch.corrcoef(torch.stack([ratio.ravel(), found.fine.ravel()]))[0, 1] > 0.5


def test_ends_are_those_of_streams() -> None:
    """Up to some point of the stream, scales are coded one plane further than those after it."""
    found = ends(np.random.default_rng(0), 500).flatten(1)
    steps = found.diff(dim=1)
    assert ((steps == 0) | (steps == 1)).all()
    assert (steps.sum(1) <= 1).all()
    assert (steps.sum(1) == 0).float().mean() == pytest.approx(WHOLE + (1 - WHOLE) / 12, abs=0.06)
    assert set(found[:, 0].tolist()) == set(range(1, 9))
