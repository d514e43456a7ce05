"""Crops on the device, found again in the pictures they are from."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from rnn_codec.accelerated.crops import DeviceCrops, DevicePictures

from rnn_codec.errors import UserError

CPU = torch.device("cpu")
SIZES = [(9, 13), (16, 8), (11, 11)]


def numbered() -> list[NDArray[np.uint8]]:
    """Pictures whose pixels say where they are: picture, row, column."""
    pictures = []
    for index, (height, width) in enumerate(SIZES):
        rows, columns = np.mgrid[:height, :width]
        channels = (np.full_like(rows, 10 * index), rows * 10, columns * 10)
        pictures.append(np.stack(channels, axis=-1).astype(np.uint8))
    return pictures


def make(batch_size: int, shrunk: int = 0, crop_size: int = 4, seed: int = 0) -> DeviceCrops:
    return DeviceCrops(DevicePictures(numbered(), CPU), crop_size, batch_size, shrunk, seed)


def find(crop: NDArray[np.uint8]) -> tuple[int, int, int, bool]:
    """Picture, row, column, and whether it is mirrored."""
    pixels = crop.transpose(1, 2, 0).astype(int) // 10
    mirrored = pixels[0, 0, 2] > pixels[0, -1, 2]
    upright = pixels[:, ::-1] if mirrored else pixels
    index, top, left = upright[0, 0]
    side = len(pixels)
    expected = numbered()[index][top : top + side, left : left + side].astype(int) // 10
    assert np.array_equal(upright, expected)
    return int(index), int(top), int(left), bool(mirrored)


def test_every_place_of_every_picture_is_as_likely_mirrored_or_not() -> None:
    places = [(h - 4 + 1) * (w - 4 + 1) for h, w in SIZES]
    count = 400 * sum(places)
    found = [find(crop.numpy()) for crop in make(count).batch(3)]
    assert len({place[:3] for place in found}) == sum(places)
    for index, number in enumerate(places):
        share = sum(place[0] == index for place in found) / count
        assert share == pytest.approx(number / sum(places), abs=0.01)
    assert sum(place[3] for place in found) / count == pytest.approx(0.5, abs=0.01)
    corner = sum(place[:3] == (0, 0, 0) for place in found)
    assert 250 < corner < 550


def test_a_batch_follows_from_seed_and_step() -> None:
    crops = make(8, shrunk=3)
    first = crops.batch(5)
    assert not torch.equal(crops.batch(6), first)
    assert torch.equal(crops.batch(5), first)
    assert torch.equal(make(8, shrunk=3).batch(5), first)
    assert not torch.equal(make(8, shrunk=3, seed=1).batch(5), first)
    assert first.shape == (8, 3, 4, 4)
    assert first.dtype == torch.uint8


def test_shrunk_crops_are_means_of_four_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    # The only place of an 8 × 8 square is the whole picture.
    crops = DeviceCrops(DevicePictures([pixels], CPU), 4, 6, 6, 0).batch(0)
    exact = pixels.reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))
    for crop in crops:
        shown = crop.permute(1, 2, 0).numpy().astype(float)
        assert min(np.abs(shown - e).max() for e in (exact, exact[:, ::-1])) <= 0.5


def test_the_shrunk_ones_are_as_many_as_asked_for() -> None:
    batch = make(10, shrunk=4).batch(0)
    for crop in batch[:6]:
        find(crop.numpy())
    # Columns two apart, of 10 each, have means 20 apart.
    assert {abs(int(d)) for crop in batch[6:] for d in crop[2, 0].int().diff()} == {20}


def test_small_pictures_are_left_out_and_none_at_all_is_an_error() -> None:
    # Only two pictures have 9 rows and columns.
    assert {find(crop.numpy())[0] for crop in make(200, crop_size=9).batch(0)} == {0, 2}
    with pytest.raises(UserError, match="no training pictures"):
        DevicePictures([], CPU)
    with pytest.raises(UserError, match="17 pixels"):
        make(4, crop_size=17)
    with pytest.raises(UserError, match="cannot be shrunk"):
        make(4, shrunk=5)
