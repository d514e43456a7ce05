"""The sampler, against a search for its crops in the pictures."""

from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnn_codec.data.crops import CropSampler, DeviceCropSampler, training_loader
from rnn_codec.data.decoding import DecodedImages
from rnn_codec.errors import UserError
from tests.data.pictures import decoded

SIZE = 8
SIZES = [(8, 8), (9, 30), (20, 8), (17, 23)]
POSITIONS = [(h - SIZE + 1) * (w - SIZE + 1) for h, w in SIZES]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> DecodedImages:
    return decoded(tmp_path_factory.mktemp("crops"), SIZES)


@pytest.fixture(scope="module")
def origins(images: DecodedImages) -> dict[bytes, tuple[int, int, int, bool]]:
    """Where each possible crop comes from: picture, row, column, mirrored."""
    found = {}
    for index, (height, width) in enumerate(SIZES):
        for row in range(height - SIZE + 1):
            for column in range(width - SIZE + 1):
                crop = images.image(index)[row : row + SIZE, column : column + SIZE]
                found[crop.tobytes()] = (index, row, column, False)
                found[crop[:, ::-1].tobytes()] = (index, row, column, True)
    return found


def pixels_of(batch: torch.Tensor) -> list[bytes]:
    return [crop.permute(1, 2, 0).numpy().tobytes() for crop in batch]


def test_every_position_of_every_picture_is_equally_likely(
    images: DecodedImages, origins: dict[bytes, tuple[int, int, int, bool]]
) -> None:
    batch = CropSampler(images, SIZE, 40_000, seed=0).batch(0, 0, 1)
    assert batch.dtype == torch.uint8
    assert batch.shape == (40_000, 3, SIZE, SIZE)
    drawn = [origins[crop] for crop in pixels_of(batch)]
    counts = np.unique(drawn, axis=0, return_counts=True)[1]
    assert len(counts) == 2 * sum(POSITIONS)
    expected = 40_000 / len(counts)
    # χ² has mean n − 1 and variance 2(n − 1).
    chi_square = ((counts - expected) ** 2 / expected).sum()
    freedom = len(counts) - 1
    assert abs(chi_square - freedom) < 4 * np.sqrt(2 * freedom)


@given(st.integers(0, 2**40), st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 3, 4, 6, 12]))
def test_global_batch_does_not_depend_on_its_split(
    images: DecodedImages, step: int, seed: int, world_size: int
) -> None:
    whole = CropSampler(images, SIZE, 12, seed).batch(step, 0, 1)
    sampler = CropSampler(images, SIZE, 12 // world_size, seed)
    parts = [sampler.batch(step, rank, world_size) for rank in range(world_size)]
    assert torch.equal(torch.cat(parts), whole)


def test_steps_and_seeds_draw_other_batches(images: DecodedImages) -> None:
    batches = [
        CropSampler(images, SIZE, 4, seed).batch(step, 0, 1)
        for seed in range(5)
        for step in range(5)
    ]
    assert len({batch.numpy().tobytes() for batch in batches}) == 25


@given(st.integers(0, 2**40), st.integers(0, 2**32 - 1), st.integers(0, 2))
def test_crops_cut_on_a_device_are_the_same(
    images: DecodedImages, step: int, seed: int, rank: int
) -> None:
    pixels = torch.from_numpy(images.pixels.copy())
    device = DeviceCropSampler(images, SIZE, 20, seed, pixels)
    cut = CropSampler(images, SIZE, 20, seed)
    assert torch.equal(device.batch(step, rank, 3), cut.batch(step, rank, 3))


def test_too_small_pictures_are_refused(images: DecodedImages) -> None:
    with pytest.raises(UserError, match="9 pixels"):
        CropSampler(images, 9, 1, seed=0)


def test_loader_goes_on_from_the_step_of_the_trainer(images: DecodedImages) -> None:
    sampler = CropSampler(images, SIZE, 3, seed=0)
    trainer = SimpleNamespace(
        global_step=10, accumulate_grad_batches=3, global_rank=1, world_size=2
    )
    for step, batch in enumerate(islice(training_loader(sampler, trainer), 5), start=30):
        assert torch.equal(batch, sampler.batch(step, 1, 2))


def test_batches_can_be_changed_without_changing_the_pictures(
    images: DecodedImages, tmp_path: Path
) -> None:
    sampler = CropSampler(images, SIZE, 3, seed=0)
    before = sampler.batch(0, 0, 1).clone()
    sampler.batch(0, 0, 1).zero_()
    assert torch.equal(sampler.batch(0, 0, 1), before)
