"""Hard tiles: found, cached, drawn."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rnn_codec.data import tiles
from rnn_codec.data.crops import CropSampler
from rnn_codec.data.decoding import DecodedImages, decode
from rnn_codec.data.tiles import hardest_tiles, mine, tile_images
from tests.data.pictures import noise, save


def mosaic() -> tuple[np.ndarray, list[np.ndarray]]:
    """A picture of 2×3 tiles, and its tiles from the hardest to the easiest: finer grain is harder.

    Rows and columns at the lower right belong to no tile.
    """
    blocks = [np.kron(noise(32 // g, 32 // g, g), np.ones((g, g, 1), np.uint8)) for g in GRAINS]
    picture = np.zeros((70, 100, 3), np.uint8)
    for place, block in zip([4, 0, 5, 2, 1, 3], blocks, strict=True):
        row, column = divmod(place, 3)
        picture[row * 32 : row * 32 + 32, column * 32 : column * 32 + 32] = block
    return picture, blocks


GRAINS = [1, 2, 4, 8, 16, 32]


@pytest.mark.parametrize("codec", ["png", "webp"])
def test_hardest_tiles_come_first(codec: str) -> None:
    picture, blocks = mosaic()
    np.testing.assert_array_equal(hardest_tiles(picture, 32, codec), blocks)


@pytest.fixture
def images(tmp_path: Path) -> DecodedImages:
    paths = [
        save(tmp_path / "a.png", mosaic()[0]),
        save(tmp_path / "b.png", noise(64, 64)),
        save(tmp_path / "c.png", noise(32, 40, 1)),
    ]
    return decode(paths, tmp_path)


def test_mined_once_for_the_same_pictures_and_options(
    images: DecodedImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mined = mine(images, 32, 3, "png", tmp_path)
    assert mined.shape == (3 + 3 + 1, 32, 32, 3)
    np.testing.assert_array_equal(mined[:3], mosaic()[1][:3])
    monkeypatch.delattr(tiles, "compressed_size")
    np.testing.assert_array_equal(mine(images, 32, 3, "png", tmp_path), mined)
    others = [(images, 16, 3, "png"), (images, 32, 2, "png"), (images, 32, 3, "webp")]
    for other in [*others, (images.select([0, 1]), 32, 3, "png")]:
        with pytest.raises(NameError, match="compressed_size"):
            mine(*other, tmp_path)


@pytest.mark.parametrize("share", [0, 0.5])
def test_a_damaged_file_is_made_anew(share: float, images: DecodedImages, tmp_path: Path) -> None:
    mined = mine(images, 32, 3, "png", tmp_path).copy()
    (file,) = tmp_path.glob("tiles-*")
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    np.testing.assert_array_equal(mine(images, 32, 3, "png", tmp_path), mined)
    assert file.read_bytes() == whole


def test_tiles_are_drawn_alike_and_mirrored_half_the_time() -> None:
    stock = np.stack([noise(4, 4, seed) for seed in range(5)])
    batch = CropSampler(tile_images(stock), 4, 10_000, seed=0).batch(0, 0, 1)
    assert batch.shape == (10_000, 3, 4, 4)
    sources = torch.from_numpy(np.concatenate([stock, stock[:, :, ::-1]])).permute(0, 3, 1, 2)
    matches = (batch[:, None] == sources).flatten(2).all(-1)
    assert (matches.sum(1) == 1).all()
    # Ten outcomes, each a tenth: 1000 ± 4 · 30.
    assert ((matches.sum(0) - 1000).abs() < 120).all()
